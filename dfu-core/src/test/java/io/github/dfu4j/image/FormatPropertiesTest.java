package io.github.dfu4j.image;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.image.internal.DfuFormat;
import io.github.dfu4j.image.internal.ElfFormat;
import io.github.dfu4j.image.internal.IntelHexFormat;
import io.github.dfu4j.image.internal.SRecordFormat;
import io.github.dfu4j.image.internal.Uf2Format;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;

class FormatPropertiesTest {

    private static final DfuSuffix SUFFIX = DfuSuffix.of(0x0483, 0xdf11, 0x0200, 0x0100);

    private static byte[] written(FirmwareWriter writer, FirmwareImage image) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        writer.write(image, out);
        return out.toByteArray();
    }

    private static FirmwareFile read(byte[] bytes, long base) throws IOException {
        return FirmwareReader.standard().withBase(base).readFile(FirmwareSource.of("file", bytes));
    }

    @Provide
    Arbitrary<FirmwareWriter> sparse() {
        return Arbitraries.of(
                FirmwareWriter.intelHex(),
                FirmwareWriter.sRecord("made by a test"),
                FirmwareWriter.uf2(OptionalLong.empty()),
                FirmwareWriter.uf2(OptionalLong.of(0x6db66082L)));
    }

    @Property
    void what_is_written_with_addresses_is_read_again(
            @ForAll FirmwareImage image, @ForAll("sparse") FirmwareWriter writer) throws IOException {
        FirmwareFile file = read(written(writer, image), 0);
        assertThat(file.format()).isEqualTo(writer.format());
        assertThat(file.image().sameBytes(image)).isTrue();
        assertThat(image.sameBytes(file.image())).isTrue();
    }

    @Property
    void an_entry_point_comes_back(
            @ForAll FirmwareImage image, @ForAll @LongRange(min = 1, max = 0xffffffffL) long entry) throws IOException {
        FirmwareImage started =
                FirmwareImage.builder().add(image).entryPoint(entry).build();
        for (FirmwareWriter writer : List.of(FirmwareWriter.intelHex(), FirmwareWriter.sRecord(""))) {
            assertThat(read(written(writer, started), 0).image().entryPoint()).hasValue(entry);
        }
    }

    /** Bytes may be the head of another format by chance: ":1", or 0x1A and many 0xFF, which are an LPC prefix to dfu-prefix too. */
    private static boolean looksLikeAnotherFormat(byte[] bytes) throws IOException {
        FirmwareSource source = FirmwareSource.of("file", bytes);
        for (FirmwareFormat format :
                List.of(new ElfFormat(), new Uf2Format(), new DfuFormat(), new IntelHexFormat(), new SRecordFormat())) {
            if (format.recognises(source)) {
                return true;
            }
        }
        return false;
    }

    @Property
    void a_flat_file_is_read_again_from_its_base(@ForAll FirmwareImage image, @ForAll @IntRange(max = 2) int kind)
            throws IOException {
        Assume.that(image.span().get().size() < 1 << 20);
        FirmwareImage full = image.withGapsFilled(0xff);
        long start = full.span().get().start();
        byte[] bytes = written(FirmwareWriter.binary(), full);
        Assume.that(!looksLikeAnotherFormat(bytes));
        if (kind == 0) {
            assertThat(read(bytes, start).image().sameBytes(full)).isTrue();
        } else {
            FirmwareWriter writer = kind == 1 ? FirmwareWriter.dfu(SUFFIX) : FirmwareWriter.lpc(SUFFIX);
            FirmwareFile file = read(written(writer, full), start);
            assertThat(file.format()).isEqualTo("dfu");
            assertThat(file.image().sameBytes(full)).isTrue();
            assertThat(file.suffix().get().idProduct()).isEqualTo(0xdf11);
            assertThat(file.prefix().isPresent()).isEqualTo(kind == 2);
        }
    }

    @Property
    void a_stellaris_file_knows_its_own_base(
            @ForAll @Size(min = 1, max = 3000) byte[] bytes, @ForAll @IntRange(max = 65535) int kilobytes)
            throws IOException {
        FirmwareImage image = FirmwareImage.builder()
                .add(Segment.of(kilobytes * 1024L, bytes))
                .build();
        FirmwareFile file = read(written(FirmwareWriter.stellaris(SUFFIX), image), 0);
        assertThat(file.image().sameBytes(image)).isTrue();
        assertThat(file.prefix()).hasValue(new DfuPrefix.Stellaris(kilobytes * 1024L, bytes.length));
    }

    @Property
    void readers_of_all_formats_agree(@ForAll FirmwareImage image) throws IOException {
        FirmwareImage hex = read(written(FirmwareWriter.intelHex(), image), 0).image();
        FirmwareImage srec =
                read(written(FirmwareWriter.sRecord("x"), image), 0).image();
        FirmwareImage uf2 = read(written(FirmwareWriter.uf2(OptionalLong.empty()), image), 0)
                .image();
        assertThat(hex).isEqualTo(srec).isEqualTo(uf2);
        byte[] again = written(FirmwareWriter.intelHex(), srec);
        assertThat(again).isEqualTo(written(FirmwareWriter.intelHex(), uf2));
    }

    @Property
    void cutting_a_range_out_and_merging_it_back_changes_nothing(
            @ForAll FirmwareImage image,
            @ForAll @LongRange(max = 1L << 32) long a,
            @ForAll @LongRange(max = 1L << 32) long b)
            throws IOException {
        AddressRange cut = new AddressRange(Math.min(a, b), Math.max(a, b));
        FirmwareImage outside = image.without(cut);
        assertThat(outside.within(cut).isEmpty()).isTrue();
        assertThat(FirmwareImage.merge(List.of(outside, image.within(cut))).sameBytes(image))
                .isTrue();
        assertThat(outside.size() + image.within(cut).size()).isEqualTo(image.size());
    }

    @Property
    void filling_gaps_adds_the_gaps_alone(@ForAll FirmwareImage image, @ForAll byte fill) {
        FirmwareImage full = image.withGapsFilled(fill);
        assertThat(full.size()).isEqualTo(image.span().get().size());
        for (Segment s : image.segments()) {
            assertThat(full.within(s.range()).sameBytes(image.within(s.range())))
                    .isTrue();
        }
    }

    @Provide
    Arbitrary<byte[]> heads() {
        return Arbitraries.of(
                        "",
                        ":",
                        ":10",
                        "S1",
                        "S0",
                        "\u007fELF\1\1",
                        "\u007fELF\2\2",
                        "\u007fELF\1\2",
                        "UF2\nWQ]\u009e",
                        "\1\0",
                        "\u001a?")
                .map(s -> s.getBytes(StandardCharsets.ISO_8859_1));
    }

    @Property(tries = 1000)
    void any_bytes_read_or_fail_cleanly(@ForAll("heads") byte[] head, @ForAll @Size(max = 400) byte[] tail)
            throws IOException {
        byte[] bytes = Arrays.copyOf(head, head.length + tail.length);
        System.arraycopy(tail, 0, bytes, head.length, tail.length);
        readOrFail(bytes);
    }

    @Property
    void a_damaged_file_reads_or_fails_cleanly(
            @ForAll FirmwareImage image,
            @ForAll @IntRange(max = 3) int kind,
            @ForAll @IntRange int at,
            @ForAll byte value,
            @ForAll @IntRange(max = 3) int cut)
            throws IOException {
        FirmwareWriter writer = List.of(
                        FirmwareWriter.intelHex(),
                        FirmwareWriter.sRecord("x"),
                        FirmwareWriter.uf2(OptionalLong.of(1)),
                        FirmwareWriter.lpc(SUFFIX))
                .get(kind);
        Assume.that(kind != 3 || image.span().get().size() < 1 << 20);
        byte[] bytes = written(writer, kind == 3 ? image.withGapsFilled(0) : image);
        bytes = Arrays.copyOf(bytes, bytes.length - cut);
        int index = at % bytes.length;
        byte old = bytes[index];
        bytes[index] = value;
        Optional<FirmwareFile> file = readOrFail(bytes);
        // One changed byte in a DFU file never goes unnoticed, as long as its suffix is still there.
        if (kind == 3 && cut == 0 && old != value && file.isPresent()) {
            assertThat(file.get().suffix()).isEmpty();
        }
    }

    private static Optional<FirmwareFile> readOrFail(byte[] bytes) throws IOException {
        try {
            return Optional.of(FirmwareReader.standard().readFile(FirmwareSource.of("file", bytes)));
        } catch (FirmwareFormatException e) {
            assertThat(e).hasMessageStartingWith("file");
            return Optional.empty();
        }
    }
}
