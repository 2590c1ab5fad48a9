package io.github.dfu4j.image;

import io.github.dfu4j.image.internal.LittleEndian;
import java.io.IOException;
import java.util.Arrays;
import java.util.Optional;

/**
 * The DFU suffix: the last bytes of a DFU file, which say for which device it is and hold its checksum (DFU 1.1, appendix B).
 *
 * @param bcdDevice the device's release number, or {@link #ANY}
 * @param idProduct the device's product id, or {@link #ANY}
 * @param idVendor the device's vendor id, or {@link #ANY}
 * @param bcdDfu the version of the file format: 0x0100, or 0x011A for DfuSe
 * @param length the number of bytes of the suffix, 16 to 255; what exceeds 16 stands in front of the fields and means nothing here
 * @param crc the checksum as stored; 0 in a suffix not yet written
 */
public record DfuSuffix(int bcdDevice, int idProduct, int idVendor, int bcdDfu, int length, long crc) {

    /** Fits every device. */
    public static final int ANY = 0xffff;

    /** The number of bytes of a suffix as DFU 1.1 defines it. */
    public static final int SIZE = 16;

    /**
     * Checks the ranges.
     *
     * @throws IllegalArgumentException if a value does not fit its field
     */
    public DfuSuffix {
        if ((bcdDevice | idProduct | idVendor | bcdDfu) >>> 16 != 0) {
            throw new IllegalArgumentException("a field of a DFU suffix holds 16 bits");
        }
        if (length < SIZE || length > 255) {
            throw new IllegalArgumentException("a DFU suffix has 16 to 255 bytes, not " + length);
        }
        if (crc >>> 32 != 0) {
            throw new IllegalArgumentException("a CRC has 32 bits");
        }
    }

    /** A suffix to write. */
    public static DfuSuffix of(int idVendor, int idProduct, int bcdDevice, int bcdDfu) {
        return new DfuSuffix(bcdDevice, idProduct, idVendor, bcdDfu, SIZE, 0);
    }

    /**
     * Looks for a suffix at the end of a file, without checking its checksum: see {@link DfuEnvelope#checkCrc()}.
     *
     * @throws FirmwareFormatException if the mark is there, but the length cannot be, or if a suffix was cut or has bytes behind it
     */
    public static Optional<DfuSuffix> find(FirmwareSource source) throws IOException {
        long size = source.size();
        byte[] b = new byte[SIZE];
        if (size < SIZE || source.read(size - SIZE, b, 0, SIZE) != SIZE || !isMarked(b)) {
            refuseMisplaced(source);
            return Optional.empty();
        }
        int length = b[11] & 0xff;
        if (length < SIZE || length > size) {
            throw new FirmwareFormatException(
                    source.name(),
                    "offset 0x" + Long.toHexString(size - 5),
                    "the DFU suffix says it has " + length + " bytes; 16 to " + Math.min(255, size) + " were expected");
        }
        return Optional.of(new DfuSuffix(
                (int) LittleEndian.get(b, 0, 2),
                (int) LittleEndian.get(b, 2, 2),
                (int) LittleEndian.get(b, 4, 2),
                (int) LittleEndian.get(b, 6, 2),
                length,
                LittleEndian.get(b, 12, 4)));
    }

    private static boolean isMarked(byte[] b) {
        return b[8] == 'U' && b[9] == 'F' && b[10] == 'D';
    }

    /** A file that lost its last bytes, or got some more, must not pass for one without a suffix: the rest would be flashed. */
    private static void refuseMisplaced(FirmwareSource source) throws IOException {
        long size = source.size();
        long from = Math.max(0, size - 3 * SIZE);
        byte[] tail = new byte[3 * SIZE];
        int n = source.read(from, tail, 0, tail.length);
        for (int i = 0; i + SIZE - 4 <= n; i++) {
            byte[] b = Arrays.copyOfRange(tail, i, i + SIZE);
            boolean known = b[7] == 1 && (b[6] == 0 || b[6] == 0x10 || b[6] == 0x1a);
            if (known && isMarked(b) && b[11] == SIZE) {
                int more = n - i - SIZE;
                throw new FirmwareFormatException(
                        source.name(),
                        "offset 0x" + Long.toHexString(from + i),
                        more < 0
                                ? "a DFU suffix of 16 bytes begins here, but only " + (SIZE + more)
                                        + " follow: the file was cut"
                                : "a DFU suffix of 16 bytes stands here, but " + more
                                        + " more follow it, which do not belong to a DFU file: cut them off");
            }
        }
    }

    /** Whether the file is for a device with these ids. */
    public boolean fits(int vendor, int product) {
        return (idVendor == ANY || idVendor == vendor) && (idProduct == ANY || idProduct == product);
    }

    /** The suffix as bytes without its checksum, the last four. */
    byte[] bytesBeforeCrc() {
        byte[] b = new byte[length - 4];
        int at = length - SIZE;
        LittleEndian.put(b, at, 2, bcdDevice);
        LittleEndian.put(b, at + 2, 2, idProduct);
        LittleEndian.put(b, at + 4, 2, idVendor);
        LittleEndian.put(b, at + 6, 2, bcdDfu);
        b[at + 8] = 'U';
        b[at + 9] = 'F';
        b[at + 10] = 'D';
        b[at + 11] = (byte) length;
        return b;
    }
}
