package io.github.dfu4j.trust.internal;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.trust.DigestAlgorithm;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Iterator;
import java.util.zip.CRC32;
import org.bouncycastle.crypto.digests.Blake2bDigest;
import org.bouncycastle.crypto.digests.SHA3Digest;

/** Feeds the bytes of an image to a digest algorithm, a chunk at a time. */
public abstract class Digester {

    private static final int CHUNK = 1 << 16;

    abstract void update(long address, byte[] bytes, int length);

    abstract byte[] digest();

    /** Over the bytes in address order, with the bounds of each run before them if the algorithm is to bind addresses. */
    public static byte[] ofImage(FirmwareImage image, DigestAlgorithm algorithm) {
        return digest(image, algorithm, algorithm.isCollisionResistant());
    }

    /** Over the bytes in address order. */
    public static byte[] ofBytes(FirmwareImage image, DigestAlgorithm algorithm) {
        return digest(image, algorithm, false);
    }

    private static byte[] digest(FirmwareImage image, DigestAlgorithm algorithm, boolean withBounds) {
        Digester digester = of(algorithm);
        byte[] chunk = new byte[(int) Math.min(CHUNK, image.size())];
        Iterator<AddressRange> runs = image.runs().iterator();
        long end = -1;
        for (Segment segment : image.segments()) {
            if (segment.start() != end) {
                AddressRange run = runs.next();
                if (withBounds) {
                    byte[] bounds = ByteBuffer.allocate(16)
                            .putLong(run.start())
                            .putLong(run.size())
                            .array();
                    digester.update(run.start(), bounds, bounds.length);
                }
            }
            end = segment.end();
            for (long a = segment.start(); a < end; a += chunk.length) {
                int n = (int) Math.min(chunk.length, end - a);
                segment.copy(a, chunk, 0, n);
                digester.update(a, chunk, n);
            }
        }
        return digester.digest();
    }

    private static Digester of(DigestAlgorithm algorithm) {
        return switch (algorithm) {
            case SHA_256 -> ofJdk("SHA-256");
            case SHA_512 -> ofJdk("SHA-512");
            case SHA3_256 -> ofBouncyCastle(new SHA3Digest(256));
            case BLAKE2B_512 -> ofBouncyCastle(new Blake2bDigest(512));
            case CRC_32 -> new Crc32();
            case STM32_CRC -> new Stm32Crc();
        };
    }

    /** The JDK's SHA-2 uses the processor's instructions for it and is several times as fast as Bouncy Castle's. */
    private static Digester ofJdk(String name) {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance(name);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
        return new Digester() {
            @Override
            void update(long address, byte[] bytes, int length) {
                digest.update(bytes, 0, length);
            }

            @Override
            byte[] digest() {
                return digest.digest();
            }
        };
    }

    private static Digester ofBouncyCastle(org.bouncycastle.crypto.Digest digest) {
        return new Digester() {
            @Override
            void update(long address, byte[] bytes, int length) {
                digest.update(bytes, 0, length);
            }

            @Override
            byte[] digest() {
                byte[] result = new byte[digest.getDigestSize()];
                digest.doFinal(result, 0);
                return result;
            }
        };
    }

    private static byte[] bigEndian(int value) {
        return ByteBuffer.allocate(4).putInt(value).array();
    }

    private static final class Crc32 extends Digester {
        private final CRC32 crc = new CRC32();

        @Override
        void update(long address, byte[] bytes, int length) {
            crc.update(bytes, 0, length);
        }

        @Override
        byte[] digest() {
            return bigEndian((int) crc.getValue());
        }
    }

    /** The STM32's CRC unit, which takes a whole word at a time. */
    private static final class Stm32Crc extends Digester {
        private static final int POLYNOMIAL = 0x04C11DB7;

        /** For byte {@code i} of a word counted from the lowest: what it adds to the register by the end of the word. */
        private static final int[][] TABLE = new int[4][256];

        static {
            for (int b = 0; b < 256; b++) {
                int crc = b << 24;
                for (int bit = 0; bit < 8; bit++) {
                    crc = crc < 0 ? crc << 1 ^ POLYNOMIAL : crc << 1;
                }
                TABLE[0][b] = crc;
            }
            for (int i = 1; i < 4; i++) {
                for (int b = 0; b < 256; b++) {
                    int before = TABLE[i - 1][b];
                    TABLE[i][b] = before << 8 ^ TABLE[0][before >>> 24];
                }
            }
        }

        private int crc = 0xFFFFFFFF;
        private long wordAddress = -1;
        private int word;

        @Override
        void update(long address, byte[] bytes, int length) {
            int i = 0;
            while (i < length) {
                long a = address + i;
                if ((a & 3) == 0 && i + 4 <= length) {
                    flush();
                    add(bytes[i] & 0xff
                            | (bytes[i + 1] & 0xff) << 8
                            | (bytes[i + 2] & 0xff) << 16
                            | bytes[i + 3] << 24);
                    i += 4;
                } else {
                    if (wordAddress != (a & ~3L)) {
                        flush();
                        wordAddress = a & ~3L;
                        word = 0xFFFFFFFF;
                    }
                    int shift = 8 * (int) (a & 3);
                    word = word & ~(0xff << shift) | (bytes[i] & 0xff) << shift;
                    i++;
                }
            }
        }

        private void flush() {
            if (wordAddress >= 0) {
                add(word);
                wordAddress = -1;
            }
        }

        private void add(int w) {
            int x = crc ^ w;
            crc = TABLE[3][x >>> 24] ^ TABLE[2][x >>> 16 & 0xff] ^ TABLE[1][x >>> 8 & 0xff] ^ TABLE[0][x & 0xff];
        }

        @Override
        byte[] digest() {
            flush();
            return bigEndian(crc);
        }
    }
}
