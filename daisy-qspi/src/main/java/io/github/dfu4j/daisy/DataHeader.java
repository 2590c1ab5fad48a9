package io.github.dfu4j.daisy;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.zip.CRC32;

/**
 * A header of 32 bytes before data in QSPI flash, by which a program can check at its start what no host can read back.
 *
 * <p>Little-endian words: the magic {@code 0x44354651} ("QF5D"), the header's size 32, the data's size in bytes, the data's CRC-32 (as zlib
 * computes it), the CRC-32 of these first 16 bytes, and 12 bytes of zero.
 */
public final class DataHeader {

    /** The number of bytes of the header. */
    public static final int SIZE = 32;

    private static final int MAGIC = 0x4435_4651;

    private DataHeader() {}

    /** Puts a header before some data. */
    public static byte[] prepend(byte[] data) {
        byte[] result = new byte[SIZE + data.length];
        ByteBuffer header = ByteBuffer.wrap(result).order(ByteOrder.LITTLE_ENDIAN);
        header.putInt(0, MAGIC);
        header.putInt(4, SIZE);
        header.putInt(8, data.length);
        header.putInt(12, crc(data, 0, data.length));
        header.putInt(16, crc(result, 0, 16));
        System.arraycopy(data, 0, result, SIZE, data.length);
        return result;
    }

    /**
     * Checks a header and the data behind it.
     *
     * @param bytes header and data, and perhaps more
     * @return the data
     * @throws IllegalArgumentException if there is no header, or it or the data are damaged; says which
     */
    public static byte[] check(byte[] bytes) {
        if (bytes.length < SIZE) {
            throw new IllegalArgumentException("no header: only " + bytes.length + " bytes");
        }
        ByteBuffer header = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (header.getInt(0) != MAGIC || header.getInt(4) != SIZE) {
            throw new IllegalArgumentException("no header: it does not start with its magic");
        }
        if (header.getInt(16) != crc(bytes, 0, 16)) {
            throw new IllegalArgumentException("the header is damaged");
        }
        int length = header.getInt(8);
        if (length < 0 || length > bytes.length - SIZE) {
            throw new IllegalArgumentException("the data are cut short: " + (length & 0xffffffffL)
                    + " bytes announced, " + (bytes.length - SIZE) + " there");
        }
        if (header.getInt(12) != crc(bytes, SIZE, length)) {
            throw new IllegalArgumentException("the data are damaged: their CRC-32 differs");
        }
        return Arrays.copyOfRange(bytes, SIZE, SIZE + length);
    }

    /** A C header with a function that checks a header and its data in a program: no library, no table, 32 bytes of stack. */
    public static String cSource() {
        return """
                /* Checks data that dfu4j put into QSPI flash with a header of length and CRC-32.
                   Usage: const uint8_t *data; uint32_t size;
                          if (!dfu4j_check((const void *)0x900C0000, &data, &size)) { blink an error; } */
                #ifndef DFU4J_DATA_H
                #define DFU4J_DATA_H
                #include <stdint.h>

                #define DFU4J_MAGIC 0x44354651u

                static inline uint32_t dfu4j_crc32(const uint8_t *bytes, uint32_t size) {
                    uint32_t crc = 0xFFFFFFFFu;
                    for (uint32_t i = 0; i < size; i++) {
                        crc ^= bytes[i];
                        for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
                    }
                    return ~crc;
                }

                /* 1 if the header and the data behind it are whole; then *data and *size say where the data are. */
                static inline int dfu4j_check(const void *at, const uint8_t **data, uint32_t *size) {
                    const uint32_t *header = (const uint32_t *)at;
                    const uint8_t *bytes = (const uint8_t *)at + 32;
                    if (header[0] != DFU4J_MAGIC || header[1] != 32) return 0;
                    if (header[4] != dfu4j_crc32((const uint8_t *)at, 16)) return 0;
                    if (header[2] > 0x800000u || header[3] != dfu4j_crc32(bytes, header[2])) return 0;
                    *data = bytes;
                    *size = header[2];
                    return 1;
                }

                #endif
                """;
    }

    private static int crc(byte[] bytes, int offset, int length) {
        CRC32 crc = new CRC32();
        crc.update(bytes, offset, length);
        return (int) crc.getValue();
    }
}
