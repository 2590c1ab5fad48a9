package io.github.dfu4j.simulator.internal;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * What a USB device answers to GET_DESCRIPTOR: device, configuration and string descriptors, made of a few fields.
 *
 * @param device the device descriptor
 * @param configuration the configuration descriptor with all that follows
 * @param functional the DFU functional descriptor, empty if there is none
 * @param strings string descriptors by index
 * @param alternates how many alternate settings its one interface has
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Descriptors(
        byte[] device, byte[] configuration, byte[] functional, Map<Integer, byte[]> strings, int alternates) {

    /** Collects the fields. Strings get their indices in the order in which they are added. */
    public static final class Builder {
        private final int vendor;
        private final int product;
        private final int release;
        private final Map<Integer, byte[]> strings = new TreeMap<>();
        private final List<Integer> alternateNames = new ArrayList<>();
        private int manufacturerIndex;
        private int productIndex;
        private int serialIndex;
        private int configurationIndex;
        private int interfaceClass = 0xfe;
        private int subclass = 1;
        private int protocol = 2;
        private byte[] functional = {};

        /** Starts with idVendor, idProduct and bcdDevice. */
        public Builder(int vendor, int product, int release) {
            this.vendor = vendor;
            this.product = product;
            this.release = release;
            strings.put(0, new byte[] {4, 3, 9, 4});
        }

        /** Names the device; a null is left out. */
        public Builder names(@Nullable String manufacturer, @Nullable String productName, @Nullable String serial) {
            manufacturerIndex = add(manufacturer);
            productIndex = add(productName);
            serialIndex = add(serial);
            return this;
        }

        /** A string that no descriptor names. */
        public Builder unnamed(String text) {
            add(text);
            return this;
        }

        /** Puts another descriptor in the place of the serial number's. */
        public Builder rawSerial(byte[] descriptor) {
            strings.put(serialIndex, descriptor);
            return this;
        }

        /** iConfiguration, an index as it stands in the descriptor. */
        public Builder configurationIndex(int index) {
            configurationIndex = index;
            return this;
        }

        /** Adds an alternate setting; an empty name gets index 0. */
        public Builder alternate(String name) {
            alternateNames.add(name.isEmpty() ? 0 : add(name));
            return this;
        }

        /** bInterfaceClass, bInterfaceSubClass and bInterfaceProtocol. */
        public Builder interfaceClass(int cls, int sub, int proto) {
            interfaceClass = cls;
            subclass = sub;
            protocol = proto;
            return this;
        }

        /**
         * The DFU functional descriptor (DFU 1.1 §4.1.3).
         *
         * @param version bcdDFUVersion, or 0 for the 7-byte form of DFU 1.0
         */
        public Builder functional(int attributes, int detachTimeout, int transferSize, int version) {
            byte[] f = {
                (byte) (version == 0 ? 7 : 9),
                0x21,
                (byte) attributes,
                (byte) detachTimeout,
                (byte) (detachTimeout >> 8),
                (byte) transferSize,
                (byte) (transferSize >> 8),
                (byte) version,
                (byte) (version >> 8)
            };
            functional = Arrays.copyOf(f, f[0]);
            return this;
        }

        /** The descriptors. */
        public Descriptors build() {
            if (alternateNames.isEmpty()) {
                alternateNames.add(0);
            }
            byte[] device = {
                18,
                1,
                0,
                2,
                0,
                0,
                0,
                64,
                (byte) vendor,
                (byte) (vendor >> 8),
                (byte) product,
                (byte) (product >> 8),
                (byte) release,
                (byte) (release >> 8),
                (byte) manufacturerIndex,
                (byte) productIndex,
                (byte) serialIndex,
                1
            };
            ByteArrayOutputStream rest = new ByteArrayOutputStream();
            for (int i = 0; i < alternateNames.size(); i++) {
                rest.writeBytes(new byte[] {
                    9,
                    4,
                    0,
                    (byte) i,
                    0,
                    (byte) interfaceClass,
                    (byte) subclass,
                    (byte) protocol,
                    alternateNames.get(i).byteValue()
                });
            }
            rest.writeBytes(functional);
            int total = 9 + rest.size();
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            all.writeBytes(new byte[] {
                9, 2, (byte) total, (byte) (total >> 8), 1, 1, (byte) configurationIndex, (byte) 0xc0, 0x32
            });
            all.writeBytes(rest.toByteArray());
            return new Descriptors(device, all.toByteArray(), functional, strings, alternateNames.size());
        }

        private int add(@Nullable String text) {
            if (text == null) {
                return 0;
            }
            int index = strings.size();
            strings.put(index, string(text.getBytes(StandardCharsets.UTF_16LE)));
            return index;
        }
    }

    /** A string descriptor with these bytes after its header. */
    public static byte[] string(byte[] content) {
        byte[] descriptor = new byte[content.length + 2];
        descriptor[0] = (byte) descriptor.length;
        descriptor[1] = 3;
        System.arraycopy(content, 0, descriptor, 2, content.length);
        return descriptor;
    }
}
