package io.github.dfu4j.trust;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareRejectedException;
import io.github.dfu4j.image.FirmwareRejectedException.Reason;
import io.github.dfu4j.image.FirmwareVerifier.Target;
import io.github.dfu4j.trust.internal.Json;
import io.github.dfu4j.trust.internal.Json.Obj;
import io.github.dfu4j.trust.internal.Text;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * A manifest: which bytes belong at which addresses of which target, under which name and version.
 *
 * <p>It stands in a JSON file of its own beside the firmware, described in {@code docs/manifest.md}; a signature over that file
 * vouches for all of it.
 *
 * @param name the firmware's name, 1 to 128 visible characters
 * @param version the firmware's version
 * @param target the device it is for, with every memory layout it may be written to, at most 32
 * @param ranges what belongs where: at least one range and at most 4096, in address order, with a gap between each two
 */
public record Manifest(String name, FirmwareVersion version, Target target, List<Range> ranges) {

    /** The most bytes that a manifest file may have. */
    public static final int MAX_SIZE = 1 << 20;

    private static final String FORMAT = "dfu4j-manifest";
    private static final long FORMAT_VERSION = 1;
    private static final int MAX_RANGES = 4096;
    private static final int MAX_LAYOUTS = 32;
    private static final Pattern ADDRESS = Pattern.compile("0x[0-9A-F]{8,16}");
    private static final Pattern USB_ID = Pattern.compile("0x[0-9A-F]{4}");

    /**
     * A range of addresses and the digest of the bytes that belong there.
     *
     * @param addresses the addresses, at least one
     * @param digest the digest of the bytes alone, by {@link Digest#ofRange}; not a CRC
     */
    public record Range(AddressRange addresses, Digest digest) {

        /**
         * Checks the parts.
         *
         * @throws IllegalArgumentException if the range is empty or the digest a CRC
         */
        public Range {
            if (addresses.isEmpty()) {
                throw new IllegalArgumentException(
                        "expected a range of at least one byte at " + AddressRange.hex(addresses.start()));
            }
            if (!digest.algorithm().isCollisionResistant()) {
                throw new IllegalArgumentException("expected a cryptographic digest, found "
                        + digest.algorithm().label());
            }
        }
    }

    /**
     * Checks the parts.
     *
     * @throws IllegalArgumentException if one of them is not as described
     */
    public Manifest {
        Text.printable("firmware name", name);
        usbId("vendor id", target.vendorId());
        usbId("product id", target.productId());
        if (target.layoutNames().size() > MAX_LAYOUTS) {
            throw new IllegalArgumentException("expected at most " + MAX_LAYOUTS + " layout names");
        }
        target.layoutNames().forEach(layout -> Text.printable("layout name", layout));
        ranges = List.copyOf(ranges);
        if (ranges.isEmpty() || ranges.size() > MAX_RANGES) {
            throw new IllegalArgumentException("expected 1 to " + MAX_RANGES + " ranges, found " + ranges.size());
        }
        for (int i = 1; i < ranges.size(); i++) {
            AddressRange before = ranges.get(i - 1).addresses();
            AddressRange range = ranges.get(i).addresses();
            if (range.start() <= before.end()) {
                throw new IllegalArgumentException("expected ranges in address order with gaps between them, found "
                        + before + " before " + range);
            }
        }
    }

    private static void usbId(String what, int id) {
        if (id < 0 || id > 0xFFFF) {
            throw new IllegalArgumentException(what + ": expected 0 to 0xFFFF, found " + id);
        }
    }

    /**
     * The manifest of an image.
     *
     * @param image what belongs on the device, fills included
     * @param algorithm how the ranges are digested; not a CRC
     * @throws IllegalArgumentException if the image is empty or another part is not as described above
     */
    public static Manifest of(
            FirmwareImage image, String name, FirmwareVersion version, Target target, DigestAlgorithm algorithm) {
        List<Range> ranges = new ArrayList<>();
        for (AddressRange run : image.runs()) {
            ranges.add(new Range(run, Digest.ofRange(image, run, algorithm)));
        }
        return new Manifest(name, version, target, ranges);
    }

    /**
     * Reads a manifest file.
     *
     * @param source the file's name, for messages
     * @param json the file, at most {@link #MAX_SIZE} bytes
     * @throws FirmwareFormatException if it is not a manifest of this format version, or has a member too many, too few or twice
     */
    public static Manifest parse(String source, byte[] json) throws FirmwareFormatException {
        Obj root = Json.parse(source, json, MAX_SIZE);
        format(root, FORMAT, FORMAT_VERSION);
        try {
            Obj firmware = root.object("firmware");
            String name = firmware.string("name");
            FirmwareVersion version = new FirmwareVersion(firmware.string("version"));
            firmware.end();
            Obj target = root.object("target");
            Target forTarget = new Target(usbId(target, "vid"), usbId(target, "pid"), target.strings("layouts"));
            target.end();
            List<Range> ranges = new ArrayList<>();
            for (Obj range : root.objects("ranges")) {
                try {
                    ranges.add(range(range));
                } catch (IllegalArgumentException e) {
                    throw new FirmwareFormatException(
                            source, "ranges[" + ranges.size() + "]", String.valueOf(e.getMessage()));
                }
            }
            root.end();
            return new Manifest(name, version, forTarget, ranges);
        } catch (IllegalArgumentException e) {
            throw new FirmwareFormatException(source, "", String.valueOf(e.getMessage()));
        }
    }

