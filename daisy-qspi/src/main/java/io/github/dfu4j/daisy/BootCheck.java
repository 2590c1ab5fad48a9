package io.github.dfu4j.daisy;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import java.util.Optional;

/**
 * The first two words of a program: initial stack pointer and reset vector, and what the bootloaders make of them.
 *
 * @param stack the initial stack pointer
 * @param reset the reset vector, with its lowest bit as it is
 */
record BootCheck(long stack, long reset) {

    /** The words at an address of an image, if it has them. */
    static Optional<BootCheck> at(FirmwareImage image, long address) {
        byte[] words = new byte[8];
        return image.copy(address, words, 0, 8) == 8
                ? Optional.of(new BootCheck(word(words, 0), word(words, 4)))
                : Optional.empty();
    }

    /** The words at the start of a segment, if it is long enough. */
    static Optional<BootCheck> at(Segment segment) {
        return segment.isFill() || segment.size() < 8
                ? Optional.empty()
                : at(FirmwareImage.builder().add(segment).build(), segment.start());
    }

    private static long word(byte[] bytes, int at) {
        return (bytes[at] & 0xffL)
                | (bytes[at + 1] & 0xffL) << 8
                | (bytes[at + 2] & 0xffL) << 16
                | (bytes[at + 3] & 0xffL) << 24;
    }

    /** Whether the stack pointer is one, for either bootloader. */
    boolean stackFits() {
        return stack > 0 && DaisyMemory.at(stack - 1).stream().anyMatch(DaisyMemory::holdsStack);
    }

    /** Where the program runs, by its reset vector. */
    Optional<ApplicationType> runsAs() {
        if (!stackFits()) {
            return Optional.empty();
        }
        if (DaisyMemory.INTERNAL_FLASH.range().contains(reset)) {
            return Optional.of(ApplicationType.BOOT_NONE);
        }
        if (DaisyMemory.AXI_SRAM.range().contains(reset)) {
            return Optional.of(ApplicationType.BOOT_SRAM);
        }
        if (DaisyMemory.QSPI_FLASH.range().contains(reset)) {
            return Optional.of(ApplicationType.BOOT_QSPI);
        }
        return Optional.empty();
    }

    /** What the Daisy bootloader will find wrong with these words at 0x90040000, as a sentence; empty if it will start the program. */
    Optional<String> refusedByDaisyBootloader() {
        if (!stackFits()) {
            return Optional.of("The first word of the program, " + AddressRange.hex(stack)
                    + ", is no stack pointer into RAM, so the Daisy bootloader will not start it.");
        }
        Optional<ApplicationType> type = runsAs();
        boolean ok = type.isPresent() && type.get() != ApplicationType.BOOT_NONE;
        return ok
                ? Optional.empty()
                : Optional.of("The reset vector of the program, " + AddressRange.hex(reset)
                        + ", lies neither in AXI SRAM nor in QSPI flash, so the Daisy bootloader will not start it.");
    }
}
