package io.github.dfu4j.usb;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A snapshot of a USB device as it was attached: ids, raw descriptors, port path, and the strings which its descriptors name.
 *
 * <p>It is a value and holds no resources. Two snapshots are of the same attachment when their {@link #key() keys} are equal.
 */
public final class UsbDevice {

    private static final int INTERFACE_DESCRIPTOR = 4;

    private final String key;
    private final @Nullable PortPath port;
    private final OptionalInt address;
    private final RawDescriptor deviceDescriptor;
    private final byte[] configuration;
    private final Map<Integer, RawDescriptor> strings;
    private final @Nullable UsbException accessProblem;
    private final List<AlternateSetting> alternates;

    private UsbDevice(Builder builder) {
        key = builder.key;
        port = builder.port;
        address = builder.address;
        deviceDescriptor = builder.deviceDescriptor;
        configuration = builder.configuration;
        strings = new TreeMap<>(builder.strings);
        accessProblem = builder.accessProblem;
        alternates = Collections.unmodifiableList(parse(configuration));
    }

    /**
     * Starts a snapshot.
     *
     * @param key the bus's own name for this attachment, other for every attachment as far as the bus can tell
     * @param deviceDescriptor the 18 bytes of the device descriptor (USB 2.0 §9.6.1)
     * @param configuration the active configuration's descriptor with all that follows it; may be cut short by a faulty device, and is
     *     then read as far as it makes sense
     * @throws IllegalArgumentException if the device descriptor is shorter than 18 bytes
     */
    public static Builder builder(String key, byte[] deviceDescriptor, byte[] configuration) {
        if (deviceDescriptor.length < 18) {
            throw new IllegalArgumentException("a device descriptor has 18 bytes, not " + deviceDescriptor.length);
        }
        return new Builder(key, new RawDescriptor(deviceDescriptor), configuration.clone());
    }

    /** The bus's own name for this attachment. A device that leaves and comes back has another one where the bus can tell. */
    public String key() {
        return key;
    }

    /** Where it is plugged in, unless the platform does not say (Android). */
    public Optional<PortPath> port() {
        return Optional.ofNullable(port);
    }

    /** Its address on the bus, 1 to 127, where the platform says. It is another one after every attachment. */
    public OptionalInt address() {
        return address;
    }

    /** {@code idVendor}. */
    public int vendorId() {
        return deviceDescriptor.u16(8);
    }

    /** {@code idProduct}. */
    public int productId() {
        return deviceDescriptor.u16(10);
    }

    /** {@code bcdDevice}: the device's release number. */
    public int releaseNumber() {
        return deviceDescriptor.u16(12);
    }

    /** Vendor and product id as {@code 0483:df11}. */
    public String ids() {
        return String.format(Locale.ROOT, "%04x:%04x", vendorId(), productId());
    }

    /** The device descriptor. */
    public RawDescriptor deviceDescriptor() {
        return deviceDescriptor;
    }

    /** A copy of the active configuration's descriptors. */
    public byte[] configuration() {
        return configuration.clone();
    }

    /** {@code bConfigurationValue} of the active configuration, 0 if there is none. */
    public int configurationValue() {
        return configuration.length > 5 ? configuration[5] & 0xff : 0;
    }

    /** The alternate settings of all interfaces, in the order of the descriptors. */
    public List<AlternateSetting> alternates() {
        return alternates;
    }

    /** The manufacturer's name. */
    public Optional<String> manufacturer() {
        return string(deviceDescriptor.u8(14));
    }

    /** The product's name. */
    public Optional<String> product() {
        return string(deviceDescriptor.u8(15));
    }

    /** The serial number. Many bootloaders show the same one on every board. */
    public Optional<String> serialNumber() {
        return string(serialIndex());
    }

    /** {@code iSerialNumber}: index of the serial number's string, 0 for none. */
    public int serialIndex() {
        return deviceDescriptor.u8(16);
    }

    /**
     * A string which the descriptors name.
     *
     * @param index the string's index
     * @return the string, or empty if the index is 0, was not read or could not be read
     */
    public Optional<String> string(int index) {
        return rawString(index).map(UsbDevice::decode);
    }

    /** The string descriptor behind {@link #string(int)}, as it came: some devices put bytes where UTF-16 should be. */
    public Optional<RawDescriptor> rawString(int index) {
        return Optional.ofNullable(strings.get(index));
    }

    /** Why strings could not be read, or the device not be opened, when it was listed. */
    public Optional<UsbException> accessProblem() {
        return Optional.ofNullable(accessProblem);
    }

    /** Ids, port and product on one line, for messages. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(ids());
        product().ifPresent(p -> text.append(" \"").append(p).append('"'));
        if (port != null) {
            text.append(" at port ").append(port);
        }
        return text.toString();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof UsbDevice d
                && key.equals(d.key)
                && Objects.equals(port, d.port)
                && deviceDescriptor.equals(d.deviceDescriptor)
                && java.util.Arrays.equals(configuration, d.configuration)
                && strings.equals(d.strings);
    }

    @Override
    public int hashCode() {
        return Objects.hash(key, port, deviceDescriptor, strings);
    }

    /** UTF-16LE text, without the NULs with which some devices fill it; an odd last byte is dropped. */
    private static String decode(RawDescriptor raw) {
        byte[] bytes = raw.toBytes();
        // A bLength larger than what came (STM32F42x) or smaller (padding) never makes more text than both allow.
        int length = Math.min(bytes.length, Math.max(2, bytes[0] & 0xff));
        String text = new String(bytes, 2, (length - 2) & ~1, StandardCharsets.UTF_16LE);
        int nul = text.indexOf('\0');
        return nul < 0 ? text : text.substring(0, nul);
    }

    private static List<AlternateSetting> parse(byte[] configuration) {
        List<AlternateSetting> result = new ArrayList<>();
        RawDescriptor head = null;
        List<RawDescriptor> extra = new ArrayList<>();
        int at = 0;
        while (at + 2 <= configuration.length) {
            int length = configuration[at] & 0xff;
            if (length < 2 || at + length > configuration.length) {
                break;
            }
            byte[] bytes = new byte[length];
            System.arraycopy(configuration, at, bytes, 0, length);
            RawDescriptor descriptor = new RawDescriptor(bytes);
            if (descriptor.type() == INTERFACE_DESCRIPTOR && length >= 9) {
                if (head != null) {
                    result.add(alternate(head, extra));
                }
                head = descriptor;
                extra = new ArrayList<>();
            } else {
                extra.add(descriptor);
            }
            at += length;
        }
        if (head != null) {
            result.add(alternate(head, extra));
        }
        return result;
    }

    private static AlternateSetting alternate(RawDescriptor d, List<RawDescriptor> extra) {
        return new AlternateSetting(d.u8(2), d.u8(3), d.u8(5), d.u8(6), d.u8(7), d.u8(8), extra);
    }

    /** Collects what a bus knows about a device. */
    public static final class Builder {
        private final String key;
        private final RawDescriptor deviceDescriptor;
        private final byte[] configuration;
        private final Map<Integer, RawDescriptor> strings = new TreeMap<>();
        private @Nullable PortPath port;
        private OptionalInt address = OptionalInt.empty();
        private @Nullable UsbException accessProblem;

        private Builder(String key, RawDescriptor deviceDescriptor, byte[] configuration) {
            this.key = key;
            this.deviceDescriptor = deviceDescriptor;
            this.configuration = configuration;
        }

        /** Where it is plugged in. */
        public Builder port(PortPath port) {
            this.port = port;
            return this;
        }

        /** Its address on the bus. */
        public Builder address(int address) {
            this.address = OptionalInt.of(address);
            return this;
        }

        /** The string descriptor of an index, whole with its two header bytes. */
        public Builder string(int index, byte[] descriptor) {
            if (descriptor.length >= 2) {
                strings.put(index, new RawDescriptor(descriptor));
            }
            return this;
        }

        /** String descriptors by index. */
        public Builder strings(Map<Integer, byte[]> descriptors) {
            descriptors.forEach(this::string);
            return this;
        }

        /** Why the device could not be opened or its strings not be read. */
        public Builder accessProblem(UsbException problem) {
            this.accessProblem = problem;
            return this;
        }

        /** The snapshot. */
        public UsbDevice build() {
            return new UsbDevice(this);
        }
    }
}
