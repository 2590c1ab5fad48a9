package io.github.dfu4j.trust;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.trust.internal.Digester;
import io.github.dfu4j.trust.internal.Text;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Locale;
import org.bouncycastle.util.encoders.DecoderException;
import org.bouncycastle.util.encoders.Hex;
import org.jspecify.annotations.Nullable;

/**
 * The digest of an image, or of the bytes in one range of it, with the algorithm that made it.
 *
 * <p>It depends on which byte stands at which address and on nothing else: not on the file's format, nor on how the bytes are cut
 * into segments, nor on whether they are held as data or as a fill. Two digests are compared in constant time.
 */
public final class Digest {

    private final DigestAlgorithm algorithm;
    private final byte[] value;

    private Digest(DigestAlgorithm algorithm, byte[] value) {
        this.algorithm = algorithm;
        this.value = value;
    }

    /**
     * The digest of all of an image.
     *
     * <p>The hash functions take, for each run of addresses without a gap, in address order: its first address and its size, each
     * as eight bytes with the highest first, then its bytes. So an image that is moved has another digest.
     *
     * <p>{@link DigestAlgorithm#CRC_32} takes the bytes alone in address order, gaps left out, as tools for the command line do.
     * {@link DigestAlgorithm#STM32_CRC} takes every 32-bit word at an address divisible by four that the image touches, in address
     * order, its lowest byte at the lowest address as a Cortex-M reads it; bytes of such a word that the image does not hold count
     * as 0xFF, as erased flash reads.
     */
    public static Digest ofImage(FirmwareImage image, DigestAlgorithm algorithm) {
        return new Digest(algorithm, Digester.ofImage(image, algorithm));
    }

    /**
     * The digest of the bytes in a range, without their addresses: what a tool like {@code sha256sum} says of a file that holds
     * them.
     *
     * <p>{@link DigestAlgorithm#STM32_CRC} takes words at aligned addresses as for a whole image.
     *
     * @throws IllegalArgumentException if the image does not hold a byte for each address of the range
     */
    public static Digest ofRange(FirmwareImage image, AddressRange range, DigestAlgorithm algorithm) {
        FirmwareImage part = image.within(range);
        if (part.size() != range.size()) {
            throw new IllegalArgumentException(
                    "the image holds " + part.size() + " of the " + range.size() + " bytes in " + range);
        }
        return new Digest(algorithm, Digester.ofBytes(part, algorithm));
    }

    /**
     * Reads a digest from its text.
     *
     * @param text a label, a colon and lower-case hexadecimal digits, as {@link #toString()} writes it
     * @throws IllegalArgumentException if the text is anything else
     */
    public static Digest parse(String text) {
        for (DigestAlgorithm algorithm : DigestAlgorithm.values()) {
            String prefix = algorithm.label() + ":";
            if (text.startsWith(prefix) && text.length() == prefix.length() + 2 * algorithm.size()) {
                String digits = text.substring(prefix.length());
                try {
                    if (digits.equals(digits.toLowerCase(Locale.ROOT))) {
                        return new Digest(algorithm, Hex.decodeStrict(digits));
                    }
                } catch (DecoderException e) {
                    throw notADigest(text, e);
                }
            }
        }
        throw notADigest(text, null);
    }

    private static IllegalArgumentException notADigest(String text, @Nullable Throwable cause) {
        String shown = text.length() <= 160 ? text : text.substring(0, 160) + "…";
        return new IllegalArgumentException(
                "expected a digest such as sha256: and 64 lower-case hexadecimal digits, found \"" + Text.visible(shown)
                        + "\"",
                cause);
    }

    /** The algorithm. */
    public DigestAlgorithm algorithm() {
        return algorithm;
    }

    /** The digest's bytes, a copy; a CRC with its highest byte first. */
    public byte[] value() {
        return value.clone();
    }

    /** The digest in lower-case hexadecimal digits. */
    public String hex() {
        return Hex.toHexString(value);
    }

    /** Equal if algorithm and bytes are; takes the same time wherever the bytes differ. */
    @Override
    public boolean equals(Object other) {
        return other instanceof Digest d && algorithm == d.algorithm && MessageDigest.isEqual(value, d.value);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(value);
    }

    /** The label, a colon and the hexadecimal digits: {@code crc32:cbf43926}. */
    @Override
    public String toString() {
        return algorithm.label() + ":" + hex();
    }
}
