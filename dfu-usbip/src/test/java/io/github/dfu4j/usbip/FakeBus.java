package io.github.dfu4j.usbip;

import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.PortPath;
import io.github.dfu4j.usb.RawDescriptor;
import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;

/** A bus of devices that answer standard requests from their descriptors and let a test decide the rest. */
final class FakeBus implements UsbBus {

    /** What a device does with a request that is not a standard one. */
    interface Behaviour {
        int control(ControlSetup setup, byte[] data, int offset) throws UsbException;
    }

    final Map<String, FakeDevice> attached = new ConcurrentSkipListMap<>();
    final List<String> calls = new CopyOnWriteArrayList<>();

    FakeDevice plug(String port, int product, Behaviour behaviour) {
        return plug(port, snapshot(port, product, "key " + port + " " + product, 0x1a), behaviour);
    }

    FakeDevice plug(String port, UsbDevice snapshot, Behaviour behaviour) {
        FakeDevice device = new FakeDevice(snapshot, behaviour);
        attached.put(port, device);
        return device;
    }

    FakeDevice unplug(String port) {
        FakeDevice device = attached.remove(port);
        device.gone = true;
        return device;
    }

    @Override
    public List<UsbDevice> devices() {
        List<UsbDevice> result = new ArrayList<>();
        attached.values().forEach(d -> result.add(d.snapshot));
        return result;
    }

    @Override
    public UsbConnection open(UsbDevice device) throws UsbException {
        for (FakeDevice d : attached.values()) {
            if (d.snapshot.key().equals(device.key())) {
                if (d.refusal != null) {
                    throw new UsbException(d.refusal, "refused by the test");
                }
                calls.add("open " + device.port().orElseThrow());
                return d;
            }
        }
        throw new UsbException(UsbException.Kind.GONE, "not attached");
    }

    @Override
    public void close() {}

    final class FakeDevice implements UsbConnection {
        final UsbDevice snapshot;
        final Behaviour behaviour;
        final CountDownLatch closed = new CountDownLatch(1);
        final LinkedBlockingQueue<ControlSetup> seen = new LinkedBlockingQueue<>();
        volatile boolean gone;
        volatile boolean sameAfterReset = true;
        volatile boolean stallsStandardRequests;
        volatile boolean claimFails;
        volatile UsbException.Kind refusal;

        FakeDevice(UsbDevice snapshot, Behaviour behaviour) {
            this.snapshot = snapshot;
            this.behaviour = behaviour;
        }

        @Override
        public UsbDevice device() {
            return snapshot;
        }

        @Override
        public void claim(int interfaceNumber) {
            if (claimFails) {
                throw new IllegalStateException("a fault of the bus");
            }
            calls.add("claim " + interfaceNumber);
        }

        @Override
        public void selectAlternate(int interfaceNumber, int alternateSetting) {
            calls.add("alternate " + interfaceNumber + " " + alternateSetting);
        }

        @Override
        public int control(ControlSetup setup, byte[] data, int offset, int timeoutMillis) throws UsbException {
            seen.add(setup);
            if (gone) {
                throw new UsbException(UsbException.Kind.GONE, "unplugged");
            }
            if (setup.requestType() != 0x80 || setup.request() != 6) {
                return behaviour.control(setup, data, offset);
            }
            byte[] descriptor = switch (setup.value() >> 8) {
                case 1 -> snapshot.deviceDescriptor().toBytes();
                case 2 -> snapshot.configuration();
                case 3 ->
                    (setup.value() & 0xff) == 0
                            ? new byte[] {4, 3, 9, 4}
                            : snapshot.rawString(setup.value() & 0xff)
                                    .map(RawDescriptor::toBytes)
                                    .orElse(null);
                default -> null;
            };
            if (descriptor == null || stallsStandardRequests) {
                throw new UsbException(UsbException.Kind.STALL, "no such descriptor");
            }
            int n = Math.min(descriptor.length, setup.length());
            System.arraycopy(descriptor, 0, data, offset, n);
            return n;
        }

        @Override
        public boolean reset() {
            calls.add("reset");
            return sameAfterReset;
        }

        @Override
        public void close() {
            calls.add("close " + snapshot.port().orElseThrow());
            closed.countDown();
        }
    }

    /** A DfuSe device with two alternate settings, bcdDFUVersion 0x01NN. */
    static UsbDevice snapshot(String port, int product, String key, int dfuVersion) {
        byte[] device = {
            18, 1, 0, 1, 0, 0, 0, 64, (byte) 0x83, 0x04, (byte) product, (byte) (product >> 8), 0, 0x22, 1, 2, 3, 1
        };
        byte[] configuration = {
            9,
            2,
            36,
            0,
            1,
            1,
            0,
            (byte) 0xc0,
            50, // configuration
            9,
            4,
            0,
            0,
            0,
            (byte) 0xfe,
            1,
            2,
            4, // alternate setting 0
            9,
            4,
            0,
            1,
            0,
            (byte) 0xfe,
            1,
            2,
            5, // alternate setting 1
            9,
            0x21,
            0x0b,
            (byte) 0xff,
            0,
            0,
            4,
            (byte) dfuVersion,
            1
        };
        return UsbDevice.builder(key, device, configuration)
                .port(PortPath.parse(port))
                .string(1, string("Electrosmith"))
                .string(2, string("Board at " + port))
                .string(3, string("A1B2C3"))
                .string(4, string("@Internal Flash  /0x08000000/16*128Kg"))
                .string(5, string("@Option Bytes  /0x5200201C/01*128 e"))
                .build();
    }

    private static byte[] string(String text) {
        byte[] utf16 = text.getBytes(StandardCharsets.UTF_16LE);
        byte[] result = new byte[2 + utf16.length];
        result[0] = (byte) result.length;
        result[1] = 3;
        System.arraycopy(utf16, 0, result, 2, utf16.length);
        return result;
    }
}
