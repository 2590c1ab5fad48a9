package io.github.dfu4j.image.internal;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.Finding;
import io.github.dfu4j.image.FirmwareFile;
import io.github.dfu4j.image.FirmwareFormat;
import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareSource;
import io.github.dfu4j.image.ReadContext;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.image.SegmentOverlapException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * ELF, 32 and 64 bits, both byte orders (System V gABI, chapters 4 and 5).
 *
 * <p>What is taken is what {@code objcopy -O binary} takes: sections that occupy memory and have bytes in the file, at the physical
 * address that the segment around them gives. Headers that lie within a segment belong to no section and stay out. A file without
 * sections is taken by its segments.
 */
public final class ElfFormat implements FirmwareFormat {

    private static final int SHT_NULL = 0;
    private static final int SHT_NOBITS = 8;
    private static final int SHF_ALLOC = 2;
    private static final int SHF_TLS = 0x400;
    private static final int PT_LOAD = 1;
    private static final int PT_TLS = 7;
    private static final int ET_EXEC = 2;
    private static final int ET_DYN = 3;
    private static final int EM_386 = 3;
    private static final int EM_X86_64 = 62;

    /** Each section is looked up in each segment; a file that wants more look-ups than this is not made by a linker. */
    private static final long MOST_LOOKUPS = 1L << 27;

    /** An ELF header is the shortest thing that still says what a file is. */
    private static final int SIZE_32 = 52;

    private static final int SIZE_64 = 64;

    @Override
    public String name() {
        return "elf";
    }

    @Override
    public boolean recognises(FirmwareSource source) throws IOException {
        byte[] b = new byte[4];
        return source.read(0, b, 0, 4) == 4 && b[0] == 0x7f && b[1] == 'E' && b[2] == 'L' && b[3] == 'F';
    }

    @Override
    public FirmwareFile read(FirmwareSource source, ReadContext context) throws IOException {
        return FirmwareFile.of(new Reader(source, context).read(name()));
    }

    private record Program(long offset, long virtual, long physical, long fileSize, long memorySize, boolean tls) {

        /** Whether a section lies within this segment, in the file if it has bytes there, and in memory. */
        boolean holds(Section s) {
            return s.tls == tls
                    && inside(s.offset, s.size, offset, fileSize)
                    && inside(s.address, s.size, virtual, memorySize);
        }

        private static boolean inside(long start, long size, long from, long length) {
            return Long.compareUnsigned(start, from) >= 0
                    && Long.compareUnsigned(start - from, length) <= 0
                    && Long.compareUnsigned(size, length - (start - from)) <= 0;
        }
    }

    private record Section(String name, long address, long offset, long size, boolean tls) {}

    /** Bytes of the file and where they go. */
    private record Load(String name, long address, long offset, long size) {
        long end() {
            return address + size;
        }
    }

    private static final class Reader {
        private final FirmwareSource source;
        private final ReadContext context;
        private final long fileSize;
        private boolean wide;

        /** Whether the file says no physical address of any segment. */
        private boolean virtualOnly;

        private ByteOrder order = ByteOrder.LITTLE_ENDIAN;

        Reader(FirmwareSource source, ReadContext context) throws IOException {
            this.source = source;
            this.context = context;
            this.fileSize = source.size();
        }

