package io.github.dfu4j.examples;

import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.StringDescriptors;
import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import io.github.dfu4j.usb.UsbException.Kind;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * The device abstraction over a platform that dfu4j knows nothing of. The platform here has the shape of Android's
 * {@code UsbDeviceConnection}: raw descriptors and transfers are byte arrays, and every failure is a negative number.
 */
public final class YourOwnUsbBus implements UsbBus {

    /** What the platform gives: the methods of Android's UsbDeviceConnection that DFU needs. */
    public interface PhoneConnection {
        /** The device descriptor and the active configuration with all that belongs to it. */
        byte[] getRawDescriptors();

        /** Whether the interface could be claimed; {@code force} detaches a kernel driver. */
        boolean claimInterface(int number, boolean force);

        /** Whether the alternate setting could be selected. */
        boolean setInterface(int number, int alternate);

        /** The number of bytes transferred, or a negative number. */
        int controlTransfer(
                int requestType, int request, int value, int index, byte[] buffer, int offset, int length, int timeout);

        /** Closes the device. */
        void close();
    }

    /** What the platform gives: the devices by name, and a connection to each. */
    public interface Phone {
        /** The names of the devices attached, which the user has given this app access to. */
        List<String> names();

        /** A connection, or null if the device has gone. */
        PhoneConnection open(String name);
    }

    private static final int DEVICE_DESCRIPTOR_SIZE = 18;

    private final Phone phone;

    /** A bus over a platform. */
    public YourOwnUsbBus(Phone phone) {
        this.phone = phone;
    }

    @Override
    public List<UsbDevice> devices() throws UsbException {
        List<UsbDevice> result = new ArrayList<>();
        for (String name : phone.names()) {
            try (Connection connection = connect(name)) {
                Map<Integer, byte[]> strings = StringDescriptors.read(connection, 500);
                result.add(connection.describe().strings(strings).build());
            }
        }
        return result;
    }

    @Override
    public UsbConnection open(UsbDevice device) throws UsbException {
        return connect(device.key());
    }

    private Connection connect(String name) throws UsbException {
        PhoneConnection connection = phone.open(name);
        if (connection == null) {
            throw new UsbException(Kind.GONE, name + " is not attached any more");
        }
        return new Connection(name, connection);
    }

    @Override
    public void close() {
        // the platform keeps nothing open between calls
    }

    private static final class Connection implements UsbConnection {
        private final String name;
        private final PhoneConnection connection;
        private final UsbDevice device;

        private Connection(String name, PhoneConnection connection) {
            this.name = name;
            this.connection = connection;
            this.device = describe().build();
        }

        private UsbDevice.Builder describe() {
            byte[] raw = connection.getRawDescriptors();
            return UsbDevice.builder(
                    name,
                    Arrays.copyOf(raw, DEVICE_DESCRIPTOR_SIZE),
                    Arrays.copyOfRange(raw, DEVICE_DESCRIPTOR_SIZE, Math.max(DEVICE_DESCRIPTOR_SIZE, raw.length)));
        }

        @Override
        public UsbDevice device() {
            return device;
        }

        @Override
        public void claim(int interfaceNumber) throws UsbException {
            if (!connection.claimInterface(interfaceNumber, true)) {
                throw new UsbException(
                        Kind.BUSY, "interface " + interfaceNumber + " of " + device + " cannot be claimed");
            }
        }

        @Override
        public void selectAlternate(int interfaceNumber, int alternateSetting) throws UsbException {
            if (!connection.setInterface(interfaceNumber, alternateSetting)) {
                throw new UsbException(Kind.UNKNOWN, "alternate setting " + alternateSetting + " cannot be selected");
            }
        }

        @Override
        public int control(ControlSetup setup, byte[] data, int offset, int timeoutMillis) throws UsbException {
            int n = connection.controlTransfer(
                    setup.requestType(),
                    setup.request(),
                    setup.value(),
                    setup.index(),
                    data,
                    offset,
                    setup.length(),
                    timeoutMillis);
            if (n < 0) {
                // A stall and a timeout look alike here; the library asks the device itself what happened.
                throw new UsbException(Kind.UNKNOWN, setup + " failed (" + n + ")");
            }
            return n;
        }

        @Override
        public boolean reset() throws UsbException {
            throw new UsbException(Kind.UNSUPPORTED, "this platform cannot reset a port");
        }

        @Override
        public void close() {
            connection.close();
        }
    }
}
