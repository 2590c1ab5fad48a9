package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.DfuEnvelope;
import io.github.dfu4j.image.DfuSuffix;
import io.github.dfu4j.image.Finding;
import io.github.dfu4j.image.FirmwareFile;
import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareReader;
import io.github.dfu4j.image.FirmwareSource;
import io.github.dfu4j.image.ImagePart;
import io.github.dfu4j.image.ReadContext;
import io.github.dfu4j.image.Segment;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DfuSeFormatTest {

    private static final DfuSuffix SUFFIX = DfuSuffix.of(0x0483, 0xdf11, 0, DfuSeFormat.BCD_DFU);

    @TempDir
    Path folder;

    private static FirmwareFile read(byte[] bytes) throws IOException {
        return DfuSeFormat.reader().readFile(FirmwareSource.of("file.dfu", bytes));
    }

    private static byte[] written(List<ImagePart> parts) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new DfuSeWriter(0x0483, 0xdf11, 0, 0).write(FirmwareFile.of("made", "dfuse", parts), out);
        return out.toByteArray();
    }

    private static FirmwareImage image(long address, int... bytes) {
        byte[] b = new byte[bytes.length];
        for (int i = 0; i < b.length; i++) {
            b[i] = (byte) bytes[i];
        }
        return FirmwareImage.builder().add(Segment.of(address, b)).build();
    }

    private static List<ImagePart> small() {
        return List.of(ImagePart.ofAlternate(0, "ST...", image(0x08000000L, 1, 2, 3, 4)));
    }

    /** The file without its suffix, changed, with a new suffix. */
    private static byte[] changed(byte[] file, int at, int... bytes) throws IOException {
        byte[] content = Arrays.copyOf(file, file.length - DfuSuffix.SIZE);
        for (int i = 0; i < bytes.length; i++) {
            content[at + i] = (byte) bytes[i];
        }
        return sealed(content, SUFFIX);
    }

    private static byte[] sealed(byte[] content, DfuSuffix suffix) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        DfuEnvelope.write(Optional.empty(), FirmwareSource.of("x", content), Optional.of(suffix), out);
        return out.toByteArray();
    }

    private static List<String> codes(FirmwareFile file) {
        return file.findings().stream().map(Finding::code).collect(Collectors.toList());
    }

    @Test
    void a_file_is_written_as_sts_tools_write_it() throws IOException {
        byte[] file = written(small());
        assertThat(file).hasSize(313);
        ByteBuffer b = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        assertThat(b.getInt(6)).isEqualTo(297);
        assertThat(b.getInt(309)).isEqualTo(0xD2D99461);
        FirmwareFile read = read(file);
        assertThat(read.format()).isEqualTo("dfuse");
        assertThat(read.parts()).hasSize(1);
        assertThat(read.parts().get(0).describe()).isEqualTo("alternate 0 (ST...)");
        assertThat(read.image()).isEqualTo(image(0x08000000L, 1, 2, 3, 4));
        assertThat(read.suffix().get().idVendor()).isEqualTo(0x0483);
        assertThat(read.findings()).extracting(Finding::text).first().asString().contains("without the suffix, 297");
    }

    @Test
    void the_length_of_the_whole_file_is_the_other_convention() throws IOException {
        byte[] file = changed(written(small()), 6, 313 & 0xff, 313 >> 8);
        assertThat(ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getInt(309))
                .isEqualTo(0xE59179E4);
        assertThat(read(file).findings())
                .extracting(Finding::text)
                .first()
                .asString()
                .contains("whole file, 313");
        FirmwareFile wrong = read(changed(written(small()), 6, 0, 0));
        assertThat(wrong.findings()).extracting(Finding::severity).contains(Finding.Severity.WARNING);
        assertThat(codes(wrong)).containsExactly("image-size");
    }

    @Test
    void targets_for_several_alternates_may_use_the_same_addresses() throws IOException {
        List<ImagePart> parts = List.of(
                ImagePart.ofAlternate(0, "Internal", image(0, 1)), ImagePart.ofAlternate(1, "External", image(0, 2)));
        FirmwareFile file = read(written(parts));
        assertThat(file.parts()).hasSize(2);
        assertThat(file.parts().get(1)).isEqualTo(parts.get(1));
        assertThatThrownBy(file::image)
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessageContaining("file.dfu alternate 0 (Internal) and file.dfu alternate 1 (External)");
    }

    @Test
    void what_names_no_alternate_goes_with_what_names_the_one_that_it_is_given() throws IOException {
        FirmwareImage plain = image(8, 3, 4);
        ImagePart internal = ImagePart.ofAlternate(0, "Internal", image(0, 1, 2));
        FirmwareFile file = read(written(List.of(
                ImagePart.ofAlternate(1, "", plain), ImagePart.whole(plain), internal, ImagePart.whole(plain))));
        assertThat(file.parts())
                .extracting(ImagePart::describe)
                .containsExactly("alternate 1", "alternate 0 (Internal)");
        assertThat(file.parts().get(1).image()).isEqualTo(FirmwareImage.merge(List.of(internal.image(), plain)));
        assertThatThrownBy(() -> written(List.of(internal, ImagePart.whole(image(1, 9)))))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessageContaining("alternate 0 (Internal) and ")
                .hasMessageContaining("cannot be merged");
    }

    @Test
    void a_long_suffix_and_bytes_behind_the_last_element_are_taken_and_told() throws IOException {
        byte[] file = written(small());
        byte[] content = Arrays.copyOf(file, file.length - DfuSuffix.SIZE + 3);
        FirmwareFile read = read(sealed(content, new DfuSuffix(0, 0xdf11, 0x0483, 0x011a, 20, 0)));
        assertThat(read.image()).isEqualTo(image(0x08000000L, 1, 2, 3, 4));
        assertThat(codes(read)).containsExactly("image-size", "trailing", "long-suffix");
        FirmwareFile plain = read(sealed(content, DfuSuffix.of(0x0483, 0xdf11, 0, 0x0100)));
        assertThat(codes(plain)).contains("bcd-dfu");
    }

    @ParameterizedTest
    @CsvSource({
        "5, 2, 'offset 0x5: expected DfuSe version 1, found 2'",
        "11, 88, 'offset 0xb: expected the mark \"Target\" of target 1 of 1, found \"Xarget\"'",
        "10, 2, 'offset 0x129: expected 274 bytes of target 2 of 2, found 0 in front of the suffix'",
        "281, 2, 'offset 0x129: expected 8 bytes of element 2 of 2, found 0 in front of the suffix'",
        "289, 5, 'offset 0x121: element 1 of 1 says it has 5 bytes, but only 4 follow'",
    })
    void a_broken_file_is_refused_with_its_offset(int at, int value, String message) throws IOException {
        byte[] file = changed(written(small()), at, value);
        assertThatThrownBy(() -> read(file))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessage("file.dfu, " + message);
    }

    @Test
    void a_cut_file_and_a_changed_byte_are_refused() throws IOException {
        byte[] file = written(small());
        assertThatThrownBy(() -> read(Arrays.copyOf(file, file.length - 5)))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessageContaining("expected a DFU suffix at the end");
        assertThatThrownBy(() -> read(Arrays.copyOf(file, file.length - 1)))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessageContaining("only 15 follow: the file was cut");
        file[295] ^= 1;
        assertThatThrownBy(() -> read(file))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessageContaining("CRC 0xD2D99461, but the file's is");
    }

    @Test
    void elements_that_contradict_each_other_are_named() throws IOException {
        byte[] file = written(List.of(ImagePart.ofAlternate(
                0,
                "",
                FirmwareImage.builder()
                        .add(image(0x100, 1, 2))
                        .add(image(0x200, 3, 4))
                        .build())));
        int secondElement = DfuSeFormat.PREFIX_SIZE + DfuSeFormat.TARGET_SIZE + DfuSeFormat.ELEMENT_SIZE + 2;
        byte[] overlapping = changed(file, secondElement, 1, 1);
        assertThatThrownBy(() -> read(overlapping))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessage("file.dfu, offset 0x12f: the byte at 0x00000101 is 0x03 in element 2, but 0x02 in element 1"
                        + " of the target");

        byte[] target = Arrays.copyOf(written(small()), DfuSeFormat.PREFIX_SIZE + DfuSeFormat.TARGET_SIZE);
        target[281] = 3; // elements: an empty one, and two that overlap
        ByteBuffer content = ByteBuffer.allocate(target.length + 27).order(ByteOrder.LITTLE_ENDIAN);
        content.put(target).putInt(0x100).putInt(0);
        content.putInt(0x100).putInt(2).putShort((short) 0);
        content.putInt(0x101).putInt(1).put((byte) 1);
        assertThatThrownBy(() -> read(sealed(content.array(), SUFFIX)))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessageContaining("is 0x01 in element 3, but 0x00 in element 2 of the target");
    }

    @Test
    void ten_thousand_elements_are_read_in_no_time_and_a_lie_about_more_is_refused() throws IOException {
        FirmwareImage.Builder many = FirmwareImage.builder();
        for (int i = 0; i < 10_000; i++) {
            many.add(Segment.of(i * 2L, new byte[] {(byte) i}));
        }
        byte[] file = written(List.of(ImagePart.ofAlternate(3, "", many.build())));
        assertThat(read(file).image().segments()).hasSize(10_000);
        byte[] clash = file.clone();
        for (int i = 0; i < 10_000; i++) {
            Arrays.fill(clash, 285 + i * 9, 289 + i * 9, (byte) 0);
        }
        assertThatThrownBy(() -> read(changed(clash, 0)))
                .hasMessageEndingWith(
                        "the byte at 0x00000000 is 0x01 in element 2, but 0x00 in element 1 of the target");
        byte[] lie = changed(file, 281, 0xff, 0xff, 0xff, 0x7f);
        assertThatThrownBy(() -> read(lie))
                .hasMessageContaining("expected 8 bytes of element 10001 of 2147483647, found 0");
    }

    @Test
    @Timeout(20)
    void as_many_targets_as_there_can_be_are_read_in_no_time() throws IOException {
        List<ImagePart> parts = new ArrayList<>();
        for (int i = 0; i < 255; i++) {
            FirmwareImage.Builder image = FirmwareImage.builder();
            for (int j = 0; j < 100; j++) {
                image.add(Segment.of(200L * i + 2L * j, new byte[] {(byte) j}));
            }
            parts.add(ImagePart.ofAlternate(i % 3, "", image.build()));
        }
        FirmwareFile file = read(written(parts));
        assertThat(file.parts()).isEqualTo(parts);
        assertThat(file.image().segments()).hasSize(25_500);
        assertThat(codes(file))
                .containsExactly("image-size", "repeated-alternate", "repeated-alternate", "repeated-alternate");
        parts.add(parts.get(0));
        assertThatThrownBy(() -> written(parts)).hasMessageContaining("255 targets, not 256");
    }

    private static List<String> texts(FirmwareFile file) {
        return file.findings().stream().map(Finding::text).collect(Collectors.toList());
    }

    @Test
    void a_target_without_elements_and_an_empty_element_are_taken_and_told() throws IOException {
        FirmwareFile none = read(changed(written(small()), 281, 0));
        assertThat(none.image().isEmpty()).isTrue();
        assertThat(texts(none))
                .contains(
                        "the target for alternate 0 has no elements",
                        "the target for alternate 0 says 12 bytes, but its elements have 0",
                        "12 bytes stand between the last element and the suffix, at offset 0x11d, and are left out");
        FirmwareFile empty = read(changed(written(small()), 289, 0));
        assertThat(empty.image().isEmpty()).isTrue();
        assertThat(codes(empty)).containsExactly("image-size", "empty-element", "target-size", "trailing", "empty");
    }

    @Test
    void only_a_file_that_begins_with_the_signature_is_dfuse() throws IOException {
        for (String other : List.of("DfuS", "DfuSf", "dfuse", "")) {
            byte[] bytes = other.getBytes(StandardCharsets.US_ASCII);
            assertThat(new DfuSeFormat().recognises(FirmwareSource.of("file", bytes)))
                    .as(other)
                    .isFalse();
        }
        assertThat(new DfuSeFormat().recognises(FirmwareSource.of("file", written(small()))))
                .isTrue();
    }

    @Test
    void no_more_is_held_in_memory_than_the_caller_allows() throws IOException {
        FirmwareSource file = FirmwareSource.of("file.dfu", written(small()));
        long needed = 4 + ReadContext.SEGMENT_COST;
        assertThat(DfuSeFormat.reader().withLimit(needed).read(file)).isEqualTo(image(0x08000000L, 1, 2, 3, 4));
        assertThatThrownBy(() -> DfuSeFormat.reader().withLimit(needed - 1).read(file))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessageContaining("more data than the " + (needed - 1) + " bytes that may be held in memory");
    }

    @Test
    void an_element_of_more_bytes_than_an_array_can_have_is_refused() throws IOException {
        byte[] file = changed(written(small()), 289, 0, 0, 0, 0x80);
        assertThatThrownBy(() -> DfuSeFormat.reader().withLimit(Long.MAX_VALUE).read(widened(file, 293, 1L << 31)))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessage("file.dfu, offset 0x121: element 1 of 1 has 2147483648 bytes, more than 2 GiB");
    }

    /** The file with zeros put in at a place. */
    private static FirmwareSource widened(byte[] file, int place, long zeros) {
        return new FirmwareSource() {
            @Override
            public String name() {
                return "file.dfu";
            }

            @Override
            public long size() {
                return file.length + zeros;
            }

            @Override
            public int read(long position, byte[] into, int at, int length) {
                int n = (int) Math.min(length, size() - position);
                for (int i = 0; i < n; i++) {
                    long from = position + i;
                    into[at + i] =
                            from < place ? file[(int) from] : from < place + zeros ? 0 : file[(int) (from - zeros)];
                }
                return n;
            }

            @Override
            public void close() {}
        };
    }

    @Test
    void a_targets_name_ends_at_its_first_zero_and_is_shown_as_plain_text() throws IOException {
        byte[] file = written(small());
        assertThat(read(changed(file, 22, ' ', '~', 0x1f, 0x7f, 0xe4))
                        .parts()
                        .get(0)
                        .name())
                .isEqualTo(" ~???");
        assertThat(read(changed(file, 18, 0)).parts().get(0).name())
                .as("said to have none")
                .isEmpty();
        int[] longest = new int[255];
        Arrays.fill(longest, 'x');
        assertThat(read(changed(file, 22, longest)).parts().get(0).name()).isEqualTo("x".repeat(255));
    }

    @Test
    void an_element_ends_with_the_address_space() throws IOException {
        byte[] file = written(small());
        assertThat(read(changed(file, 285, 0xfc, 0xff, 0xff, 0xff)).image()).isEqualTo(image(0xfffffffcL, 1, 2, 3, 4));
        assertThatThrownBy(() -> read(changed(file, 285, 0xfd, 0xff, 0xff, 0xff)))
                .hasMessage("file.dfu, offset 0x11d: element 1 of 1: 4 bytes at 0xFFFFFFFD wrap around the end of the"
                        + " address space");
    }

    @Test
    void a_part_that_names_no_alternate_gets_the_writers() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        DfuSeWriter writer = new DfuSeWriter(0x1209, 1, 0x0200, 255);
        writer.write(FirmwareFile.of("made", "dfuse", List.of(ImagePart.whole(image(0x100, 1)))), out);
        FirmwareFile file = read(out.toByteArray());
        assertThat(file.parts().get(0).alternate()).hasValue(255);
        assertThat(file.format()).isEqualTo(writer.format());
        DfuSuffix suffix = file.suffix().orElseThrow();
        assertThat(List.of(suffix.idVendor(), suffix.idProduct(), suffix.bcdDevice(), suffix.bcdDfu()))
                .containsExactly(0x1209, 1, 0x0200, 0x011a);
        for (int wrong : new int[] {-1, 256}) {
            assertThatThrownBy(() -> new DfuSeWriter(0, 0, 0, wrong))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("an alternate setting is 0 to 255, not " + wrong);
        }
    }

    @Test
    void what_the_format_cannot_hold_is_not_written() throws IOException {
        assertThat(read(written(List.of(ImagePart.ofAlternate(0, "x".repeat(254), image(0xfffffffcL, 1, 2, 3, 4)))))
                        .parts())
                .containsExactly(ImagePart.ofAlternate(0, "x".repeat(254), image(0xfffffffcL, 1, 2, 3, 4)));
        assertThatThrownBy(() -> written(List.of(ImagePart.ofAlternate(0, "x".repeat(255), image(0, 1)))))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessageContaining("a target's name has at most 254 characters: xxx");
        assertThatThrownBy(() -> written(List.of(ImagePart.ofAlternate(0, "", image(0xfffffffdL, 1, 2, 3, 4)))))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessageContaining("DfuSe addresses have 32 bits, but the image reaches to 0x100000000");
        FirmwareImage all = FirmwareImage.builder()
                .add(Segment.filled(new AddressRange(0, (1L << 32) - 309), 0))
                .build();
        assertThatThrownBy(() -> written(List.of(ImagePart.ofAlternate(0, "", all))))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessageContaining("a DfuSe file of 4294967280 bytes cannot be: its sizes have 32 bits");
    }

    @Test
    void the_core_alone_says_that_it_needs_the_dfuse_format() throws IOException {
        byte[] file = written(small());
        assertThatThrownBy(() -> FirmwareReader.standard().read(FirmwareSource.of("file.dfu", file)))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessageContaining("add the DfuSe format");
    }

    @Property(edgeCases = EdgeCasesMode.NONE)
    void what_is_written_is_read_again(
            @ForAll @Size(min = 1, max = 4) List<@Size(min = 1, max = 300) byte[]> datas,
            @ForAll @IntRange(max = 255) int alternate,
            @ForAll @LongRange(max = 0xf0000000L) long start,
            @ForAll @IntRange(max = 5000) int gap)
            throws IOException {
        List<ImagePart> parts = new ArrayList<>();
        for (int i = 0; i < datas.size(); i++) {
            FirmwareImage.Builder image = FirmwareImage.builder();
            image.add(Segment.of(start, datas.get(i)));
            image.add(Segment.filled(AddressRange.ofSize(start + 300 + gap, 1 + gap), i));
            parts.add(ImagePart.ofAlternate((alternate + i) & 0xff, "part " + i, image.build()));
        }
        FirmwareFile file = read(written(parts));
        assertThat(file.parts()).hasSameSizeAs(parts);
        for (int i = 0; i < parts.size(); i++) {
            assertThat(file.parts().get(i).alternate()).isEqualTo(parts.get(i).alternate());
            assertThat(file.parts().get(i).name()).isEqualTo(parts.get(i).name());
            assertThat(file.parts().get(i).image().sameBytes(parts.get(i).image()))
                    .isTrue();
        }
    }

    @Property(edgeCases = EdgeCasesMode.NONE)
    void any_content_in_a_sealed_file_reads_or_fails_cleanly(
            @ForAll @Size(max = 600) byte[] content, @ForAll boolean targets, @ForAll @IntRange(max = 3) int count)
            throws IOException {
        byte[] body = Arrays.copyOf("DfuSe\1".getBytes(StandardCharsets.ISO_8859_1), 12 + content.length);
        System.arraycopy(content, 0, body, 12, content.length);
        body[10] = (byte) count;
        if (targets && content.length > 6) {
            System.arraycopy("Target".getBytes(StandardCharsets.US_ASCII), 0, body, 11, 6);
        }
        try {
            read(sealed(body, SUFFIX));
        } catch (FirmwareFormatException e) {
            assertThat(e).hasMessageStartingWith("file.dfu");
        }
    }

    @Test
    void dfuse_pack_and_we_read_each_other() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/dfuse-pack")), "dfuse-pack is not installed");
        Path one = Files.write(folder.resolve("one.bin"), new byte[] {1, 2, 3, 4});
        Path two = Files.write(folder.resolve("two.bin"), new byte[3000]);
        Path packed = folder.resolve("packed.dfu");
        run("dfuse-pack", "-b", "0x08000000:" + one, "-b", "0x90040000@1:" + two, packed.toString());
        FirmwareFile file = read(Files.readAllBytes(packed));
        assertThat(file.parts())
                .extracting(ImagePart::alternate)
                .extracting(a -> a.getAsInt())
                .containsExactly(0, 1);
        assertThat(file.parts().get(0).image()).isEqualTo(image(0x08000000L, 1, 2, 3, 4));
        assertThat(file.parts().get(1).image().span()).hasValue(AddressRange.ofSize(0x90040000L, 3000));
        Path ours = Files.write(folder.resolve("ours.dfu"), written(file.parts()));
        run("dfuse-pack", "-d", ours.toString());
        assertThat(folder.resolve("ours.dfu.target0.image0.bin")).exists();
        assertThat(run("dfu-suffix", "-c", ours.toString())).contains("BCD DFU:\t0x011A");
    }

    @Property(tries = 15, edgeCases = EdgeCasesMode.NONE)
    void dfu_util_takes_every_file_written_and_dfuse_pack_finds_each_element(
            @ForAll @Size(min = 1, max = 4) List<@Size(min = 1, max = 300) byte[]> elements,
            @ForAll @IntRange(min = 1, max = 3) int targets,
            @ForAll @IntRange(min = 16, max = 255) int suffixLength,
            @ForAll boolean wholeSize)
            throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/dfuse-pack")), "dfuse-pack is not installed");
        FirmwareImage.Builder image = FirmwareImage.builder();
        for (int i = 0; i < elements.size(); i++) {
            image.add(Segment.of(0x08000000L + 0x1000L * i, elements.get(i)));
        }
        List<ImagePart> parts = new ArrayList<>();
        for (int i = 0; i < targets; i++) {
            parts.add(ImagePart.ofAlternate(i, "part " + i, image.build()));
        }
        byte[] plain = written(parts);
        byte[] content = Arrays.copyOf(plain, plain.length - DfuSuffix.SIZE);
        if (wholeSize) {
            ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).putInt(6, content.length + suffixLength);
        }
        Path directory = Files.createTempDirectory("dfu4j");
        try {
            Path file = directory.resolve("a.dfu");
            Files.write(file, sealed(content, new DfuSuffix(0, 0xdf11, 0x0483, 0x011a, suffixLength, 0)));
            // At a port that no machine has, so that nothing is sent to a device that happens to be attached.
            String said = said("dfu-util", "-v", "-p", "none", "-D", file.toString());
            assertThat(said)
                    .contains("DFU suffix version 11a", "Match vendor ID from file: 0483", "No DFU capable USB device")
                    .doesNotContain("Warning");
            Files.write(file, plain);
            run("dfuse-pack", "-d", file.toString());
            for (int target = 0; target < targets; target++) {
                for (int i = 0; i < elements.size(); i++) {
                    assertThat(directory.resolve("a.dfu.target" + target + ".image" + i + ".bin"))
                            .hasBinaryContent(elements.get(i));
                }
            }
        } finally {
            for (File file : directory.toFile().listFiles()) {
                Files.delete(file.toPath());
            }
            Files.delete(directory);
        }
    }

    private static String run(String... command) throws Exception {
        Process process = start(command);
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        assertThat(process.waitFor()).as(said).isZero();
        return said;
    }

    /** What a tool says, however it ends. */
    private static String said(String... command) throws Exception {
        return new String(start(command).getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }

    private static Process start(String... command) throws IOException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        return process;
    }
}
