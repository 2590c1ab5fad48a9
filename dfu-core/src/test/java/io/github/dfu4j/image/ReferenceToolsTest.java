package io.github.dfu4j.image;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What we read and write is what the field's own tools read and write. */
class ReferenceToolsTest {

    private static final String ARM_OBJCOPY = "arm-none-eabi-objcopy";

    @TempDir
    Path folder;

    private Path write(FirmwareWriter writer, FirmwareImage image, String name) throws IOException {
        Path path = folder.resolve(name);
        try (OutputStream out = Files.newOutputStream(path)) {
            writer.write(image, out);
        }
        return path;
    }

    /** A program of two parts that are no neighbours, whose lengths are no multiple of a record. */
    private static FirmwareImage sample() {
        byte[] bytes = new byte[70_001];
        new Random(1).nextBytes(bytes);
        return FirmwareImage.builder()
                .origin("sample", "")
                .add(Segment.of(0x0800fff1L, bytes))
                .add(Segment.of(0x90040003L, new byte[] {1, 2, 3}))
                .entryPoint(0x08010123L)
                .build();
    }

    private static byte[] read(Path path) throws IOException {
        return Files.readAllBytes(path);
    }

    @ParameterizedTest
    @ValueSource(strings = {"birds-qspi.elf", "birds-stock.elf", "birds-sram.elf"})
    void objcopy_makes_the_same_hex_and_s_records_of_an_elf(String name) throws Exception {
        Path elf = TestImages.BIRDS.resolve(name);
        FirmwareImage image = TestImages.image(elf);
        Path hex = folder.resolve("a.hex");
        Path srec = folder.resolve("a.srec");
        Tools.run(ARM_OBJCOPY, "-O", "ihex", elf, hex);
        Tools.run(ARM_OBJCOPY, "-O", "srec", elf, srec);
        assertThat(TestImages.image(hex)).isEqualTo(image);
        assertThat(TestImages.image(srec)).isEqualTo(image);
    }

    @Test
    void objcopy_spells_hex_and_s_records_as_we_do() throws Exception {
        Path binary = folder.resolve("a.bin");
        byte[] bytes = new byte[70_001];
        new Random(2).nextBytes(bytes);
        Files.write(binary, bytes);
        FirmwareImage image = FirmwareImage.builder()
                .add(Segment.of(0x08001234L, bytes))
                .entryPoint(0x08001235L)
                .build();
        String[] move = {"--change-addresses=0x08001234", "--set-start=1"};
        Path hex = folder.resolve("theirs.hex");
        Tools.run("objcopy", "-I", "binary", "-O", "ihex", move[0], move[1], binary, hex);
        assertThat(write(FirmwareWriter.intelHex(), image, "ours.hex")).hasSameTextualContentAs(hex);
        Path srec = folder.resolve("theirs.srec");
        Tools.run("objcopy", "-I", "binary", "-O", "srec", move[0], move[1], binary, srec);
        String ours = Files.readString(write(FirmwareWriter.sRecord(srec.toString()), image, "ours.srec"));
        // objcopy cuts a long header and writes no count.
        assertThat(withoutHeadAndCount(ours)).isEqualTo(withoutHeadAndCount(Files.readString(srec)));
    }

    private static String withoutHeadAndCount(String text) {
        return text.replaceAll("(?m)^S[05].*\\R", "");
    }

    @Test
    void the_flat_binary_of_an_elf_is_objcopys() throws Exception {
        Path elf = TestImages.BIRDS.resolve("birds-qspi.elf");
        Path theirs = folder.resolve("theirs.bin");
        Tools.run(ARM_OBJCOPY, "-O", "binary", elf, theirs);
        Path ours = write(FirmwareWriter.binary(), TestImages.image(elf).withGapsFilled(0), "ours.bin");
        assertThat(read(ours)).isEqualTo(read(theirs));
    }

    @ParameterizedTest
    @ValueSource(strings = {"ls", "true", "objcopy", "dfu-util"})
    void a_program_of_this_machine_with_headers_in_its_segments_is_taken_as_objcopy_takes_it(String program)
            throws Exception {
        Tools.assumeInstalled(program);
        Path elf = Path.of("/usr/bin", program);
        Path theirs = folder.resolve("theirs.bin");
        Tools.run("objcopy", "-O", "binary", elf, theirs);
        Path ours = write(FirmwareWriter.binary(), TestImages.image(elf).withGapsFilled(0), "ours.bin");
        assertThat(read(ours)).isEqualTo(read(theirs));
    }

    @ParameterizedTest
    @CsvSource({"ihex, hex", "srec, srec"})
    void objcopy_reads_what_we_write(String format, String extension) throws Exception {
        FirmwareImage image = sample().within(new AddressRange(0, 0x10000000));
        Path ours = write(
                format.equals("ihex") ? FirmwareWriter.intelHex() : FirmwareWriter.sRecord("sample"),
                image,
                "a." + extension);
        Path theirs = folder.resolve("theirs.bin");
        Tools.run("objcopy", "-I", format, "-O", "binary", ours, theirs);
        assertThat(read(theirs)).isEqualTo(read(write(FirmwareWriter.binary(), image, "ours.bin")));
    }

