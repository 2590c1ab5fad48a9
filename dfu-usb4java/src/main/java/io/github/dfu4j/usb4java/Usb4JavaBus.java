package io.github.dfu4j.usb4java;

import io.github.dfu4j.usb.AlternateSetting;
import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.StringDescriptors;
import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import io.github.dfu4j.usb.UsbException.Kind;
import io.github.dfu4j.usb4java.internal.Attached;
import io.github.dfu4j.usb4java.internal.Failures;
import io.github.dfu4j.usb4java.internal.Holder;
import io.github.dfu4j.usb4java.internal.LibUsbCalls;
import io.github.dfu4j.usb4java.internal.Platform;
import io.github.dfu4j.usb4java.internal.Usb4JavaCalls;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;
import org.usb4java.Context;
import org.usb4java.DeviceHandle;
import org.usb4java.LibUsb;
import org.usb4java.LoaderException;

/**
 * The USB devices of this machine, by libusb.
 *
 * <p>The strings of a DFU device are read when it is first listed; for that it is opened for a moment. Devices that cannot be opened
 * are listed with the {@linkplain UsbDevice#accessProblem() reason} and a remedy.
 *
 * <p>Several threads may use the bus and its connections, each connection one at a time.
 */
public final class Usb4JavaBus implements UsbBus {

    private static final int MAX_CONTROL_LENGTH = 4096;
    private static final int STRING_TIMEOUT_MILLIS = 1000;
    private static final String NO_USB =
            "A container or a virtual machine has /dev/bus/usb only if its host" + " passes USB devices on.";

    private final LibUsbCalls libusb;
    private final Platform platform;
    private final Path root;
    private final Failures failures;
    private final Holder holder;
    private final Map<String, UsbDevice> known = new HashMap<>();
    private final Set<Connection> open = new HashSet<>();
    private @Nullable Context shared;

    /** The devices of this machine. libusb is loaded when it is first needed. */
    public Usb4JavaBus() {
        this(new Usb4JavaCalls(), Platform.current(), Path.of("/"));
    }

    /** For tests, with another root directory than {@code /}. */
    Usb4JavaBus(LibUsbCalls libusb, Platform platform, Path root) {
        this.libusb = libusb;
        this.platform = platform;
        this.root = root;
        this.failures = new Failures(platform);
        this.holder = new Holder(root);
    }

    @Override
    public synchronized List<UsbDevice> devices() throws UsbException {
        Context context = acquire();
        try {
            List<UsbDevice> result = new ArrayList<>();
            Set<String> keys = new HashSet<>();
            List<Attached> attached = list(context);
            if (attached.isEmpty() && platform == Platform.LINUX && !Files.isDirectory(root.resolve("dev/bus/usb"))) {
                throw new UsbException(
                        Kind.UNREACHABLE, "this machine offers no USB: there is no /dev/bus/usb", NO_USB, null);
            }
            try {
                for (Attached a : attached) {
                    result.add(snapshot(a));
                    keys.add(a.key());
                }
            } finally {
                attached.forEach(a -> libusb.unref(a.device()));
            }
            known.keySet().retainAll(keys);
            result.sort(Comparator.comparing((UsbDevice d) -> d.port().orElseThrow())
                    .thenComparing(UsbDevice::key));
            return result;
        } finally {
            release(context);
        }
    }

    private List<Attached> list(Context context) throws UsbException {
        List<Attached> attached = new ArrayList<>();
        int code = libusb.list(context, attached);
        if (code < 0) {
            throw new UsbException(
                    Kind.UNKNOWN, "cannot list the USB devices of this machine (" + libusb.errorName(code) + ")");
        }
        return attached;
    }

