package io.github.dfu4j.dfuse;

import io.github.dfu4j.image.AddressRange;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How far a device's answers to DFU_UPLOAD are believed, and what it has shown so far.
 *
 * <p>A device that is not known to return its memory must show that it does: the bytes at an address must be those which another upload
 * returned at that address, though it starts a few bytes later. A bootloader that sends some other memory, or the same bytes for every
 * address, cannot do that. Where the memory is one byte repeated this shows nothing; then a sector must read blank once it is erased.
 */
final class ReadbackProof {

    private static final int SHIFT = 8;
    private static final int LEAST = 16;
    private static final int MOST_TRIED = 8;

    private enum Standing {
        KNOWN,
        SHOWN,
        OPEN,
        LYING,
        NONE
    }

    private Standing standing;
    private long probeAddress;
    private byte @Nullable [] probe;

    ReadbackProof(FlashPlan.Readback readback) {
        standing = switch (readback) {
            case TRUSTED -> Standing.KNOWN;
            case TO_BE_PROVED -> Standing.OPEN;
            case IMPOSSIBLE -> Standing.NONE;
        };
    }

    /** Whether what the device returns is its memory. */
    boolean believed() {
        return standing == Standing.KNOWN || standing == Standing.SHOWN;
    }

    /** Whether it has shown neither that it returns its memory nor that it does not. */
    boolean open() {
        return standing == Standing.OPEN;
    }

    /** Whether it has been found to return something else. */
    boolean lying() {
        return standing == Standing.LYING;
    }

    /** Takes notice of a block that was read. */
    void sample(long address, byte[] bytes, int length) {
        if (probe == null && standing == Standing.OPEN && length >= LEAST && isTelling(bytes, length)) {
            probeAddress = address;
            probe = Arrays.copyOf(bytes, length);
        }
    }

    /** Reads a block once more, from a few bytes further on, if the device has something to show. */
    void examine(MemoryReader reader) throws IOException {
        byte[] sample = probe;
        if (standing != Standing.OPEN || sample == null) {
            return;
        }
        AddressRange shifted = new AddressRange(probeAddress + SHIFT, probeAddress + sample.length);
        boolean[] equal = {true};
        reader.readExactly(shifted, (address, bytes, length) -> {
            for (int i = 0; i < length; i++) {
                equal[0] &= bytes[i] == sample[SHIFT + i];
            }
            return true;
        });
        standing = equal[0] ? Standing.SHOWN : Standing.LYING;
    }

    /**
     * As {@link #examine}; if nothing that was read so far can show it, other blocks are tried: those across the ends of what was read,
     * where one content meets another, and the first of the memory.
     */
    void examineOnPurpose(MemoryReader reader, List<AddressRange> read, List<AddressRange> readable)
            throws IOException {
        List<Long> middles = new ArrayList<>();
        read.forEach(range -> middles.addAll(List.of(range.end(), range.start())));
        readable.forEach(region -> middles.add(region.start()));
        for (int i = 0; i < Math.min(MOST_TRIED, middles.size()) && standing == Standing.OPEN && probe == null; i++) {
            long middle = middles.get(i);
            for (AddressRange region : readable) {
                if (region.contains(middle) || region.end() == middle) {
                    long size = Math.min(reader.blockSize(), region.size());
                    long start = Math.max(region.start(), Math.min(middle - size / 2, region.end() - size));
                    reader.readExactly(AddressRange.ofSize(start, size), (address, bytes, length) -> true);
                    break;
                }
            }
        }
        examine(reader);
    }

    /** A sector has just been erased, and this is what the device returns of it. */
    void afterErase(byte[] bytes, int length, byte erasedByte) {
        if (standing == Standing.OPEN && !isBlank(bytes, length, erasedByte)) {
            standing = Standing.LYING;
        }
    }

    /** Whether bytes differ from themselves when read from a few bytes further on; one byte repeated does not. */
    private static boolean isTelling(byte[] bytes, int length) {
        for (int i = SHIFT; i < length; i++) {
            if (bytes[i] != bytes[i - SHIFT]) {
                return true;
            }
        }
        return false;
    }

    static boolean isBlank(byte[] bytes, int length, byte erasedByte) {
        for (int i = 0; i < length; i++) {
            if (bytes[i] != erasedByte) {
                return false;
            }
        }
        return true;
    }
}