    @ParameterizedTest
    @CsvSource({"-Intel", "-Motorola"})
    void srec_cat_and_we_read_each_other(String format) throws Exception {
        FirmwareImage image = sample();
        boolean intel = format.equals("-Intel");
        Path ours = write(intel ? FirmwareWriter.intelHex() : FirmwareWriter.sRecord("sample"), image, "ours");
        for (String width : new String[] {"-Line_Length=44", "-Line_Length=80"}) {
            Path theirs = folder.resolve("theirs" + width);
            Tools.run("srec_cat", ours, format, "-o", theirs, format, width);
            assertThat(TestImages.image(theirs)).isEqualTo(image);
        }
        Path other = folder.resolve("other");
        Tools.run("srec_cat", ours, format, "-o", other, intel ? "-Motorola" : "-Intel");
        assertThat(TestImages.image(other)).isEqualTo(image);
    }

    @Test
    void segmented_intel_hex_of_srec_cat_is_understood() throws Exception {
        byte[] bytes = new byte[200_000];
        new Random(3).nextBytes(bytes);
        FirmwareImage image =
                FirmwareImage.builder().add(Segment.of(0x1ff3, bytes)).build();
        Path ours = write(FirmwareWriter.sRecord(""), image, "ours");
        Path theirs = folder.resolve("theirs");
        Tools.run("srec_cat", ours, "-Motorola", "-o", theirs, "-Intel", "-Address_Length=3");
        assertThat(Files.readString(theirs)).contains(":02000002");
        assertThat(TestImages.image(theirs).sameBytes(image)).isTrue();
    }

    @Test
    void dfu_suffix_accepts_and_removes_our_suffix_and_makes_the_same() throws Exception {
        DfuSuffix suffix = DfuSuffix.of(0x0483, 0xdf11, 0x1234, 0x0100);
        FirmwareImage image = sample().within(new AddressRange(0, 0x10000000));
        Path plain = write(FirmwareWriter.binary(), image, "plain.bin");
        Path ours = write(FirmwareWriter.dfu(suffix), image, "ours.dfu");
        Path theirs = Files.copy(plain, folder.resolve("theirs.dfu"));
        Tools.run("dfu-suffix", "-v", "0483", "-p", "df11", "-d", "1234", "-a", theirs);
        assertThat(read(ours)).isEqualTo(read(theirs));
        assertThat(Tools.run("dfu-suffix", "-c", ours)).contains("Vendor ID:\t0x0483", "Length:\t\t16");
        Tools.run("dfu-suffix", "-D", ours);
        assertThat(read(ours)).isEqualTo(read(plain));
        FirmwareFile file = TestImages.file(theirs);
        assertThat(file.suffix().get().bcdDevice()).isEqualTo(0x1234);
        assertThat(file.image().dataSize()).isEqualTo(image.size());
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void dfu_prefix_makes_and_removes_the_same_prefixes(boolean stellaris) throws Exception {
        DfuSuffix suffix = DfuSuffix.of(0x1cbe, 0x00ff, DfuSuffix.ANY, 0x0100);
        byte[] bytes = new byte[5000];
        new Random(4).nextBytes(bytes);
        FirmwareImage image =
                FirmwareImage.builder().add(Segment.of(0x2000, bytes)).build();
        Path ours = write(stellaris ? FirmwareWriter.stellaris(suffix) : FirmwareWriter.lpc(suffix), image, "ours.dfu");
        Path theirs = write(FirmwareWriter.dfu(suffix), image, "theirs.dfu");
        if (stellaris) {
            Tools.run("dfu-prefix", "-s", "0x2000", "-a", theirs);
        } else {
            Tools.run("dfu-prefix", "-L", "-a", theirs);
        }
        assertThat(read(ours)).isEqualTo(read(theirs));
        Optional<DfuPrefix> prefix = TestImages.file(theirs).prefix();
        assertThat(prefix.get().kind()).isEqualTo(stellaris ? "stellaris" : "lpc");
        Tools.run("dfu-prefix", stellaris ? "-T" : "-L", "-D", ours);
        assertThat(read(ours)).isEqualTo(read(write(FirmwareWriter.dfu(suffix), image, "plain.dfu")));
    }

    @ParameterizedTest
    @ValueSource(strings = {"1a3f0a000000000000000000ffffffff", "5a7f0a000123456789abcdefffffffff"})
    void dfu_prefix_and_we_take_every_lpc_prefix_for_one_and_keep_what_it_says(String header) throws Exception {
        byte[] prefix = HexFormat.of().parseHex(header);
        Path file = Files.write(folder.resolve("lpc.bin"), Arrays.copyOf(prefix, 16 + 5000));
        assertThat(Tools.run("dfu-prefix", "-c", file)).contains("LPC");
        try (FirmwareSource source = FirmwareSource.of(file)) {
            DfuEnvelope envelope = DfuEnvelope.open(source);
            assertThat(envelope.prefix().get().bytes()).isEqualTo(prefix);
            assertThat(envelope.payload().size()).isEqualTo(5000);
        }
        assertThat(TestImages.file(file).image().size()).isEqualTo(5000);
    }
}