    private UsbDevice snapshot(Attached attached) {
        UsbDevice bare = attached.snapshot().build();
        UsbDevice earlier = known.get(attached.key());
        if (earlier != null
                && earlier.deviceDescriptor().equals(bare.deviceDescriptor())
                && Arrays.equals(earlier.configuration(), bare.configuration())) {
            return earlier;
        }
        if (bare.alternates().stream().noneMatch(AlternateSetting::isDfu)) {
            return bare;
        }
        DeviceHandle handle = new DeviceHandle();
        int code = libusb.open(attached.device(), handle);
        if (code < 0) {
            return attached.snapshot()
                    .accessProblem(failures.access(bare, "open", code, libusb.errorName(code), Optional.empty()))
                    .build();
        }
        try {
            Connection connection = new Connection(bare, attached.address(), handle, null);
            UsbDevice complete = attached.snapshot()
                    .strings(StringDescriptors.read(connection, STRING_TIMEOUT_MILLIS))
                    .build();
            known.put(attached.key(), complete);
            return complete;
        } catch (UsbException e) {
            return attached.snapshot().accessProblem(e).build();
        } finally {
            libusb.close(handle);
        }
    }

    @Override
    public synchronized UsbConnection open(UsbDevice device) throws UsbException {
        Context context = acquire();
        Connection connection = null;
        try {
            List<Attached> attached = list(context);
            try {
                for (Attached a : attached) {
                    if (a.key().equals(device.key()) && a.deviceDescriptor().equals(device.deviceDescriptor())) {
                        connection = new Connection(device, a.address(), open(a, device), context);
                        open.add(connection);
                        return connection;
                    }
                }
            } finally {
                attached.forEach(a -> libusb.unref(a.device()));
            }
            throw new UsbException(Kind.GONE, device + " is not attached any more");
        } finally {
            if (connection == null) {
                release(context);
            }
        }
    }

    private DeviceHandle open(Attached attached, UsbDevice device) throws UsbException {
        DeviceHandle handle = new DeviceHandle();
        int code = libusb.open(attached.device(), handle);
        if (code < 0) {
            throw failures.access(device, "open", code, libusb.errorName(code), Optional.empty());
        }
        return handle;
    }

    /**
     * A context with the devices of now. On Linux that is a new one each time: an old one learns of arrivals and departures only where
     * udevd runs. Elsewhere one context is kept.
     */
    private Context acquire() throws UsbException {
        if (shared != null) {
            return shared;
        }
        Context context = new Context();
        int code;
        try {
            code = libusb.init(context);
        } catch (LinkageError | LoaderException e) {
            throw new UsbException(
                    Kind.UNSUPPORTED,
                    "the native library of libusb for this machine could not be loaded: " + e.getMessage(),
                    "libusb comes with dfu4j for Linux (x86-64, x86, arm, aarch64), macOS and Windows. It is unpacked into the"
                            + " directory for temporary files, from which programs must be allowed to run; -Djava.io.tmpdir="
                            + "DIR names another. usb4java works on the class path only, not on the module path.",
                    e);
        }
        if (code < 0) {
            throw new UsbException(
                    Kind.UNREACHABLE,
                    "this machine offers no USB: libusb cannot start (" + libusb.errorName(code) + ")",
                    platform == Platform.LINUX ? NO_USB : null,
                    null);
        }
        if (platform != Platform.LINUX) {
            shared = context;
        }
        return context;
    }

    private void release(Context context) {
        if (platform == Platform.LINUX) {
            libusb.exit(context);
        }
    }

    private synchronized void closed(Connection connection, Context context) {
        if (open.remove(connection)) {
            release(context);
        }
    }

    @Override
    public void close() {
        List<Connection> connections;
        synchronized (this) {
            connections = new ArrayList<>(open);
        }
        connections.forEach(Connection::close);
        synchronized (this) {
            Context context = shared;
            shared = null;
            if (context != null) {
                libusb.exit(context);
            }
        }
    }

    /**
     * An open device; without a context of its own if it is open only to be listed. It is locked while libusb uses its handle, so that
     * whoever closes the bus waits for the transfer that another thread has under way.
     */
    private final class Connection implements UsbConnection {

        private final UsbDevice device;
        private final int address;
        private final DeviceHandle handle;
        private final @Nullable Context context;
        private final ByteBuffer buffer = ByteBuffer.allocateDirect(MAX_CONTROL_LENGTH);
        private final Set<Integer> claimed = new TreeSet<>();
        private final Set<Integer> detached = new TreeSet<>();
        private boolean closed;

