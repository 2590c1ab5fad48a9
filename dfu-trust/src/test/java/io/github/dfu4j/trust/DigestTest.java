package io.github.dfu4j.trust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class DigestTest {

    private static final long FLASH = 0x08000000L;

    private static FirmwareImage image(long start, byte... bytes) {
        return FirmwareImage.builder().add(Segment.of(start, bytes)).build();
    }

    private static Digest plain(byte[] bytes, DigestAlgorithm algorithm) {
        return Digest.ofRange(image(FLASH, bytes), AddressRange.ofSize(FLASH, bytes.length), algorithm);
    }

    /** The published answers for "abc" (FIPS 180-4 and 202 examples, RFC 7693 appendix A) and the CRC catalogue's check value. */
    @ParameterizedTest
    @CsvSource({
        "SHA_256, abc, ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "SHA_512, abc, ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
                + "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "SHA3_256, abc, 3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
        "BLAKE2B_512, abc, ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
                + "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
        "CRC_32, 123456789, cbf43926"
    })
    void a_range_has_the_digest_that_its_standard_gives(DigestAlgorithm algorithm, String text, String hex) {
        assertThat(plain(text.getBytes(StandardCharsets.US_ASCII), algorithm).hex())
                .isEqualTo(hex);
    }

    /** The unit's answer to the word 0x12345678, and CRC-32/MPEG-2's check value with the bytes of each word turned round. */
    @Test
    void the_stm32_crc_takes_words_with_the_lowest_byte_first() {
        assertThat(plain(new byte[] {0x78, 0x56, 0x34, 0x12}, DigestAlgorithm.STM32_CRC)
                        .hex())
                .isEqualTo("df8a8a2b");
        assertThat(plain("43218765".getBytes(StandardCharsets.US_ASCII), DigestAlgorithm.STM32_CRC)
                        .hex())
                .isEqualTo(String.format("%08x", mpeg2("12345678".getBytes(StandardCharsets.US_ASCII))));
        assertThat(mpeg2("123456789".getBytes(StandardCharsets.US_ASCII))).isEqualTo(0x0376E6E7);
    }

    @Test
    void the_stm32_crc_fills_words_up_as_erased_flash_reads() {
        FirmwareImage odd = image(FLASH + 1, (byte) 1, (byte) 2, (byte) 3, (byte) 4);
        FirmwareImage filledUp = image(
                FLASH, (byte) 0xFF, (byte) 1, (byte) 2, (byte) 3, (byte) 4, (byte) 0xFF, (byte) 0xFF, (byte) 0xFF);
        assertThat(Digest.ofImage(odd, DigestAlgorithm.STM32_CRC))
                .isEqualTo(Digest.ofImage(filledUp, DigestAlgorithm.STM32_CRC));
    }

    @Test
    void the_stm32_crc_joins_two_runs_that_share_a_word() {
        FirmwareImage hole = FirmwareImage.builder()
                .add(Segment.of(FLASH, new byte[] {1}))
                .add(Segment.of(FLASH + 2, new byte[] {3, 4}))
                .build();
        assertThat(Digest.ofImage(hole, DigestAlgorithm.STM32_CRC))
                .isEqualTo(plain(new byte[] {1, (byte) 0xFF, 3, 4}, DigestAlgorithm.STM32_CRC));
    }

    @Test
    void a_hash_takes_the_bounds_of_each_run_before_its_bytes() throws Exception {
        FirmwareImage image = FirmwareImage.builder()
                .add(Segment.of(FLASH, new byte[] {1, 2}))
                .add(Segment.filled(AddressRange.ofSize(FLASH + 2, 3), 0xEE))
                .add(Segment.of(0x90040000L, new byte[] {9}))
                .build();
        ByteArrayOutputStream expected = new ByteArrayOutputStream();
        DataOutputStream out = new DataOutputStream(expected);
        out.writeLong(FLASH);
        out.writeLong(5);
        out.write(new byte[] {1, 2, (byte) 0xEE, (byte) 0xEE, (byte) 0xEE});
        out.writeLong(0x90040000L);
        out.writeLong(1);
        out.write(9);
        assertThat(Digest.ofImage(image, DigestAlgorithm.SHA_256).value())
                .isEqualTo(MessageDigest.getInstance("SHA-256").digest(expected.toByteArray()));
    }

    /** The value is that of printf, xxd, cat and sha256sum, put together as docs/trust.md says. */
    @Test
    void an_image_has_the_digest_that_other_tools_give() {
        assertThat(Digest.ofImage(
                                image(FLASH, "123456789".getBytes(StandardCharsets.US_ASCII)), DigestAlgorithm.SHA_256)
                        .hex())
                .isEqualTo("7aa342c3dc3100944f9057142d6195981a88932f1e8c93025784f476ec02086e");
    }

    @Property
    void how_bytes_are_cut_into_segments_and_fills_does_not_matter(
            @ForAll @Size(min = 1, max = 300) byte[] bytes,
            @ForAll @Size(max = 6) List<@IntRange(max = 299) Integer> cuts,
            @ForAll DigestAlgorithm algorithm,
            @ForAll @IntRange(max = 7) int misalignment) {
        Arrays.fill(bytes, bytes.length / 2, bytes.length / 2 + bytes.length / 4, (byte) 0x5A);
        long start = FLASH + misalignment;
        FirmwareImage.Builder inPieces = FirmwareImage.builder();
        int from = 0;
        int[] ends = cuts.stream().mapToInt(c -> c % bytes.length).sorted().toArray();
        for (int i = 0; i <= ends.length; i++) {
            int to = i == ends.length ? bytes.length : ends[i];
            if (to > from) {
                inPieces.add(piece(start + from, Arrays.copyOfRange(bytes, from, to)));
                from = to;
            }
        }
        assertThat(Digest.ofImage(inPieces.build(), algorithm))
                .isEqualTo(Digest.ofImage(image(start, bytes), algorithm));
    }

    private static Segment piece(long start, byte[] bytes) {
        boolean oneByte = true;
        for (byte b : bytes) {
            oneByte &= b == bytes[0];
        }
        return oneByte ? Segment.filled(AddressRange.ofSize(start, bytes.length), bytes[0]) : Segment.of(start, bytes);
    }

    @ParameterizedTest
    @EnumSource
    void a_fill_longer_than_a_chunk_counts_as_its_bytes(DigestAlgorithm algorithm) {
        byte[] bytes = new byte[200_003];
        Arrays.fill(bytes, (byte) 0xA5);
        FirmwareImage fill = FirmwareImage.builder()
                .add(Segment.filled(AddressRange.ofSize(FLASH, bytes.length), 0xA5))
                .build();
        assertThat(Digest.ofImage(fill, algorithm)).isEqualTo(Digest.ofImage(image(FLASH, bytes), algorithm));
    }

    @Property
    void a_changed_byte_changes_every_digest(
            @ForAll @Size(min = 1, max = 64) byte[] bytes,
            @ForAll @IntRange(max = 63) int index,
            @ForAll @IntRange(min = 1, max = 255) int flip,
            @ForAll DigestAlgorithm algorithm) {
        byte[] changed = bytes.clone();
        changed[index % bytes.length] ^= (byte) flip;
        assertThat(Digest.ofImage(image(FLASH, changed), algorithm))
                .isNotEqualTo(Digest.ofImage(image(FLASH, bytes), algorithm));
    }

    @Property
    void a_hash_changes_with_the_address(
            @ForAll @Size(min = 1, max = 64) byte[] bytes, @ForAll @IntRange(min = 1) int distance) {
        FirmwareImage image = image(FLASH, bytes);
        assertThat(Digest.ofImage(image.moved(distance), DigestAlgorithm.SHA_256))
                .isNotEqualTo(Digest.ofImage(image, DigestAlgorithm.SHA_256));
        assertThat(Digest.ofImage(image.moved(distance), DigestAlgorithm.CRC_32))
                .isEqualTo(Digest.ofImage(image, DigestAlgorithm.CRC_32));
    }

    @Property
    void the_stm32_crc_is_that_of_a_bit_by_bit_register(@ForAll @Size(min = 4, max = 64) byte[] bytes) {
        byte[] whole = Arrays.copyOf(bytes, bytes.length & ~3);
        byte[] turned = new byte[whole.length];
        for (int i = 0; i < whole.length; i++) {
            turned[i ^ 3] = whole[i];
        }
        assertThat(plain(whole, DigestAlgorithm.STM32_CRC).hex()).isEqualTo(String.format("%08x", mpeg2(turned)));
    }

    /** CRC-32/MPEG-2, one bit at a time. */
    private static int mpeg2(byte[] bytes) {
        int crc = 0xFFFFFFFF;
        for (byte b : bytes) {
            for (int bit = 7; bit >= 0; bit--) {
                boolean out = crc < 0 ^ (b >> bit & 1) != 0;
                crc = out ? crc << 1 ^ 0x04C11DB7 : crc << 1;
            }
        }
        return crc;
    }

    @ParameterizedTest
    @EnumSource
    void an_empty_image_has_the_digest_of_nothing(DigestAlgorithm algorithm) throws IOException {
        Digest digest = Digest.ofImage(FirmwareImage.builder().build(), algorithm);
        assertThat(digest.value()).hasSize(algorithm.size());
        if (algorithm == DigestAlgorithm.SHA_256) {
            assertThat(digest.hex()).startsWith("e3b0c44298fc1c149afbf4c8996fb924");
        }
    }

    @Property
    void a_digest_reads_back_from_its_text(@ForAll @Size(max = 20) byte[] bytes, @ForAll DigestAlgorithm algorithm) {
        Assume.that(bytes.length > 0);
        Digest digest = plain(bytes, algorithm);
        assertThat(Digest.parse(digest.toString())).isEqualTo(digest).hasSameHashCodeAs(digest);
    }

    @Property
    void any_other_text_is_refused_by_name(@ForAll String text) {
        assertThatThrownBy(() -> Digest.parse("sha256:" + text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("expected a digest such as sha256:");
    }

    @ParameterizedTest
    @CsvSource({"crc32:CBF43926", "crc32:cbf4392", "crc32:cbf4392g", "md5:00", "cbf43926", "CRC32:cbf43926"})
    void a_digest_has_one_spelling(String text) {
        assertThatThrownBy(() -> Digest.parse(text)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void a_range_that_the_image_does_not_cover_has_no_digest() {
        assertThatThrownBy(() ->
                        Digest.ofRange(image(FLASH, (byte) 1), AddressRange.ofSize(FLASH, 2), DigestAlgorithm.SHA_256))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("the image holds 1 of the 2 bytes in 0x08000000..0x08000001");
    }
}
