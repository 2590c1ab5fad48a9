package io.github.dfu4j.image.internal;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.Finding;
import io.github.dfu4j.image.FirmwareFile;
import io.github.dfu4j.image.FirmwareFormat;
import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareSource;
import io.github.dfu4j.image.ImagePart;
import io.github.dfu4j.image.ReadContext;
import io.github.dfu4j.image.SegmentOverlapException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** UF2: blocks of 512 bytes in any order, each with an address and perhaps a chip family (Microsoft's UF2 specification). */
public final class Uf2Format implements FirmwareFormat {

    static final int BLOCK = 512;
    static final int MAGIC_0 = 0x0a324655;
    static final int MAGIC_1 = 0x9e5d5157;
    static final int MAGIC_END = 0x0ab16f30;
    static final int FAMILY_PRESENT = 0x2000;
    private static final int NOT_MAIN_FLASH = 0x1;
    private static final int FILE_CONTAINER = 0x1000;
    private static final int MOST_DATA = 476;

    /** Families in one file; more are not made by any tool. */
    private static final int MOST_FAMILIES = 256;

    /** RP2350 tools put one block of this family, said to be one of two, in front of a file (erratum RP2350-E10). */
    private static final long RP2350_ABSOLUTE = 0xe48bff57L;

    /** Stands for blocks without a family. */
    private static final long NONE = -1;

    @Override
    public String name() {
        return "uf2";
    }

    @Override
    public boolean recognises(FirmwareSource source) throws IOException {
        byte[] b = new byte[8];
        return source.read(0, b, 0, 8) == 8
                && (int) LittleEndian.get(b, 0, 4) == MAGIC_0
                && (int) LittleEndian.get(b, 4, 4) == MAGIC_1;
    }

    /** What belongs to one family. */
    private static final class Family {
        private final FirmwareImage.Builder image = FirmwareImage.builder();
        private final BitSet seen = new BitSet();
        private final long blocks;
        private final DataRuns runs;

        Family(ReadContext context, long blocks, long fileSize) {
            this.blocks = blocks;
            this.runs = new DataRuns(image, context, fileSize);
        }

        Family(long blocks, DataRuns runs) {
            this.blocks = blocks;
            this.runs = runs;
        }
    }

    private static final class Position {
        private long block;
    }

    @Override
    public FirmwareFile read(FirmwareSource source, ReadContext context) throws IOException {
        long size = source.size();
        if (size % BLOCK != 0) {
            throw fail(
                    source, size / BLOCK, "the file ends within this block, after " + size % BLOCK + " of 512 bytes");
        }
        Map<Long, Family> families = new LinkedHashMap<>();
        parse(source, new Position(), families, context);
        List<ImagePart> parts = new ArrayList<>();
        for (Map.Entry<Long, Family> entry : families.entrySet()) {
            long id = entry.getKey();
            Family family = entry.getValue();
            family.runs.finish();
            checkComplete(source, id, family);
            OptionalLong known = id == NONE ? OptionalLong.empty() : OptionalLong.of(id);
            parts.add(new ImagePart(
                    OptionalInt.empty(), known, Uf2Families.name(id), build(source, context, id, family)));
        }
        return FirmwareFile.of(source.name(), name(), parts);
    }

    private FirmwareImage build(FirmwareSource source, ReadContext context, long id, Family family) throws IOException {
        try {
            FirmwareImage image = family.image.origin(source.name(), name()).build();
            DataRuns.noteRepeats(context, family.runs.total(), image);
            return image;
        } catch (SegmentOverlapException e) {
            Position position = new Position();
            DataRuns finder = new OverlapFinder(context, source.name(), e.address(), "block", () -> position.block);
            Map<Long, Family> again = new LinkedHashMap<>();
            again.put(id, new Family(family.blocks, finder));
            parse(source, position, again, context);
            throw e;
        }
    }

    private static void checkComplete(FirmwareSource source, long id, Family family) throws IOException {
        int missing = family.seen.nextClearBit(0);
        if (missing < family.blocks && id != RP2350_ABSOLUTE) {
            throw new FirmwareFormatException(
                    source.name(),
                    "",
                    "block " + missing + " of " + family.blocks
                            + (id == NONE ? "" : " of family " + AddressRange.hex(id)) + " is missing");
        }
    }

    private static void parse(FirmwareSource source, Position position, Map<Long, Family> families, ReadContext context)
            throws IOException {
        long size = source.size();
        byte[] chunk = new byte[128 * BLOCK];
        long foreign = 0;
        long skipped = 0;
        for (long offset = 0; offset < size; offset += chunk.length) {
            int n = (int) Math.min(chunk.length, size - offset);
            ReadContext.readFully(source, offset, chunk, 0, n);
            for (int at = 0; at < n; at += BLOCK) {
                position.block = (offset + at) / BLOCK;
                int flags = (int) LittleEndian.get(chunk, at + 8, 4);
                if ((int) LittleEndian.get(chunk, at, 4) != MAGIC_0
                        || (int) LittleEndian.get(chunk, at + 4, 4) != MAGIC_1
                        || (int) LittleEndian.get(chunk, at + 508, 4) != MAGIC_END) {
                    foreign++;
                } else if ((flags & (NOT_MAIN_FLASH | FILE_CONTAINER)) != 0) {
                    skipped++;
                } else {
                    take(source, position.block, chunk, at, flags, families, context, size);
                }
            }
        }
        if (foreign > 0) {
            context.add(
                    Finding.warning("foreign-blocks", foreign + " of its blocks have no UF2 marks and are left out"));
        }
        if (skipped > 0) {
            context.add(
                    Finding.note("not-flash", skipped + " of its blocks are not meant for the flash and are left out"));
        }
    }

    private static void take(
            FirmwareSource source,
            long block,
            byte[] b,
            int at,
            int flags,
            Map<Long, Family> families,
            ReadContext context,
            long fileSize)
            throws IOException {
        long address = LittleEndian.get(b, at + 12, 4);
        long count = LittleEndian.get(b, at + 16, 4);
        long number = LittleEndian.get(b, at + 20, 4);
        long blocks = LittleEndian.get(b, at + 24, 4);
        long id = (flags & FAMILY_PRESENT) != 0 ? LittleEndian.get(b, at + 28, 4) : NONE;
        if (count > MOST_DATA) {
            throw fail(source, block, "says it holds " + count + " bytes; 476 is the most");
        }
        if (address + count > 1L << 32) {
            throw fail(
                    source,
                    block,
                    count + " bytes at " + AddressRange.hex(address) + " wrap around the end of the address space");
        }
        if (blocks > fileSize / BLOCK && id != RP2350_ABSOLUTE) {
            throw fail(source, block, "says there are " + blocks + " blocks, but the file has " + fileSize / BLOCK);
        }
        if (number >= Math.min(blocks, fileSize / BLOCK)) {
            throw fail(
                    source,
                    block,
                    "says it is number " + number + " (from 0) of " + blocks + ", but the file has "
                            + fileSize / BLOCK);
        }
        Family family = families.get(id);
        if (family == null) {
            if (families.size() == MOST_FAMILIES) {
                throw fail(source, block, "begins one more than " + MOST_FAMILIES + " families");
            }
            family = new Family(context, blocks, fileSize);
            families.put(id, family);
        }
        if (family.blocks != blocks) {
            throw fail(
                    source,
                    block,
                    "says there are " + blocks + " blocks of its family, but an earlier one said " + family.blocks);
        }
        family.seen.set((int) number);
        family.runs.put(address, b, at + 32, (int) count, fileSize - block * BLOCK);
    }

    private static FirmwareFormatException fail(FirmwareSource source, long block, String message) {
        return new FirmwareFormatException(
                source.name(), "block " + block + " at offset 0x" + Long.toHexString(block * BLOCK), message);
    }
}
