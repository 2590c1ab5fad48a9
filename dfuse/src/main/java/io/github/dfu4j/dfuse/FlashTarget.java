package io.github.dfu4j.dfuse;

import io.github.dfu4j.dfu.DfuAlternate;
import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.Trait;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * A target: an alternate setting of a DfuSe device, with the layout of the memory behind it.
 *
 * @param alternate {@code bAlternateSetting}
 * @param layout the memory
 */
public record FlashTarget(int alternate, MemoryLayout layout) {

    /** The internal flash of every STM32, as the host sees it, starts here. */
    static final long INTERNAL_FLASH = 0x0800_0000L;

    /**
     * The targets of a device: its alternate settings whose names, as corrected by the device's quirks, are layouts, without flash that
     * the part is known not to have. One whose name is not understood is left out; see {@link #problems(DfuInterface)}.
     */
    public static List<FlashTarget> of(DfuInterface device) {
        List<FlashTarget> result = new ArrayList<>();
        for (DfuAlternate alternate : device.alternates()) {
            Optional<String> text = device.quirks().layout(device, alternate);
            if (text.isPresent()) {
                try {
                    MemoryLayout layout = MemoryLayout.parse(text.get());
                    result.add(new FlashTarget(
                            alternate.number(),
                            layout.cutOff(INTERNAL_FLASH, device.quirks().value(Trait.FLASH_SIZE, Long.MAX_VALUE))));
                } catch (LayoutFormatException e) {
                    // told by problems(); the other alternates are as good as before
                }
            }
        }
        return Collections.unmodifiableList(result);
    }

    /** What is wrong with the alternate settings that are no targets, one sentence each. */
    public static List<String> problems(DfuInterface device) {
        List<String> result = new ArrayList<>();
        for (DfuAlternate alternate : device.alternates()) {
            Optional<String> text = device.quirks().layout(device, alternate);
            if (!text.isPresent()) {
                result.add("Alternate setting " + alternate.number() + " has no name, so its memory is not known.");
            } else {
                try {
                    MemoryLayout.parse(text.get());
                } catch (LayoutFormatException e) {
                    result.add("Alternate setting " + alternate.number() + ": " + e.getMessage() + ".");
                }
            }
        }
        return result;
    }

    /** The number and name, such as {@code alt 0 "Internal Flash"}. */
    @Override
    public String toString() {
        return "alt " + alternate + " \"" + layout.name() + '"';
    }
}