        FirmwareImage read(String format) throws IOException {
            byte[] ident = new byte[16];
            if (source.read(0, ident, 0, 16) < 16) {
                throw fail(0, "the file ends within the ELF header");
            }
            if (ident[4] != 1 && ident[4] != 2) {
                throw fail(4, "expected ELF class 1 (32 bits) or 2 (64 bits), found " + (ident[4] & 0xff));
            }
            if (ident[5] != 1 && ident[5] != 2) {
                throw fail(5, "expected ELF byte order 1 (little) or 2 (big), found " + (ident[5] & 0xff));
            }
            wide = ident[4] == 2;
            order = ident[5] == 1 ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
            ByteBuffer header = at(0, wide ? SIZE_64 : SIZE_32, "the ELF header");
            int type = header.getShort(16) & 0xffff;
            if (type != ET_EXEC && type != ET_DYN) {
                throw fail(
                        16,
                        "expected a linked program (ELF type 2 or 3), found "
                                + (type == 1 ? "type 1, an object file that must be linked first" : "type " + type));
            }
            int machine = header.getShort(18) & 0xffff;
            if (machine == EM_386 || machine == EM_X86_64) {
                context.add(Finding.warning("not-firmware", "it is a program for a PC, not for a microcontroller"));
            }
            long entry = word(header, 24, 24);
            List<Program> programs = programs(header);
            List<Load> loads = hasSections(header) ? loadsOf(sections(header), programs) : loadsOf(programs);
            if (type == ET_DYN) {
                context.add(Finding.note(
                        "position-independent", "the program is position-independent; its addresses are the linker's"));
            }
            FirmwareImage.Builder image = FirmwareImage.builder().origin(source.name(), format);
            if (entry < 0) {
                throw fail(24, "the entry point lies beyond 63 bits");
            }
            if (entry != 0) {
                image.entryPoint(entry);
            }
            fill(image, loads);
            try {
                FirmwareImage result = image.build();
                DataRuns.noteRepeats(
                        context, loads.stream().mapToLong(Load::size).sum(), result);
                return result;
            } catch (SegmentOverlapException e) {
                nameOverlap(loads, e.address());
                throw e;
            }
        }

        /** The loadable segments. */
        private List<Program> programs(ByteBuffer header) throws IOException {
            long table = word(header, 28, 32);
            int entrySize = header.getShort(wide ? 54 : 42) & 0xffff;
            long count = header.getShort(wide ? 56 : 44) & 0xffff;
            if (count == 0xffff) {
                count = firstSection(header).getInt(wide ? 44 : 28) & 0xffffffffL;
            }
            if (count == 0) {
                return new ArrayList<>();
            }
            checkTable("program headers", table, count, entrySize, wide ? 56 : 32);
            List<Program> result = new ArrayList<>();
            boolean anyPhysical = false;
            for (long i = 0; i < count; i++) {
                ByteBuffer b = at(table + i * entrySize, wide ? 56 : 32, "a program header");
                int type = b.getInt(0);
                Program p = new Program(
                        word(b, 4, 8),
                        word(b, 8, 16),
                        word(b, 12, 24),
                        word(b, 16, 32),
                        word(b, 20, 40),
                        type == PT_TLS);
                anyPhysical |= p.physical != 0;
                if (type == PT_LOAD || type == PT_TLS) {
                    context.take(ReadContext.SEGMENT_COST);
                    result.add(p);
                }
            }
            // Some linkers leave all physical addresses zero; with more than one segment that cannot be meant.
            virtualOnly = !anyPhysical
                    && result.stream().filter(p -> !p.tls && p.memorySize != 0).count() > 1;
            if (virtualOnly) {
                result.replaceAll(p -> new Program(p.offset, p.virtual, p.virtual, p.fileSize, p.memorySize, p.tls));
            }
            return result;
        }

        private boolean hasSections(ByteBuffer header) {
            return word(header, 32, 40) != 0;
        }

