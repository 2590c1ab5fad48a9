package io.github.dfu4j.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ElfFormatTest {

    private static final int PROGBITS = 1;
    private static final int NOBITS = 8;
    private static final int ALLOC = 2;

    @TempDir
    Path folder;

    /** The offset of the data in a file of few segments. */
    private static final int DATA = 512;

    /** Puts ELF files together, in either class and byte order. */
    private static final class Elf {
        private record Section(int type, int flags, long address, int offset, int size) {}

        private record Program(int type, int offset, long virtual, long physical, int fileSize, int memorySize) {}

        private final boolean wide;
        private final ByteOrder order;
        private final List<Section> sections = new ArrayList<>();
        private final List<Program> segments = new ArrayList<>();
        private int type = 2;
        private int data = DATA;
        private long entry;

        Elf(boolean wide, boolean big) {
            this.wide = wide;
            this.order = big ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
        }

        Elf section(int sectionType, int flags, long address, int offset, int size) {
            sections.add(new Section(sectionType, flags, address, offset, size));
            return this;
        }

        Elf segment(int offset, long virtual, long physical, int fileSize, int memorySize) {
            segments.add(new Program(1, offset, virtual, physical, fileSize, memorySize));
            return this;
        }

        private void word(ByteBuffer b, long value) {
            if (wide) {
                b.putLong(value);
            } else {
                b.putInt((int) value);
            }
        }

        /** The file: headers, 1024 bytes of data, and the section headers behind them. */
        byte[] build() {
            int sectionSize = wide ? 64 : 40;
            int table = data + 1024;
            int count = sections.isEmpty() ? 0 : sections.size() + 2;
            byte[] names = "\0.a\0.shstrtab\0".getBytes(StandardCharsets.US_ASCII);
            byte[] file = new byte[table + count * sectionSize + names.length];
            new Random(5).nextBytes(file);
            Arrays.fill(file, 0, data, (byte) 0);
            Arrays.fill(file, table, file.length, (byte) 0);
            ByteBuffer b = ByteBuffer.wrap(file).order(order);
            b.put(new byte[] {
                0x7f, 'E', 'L', 'F', (byte) (wide ? 2 : 1), (byte) (order == ByteOrder.BIG_ENDIAN ? 2 : 1), 1
            });
            b.position(16);
            b.putShort((short) type).putShort((short) (wide ? 21 : 20)).putInt(1);
            word(b, entry);
            word(b, segments.isEmpty() ? 0 : wide ? 64 : 52);
            word(b, count == 0 ? 0 : table);
            b.putInt(0).putShort((short) (wide ? 64 : 52)).putShort((short) (wide ? 56 : 32));
            b.putShort((short) segments.size()).putShort((short) sectionSize).putShort((short) count);
            b.putShort((short) (count == 0 ? 0 : count - 1));
            for (Program s : segments) {
                b.putInt(s.type);
                if (wide) {
                    b.putInt(5);
                }
                word(b, s.offset);
                word(b, s.virtual);
                word(b, s.physical);
                word(b, s.fileSize);
                word(b, s.memorySize);
                if (!wide) {
                    b.putInt(5);
                }
                word(b, 1);
            }
            if (count > 0) {
                b.position(table + sectionSize);
                for (Section s : sections) {
                    section(b, 1, s);
                }
                section(b, 4, new Section(3, 0, 0, file.length - names.length, names.length));
                b.put(names);
            }
            return file;
        }

        private void section(ByteBuffer b, int name, Section s) {
            b.putInt(name).putInt(s.type);
            word(b, s.flags);
            word(b, s.address);
            word(b, s.offset);
            word(b, s.size);
            b.putInt(0).putInt(0);
            word(b, 1);
            word(b, 0);
        }
    }

    private static FirmwareFile read(byte[] elf) throws IOException {
        return FirmwareReader.standard().readFile(FirmwareSource.of("a.elf", elf));
    }

    private static List<AddressRange> ranges(byte[] elf) throws IOException {
        return read(elf).image().segments().stream().map(Segment::range).collect(Collectors.toList());
    }

    private static byte[] flat(byte[] elf) throws IOException {
        FirmwareImage image = read(elf).image();
        return image.isEmpty()
                ? new byte[0]
                : TestImages.bytes(image, image.span().get());
    }

    private byte[] objcopy(byte[] elf) throws IOException, InterruptedException {
        Path in = Files.write(folder.resolve("a.elf"), elf);
        Path out = folder.resolve("a.bin");
        String target = (elf[4] == 2 ? "elf64-" : "elf32-") + (elf[5] == 2 ? "big" : "little");
        Tools.run("objcopy", "-I", target, "-O", "binary", in, out);
        return Files.readAllBytes(out);
    }

    @ParameterizedTest
    @CsvSource({"false, false", "false, true", "true, false", "true, true"})
    void sections_stand_at_the_physical_address_of_their_segment(boolean wide, boolean big) throws Exception {
        Elf elf = new Elf(wide, big)
                .section(PROGBITS, ALLOC, 0x1000, 512, 100)
                .section(PROGBITS, ALLOC, 0x20000000, 612, 50)
                .section(NOBITS, ALLOC, 0x20000032, 662, 400)
                .section(PROGBITS, 0, 0, 700, 30)
                .section(PROGBITS, ALLOC, 0x3000, 700, 0)
                .segment(512, 0x1000, 0x1000, 100, 100)
                .segment(612, 0x20000000, 0x1100, 50, 450);
        elf.entry = 0x1001;
        byte[] file = elf.build();
        assertThat(ranges(file)).containsExactly(AddressRange.ofSize(0x1000, 100), AddressRange.ofSize(0x1100, 50));
        assertThat(read(file).image().entryPoint()).hasValue(0x1001);
        assertThat(read(file).findings()).extracting(Finding::code).containsExactly("empty-sections");
        assertThat(flat(file)).isEqualTo(objcopy(file));
    }

    @Test
    void headers_within_a_segment_stay_out() throws Exception {
        byte[] file = new Elf(false, false)
                .section(PROGBITS, ALLOC, 0x8200, 512, 64)
                .segment(0, 0x8000, 0x8000, 576, 576)
                .build();
        assertThat(ranges(file)).containsExactly(AddressRange.ofSize(0x8200, 64));
        assertThat(flat(file)).isEqualTo(objcopy(file));
    }

    @Test
    void without_physical_addresses_in_several_segments_the_virtual_ones_count() throws Exception {
        byte[] file = new Elf(false, false)
                .section(PROGBITS, ALLOC, 0x1000, 512, 16)
                .section(PROGBITS, ALLOC, 0x2000, 528, 16)
                .segment(512, 0x1000, 0, 16, 16)
                .segment(528, 0x2000, 0, 16, 16)
                .build();
        assertThat(ranges(file)).containsExactly(AddressRange.ofSize(0x1000, 16), AddressRange.ofSize(0x2000, 16));
        assertThat(flat(file)).isEqualTo(objcopy(file));
    }

    @Test
    void without_physical_addresses_a_section_stands_at_its_own_address() throws Exception {
        byte[] file = new Elf(true, true)
                .section(PROGBITS, ALLOC, 0x1004, 512, 8)
                .section(PROGBITS, ALLOC, 0x2000, 528, 16)
                .segment(512, 0x1000, 0, 16, 16)
                .segment(528, 0x2000, 0, 16, 16)
                .build();
        assertThat(ranges(file)).containsExactly(AddressRange.ofSize(0x1004, 8), AddressRange.ofSize(0x2000, 16));
        assertThat(flat(file)).isEqualTo(objcopy(file));
    }

    @Property(tries = 40, edgeCases = EdgeCasesMode.NONE)
    void random_sections_are_taken_as_objcopy_takes_them(
            @ForAll boolean wide,
            @ForAll boolean big,
            @ForAll @IntRange(min = 1, max = 6) int count,
            @ForAll @IntRange(max = 1000) int seed)
            throws Exception {
        folder = Files.createTempDirectory("elf");
        Random random = new Random(seed);
        Elf elf = new Elf(wide, big);
        for (int i = 0; i < count; i++) {
            int offset = 512 + 100 * i;
            int size = random.nextInt(100);
            long virtual = 0x10000L + 0x1000L * i;
            long physical = 0x40000L + 0x200L * i;
            boolean bits = random.nextInt(4) > 0;
            elf.section(bits ? PROGBITS : NOBITS, random.nextInt(4) > 0 ? ALLOC : 0, virtual, offset, size);
            if (random.nextInt(5) > 0) {
                int front = random.nextInt(16);
                elf.segment(offset - front, virtual - front, physical, bits ? size + front : 0, size + front);
            }
        }
        byte[] file = elf.build();
        assertThat(flat(file)).isEqualTo(objcopy(file));
        Files.delete(folder.resolve("a.elf"));
        Files.deleteIfExists(folder.resolve("a.bin"));
        Files.delete(folder);
    }

    @Test
    void a_file_without_sections_is_taken_by_its_segments() throws IOException {
        byte[] file = new Elf(true, false)
                .segment(512, 0x1000, 0x8000, 16, 16)
                .segment(528, 0x2000, 0x9000, 0, 16)
                .build();
        assertThat(ranges(file)).containsExactly(AddressRange.ofSize(0x8000, 16));
        assertThat(read(file).findings()).extracting(Finding::code).containsExactly("no-sections");
    }

    @Test
    void overlapping_sections_with_different_bytes_are_named() {
        byte[] file = new Elf(false, false)
                .section(PROGBITS, ALLOC, 0x1000, 512, 16)
                .section(PROGBITS, ALLOC, 0x1008, 600, 16)
                .build();
        assertThatThrownBy(() -> read(file))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessage(String.format(
                        "a.elf, offset 0x258: the byte at 0x00001008 is 0x%02X in section .a, but 0x%02X in section .a",
                        file[600], file[520]));
    }

    @Test
    void a_section_that_goes_beyond_the_file_is_refused() {
        byte[] file = new Elf(false, false)
                .section(PROGBITS, ALLOC, 0x1000, 512, 5000)
                .build();
        assertThatThrownBy(() -> read(file))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessageMatching(
                        "a.elf, offset 0x628: section .a goes beyond the end of the file: 5000 bytes at offset 0x200 of \\d+");
    }

    @Test
    void an_object_file_is_refused() {
        Elf elf = new Elf(false, true).section(PROGBITS, ALLOC, 0, 512, 5);
        elf.type = 1;
        byte[] file = elf.build();
        assertThatThrownBy(() -> read(file)).hasMessageContaining("an object file that must be linked first");
    }

    @Test
    void a_program_for_a_pc_is_told() throws IOException {
        byte[] file = new Elf(false, false).section(PROGBITS, ALLOC, 0, 512, 16).build();
        file[18] = 62;
        assertThat(read(file).findings()).extracting(Finding::code).containsExactly("not-firmware");
    }

    @Test
    void a_thousand_sections_that_all_claim_the_same_bytes_are_refused() {
        Elf elf = new Elf(false, false);
        for (int i = 0; i < 1000; i++) {
            elf.section(PROGBITS, ALLOC, 0x10000L * i, 512, 1024);
        }
        byte[] file = elf.build();
        assertThatThrownBy(() -> read(file)).hasMessageContaining("its sections claim more bytes than the file's");
    }

    @Test
    @Timeout(20)
    void ten_thousand_sections_and_segments_are_read_in_no_time() throws IOException {
        int many = 10_000;
        Elf elf = new Elf(false, false);
        elf.data = 52 + many * 32;
        for (int i = 0; i < many; i++) {
            elf.section(PROGBITS, ALLOC, 16L * i, elf.data + i % 1024, 1);
            // None holds a section, so each section is looked up in all of them.
            elf.segment(elf.data, 0x10000000L, 0x10000000L, 1, 1);
        }
        assertThat(read(elf.build()).image().segments()).hasSize(many);
    }

    @Test
    void tables_beyond_the_end_of_the_file_are_refused() {
        byte[] file = new Elf(false, false).section(PROGBITS, ALLOC, 0, 512, 16).build();
        ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putShort(48, (short) 0x7fff);
        assertThatThrownBy(() -> read(file))
                .hasMessageContaining("its 32767 section headers at offset 0x600 go beyond the end of the file");
    }
}
