package io.github.dfu4j.dfuse;

import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import java.util.OptionalLong;

/**
 * Finds a Cortex-M vector table: a stack pointer into RAM and, behind it, an odd reset vector into the image (ARMv7-M B1.5.3).
 */
final class VectorTable {

    private VectorTable() {}

    /** The address of the table at the start of the lowest segment that begins with one. */
    static OptionalLong find(FirmwareImage image) {
        for (Segment segment : image.segments()) {
            if (!segment.isFill() && segment.size() >= 8) {
                long stack = word(segment, segment.start());
                long reset = word(segment, segment.start() + 4);
                boolean inRam = stack % 4 == 0 && (stack >>> 28 == 1 || stack >>> 28 == 2 || stack >>> 28 == 3);
                if (inRam
                        && reset % 2 == 1
                        && image.segments().stream().anyMatch(s -> s.range().contains(reset - 1))) {
                    return OptionalLong.of(segment.start());
                }
            }
        }
        return OptionalLong.empty();
    }

    private static long word(Segment segment, long address) {
        long value = 0;
        for (int i = 3; i >= 0; i--) {
            value = value << 8 | (segment.byteAt(address + i) & 0xff);
        }
        return value;
    }
}
