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
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/** UF2: blocks of 512 bytes in any order, each with an address and perhaps a chip family (Microsoft's UF2 specification). */
public final class Uf2Format implements FirmwareFormat {

    static final int BLOCK = 512;
    static final int MAGIC_0 = 0x0a324655;
    static final int MAGIC_1 = 0x9e5d5157;
    static final int MAGIC_END = 0x0ab16f30;
    static final int FAMILY_PRESENT = 0x2000;
    private static final int NOT_MAIN_FLASH = 0x1;
    private static final int FILE_CONTAINER = 0x1000;
    private static final int MD5_PRESENT = 0x4000;
    private static final int TAGS_PRESENT = 0x8000;
    private static final int DATA = 32;
    private static final int MOST_DATA = 476;

    /** What an MD5 sum, which says whether a bootloader may skip the block, takes of the room for data. */
    private static final int MD5_SIZE = 24;

    /** Families in one file; more are not made by any tool. */
    private static final int MOST_FAMILIES = 256;

    /** RP2350 tools put one block of this family, said to be one of two, in front of a file (erratum RP2350-E10). */
    private static final long RP2350_ABSOLUTE = 0xe48bff57L;

    /** Stands for blocks without a family. */
    private static final long NONE = -1;

    /** The extension tags that say something to people. */
    private static final int TAG_VERSION = 0x9fc7bc;

    private static final int TAG_DEVICE = 0x650d9d;

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

    @Override
    public FirmwareFile read(FirmwareSource source, ReadContext context) throws IOException {
        Pass pass = new Pass(source, context);
        pass.run();
        pass.addFindings();
        List<ImagePart> parts = new ArrayList<>();
        for (Map.Entry<Long, Family> entry : pass.families.entrySet()) {
            long id = entry.getKey();
            Family family = entry.getValue();
            family.runs.finish();
            pass.checkComplete(id, family);
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
            Pass again = new Pass(source, context);
            DataRuns finder = new OverlapFinder(context, source.name(), e.address(), "block", () -> again.block);
            again.families.put(id, new Family(family.blocks, finder));
            again.run();
            throw e;
        }
    }

    /** One pass over all blocks of a file. */
    private static final class Pass {
        private final FirmwareSource source;
        private final ReadContext context;
        private final long fileSize;
        private final Map<Long, Family> families = new LinkedHashMap<>();
        private final Set<String> tags = new LinkedHashSet<>();

        /** The numbers of blocks that are not for the flash: they are counted with those that are. */
        private final BitSet skipped = new BitSet();

        private long skippedCount;
        private long repeated;
        private long foreign;
        private long block;

        Pass(FirmwareSource source, ReadContext context) throws IOException {
            this.source = source;
            this.context = context;
            this.fileSize = source.size();
        }

        void run() throws IOException {
            if (fileSize % BLOCK != 0) {
                block = fileSize / BLOCK;
                throw fail("the file ends within this block, after " + fileSize % BLOCK + " of 512 bytes");
            }
            byte[] chunk = new byte[128 * BLOCK];
            for (long offset = 0; offset < fileSize; offset += chunk.length) {
                int n = (int) Math.min(chunk.length, fileSize - offset);
                ReadContext.readFully(source, offset, chunk, 0, n);
                for (int at = 0; at < n; at += BLOCK) {
                    block = (offset + at) / BLOCK;
                    if ((int) LittleEndian.get(chunk, at, 4) != MAGIC_0
                            || (int) LittleEndian.get(chunk, at + 4, 4) != MAGIC_1
                            || (int) LittleEndian.get(chunk, at + 508, 4) != MAGIC_END) {
                        foreign++;
                    } else {
                        take(chunk, at);
                    }
                }
            }
        }

