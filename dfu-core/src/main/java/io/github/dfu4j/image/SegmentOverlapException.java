package io.github.dfu4j.image;

/** Two segments of one image want different bytes at the same address. */
public final class SegmentOverlapException extends IllegalArgumentException {

    private static final long serialVersionUID = 1;

    private final long address;

    SegmentOverlapException(long address, int first, int second) {
        super("two segments overlap with different bytes: at " + AddressRange.hex(address) + " one has "
                + byteHex(first) + " and the other " + byteHex(second));
        this.address = address;
    }

    private static String byteHex(int value) {
        return value < 16 ? "0x0" + Integer.toHexString(value) : "0x" + Integer.toHexString(value);
    }

    /** The lowest address at which they differ, within the first overlap found. */
    public long address() {
        return address;
    }
}
