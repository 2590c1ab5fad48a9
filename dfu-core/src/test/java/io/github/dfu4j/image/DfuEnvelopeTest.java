package io.github.dfu4j.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class DfuEnvelopeTest {

    private static final byte[] HELLO = "hello world".getBytes(StandardCharsets.US_ASCII);

    /** What {@code dfu-suffix -v 0483 -p df11 -a} makes of it. */
    private static final byte[] SEALED =
            HexFormat.of().parseHex("68656c6c6f20776f726c64" + "ffff11df8304000155464410b9d7ec51");

    private static FirmwareSource source(byte[] bytes) {
        return FirmwareSource.of("file.dfu", bytes);
    }

    private static byte[] sealed(Optional<DfuPrefix> prefix, byte[] payload, DfuSuffix suffix) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        DfuEnvelope.write(prefix, source(payload), Optional.of(suffix), out);
        return out.toByteArray();
    }

    private static List<String> codes(byte[] bytes) throws IOException {
        return FirmwareReader.standard().withBase(0x1000).readFile(source(bytes)).findings().stream()
                .map(Finding::code)
                .collect(Collectors.toList());
    }

    @Test
    void a_known_file_is_written_and_read() throws IOException {
        assertThat(sealed(Optional.empty(), HELLO, DfuSuffix.of(0x0483, 0xdf11, DfuSuffix.ANY, 0x0100)))
                .isEqualTo(SEALED);
        DfuEnvelope envelope = DfuEnvelope.open(source(SEALED));
        envelope.checkCrc();
        DfuSuffix suffix = envelope.suffix().get();
        assertThat(suffix).isEqualTo(new DfuSuffix(0xffff, 0xdf11, 0x0483, 0x0100, 16, 0x51ECD7B9L));
        assertThat(suffix.fits(0x0483, 0xdf11)).isTrue();
        assertThat(suffix.fits(0x0483, 0xdf12)).isFalse();
        assertThat(envelope.payload().size()).isEqualTo(HELLO.length);
        assertThat(codes(SEALED)).isEmpty();
    }

    @Test
    void a_changed_byte_and_an_impossible_length_are_refused_with_their_offsets() {
        byte[] changed = SEALED.clone();
        changed[3] ^= 0x40;
        assertThatThrownBy(() -> FirmwareReader.standard().read(source(changed)))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessageStartingWith(
                        "file.dfu, offset 0x17: the DFU suffix says CRC 0x51ECD7B9, but the file's is 0x");
        byte[] longer = SEALED.clone();
        longer[22] = 28;
        assertThatThrownBy(() -> FirmwareReader.standard().read(source(longer)))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessage("file.dfu, offset 0x16: the DFU suffix says it has 28 bytes; 16 to 27 were expected");
    }

    @Test
    void a_file_that_lost_its_last_bytes_or_got_more_is_refused() {
        for (int cut = 1; cut <= 4; cut++) {
            byte[] shorter = Arrays.copyOf(SEALED, SEALED.length - cut);
            assertThatThrownBy(() -> FirmwareReader.standard().read(source(shorter)))
                    .isInstanceOf(FirmwareFormatException.class)
                    .hasMessage("file.dfu, offset 0xb: a DFU suffix of 16 bytes begins here, but only " + (16 - cut)
                            + " follow: the file was cut");
        }
        for (int more : new int[] {1, 2, 31, 32}) {
            byte[] longer = Arrays.copyOf(SEALED, SEALED.length + more);
            assertThatThrownBy(() -> FirmwareReader.standard().read(source(longer)))
                    .isInstanceOf(FirmwareFormatException.class)
                    .hasMessageStartingWith("file.dfu, offset 0xb: a DFU suffix of 16 bytes stands here, but " + more
                            + " more follow it");
        }
    }

    @Test
    void a_file_without_suffix_or_prefix_has_an_empty_envelope() throws IOException {
        DfuEnvelope envelope = DfuEnvelope.open(source(HELLO));
        assertThat(envelope.suffix()).isEmpty();
        assertThat(envelope.prefix()).isEmpty();
        envelope.checkCrc();
        assertThat(envelope.content().size()).isEqualTo(HELLO.length);
    }

    @Test
    void what_is_unusual_is_told() throws IOException {
        DfuSuffix suffix = DfuSuffix.of(1, 2, 3, 0x0100);
        assertThat(codes(sealed(Optional.empty(), HELLO, new DfuSuffix(3, 2, 1, 0x0100, 33, 0))))
                .containsExactly("long-suffix");
        assertThat(codes(sealed(Optional.empty(), HELLO, DfuSuffix.of(1, 2, 3, 0x011a))))
                .containsExactly("not-dfuse");
        assertThat(codes(sealed(Optional.empty(), HELLO, DfuSuffix.of(1, 2, 3, 0x0300))))
                .containsExactly("bcd-dfu");
        assertThat(codes(sealed(Optional.of(DfuPrefix.Lpc.forLength(7 * 512)), HELLO, suffix)))
                .containsExactly("lpc-length");
        byte[] hex = ":00000001FF\r\n".getBytes(StandardCharsets.US_ASCII);
        assertThat(codes(sealed(Optional.empty(), hex, suffix))).containsExactly("inner-format");
        Optional<DfuPrefix> stellaris = Optional.of(new DfuPrefix.Stellaris(0x2000, hex.length));
        assertThat(FirmwareReader.standard()
                        .withBase(0x1000)
                        .readFile(source(sealed(stellaris, hex, suffix)))
                        .findings())
                .extracting(Finding::text)
                .anyMatch(text -> text.endsWith("flat binary from 0x00002000 on"));
        byte[] bare = Arrays.copyOf(DfuPrefix.Lpc.forLength(1).bytes(), 16 + 500);
        assertThat(codes(bare)).containsExactly("no-suffix");
    }

    @Property
    void what_is_put_in_an_envelope_comes_out(
            @ForAll @Size(max = 2000) byte[] payload,
            @ForAll @IntRange(max = 2) int kind,
            @ForAll @IntRange(min = 16, max = 255) int length,
            @ForAll @IntRange(max = 0xffff) int id)
            throws IOException {
        Optional<DfuPrefix> prefix = kind == 0
                ? Optional.empty()
                : Optional.of(
                        kind == 1
                                ? new DfuPrefix.Stellaris(0x2000, payload.length)
                                : DfuPrefix.Lpc.forLength(payload.length));
        byte[] file = sealed(prefix, payload, new DfuSuffix(id, id, id, 0x0100, length, 0));
        DfuEnvelope envelope = DfuEnvelope.open(source(file));
        envelope.checkCrc();
        assertThat(envelope.suffix().get().length()).isEqualTo(length);
        assertThat(envelope.suffix().get().idVendor()).isEqualTo(id);
        if (kind != 0) {
            assertThat(envelope.prefix()).isEqualTo(prefix);
            byte[] out = new byte[payload.length];
            assertThat(envelope.payload().read(0, out, 0, out.length)).isEqualTo(out.length);
            assertThat(out).isEqualTo(payload);
        }
        envelope.checkCrc();
    }

    @Property(tries = 60)
    void dfu_util_takes_every_file_written(
            @ForAll @Size(max = 2000) byte[] payload,
            @ForAll @IntRange(max = 2) int kind,
            @ForAll @IntRange(min = 16, max = 255) int length,
            @ForAll @IntRange(max = 0xffff) int vendor,
            @ForAll @IntRange(max = 0xffff) int product)
            throws Exception {
        byte[] bytes = sealed(
                kind == 0
                        ? Optional.empty()
                        : Optional.of(
                                kind == 1
                                        ? new DfuPrefix.Stellaris(0x2000, payload.length)
                                        : DfuPrefix.Lpc.forLength(payload.length)),
                payload,
                new DfuSuffix(0x1234, product, vendor, 0x0100, length, 0));
        Path file = Files.createTempFile("dfu4j", ".dfu");
        try {
            String said = Tools.dfuUtilOn(Files.write(file, bytes));
            assertThat(said).contains("DFU suffix version 100").doesNotContain("Warning");
            if (vendor != DfuSuffix.ANY) {
                assertThat(said).contains(String.format("Match vendor ID from file: %04x", vendor));
            }
            if (product != DfuSuffix.ANY) {
                assertThat(said).contains(String.format("Match product ID from file: %04x", product));
            }
            if (kind != 0) {
                assertThat(said).contains(kind == 1 ? "TI Stellaris DFU prefix" : "LPC DFU prefix");
            }
            bytes[0] ^= 1;
            assertThat(Tools.dfuUtilOn(Files.write(file, bytes))).contains("DFU suffix CRC does not match");
        } finally {
            Files.delete(file);
        }
    }
}
