package io.github.dfu4j.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FirmwareReaderTest {

    private static final AddressRange CODE = AddressRange.ofSize(0x08000000L, 104_152);
    private static final AddressRange SAMPLES = AddressRange.ofSize(0x90040000L, 291_636);

    private static List<AddressRange> ranges(FirmwareImage image) {
        return image.segments().stream().map(Segment::range).collect(Collectors.toList());
    }

    private static FirmwareFile read(String text) throws IOException {
        return FirmwareReader.standard()
                .readFile(FirmwareSource.of("file", text.getBytes(StandardCharsets.ISO_8859_1)));
    }

    private static List<String> codes(FirmwareFile file) {
        return file.findings().stream().map(Finding::code).collect(Collectors.toList());
    }

    @Test
    void an_elf_is_what_objcopy_takes_from_it() throws IOException {
        FirmwareFile file = TestImages.file(TestImages.BIRDS_ELF);
        assertThat(file.format()).isEqualTo("elf");
        assertThat(ranges(file.image())).containsExactly(CODE, SAMPLES);
        assertThat(file.image().entryPoint()).hasValue(0x08000009L);
        assertThat(TestImages.bytes(file.image(), SAMPLES)).isEqualTo(TestImages.wav());
        assertThat(codes(file)).containsExactly("far-apart");
    }

    @ParameterizedTest
    @ValueSource(strings = {"birds-internal.hex", "birds-internal.srec"})
    void the_text_formats_hold_what_the_elf_holds(String name) throws IOException {
        assertThat(TestImages.image(TestImages.BIRDS.resolve(name))).isEqualTo(TestImages.image(TestImages.BIRDS_ELF));
    }

    @ParameterizedTest
    @CsvSource({
        "birds-stock.elf, 0x08000000, 0x90000000",
        "birds-sram.elf, 0x24000000, 0x900C0000",
        "birds-sram-clash.elf, 0x24000000, 0x90040000",
        "birds-qspi.elf, 0x90040000, ",
    })
    void segments_stand_at_their_physical_addresses(String name, String code, String samples) throws IOException {
        List<Segment> segments =
                TestImages.image(TestImages.BIRDS.resolve(name)).segments();
        assertThat(segments.get(0).start()).isEqualTo(Long.decode(code));
        assertThat(segments).hasSize(samples == null ? 1 : 2);
        if (samples != null) {
            assertThat(segments.get(1).range()).isEqualTo(AddressRange.ofSize(Long.decode(samples), 291_636));
        }
    }

    /** A file of two islands in a sea of zeros, of which nothing is stored but the islands. */
    private static FirmwareSource flat(byte[] code, byte[] samples) {
        long gap = SAMPLES.start() - CODE.start();
        return new FirmwareSource() {
            @Override
            public String name() {
                return "birds.bin";
            }

            @Override
            public long size() {
                return gap + samples.length;
            }

            @Override
            public int read(long position, byte[] into, int at, int length) {
                int n = (int) Math.min(length, size() - position);
                Arrays.fill(into, at, at + n, (byte) 0);
                if (position < code.length) {
                    System.arraycopy(code, (int) position, into, at, (int) Math.min(n, code.length - position));
                }
                int before = (int) Math.min(n, Math.max(0, gap - position));
                if (before < n) {
                    System.arraycopy(samples, (int) (position + before - gap), into, at + before, n - before);
                }
                return n;
            }

            @Override
            public void close() {}
        };
    }

    @Test
    void a_flat_binary_of_gigabytes_is_two_islands() throws IOException {
        byte[] code = TestImages.bytes(TestImages.image(TestImages.BIRDS_ELF), CODE);
        FirmwareSource source = flat(code, TestImages.wav());
        assertThat(source.size()).isEqualTo(2_282_255_156L);
        FirmwareFile file = FirmwareReader.standard()
                .withBase(CODE.start())
                .withLimit(1 << 20)
                .readFile(source);
        FirmwareImage image = file.image();
        assertThat(image.segments()).hasSize(3);
        assertThat(image.segments().get(1).fill()).hasValue(0);
        assertThat(image.span()).hasValue(new AddressRange(CODE.start(), SAMPLES.end()));
        assertThat(image.segments().get(2).range()).isEqualTo(SAMPLES);
        assertThat(TestImages.bytes(image, CODE)).isEqualTo(code);
        assertThat(TestImages.bytes(image, SAMPLES)).isEqualTo(TestImages.wav());
        assertThat(codes(file)).containsExactly("flat-binary");
    }

    @ParameterizedTest
    @ValueSource(ints = {65535, 65536, 65537, 98303, 98304, 131072, 1 << 20})
    void a_run_of_one_byte_is_a_fill_if_it_has_64_KiB_or_more(int run) throws IOException {
        for (byte value : new byte[] {0, -1, 7}) {
            for (int before : new int[] {0, 1, 32767, 32768, 40000, 200_000, 262_143, 262_145}) {
                byte[] bytes = new byte[before + run + 100];
                Arrays.fill(bytes, (byte) 0x55);
                Arrays.fill(bytes, before, before + run, value);
                FirmwareImage image = FirmwareReader.standard().withBase(0x1000).read(FirmwareSource.of("file", bytes));
                List<Segment> fills =
                        image.segments().stream().filter(Segment::isFill).collect(Collectors.toList());
                if (run < 65536 || value == 7) {
                    assertThat(image.segments()).hasSize(1);
                    assertThat(fills).isEmpty();
                } else {
                    assertThat(fills).containsExactly(Segment.filled(AddressRange.ofSize(0x1000 + before, run), value));
                }
                assertThat(TestImages.bytes(image, AddressRange.ofSize(0x1000, bytes.length)))
                        .isEqualTo(bytes);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 32768, 100_000, 262_144})
    void a_fill_may_follow_another_one_or_data_at_once(int before) throws IOException {
        int[] ends = {before, before + 98_304, before + 196_608, before + 200_000, before + 400_000};
        byte[] bytes = new byte[ends[4]];
        Arrays.fill(bytes, (byte) 0x55);
        Arrays.fill(bytes, ends[0], ends[1], (byte) 0);
        Arrays.fill(bytes, ends[1], ends[2], (byte) 0xff);
        Arrays.fill(bytes, ends[3], ends[4], (byte) 0);
        FirmwareImage image = FirmwareReader.standard().withBase(0).read(FirmwareSource.of("file", bytes));
        assertThat(image.segments().stream().filter(Segment::isFill))
                .containsExactly(
                        Segment.filled(new AddressRange(ends[0], ends[1]), 0),
                        Segment.filled(new AddressRange(ends[1], ends[2]), 0xff),
                        Segment.filled(new AddressRange(ends[3], ends[4]), 0));
        assertThat(TestImages.bytes(image, new AddressRange(0, bytes.length))).isEqualTo(bytes);
    }

    @Test
    void a_flat_binary_without_a_base_says_that_one_is_missing() throws IOException {
        assertThat(codes(read("\1\2\3"))).containsExactly("no-address");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\u001f\u008b\b\0\0\0",
                "PK\3\4\n\0",
                "\u00fd7zXZ\0",
                "<!DOCTYPE html>\n<html lang=\"en\">",
                "; a comment first\n:0400000001020304F2\n:00000001FF\n"
            })
    void what_is_no_firmware_but_was_taken_for_some_is_told(String content) throws IOException {
        assertThat(codes(read(content))).containsExactly("not-firmware", "no-address");
    }

    @Test
    void an_empty_file_is_an_error() {
        assertThatThrownBy(() -> read(""))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessage("file: the file is empty");
    }

    @Test
    void more_data_than_the_limit_is_an_error() {
        assertThatThrownBy(() ->
                        FirmwareReader.standard().withLimit(100_000).read(FirmwareSource.of(TestImages.BIRDS_ELF)))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessageContaining("more data than the 100000 bytes that may be held");
    }

    @Test
    void an_embedders_own_format_is_asked_first() throws IOException {
        FirmwareFormat own = new FirmwareFormat() {
            @Override
            public String name() {
                return "own";
            }

            @Override
            public boolean recognises(FirmwareSource source) throws IOException {
                byte[] b = new byte[1];
                return source.read(0, b, 0, 1) == 1 && b[0] == ':';
            }

            @Override
            public FirmwareFile read(FirmwareSource source, ReadContext context) {
                return FirmwareFile.of(FirmwareImage.builder()
                        .origin(source.name(), name())
                        .add(Segment.of(1, new byte[] {2}))
                        .build());
            }
        };
        FirmwareFile file = FirmwareReader.standard()
                .with(own)
                .readFile(FirmwareSource.of("x", ":00000001FF\n".getBytes(StandardCharsets.US_ASCII)));
        assertThat(file.format()).isEqualTo("own");
        assertThat(file.image().size()).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                ":0100000041BF | line 1: bad checksum: expected BE, found BF",
                ":0100000041BE | line 1: the file ends without an end-of-file record",
                ":01000000G1BE | line 1: expected a hexadecimal digit, found 'G'",
                ":0G00000041BE | line 1: expected a hexadecimal digit, found 'G'",
                ":0200000041BD | line 1: the file ends after 12 digits of a record; its count asks for 14",
                ":0200000041BD;:00000001FF | line 1: the line ends after 12 digits of a record; its count asks for 14",
                ":0100000041BE;:0 | line 2: the file ends after 1 digit of a record",
                ":0100000041BE;x | line 2: expected ':' at the start of a record, found 'x'",
                ":0100000041BE;:0100000042BD;:00000001FF | line 2: the byte at 0x00000000 is 0x42 here, but 0x41 in line 1",
                ":020000041234B4;S10000 | line 2: expected ':' at the start of a record, found 'S'",
                ":0100000641B8 | line 1: expected a record type from 00 to 05, found 06",
                ":0100000412E9 | line 1: a record of type 04 has 2 data bytes, not 1",
                ":020000021000EC;:02FFFF000102FD | line 2: 2 bytes at 0x0001FFFF wrap around the end of the 64 KiB segment",
                ":02000004FFFFFC;:02FFFF000102FD | line 2: 2 bytes at 0xFFFFFFFF wrap around the end of the address space",
                "S1040000414A | line 1: bad checksum: expected BA, found 4A",
                "S104000041BA;S5030002FA | line 2: the S5 record counts 2 data records, but there are 1",
                "S104000041BA;S104000042B9;S9030000FC | line 2: the byte at 0x00000000 is 0x42 here, but 0x41 in line 1",
                "S401 | line 1: expected a record from S0 to S9, of which S4 is not in use, found 'S4'",
                "S104000041BA;Q1 | line 2: expected a record from S0 to S9, of which S4 is not in use, found 'Q'",
                "S104000041BA;S | line 2: expected a record from S0 to S9, of which S4 is not in use, found 'S'",
                "S10200FD | line 1: an S1 record counts at least 3 bytes, not 2",
                "S307FFFFFFFF0102F9 | line 1: 2 bytes at 0xFFFFFFFF wrap around the end of the address space",
            })
    void a_broken_text_file_is_refused_with_its_line(String text, String message) {
        assertThatThrownBy(() -> read(text.replace(';', '\n')))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessageStartingWith("file, " + message);
    }

    @Test
    void addresses_in_both_modes_of_intel_hex_and_the_entry_points_are_understood() throws IOException {
        FirmwareImage image =
                read(":020000021234B6\r\n:0100100041AE\r\n:0400000312345678E5\r\n:020000040800F2\r\n:0100020042BB\r\n:00000001FF")
                        .image();
        assertThat(ranges(image)).containsExactly(AddressRange.ofSize(0x12350, 1), AddressRange.ofSize(0x08000002L, 1));
        assertThat(image.entryPoint()).hasValue(0x12340 + 0x5678);
    }

    @Test
    void what_stands_behind_the_end_record_is_left_out_and_said() throws IOException {
        assertThat(codes(read(":0100000041BE\n:00000001FF\n:0100010041BD\n"))).containsExactly("after-end");
        assertThat(codes(read("S104000041BA\n"))).containsExactly("no-end");
    }

    @ParameterizedTest
    @ValueSource(strings = {"\u001a", "\0\0", "\u00ff\u00ff\u00ff\u00ff"})
    void a_short_text_file_is_known_whatever_pads_it(String padding) throws IOException {
        FirmwareFile hex = read(":0100000041BE\r\n:00000001FF\r\n" + padding);
        assertThat(hex.format()).isEqualTo("ihex");
        assertThat(hex.image().segments()).containsExactly(Segment.of(0, new byte[] {0x41}));
        assertThat(codes(hex)).containsExactly("after-end");
        FirmwareFile records = read("S104000041BA\r\nS9030000FC\r\n" + padding);
        assertThat(records.format()).isEqualTo("srec");
        assertThat(records.image().segments()).containsExactly(Segment.of(0, new byte[] {0x41}));
    }

    @Test
    void what_only_begins_as_text_does_is_a_flat_binary() throws IOException {
        assertThat(read(":12\0\0\0\0\0\0\0").format()).isEqualTo("binary");
        assertThat(read("S11\u0080\r\nS9030000FC\r\n").format()).isEqualTo("binary");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ":0200000041AB12\n:00000001FF\n",
                ":0200000041AB12\r:00000001FF",
                "\u00ef\u00bb\u00bf\r\n \t:0200000041ab12  \r\n\r\n:00000001ff\r\n",
                "S105000041AB0E\rS9030000FC",
            })
    void lines_may_end_in_any_way_and_digits_may_be_small(String text) throws IOException {
        assertThat(read(text).image().segments()).containsExactly(Segment.of(0, new byte[] {0x41, (byte) 0xab}));
    }

    @Test
    void records_in_utf_16_are_refused_with_what_to_do() {
        for (String text : List.of(":0200000041AB12\r\n:00000001FF\r\n", "S105000041AB0E\r\nS9030000FC\r\n")) {
            for (Charset charset : List.of(StandardCharsets.UTF_16LE, StandardCharsets.UTF_16BE)) {
                FirmwareSource source = FirmwareSource.of("file", ("\ufeff" + text).getBytes(charset));
                assertThatThrownBy(() -> FirmwareReader.standard().withBase(0).read(source))
                        .isInstanceOf(FirmwareFormatException.class)
                        .hasMessage("file, offset 0x0: expected ASCII, found UTF-16 text, as PowerShell's > writes it:"
                                + " let the tool write the file itself, or write it with Out-File -Encoding ascii");
            }
        }
    }

    @Test
    void lines_are_counted_over_all_line_ends() {
        assertThatThrownBy(() -> read(":0100000041BE\r\n\r\r\n\n:0100000041BF"))
                .hasMessageContaining("line 5: bad checksum");
    }

    @Test
    void very_many_tiny_segments_count_for_what_they_cost() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 0x8000; i++) {
            text.append(String.format(":01%04X0000%02X%n", 2 * i, -(1 + (2 * i >> 8) + (2 * i & 0xff)) & 0xff));
        }
        byte[] file = text.append(":00000001FF").toString().getBytes(StandardCharsets.US_ASCII);
        FirmwareReader reader = FirmwareReader.standard().withLimit(1 << 20);
        assertThatThrownBy(() -> reader.read(FirmwareSource.of("file", file)))
                .hasMessageContaining("more data than the 1048576 bytes");
    }

    @Test
    void bytes_given_twice_alike_and_an_entry_point_outside_are_told() throws IOException {
        FirmwareFile file = read(":0100000041BE\n:0100000041BE\n:0400000508000000EF\n:00000001FF\n");
        assertThat(codes(file)).containsExactly("repeated", "entry-outside");
    }

    /** A record for each address, one byte long, as one of the formats has it. */
    private static String records(boolean intel, IntStream addresses) {
        StringBuilder text = new StringBuilder();
        addresses.forEach(address -> {
            int low = address & 0xff;
            int high = address >> 8 & 0xff;
            text.append(
                    intel
                            ? String.format(":01%04X00%02X%02X%n", address, low, -(1 + high + low + low) & 0xff)
                            : String.format("S104%04X%02X%02X%n", address, low, ~(4 + high + low + low) & 0xff));
        });
        return text.append(intel ? ":00000001FF" : "S9030000FC").toString();
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    @Timeout(20)
    void ten_thousand_records_in_any_order_are_read_in_no_time(boolean intel) throws IOException {
        int many = 10_000;
        FirmwareImage ascending = read(records(intel, IntStream.range(0, many))).image();
        assertThat(ranges(ascending)).containsExactly(new AddressRange(0, many));

        FirmwareFile descending = read(records(intel, IntStream.range(0, many).map(i -> many - 1 - i)));
        assertThat(descending.image()).isEqualTo(ascending);

        FirmwareFile repeated = read(records(intel, IntStream.range(0, 2 * many).map(i -> i % 7)));
        assertThat(ranges(repeated.image())).containsExactly(new AddressRange(0, 7));
        assertThat(codes(repeated)).containsExactly("repeated");

        FirmwareImage everySecond =
                read(records(intel, IntStream.range(0, many).map(i -> 2 * i))).image();
        assertThat(everySecond.segments()).hasSize(many);
    }

    @Test
    @Timeout(20)
    void ten_thousand_segments_within_one_another_are_one() {
        FirmwareImage.Builder image = FirmwareImage.builder();
        byte[] zeros = new byte[10_000];
        for (int i = 1; i <= zeros.length; i++) {
            image.add(Segment.wrap(zeros.length - i, zeros, 0, i));
        }
        assertThat(ranges(image.build())).containsExactly(new AddressRange(0, zeros.length));
    }

    @Test
    void the_longest_records_may_hold_the_largest_bytes() throws IOException {
        byte[] bytes = new byte[255];
        Arrays.fill(bytes, (byte) 0xff);
        FirmwareFile intel = read(":FFFF0000" + "FF".repeat(255) + "01\n:00000001FF");
        assertThat(intel.image().segments()).containsExactly(Segment.of(0xff00, bytes));
        FirmwareFile motorola = read("S3FFFFFF0000" + "FF".repeat(250) + "FC");
        assertThat(motorola.image().segments()).containsExactly(Segment.of(0xffff0000L, Arrays.copyOf(bytes, 250)));
    }

    @Test
    void a_file_is_known_by_its_content_whatever_its_name() throws IOException {
        for (String name : List.of("a.bin", "a.hex", "a.dfu", "a")) {
            byte[] text = ":0100000041BE\n:00000001FF\n".getBytes(StandardCharsets.US_ASCII);
            assertThat(FirmwareReader.standard()
                            .readFile(FirmwareSource.of(name, text))
                            .format())
                    .isEqualTo("ihex");
        }
    }
}
