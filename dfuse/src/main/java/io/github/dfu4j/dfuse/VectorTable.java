package io.github.dfu4j.dfuse;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.LongPredicate;

/**
 * Finds what a processor starts from: a Cortex-M vector table: a stack pointer into RAM and, behind it, an odd reset vector into the image (ARMv7-M B1.5.3).
 */
final class VectorTable {

    private VectorTable() {}

    /**
     * The address of the table at the start of the lowest segment that begins with one. Where there is none, the start of a region that
     * the image fills from its start: a processor without vector tables starts there.
     */
    static OptionalLong find(FirmwareImage image, List<AddressRange> regions) {
        for (Segment segment : image.segments()) {
            if (!segment.isFill() && segment.size() >= 8 && isTable(segment, entry -> canRun(entry, image))) {
                return OptionalLong.of(segment.start());
            }
        }
        return regions.stream()
                .mapToLong(AddressRange::start)
                .filter(start -> image.segments().stream().anyMatch(s -> s.start() == start))
                .findFirst();
    }

    /** Whether there is a table at an address of a memory that holds some bytes; its reset vector may point to anywhere in that memory. */
    static boolean isAt(long address, FirmwareImage bytes, AddressRange memory) {
        byte[] table = new byte[8];
        if (bytes.copy(address, table, 0, table.length) < table.length) {
            return false;
        }
        Segment segment = Segment.wrap(address, table, 0, table.length);
        return isTable(segment, entry -> memory.contains(entry) || isRam(entry));
    }

    private static boolean isTable(Segment segment, LongPredicate canRun) {
        long stack = word(segment, segment.start());
        long reset = word(segment, segment.start() + 4);
        return stack % 4 == 0 && isRam(stack - 4) && reset % 2 == 1 && canRun.test(reset - 1);
    }

    /** Core-coupled, internal or external RAM, by the memory maps of STM32 parts. */
    private static boolean isRam(long address) {
        int top = (int) (address >>> 28);
        return top == 1 || top == 2 || top == 3 || top == 0xc || top == 0xd;
    }

    /** In the image, or in RAM to which a bootloader copies it. */
    private static boolean canRun(long entry, FirmwareImage image) {
        return isRam(entry) || image.segments().stream().anyMatch(s -> s.range().contains(entry));
    }

    private static long word(Segment segment, long address) {
        long value = 0;
        for (int i = 3; i >= 0; i--) {
            value = value << 8 | (segment.byteAt(address + i) & 0xff);
        }
        return value;
    }
}