        private void take(byte[] b, int at) throws IOException {
            int flags = (int) LittleEndian.get(b, at + 8, 4);
            long address = LittleEndian.get(b, at + 12, 4);
            long count = LittleEndian.get(b, at + 16, 4);
            long number = LittleEndian.get(b, at + 20, 4);
            long blocks = LittleEndian.get(b, at + 24, 4);
            if ((flags & (NOT_MAIN_FLASH | FILE_CONTAINER)) != 0) {
                skippedCount++;
                if (number < fileSize / BLOCK) {
                    skipped.set((int) number);
                }
                return;
            }
            long id = (flags & FAMILY_PRESENT) != 0 ? LittleEndian.get(b, at + 28, 4) : NONE;
            int most = (flags & MD5_PRESENT) != 0 ? MOST_DATA - MD5_SIZE : MOST_DATA;
            if (count > most) {
                throw fail("says it holds " + count + " bytes; " + most + " is the most");
            }
            if (address + count > 1L << 32) {
                throw fail(
                        count + " bytes at " + AddressRange.hex(address) + " wrap around the end of the address space");
            }
            if (blocks > fileSize / BLOCK && id != RP2350_ABSOLUTE) {
                throw fail("says there are " + blocks + " blocks, but the file has " + fileSize / BLOCK);
            }
            if (number >= Math.min(blocks, fileSize / BLOCK)) {
                throw fail("says it is number " + number + " (from 0) of " + blocks + ", but the file has "
                        + fileSize / BLOCK);
            }
            Family family = families.get(id);
            if (family == null) {
                if (families.size() == MOST_FAMILIES) {
                    throw fail("begins one more than " + MOST_FAMILIES + " families");
                }
                family = new Family(context, blocks, fileSize);
                families.put(id, family);
            }
            if (family.blocks != blocks) {
                throw fail(
                        "says there are " + blocks + " blocks of its family, but an earlier one said " + family.blocks);
            }
            if (family.seen.get((int) number) && id != RP2350_ABSOLUTE) {
                repeated++;
            }
            family.seen.set((int) number);
            family.runs.put(address, b, at + DATA, (int) count, fileSize - block * BLOCK);
            if ((flags & TAGS_PRESENT) != 0 && tags.isEmpty()) {
                readTags(b, at + DATA + (int) (count + 3) / 4 * 4, at + DATA + most);
            }
        }

        /** Each tag has its size, three bytes of a number, and its value; the next begins at a multiple of four. */
        private void readTags(byte[] b, int from, int end) {
            int size;
            for (int at = from; at + 4 <= end; at += (size + 3) / 4 * 4) {
                size = b[at] & 0xff;
                if (size < 4 || at + size > end) {
                    return;
                }
                int tag = (int) LittleEndian.get(b, at + 1, 3);
                if (tag == TAG_VERSION || tag == TAG_DEVICE) {
                    String text = new String(b, at + 4, size - 4, StandardCharsets.UTF_8);
                    tags.add((tag == TAG_VERSION ? "version \"" : "firmware for \"")
                            + text.replaceAll("\\p{Cntrl}", "?") + "\"");
                }
            }
        }

        void checkComplete(long id, Family family) throws IOException {
            BitSet known = (BitSet) skipped.clone();
            known.or(family.seen);
            int missing = known.nextClearBit(0);
            if (missing < family.blocks && id != RP2350_ABSOLUTE) {
                throw new FirmwareFormatException(
                        source.name(),
                        "",
                        "block " + missing + " of " + family.blocks
                                + (id == NONE ? "" : " of family " + AddressRange.hex(id)) + " is missing");
            }
        }

        void addFindings() {
            if (!tags.isEmpty()) {
                context.add(Finding.note("tags", "it calls itself " + String.join(", ", tags)));
            }
            if (foreign > 0) {
                context.add(Finding.warning(
                        "foreign-blocks", foreign + " of its blocks have no UF2 marks and are left out"));
            }
            if (repeated > 0) {
                context.add(Finding.warning(
                        "same-number", repeated + " of its blocks bear the number of an earlier one; all are taken"));
            }
            if (skippedCount > 0) {
                context.add(Finding.note(
                        "not-flash", skippedCount + " of its blocks are not meant for the flash and are left out"));
            }
        }

        private FirmwareFormatException fail(String message) {
            return new FirmwareFormatException(
                    source.name(), "block " + block + " at offset 0x" + Long.toHexString(block * BLOCK), message);
        }
    }
}
