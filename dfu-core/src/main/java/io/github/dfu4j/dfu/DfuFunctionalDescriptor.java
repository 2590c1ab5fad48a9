package io.github.dfu4j.dfu;

import io.github.dfu4j.usb.RawDescriptor;
import java.time.Duration;
import java.util.Locale;

/**
 * The DFU functional descriptor (DFU 1.1 §4.1.3): what a device can do.
 *
 * @param attributes {@code bmAttributes}
 * @param detachTimeout {@code wDetachTimeOut}, 0 to 65 535 ms
 * @param transferSize {@code wTransferSize}: the most bytes of a block, 0 to 65 535
 * @param version {@code bcdDFUVersion}: 0x0100, 0x0110, 0x011A for DfuSe; 0x0100 where the descriptor has no such field (DFU 1.0)
 */
public record DfuFunctionalDescriptor(int attributes, Duration detachTimeout, int transferSize, int version) {

    /** {@code bDescriptorType}; HID descriptors use the same number. */
    public static final int TYPE = 0x21;

    /** {@code bcdDFUVersion} of DfuSe. */
    public static final int VERSION_DFUSE = 0x011a;

    private static final int SHORTEST = 7;

    /** What is assumed of a device without the descriptor: DFU 1.0 that can download, blocks of 64 bytes. */
    public static final DfuFunctionalDescriptor ABSENT = new DfuFunctionalDescriptor(0x01, Duration.ZERO, 64, 0x0100);

    /** Whether a descriptor is of this type and long enough to be read. */
    public static boolean isFunctional(RawDescriptor descriptor) {
        return descriptor.type() == TYPE && descriptor.length() >= SHORTEST;
    }

    /**
     * Reads the descriptor.
     *
     * @param d seven bytes (DFU 1.0) or nine
     */
    public static DfuFunctionalDescriptor parse(RawDescriptor d) {
        int version = d.length() >= 9 ? d.u16(7) : 0x0100;
        if (version == 0x1a01) {
            version = VERSION_DFUSE; // one real device has the bytes swapped
        }
        return new DfuFunctionalDescriptor(d.u8(2), Duration.ofMillis(d.u16(3)), d.u16(5), version);
    }

    /** {@code bitCanDnload}. */
    public boolean canDownload() {
        return (attributes & 0x01) != 0;
    }

    /** {@code bitCanUpload}. */
    public boolean canUpload() {
        return (attributes & 0x02) != 0;
    }

    /** {@code bitManifestationTolerant}: the device still answers after manifestation. */
    public boolean manifestationTolerant() {
        return (attributes & 0x04) != 0;
    }

    /** {@code bitWillDetach}: the device leaves and re-attaches by itself, and must not be reset. */
    public boolean willDetach() {
        return (attributes & 0x08) != 0;
    }

    /** Whether the device speaks DfuSe, ST's extension of DFU (AN3156). */
    public boolean isDfuSe() {
        return version == VERSION_DFUSE;
    }

    /** The version as {@code 1.1a}. */
    public String versionText() {
        return String.format(Locale.ROOT, "%x.%s%x", version >> 8, (version & 0xf0) == 0 ? "0" : "", version & 0xff);
    }
}