        Connection(UsbDevice device, int address, DeviceHandle handle, @Nullable Context context) {
            this.device = device;
            this.address = address;
            this.handle = handle;
            this.context = context;
        }

        @Override
        public UsbDevice device() {
            return device;
        }

        @Override
        public synchronized void claim(int interfaceNumber) throws UsbException {
            requireOpen();
            if (claimed.contains(interfaceNumber)) {
                return;
            }
            // Whether the platform can detach drivers is not known before it is tried, and a failure shows in the
            // claim.
            if (libusb.detachKernelDriver(handle, interfaceNumber) == LibUsb.SUCCESS) {
                detached.add(interfaceNumber);
            }
            int code = libusb.claimInterface(handle, interfaceNumber);
            if (code < 0) {
                Optional<String> who = platform == Platform.LINUX && code == LibUsb.ERROR_BUSY
                        ? holder.find(device, address, interfaceNumber)
                        : Optional.empty();
                throw failures.access(
                        device, "claim interface " + interfaceNumber + " of", code, libusb.errorName(code), who);
            }
            claimed.add(interfaceNumber);
        }

        @Override
        public synchronized void selectAlternate(int interfaceNumber, int alternateSetting) throws UsbException {
            requireOpen();
            int code = libusb.setInterfaceAltSetting(handle, interfaceNumber, alternateSetting);
            if (code < 0) {
                throw failures.transfer(
                        device,
                        "selecting alternate setting " + alternateSetting + " of interface " + interfaceNumber,
                        code,
                        libusb.errorName(code));
            }
        }

        @Override
        public synchronized int control(ControlSetup setup, byte[] data, int offset, int timeoutMillis)
                throws UsbException {
            if (timeoutMillis < 1) {
                throw new IllegalArgumentException("a timeout is at least 1 ms, not " + timeoutMillis);
            }
            if (setup.length() > MAX_CONTROL_LENGTH) {
                throw new UsbException(
                        Kind.UNSUPPORTED,
                        "libusb carries at most " + MAX_CONTROL_LENGTH + " bytes in a control transfer, not "
                                + setup.length());
            }
            requireOpen();
            // usb4java sends the capacity, not the limit.
            ByteBuffer piece = buffer.clear().limit(setup.length()).slice();
            if (!setup.in()) {
                piece.put(data, offset, setup.length()).rewind();
            }
            int code = libusb.controlTransfer(handle, setup, piece, timeoutMillis);
            if (code < 0) {
                throw failures.transfer(device, "control transfer " + setup, code, libusb.errorName(code));
            }
            if (setup.in()) {
                piece.get(data, offset, Math.min(code, setup.length()));
            }
            return code;
        }

        @Override
        public int maxControlLength() {
            return MAX_CONTROL_LENGTH;
        }

        @Override
        public synchronized boolean reset() throws UsbException {
            requireOpen();
            if (platform == Platform.WINDOWS) {
                throw new UsbException(
                        Kind.UNSUPPORTED,
                        "Windows cannot reset the port of " + device + ": WinUSB has no such function",
                        "Press the device's reset button, or plug it in anew.",
                        null);
            }
            int code = libusb.resetDevice(handle);
            if (code == LibUsb.ERROR_NOT_FOUND) {
                return false;
            }
            if (code < 0) {
                throw failures.transfer(device, "reset", code, libusb.errorName(code));
            }
            return true;
        }

        private void requireOpen() throws UsbException {
            if (closed) {
                throw new UsbException(Kind.GONE, "the connection to " + device + " was closed");
            }
        }

        @Override
        public synchronized void close() {
            if (closed) {
                return;
            }
            closed = true;
            claimed.forEach(i -> libusb.releaseInterface(handle, i));
            detached.forEach(i -> libusb.attachKernelDriver(handle, i));
            libusb.close(handle);
            Context own = context;
            if (own != null) {
                closed(this, own);
            }
        }
    }
}