        /** The sections that occupy memory and have bytes in the file. */
        private List<Section> sections(ByteBuffer header) throws IOException {
            long table = word(header, 32, 40);
            int entrySize = header.getShort(wide ? 58 : 46) & 0xffff;
            long count = header.getShort(wide ? 60 : 48) & 0xffff;
            long names = header.getShort(wide ? 62 : 50) & 0xffff;
            if (count == 0) {
                count = word(firstSection(header), 20, 32);
            }
            if (names == 0xffff) {
                names = firstSection(header).getInt(wide ? 40 : 24) & 0xffffffffL;
            }
            if (count == 0) {
                return new ArrayList<>();
            }
            checkTable("section headers", table, count, entrySize, wide ? 64 : 40);
            long strings = names == 0 || names >= count ? -1 : word(sectionHeader(table + names * entrySize), 16, 24);
            List<Section> result = new ArrayList<>();
            long empty = 0;
            for (long i = 0; i < count; i++) {
                ByteBuffer b = sectionHeader(table + i * entrySize);
                int type = b.getInt(4);
                long flags = word(b, 8, 8);
                long size = word(b, 20, 32);
                if (type == SHT_NULL || type == SHT_NOBITS || (flags & SHF_ALLOC) == 0) {
                    continue;
                }
                if (size == 0) {
                    empty++;
                    continue;
                }
                context.take(ReadContext.SEGMENT_COST);
                long offset = word(b, 16, 24);
                String name = sectionName(strings, b.getInt(0) & 0xffffffffL, i);
                if (offset < 0 || size < 0 || offset > fileSize - size) {
                    throw fail(
                            table + i * entrySize,
                            "section " + name + " goes beyond the end of the file: " + unsigned(size)
                                    + " bytes at offset 0x" + Long.toHexString(offset) + " of " + fileSize);
                }
                result.add(new Section(name, word(b, 12, 16), offset, size, (flags & SHF_TLS) != 0));
            }
            if (empty > 0) {
                context.add(Finding.note("empty-sections", empty + " of its sections that would be loaded are empty"));
            }
            return result;
        }

        private ByteBuffer firstSection(ByteBuffer header) throws IOException {
            return sectionHeader(word(header, 32, 40));
        }

        private ByteBuffer sectionHeader(long offset) throws IOException {
            return at(offset, wide ? 64 : 40, "a section header");
        }

        private String sectionName(long strings, long index, long number) throws IOException {
            byte[] b = new byte[64];
            int n = strings < 0 || strings > fileSize - index ? 0 : source.read(strings + index, b, 0, b.length);
            int length = 0;
            while (length < n && b[length] > ' ' && b[length] <= '~') {
                length++;
            }
            return length == 0 ? "number " + number : new String(b, 0, length, StandardCharsets.US_ASCII);
        }

        private List<Load> loadsOf(List<Section> sections, List<Program> programs) throws IOException {
            if ((long) sections.size() * programs.size() > MOST_LOOKUPS) {
                throw fail(
                        0,
                        "has " + sections.size() + " sections and " + programs.size()
                                + " segments, more than any program");
            }
            List<Load> result = new ArrayList<>();
            int outside = 0;
            String first = "";
            for (Section s : sections) {
                Program around = null;
                for (Program p : programs) {
                    if (p.holds(s)) {
                        around = p;
                        break;
                    }
                }
                if (around == null && outside++ == 0) {
                    first = s.name;
                }
                long address = around == null || virtualOnly ? s.address : around.physical + (s.offset - around.offset);
                result.add(load("section " + s.name, address, s.offset, s.size));
            }
            if (outside > 0 && !programs.isEmpty()) {
                context.add(Finding.note(
                        "outside-segments",
                        outside + " sections lie in no segment, the first is " + first
                                + ": their virtual addresses are taken for physical ones"));
            }
            return result;
        }

        private List<Load> loadsOf(List<Program> programs) throws IOException {
            context.add(Finding.note("no-sections", "the file has no table of sections; its segments are taken"));
            List<Load> result = new ArrayList<>();
            for (Program p : programs) {
                if (p.tls || p.fileSize == 0) {
                    continue;
                }
                if (p.offset < 0 || p.fileSize < 0 || p.offset > fileSize - p.fileSize) {
                    throw fail(
                            0,
                            "the segment at " + AddressRange.hex(p.physical) + " goes beyond the end of the file: "
                                    + unsigned(p.fileSize) + " bytes at offset 0x" + Long.toHexString(p.offset) + " of "
                                    + fileSize);
                }
                result.add(load("the segment at " + AddressRange.hex(p.physical), p.physical, p.offset, p.fileSize));
            }
            return result;
        }

