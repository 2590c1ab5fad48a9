package io.github.dfu4j.image;

import io.github.dfu4j.image.internal.LittleEndian;
import java.io.IOException;
import java.util.Optional;

/**
 * What some bootloaders want in front of the firmware of a plain DFU file: the header of TI's Stellaris (LM Flash Programmer) or of
 * NXP's LPC.
 */
public sealed interface DfuPrefix {

    /** The prefix as bytes. */
    byte[] bytes();

    /** {@code stellaris} or {@code lpc}. */
    String kind();

    /**
     * The Stellaris prefix, 8 bytes: where the firmware goes and how long it is.
     *
     * @param address where the firmware goes, a multiple of 1024 below 2<sup>26</sup>
     * @param length the number of bytes of firmware, 0 to 2<sup>32</sup>−1
     */
    record Stellaris(long address, long length) implements DfuPrefix {

        /** The number of bytes of this prefix. */
        public static final int SIZE = 8;

        /**
         * Checks the ranges.
         *
         * @throws IllegalArgumentException if a value cannot be written
         */
        public Stellaris {
            if (address < 0 || address >= 1L << 26 || address % 1024 != 0) {
                throw new IllegalArgumentException(AddressRange.hex(address)
                        + " is not a multiple of 1024 below 0x04000000, as a Stellaris prefix needs");
            }
            if (length < 0 || length >= 1L << 32) {
                throw new IllegalArgumentException(length + " bytes are too many for a Stellaris prefix");
            }
        }

        @Override
        public byte[] bytes() {
            byte[] b = new byte[SIZE];
            LittleEndian.put(b, 0, 2, 1);
            LittleEndian.put(b, 2, 2, address / 1024);
            LittleEndian.put(b, 4, 4, length);
            return b;
        }

        @Override
        public String kind() {
            return "stellaris";
        }
    }

    /**
     * The LPC prefix, 16 bytes, for an unencrypted image.
     *
     * @param marks 0x3F1A, in which the two high bits of each byte may be set
     * @param blocks the number of 512-byte blocks of firmware, 0 to 65535
     * @param rest what stands behind that, which means nothing here; 0 in a prefix made here
     */
    record Lpc(int marks, int blocks, long rest) implements DfuPrefix {

        /** The number of bytes of this prefix. */
        public static final int SIZE = 16;

        private static final int MARKS = 0x3f1a;

        /**
         * Checks the ranges.
         *
         * @throws IllegalArgumentException if a value cannot be written
         */
        public Lpc {
            if ((marks & ~0xc0c0) != MARKS) {
                throw new IllegalArgumentException(AddressRange.hex(marks) + " are not the marks of an LPC prefix");
            }
            if (blocks < 0 || blocks > 0xffff) {
                throw new IllegalArgumentException(blocks + " blocks of 512 bytes are too many for an LPC prefix");
            }
        }

        /** The prefix for some firmware: its last block may be partly filled. */
        public static Lpc forLength(long length) {
            return new Lpc(MARKS, (int) Math.min(Integer.MAX_VALUE, (length + 511) / 512), 0);
        }

        @Override
        public byte[] bytes() {
            byte[] b = new byte[SIZE];
            LittleEndian.put(b, 0, 2, marks);
            LittleEndian.put(b, 2, 2, blocks);
            LittleEndian.put(b, 4, 8, rest);
            LittleEndian.put(b, 12, 4, 0xffffffffL);
            return b;
        }

        @Override
        public String kind() {
            return "lpc";
        }
    }

    /**
     * Looks for a prefix at the start of some bytes.
     *
     * @param source a file without its DFU suffix
     * @return the prefix if its marks are there and, for Stellaris, its length is that of the rest
     */
    static Optional<DfuPrefix> find(FirmwareSource source) throws IOException {
        byte[] b = new byte[Lpc.SIZE];
        int n = source.read(0, b, 0, b.length);
        if (n >= Stellaris.SIZE
                && LittleEndian.get(b, 0, 2) == 1
                && LittleEndian.get(b, 4, 4) == source.size() - Stellaris.SIZE) {
            return Optional.of(new Stellaris(LittleEndian.get(b, 2, 2) * 1024, LittleEndian.get(b, 4, 4)));
        }
        int marks = (int) LittleEndian.get(b, 0, 2);
        if (n == Lpc.SIZE && (marks & ~0xc0c0) == Lpc.MARKS && LittleEndian.get(b, 12, 4) == 0xffffffffL) {
            return Optional.of(new Lpc(marks, (int) LittleEndian.get(b, 2, 2), LittleEndian.get(b, 4, 8)));
        }
        return Optional.empty();
    }
}
