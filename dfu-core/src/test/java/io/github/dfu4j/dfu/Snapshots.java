package io.github.dfu4j.dfu;

import io.github.dfu4j.usb.PortPath;
import io.github.dfu4j.usb.UsbDevice;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Snapshots of devices with one DFU interface. */
final class Snapshots {

    private Snapshots() {}

    static UsbDevice device(int vendor, int product, int release, int protocol, byte... functional) {
        return device("1-1", "serial", vendor, product, release, protocol, functional);
    }

    static UsbDevice device(
            String port, String serial, int vendor, int product, int release, int protocol, byte... functional) {
        byte[] head = {
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
            0,
            0,
            1,
            1
        };
        byte[] setting = {9, 4, 0, 0, 0, (byte) 0xfe, 1, (byte) protocol, 0};
        byte[] configuration = Arrays.copyOf(
                new byte[] {9, 2, (byte) (18 + functional.length), 0, 1, 1, 0, (byte) 0xc0, 50},
                18 + functional.length);
        System.arraycopy(setting, 0, configuration, 9, 9);
        System.arraycopy(functional, 0, configuration, 18, functional.length);
        byte[] text = serial.getBytes(StandardCharsets.UTF_16LE);
        byte[] string = new byte[text.length + 2];
        string[0] = (byte) string.length;
        string[1] = 3;
        System.arraycopy(text, 0, string, 2, text.length);
        return UsbDevice.builder("key " + port, head, configuration)
                .port(PortPath.parse(port))
                .string(1, string)
                .build();
    }

    /** A functional descriptor of nine bytes. */
    static byte[] functional(int attributes, int transferSize, int version) {
        return new byte[] {
            9,
            0x21,
            (byte) attributes,
            (byte) 0xff,
            0,
            (byte) transferSize,
            (byte) (transferSize >> 8),
            (byte) version,
            (byte) (version >> 8)
        };
    }

    static DfuInterface dfu11() {
        return DfuInterface.of(device(0x1209, 1, 0, 2, functional(0x0f, 64, 0x0110)), QuirkTable.dfu())
                .get(0);
    }
}