    private static Range range(Obj members) throws FirmwareFormatException {
        AddressRange addresses = AddressRange.ofSize(address(members), members.number("length"));
        Digest digest = Digest.parse(members.string("digest"));
        members.end();
        return new Range(addresses, digest);
    }

    static void format(Obj root, String format, long version) throws FirmwareFormatException {
        String said = root.string("format");
        if (!said.equals(format)) {
            throw root.fault("format", "expected \"" + format + "\", found " + Text.quoted(said));
        }
        long found = root.number("formatVersion");
        if (found != version) {
            throw root.fault(
                    "formatVersion", "expected " + version + ", found " + found + ", which this version cannot read");
        }
    }

    private static int usbId(Obj target, String name) throws FirmwareFormatException {
        String text = target.string(name);
        if (!USB_ID.matcher(text).matches()) {
            throw target.fault(name, "expected 0x and four upper-case hexadecimal digits, found " + Text.quoted(text));
        }
        return Integer.parseInt(text.substring(2), 16);
    }

    private static long address(Obj range) throws FirmwareFormatException {
        String text = range.string("address");
        if (ADDRESS.matcher(text).matches()) {
            long address = Long.parseUnsignedLong(text.substring(2), 16);
            if (address >= 0 && AddressRange.hex(address).equals(text)) {
                return address;
            }
        }
        throw range.fault("address", "expected an address such as 0x08000000, found " + Text.quoted(text));
    }

    /** The manifest file in canonical form (RFC 8785): equal manifests give the same bytes. */
    public byte[] toJson() {
        List<Object> rangeList = new ArrayList<>();
        for (Range range : ranges) {
            rangeList.add(Map.of(
                    "address", AddressRange.hex(range.addresses().start()),
                    "length", range.addresses().size(),
                    "digest", range.digest().toString()));
        }
        return Json.write(Map.of(
                "format", FORMAT,
                "formatVersion", FORMAT_VERSION,
                "firmware", Map.of("name", name, "version", version.text()),
                "target",
                        Map.of(
                                "vid", usbId(target.vendorId()),
                                "pid", usbId(target.productId()),
                                "layouts", target.layoutNames()),
                "ranges", rangeList));
    }

    private static String usbId(int id) {
        return String.format("0x%04X", id);
    }

    /**
     * Checks that an image holds exactly what belongs on the device: every range, byte for byte, and nothing else.
     *
     * @throws FirmwareRejectedException naming the first range that differs
     */
    public void check(FirmwareImage image) throws FirmwareRejectedException {
        check(image, false);
    }

    /**
     * Checks that an image holds whole ranges of what belongs on the device and nothing else: for firmware that goes to a device in
     * parts, over more than one bootloader.
     *
     * @throws FirmwareRejectedException naming the first range that differs
     */
    public void checkPart(FirmwareImage image) throws FirmwareRejectedException {
        check(image, true);
    }

    private void check(FirmwareImage image, boolean mayBePart) throws FirmwareRejectedException {
        List<AddressRange> runs = image.runs();
        if (runs.isEmpty()) {
            throw wrong("the firmware is empty");
        }
        for (AddressRange run : runs) {
            if (ranges.stream().noneMatch(r -> r.addresses().equals(run))) {
                throw wrong("the firmware has bytes at " + run + ", which is not one of the manifest's ranges");
            }
        }
        for (Range range : ranges) {
            if (!runs.contains(range.addresses())) {
                if (!mayBePart) {
                    throw wrong("the firmware has no bytes at " + range.addresses() + ", where the manifest has some");
                }
            } else if (!Digest.ofRange(image, range.addresses(), range.digest().algorithm())
                    .equals(range.digest())) {
                throw wrong("the firmware's bytes at " + range.addresses()
                        + " are not the manifest's: their digest differs");
            }
        }
    }

    private static FirmwareRejectedException wrong(String message) {
        return new FirmwareRejectedException(Reason.WRONG_CONTENT, message);
    }

    /**
     * Checks that this firmware is meant for a device: the same ids, and every layout one of the manifest's. Spaces around a
     * layout's name do not count.
     *
     * @throws FirmwareRejectedException saying what differs
     */
    public void check(Target device) throws FirmwareRejectedException {
        if (device.vendorId() != target.vendorId() || device.productId() != target.productId()) {
            throw new FirmwareRejectedException(
                    Reason.WRONG_TARGET, "the firmware is for " + ids(target) + ", the device is " + ids(device));
        }
        List<String> allowed = target.layoutNames().stream().map(String::trim).toList();
        List<String> wanted = device.layoutNames().stream().map(String::trim).toList();
        if (!allowed.containsAll(wanted) || wanted.isEmpty() != allowed.isEmpty()) {
            throw new FirmwareRejectedException(
                    Reason.WRONG_TARGET,
                    "the firmware is for the memory " + allowed + ", it would be written to " + wanted);
        }
    }

    private static String ids(Target t) {
        return String.format("%04x:%04x", t.vendorId(), t.productId());
    }
}
