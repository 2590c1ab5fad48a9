package io.github.dfu4j.usbip.internal;

import io.github.dfu4j.usb.Deadline;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A device as OP_REP_DEVLIST and OP_REP_IMPORT describe it.
 *
 * @param path the server's own name for it
 * @param busId the id by which it is imported, such as {@code 1-2}
 * @param busNumber bus number
 * @param deviceNumber device number, other for every attachment
 * @param speed 2 for full speed (enum usb_device_speed of Linux)
 * @param vendorId {@code idVendor}
 * @param productId {@code idProduct}
 * @param release {@code bcdDevice}
 * @param classes device class, subclass and protocol, as 0xCCSSPP
 * @param configurationValue {@code bConfigurationValue} of the active configuration
 * @param configurationCount {@code bNumConfigurations}
 * @param interfaceCount {@code bNumInterfaces}
 * @param interfaces class, subclass and protocol of each interface, as 0xCCSSPP; none in OP_REP_IMPORT
 */
public record ExportedDevice(
        String path,
        String busId,
        int busNumber,
        int deviceNumber,
        int speed,
        int vendorId,
        int productId,
        int release,
        int classes,
        int configurationValue,
        int configurationCount,
        int interfaceCount,
        List<Integer> interfaces) {

    /** Size in bytes without the interfaces. */
    public static final int SIZE = 0x138;

    /** Size of the bus id's field. */
    public static final int BUS_ID_SIZE = 32;

    private static final int PATH_SIZE = 256;

    /** More than any server exports; a larger count is garbage. */
    static final int MAX_DEVICES = 1024;

    /** Copies the list. */
    public ExportedDevice {
        interfaces = List.copyOf(interfaces);
    }

    /** Bus and device number as the messages of an import carry them. */
    public int devid() {
        return busNumber << 16 | deviceNumber & 0xffff;
    }

    /** The bytes, with or without the interfaces. */
    public byte[] toBytes(boolean withInterfaces) {
        ByteBuffer bytes = ByteBuffer.allocate(SIZE + (withInterfaces ? 4 * interfaces.size() : 0))
                .put(padded(path, PATH_SIZE))
                .put(padded(busId, BUS_ID_SIZE))
                .putInt(busNumber)
                .putInt(deviceNumber)
                .putInt(speed)
                .putShort((short) vendorId)
                .putShort((short) productId)
                .putShort((short) release)
                .put((byte) (classes >> 16))
                .put((byte) (classes >> 8))
                .put((byte) classes)
                .put((byte) configurationValue)
                .put((byte) configurationCount)
                .put((byte) interfaceCount);
        if (withInterfaces) {
            for (int i : interfaces) {
                bytes.putInt(i << 8);
            }
        }
        return bytes.array();
    }

    /** Text with NUL bytes up to a size, the last byte always one. */
    public static byte[] padded(String text, int size) {
        byte[] bytes = Arrays.copyOf(text.getBytes(StandardCharsets.US_ASCII), size);
        bytes[size - 1] = 0;
        return bytes;
    }

    /** Reads the text of a padded field. */
    public static String text(String what, byte[] field) throws ProtocolException {
        int length = 0;
        while (length < field.length && field[length] != 0) {
            if (field[length] <= ' ' || field[length] == 0x7f) {
                throw new ProtocolException("expected printable ASCII in the " + what + ", found byte "
                        + (field[length] & 0xff) + " at offset " + length);
            }
            length++;
        }
        if (length == field.length) {
            throw new ProtocolException("expected the " + what + " to end with a zero byte within " + length);
        }
        return new String(field, 0, length, StandardCharsets.US_ASCII);
    }

    /** Reads the devices of OP_REP_DEVLIST after its header. */
    public static List<ExportedDevice> readList(Channel channel, Deadline deadline) throws IOException {
        int count = ByteBuffer.wrap(Op.required(channel.read(4, deadline), "number of devices", deadline))
                .getInt();
        if (count < 0 || count > MAX_DEVICES) {
            throw new ProtocolException("expected at most " + MAX_DEVICES + " exported devices, found a count of "
                    + Integer.toUnsignedString(count));
        }
        List<ExportedDevice> devices = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            devices.add(read(channel, true, deadline));
        }
        return devices;
    }

    /** Reads one device. */
    public static ExportedDevice read(Channel channel, boolean withInterfaces, Deadline deadline) throws IOException {
        ByteBuffer bytes =
                ByteBuffer.wrap(Op.required(channel.read(SIZE, deadline), "description of a device", deadline));
        byte[] path = new byte[PATH_SIZE];
        byte[] busId = new byte[BUS_ID_SIZE];
        bytes.get(path).get(busId);
        int busNumber = bytes.getInt();
        int deviceNumber = bytes.getInt();
        int speed = bytes.getInt();
        int vendorId = bytes.getShort() & 0xffff;
        int productId = bytes.getShort() & 0xffff;
        int release = bytes.getShort() & 0xffff;
        int classes = (bytes.get() & 0xff) << 16 | (bytes.get() & 0xff) << 8 | bytes.get() & 0xff;
        int configurationValue = bytes.get() & 0xff;
        int configurationCount = bytes.get() & 0xff;
        int interfaceCount = bytes.get() & 0xff;
        List<Integer> interfaces = new ArrayList<>();
        if (withInterfaces && interfaceCount > 0) {
            ByteBuffer more = ByteBuffer.wrap(
                    Op.required(channel.read(4 * interfaceCount, deadline), "interfaces of a device", deadline));
            while (more.hasRemaining()) {
                interfaces.add(more.getInt() >>> 8);
            }
        }
        String id = text("bus id", busId);
        if (id.isEmpty()) {
            throw new ProtocolException("expected a bus id such as 1-2, found an empty one");
        }
        // The path is for people only; what follows its first odd byte does not matter.
        return new ExportedDevice(
                printable(path),
                id,
                busNumber,
                deviceNumber,
                speed,
                vendorId,
                productId,
                release,
                classes,
                configurationValue,
                configurationCount,
                interfaceCount,
                interfaces);
    }

    private static String printable(byte[] field) {
        int length = 0;
        while (length < field.length && field[length] >= ' ' && field[length] < 0x7f) {
            length++;
        }
        return new String(field, 0, length, StandardCharsets.US_ASCII);
    }
}