        private Load load(String name, long address, long offset, long size) throws IOException {
            if (address < 0 || address > Long.MAX_VALUE - size || (!wide && address + size > 1L << 32)) {
                throw fail(
                        offset,
                        name + ": " + size + " bytes at " + AddressRange.hex(address)
                                + " wrap around the end of the address space");
            }
            return new Load(name, address, offset, size);
        }

        /** Reads loads that follow one another in memory into one array each run. */
        private void fill(FirmwareImage.Builder image, List<Load> loads) throws IOException {
            long total = 0;
            for (Load l : loads) {
                total += l.size;
                if (total > fileSize) {
                    throw fail(0, "its sections claim more bytes than the file's " + fileSize);
                }
            }
            context.take(total);
            List<Load> sorted = new ArrayList<>(loads);
            sorted.sort(Comparator.comparingLong(Load::address));
            int i = 0;
            while (i < sorted.size()) {
                long start = sorted.get(i).address;
                int j = i + 1;
                while (j < sorted.size()
                        && sorted.get(j).address == sorted.get(j - 1).end()
                        && sorted.get(j).end() - start <= 1 << 30) {
                    j++;
                }
                long size = sorted.get(j - 1).end() - start;
                if (size > 1 << 30) {
                    throw fail(sorted.get(i).offset, sorted.get(i).name + " has " + size + " bytes, more than 1 GiB");
                }
                byte[] bytes = new byte[(int) size];
                for (Load l : sorted.subList(i, j)) {
                    ReadContext.readFully(source, l.offset, bytes, (int) (l.address - start), (int) l.size);
                }
                image.add(Segment.wrap(start, bytes, 0, bytes.length));
                i = j;
            }
        }

        /** Names the first two that want different bytes at an address. */
        private void nameOverlap(List<Load> loads, long address) throws IOException {
            String first = "";
            byte[] expected = new byte[1];
            byte[] found = new byte[1];
            for (Load l : loads) {
                if (l.address <= address && address < l.end()) {
                    long offset = l.offset + (address - l.address);
                    ReadContext.readFully(source, offset, found, 0, 1);
                    if (first.isEmpty()) {
                        first = l.name;
                        expected[0] = found[0];
                    } else if (found[0] != expected[0]) {
                        throw fail(
                                offset,
                                String.format(
                                        "the byte at %s is 0x%02X in %s, but 0x%02X in %s",
                                        AddressRange.hex(address), found[0], l.name, expected[0], first));
                    }
                }
            }
        }

        private void checkTable(String what, long offset, long count, int entrySize, int smallest) throws IOException {
            if (entrySize < smallest) {
                throw fail(
                        0,
                        "its " + what + " have " + entrySize + " bytes each; at least " + smallest + " were expected");
            }
            if (offset < 0 || offset > fileSize || count < 0 || count > (fileSize - offset) / entrySize) {
                throw fail(
                        0,
                        "its " + unsigned(count) + " " + what + " at offset 0x" + Long.toHexString(offset)
                                + " go beyond the end of the file, " + fileSize + " bytes");
            }
        }

        /** A field of the file's word size, at one place in 32-bit files and at another in 64-bit ones. */
        private long word(ByteBuffer b, int at32, int at64) {
            return wide ? b.getLong(at64) : b.getInt(at32) & 0xffffffffL;
        }

        private ByteBuffer at(long offset, int size, String what) throws IOException {
            byte[] b = new byte[size];
            if (offset < 0 || offset > fileSize - size || source.read(offset, b, 0, size) < size) {
                throw fail(offset, "the file ends within " + what);
            }
            return ByteBuffer.wrap(b).order(order);
        }

        private static String unsigned(long value) {
            return Long.toUnsignedString(value);
        }

        private FirmwareFormatException fail(long offset, String message) {
            return new FirmwareFormatException(source.name(), "offset 0x" + Long.toHexString(offset), message);
        }
    }
}
