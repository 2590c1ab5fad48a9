package io.github.dfu4j.usb;

import java.util.Arrays;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Reads the string descriptors which a device's other descriptors name, and no others: one real bootloader never answers for an index
 * that it does not have.
 */
public final class StringDescriptors {

    private static final int GET_DESCRIPTOR = 6;
    private static final int STRING = 3;

    private StringDescriptors() {}

    /**
     * The indices that the device descriptor and the DFU interfaces name: manufacturer, product, serial number and the name of each DFU
     * alternate setting.
     */
    public static Set<Integer> named(UsbDevice device) {
        Set<Integer> indices = new TreeSet<>();
        for (int offset = 14; offset <= 16; offset++) {
            indices.add(device.deviceDescriptor().u8(offset));
        }
        for (AlternateSetting alternate : device.alternates()) {
            if (alternate.isDfu()) {
                indices.add(alternate.nameIndex());
            }
        }
        indices.remove(0);
        return indices;
    }

    /**
     * Reads the named strings with GET_DESCRIPTOR requests (USB 2.0 §9.4.3) in the device's first language.
     *
     * @param connection the open device
     * @param timeoutMillis the timeout of each transfer
     * @return descriptors by index, whole with their two header bytes; a string that cannot be read is left out
     * @throws UsbException if the device is gone
     */
    public static Map<Integer, byte[]> read(UsbConnection connection, int timeoutMillis) throws UsbException {
        Map<Integer, byte[]> result = new TreeMap<>();
        Set<Integer> indices = named(connection.device());
        if (indices.isEmpty()) {
            return result;
        }
        byte[] languages = get(connection, 0, 0, timeoutMillis);
        int language = languages.length >= 4 ? (languages[2] & 0xff) | (languages[3] & 0xff) << 8 : 0x0409;
        for (int index : indices) {
            byte[] descriptor = get(connection, index, language, timeoutMillis);
            if (descriptor.length >= 2) {
                result.put(index, descriptor);
            }
        }
        return result;
    }

    private static byte[] get(UsbConnection connection, int index, int language, int timeoutMillis)
            throws UsbException {
        byte[] buffer = new byte[255];
        try {
            int n = connection.control(
                    new ControlSetup(0x80, GET_DESCRIPTOR, STRING << 8 | index, language, buffer.length),
                    buffer,
                    0,
                    timeoutMillis);
            return n >= 2 && buffer[1] == STRING ? Arrays.copyOf(buffer, n) : new byte[0];
        } catch (UsbException e) {
            if (e.kind() == UsbException.Kind.GONE) {
                throw e;
            }
            return new byte[0]; // a device without this string is still a device
        }
    }
}
