package io.github.dfu4j.usbip;

import io.github.dfu4j.usb.AlternateSetting;
import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.Deadline;
import io.github.dfu4j.usb.PortPath;
import io.github.dfu4j.usb.StringDescriptors;
import io.github.dfu4j.usb.Timebase;
import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import io.github.dfu4j.usb.UsbException.Kind;
import io.github.dfu4j.usbip.internal.Channel;
import io.github.dfu4j.usbip.internal.ClientImport;
import io.github.dfu4j.usbip.internal.ExportedDevice;
import io.github.dfu4j.usbip.internal.Op;
import io.github.dfu4j.usbip.internal.ProtocolException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The devices that a USB/IP server exports: a Linux machine with usbipd, a {@link UsbIpServer}, or another.
 *
 * <p>An import is exclusive, and a list entry holds neither descriptors nor strings. So:
 * <ul>
 *   <li>a device with a DFU interface is imported once, when it is first listed, to read its descriptors and strings; so is one
 *       without any interface, since Linux lists a device so until it is configured. One that is in use by another client then is
 *       listed with that {@linkplain UsbDevice#accessProblem() problem};
 *   <li>the descriptors of every other device are made up from its list entry until it is opened: ids and interface classes are right,
 *       lengths, endpoints and strings are missing.
 * </ul>
 *
 * <p>A Linux server resets a device whenever an import of it ends. DfuSe devices stay in DFU mode then; others leave it (DFU 1.1
 * Appendix A.2.2). Therefore the import by which a plain DFU 1.1 device in DFU mode was listed is kept for {@link #open}, or until the
 * bus is closed.
 *
 * <p>A bus id such as {@code 1-2} is taken for the port path on the server. Several threads may use the bus and its connections, each
 * connection one at a time.
 */
public final class UsbIpBus implements UsbBus {

    private static final int TRANSFER_TIMEOUT_MILLIS = 5000;
    /** How long an import just ended may keep the server busy: a reset of the device and its enumeration. */
    private static final Duration BUSY_PATIENCE = Duration.ofSeconds(2);

    private static final Duration BUSY_POLL = Duration.ofMillis(100);
    private static final int DFU_MODE = 2;
    private static final int DFUSE = 0x011a;
    private static final int DFU_FUNCTIONAL_DESCRIPTOR = 0x21;

    private final String host;
    private final int port;
    private final Duration timeout;
    private final Map<String, UsbDevice> known = new HashMap<>();
    private final Map<String, ClientImport> kept = new HashMap<>();
    private final Map<String, Connection> open = new HashMap<>();
    private final Set<String> opening = new HashSet<>();

    /**
     * The devices of a server. Nothing is connected yet.
     *
     * @param host name or address
     * @param port TCP port, usually {@link UsbIpServer#DEFAULT_PORT}
     */
    public UsbIpBus(String host, int port) {
        this(host, port, Duration.ofSeconds(5));
    }

    /**
     * The devices of a server, with the time it may take.
     *
     * @param host name or address
     * @param port TCP port
     * @param timeout how long connecting may take, and each answer of the server itself; at least a millisecond
     */
    public UsbIpBus(String host, int port, Duration timeout) {
        this.host = host;
        this.port = port;
        this.timeout = timeout;
    }

    @Override
    public synchronized List<UsbDevice> devices() throws UsbException {
        List<UsbDevice> result = new ArrayList<>();
        Set<String> present = new HashSet<>();
        for (ExportedDevice exported : exported()) {
            String key = key(exported);
            present.add(key);
            UsbDevice device = known.get(key);
            if (device == null) {
                boolean perhapsDfu = exported.interfaces().isEmpty()
                        || exported.interfaces().stream().anyMatch(c -> c >> 8 == 0xfe01);
                device = perhapsDfu ? examine(exported) : fromEntry(exported).build();
            }
            result.add(device);
        }
        // usbipd leaves out what is imported; what we have imported ourselves is attached as long as its connection
        // lives.
        open.values().removeIf(c -> !c.link.alive());
        kept.values().removeIf(UsbIpBus::isDead);
        for (Connection c : open.values()) {
            addIfAbsent(present, result, c.device());
        }
        Set<String> ours = new HashSet<>(kept.keySet());
        ours.addAll(opening);
        for (String key : ours) {
            UsbDevice device = known.get(key);
            if (device != null) {
                addIfAbsent(present, result, device);
            }
        }
        known.keySet().retainAll(present);
        result.sort(Comparator.comparing(
                        (UsbDevice d) -> d.port().orElse(null), Comparator.nullsLast(Comparator.naturalOrder()))
                .thenComparing(UsbDevice::key));
        return result;
    }

    /** Whether the server serves it no more; then its connection is closed on this side too. */
    private static boolean isDead(ClientImport link) {
        boolean dead = !link.alive();
        if (dead) {
            link.close();
        }
        return dead;
    }

    private static void addIfAbsent(Set<String> present, List<UsbDevice> result, UsbDevice device) {
        if (present.add(device.key())) {
            result.add(device);
        }
    }

    private UsbDevice examine(ExportedDevice exported) {
        String key = key(exported);
        ClientImport link = null;
        boolean keep = false;
        try {
            link = attach(exported.busId());
            UsbDevice device = snapshot(link);
            if (device.key().equals(key)) {
                known.put(key, device);
                keep = leavesDfuModeOnReset(device);
                if (keep) {
                    kept.put(key, link);
                }
            }
            return device;
        } catch (UsbException e) {
            return fromEntry(exported).accessProblem(e).build();
        } finally {
            if (link != null && !keep) {
                link.close();
            }
        }
    }

    private static boolean leavesDfuModeOnReset(UsbDevice device) {
        return device.alternates().stream().filter(AlternateSetting::isDfu).anyMatch(a -> a.protocol() == DFU_MODE)
                && device.alternates().stream()
                        .flatMap(a -> a.extra().stream())
                        .noneMatch(d -> d.type() == DFU_FUNCTIONAL_DESCRIPTOR && d.length() >= 9 && d.u16(7) == DFUSE);
    }

    @Override
    public UsbConnection open(UsbDevice device) throws UsbException {
        String key = device.key();
        ClientImport link;
        synchronized (this) {
            if (open.containsKey(key) || !opening.add(key)) {
                throw new UsbException(Kind.BUSY, device + " is open already");
            }
            link = kept.remove(key);
        }
        Connection connection = null;
        try {
            if (link == null || isDead(link)) {
                // not under the lock: while one board is waited for, others can be opened
                link = attachPatiently(busId(key), device);
            }
            connection = connect(device, link);
            return connection;
        } finally {
            synchronized (this) {
                opening.remove(key);
                if (connection != null) {
                    open.put(key, connection);
                    known.put(key, connection.device());
                }
            }
            if (connection == null && link != null) {
                link.close();
            }
        }
    }

    private Connection connect(UsbDevice device, ClientImport link) throws UsbException {
        String key = device.key();
        if (!key(link.description()).equals(key)) {
            throw new UsbException(
                    Kind.GONE,
                    device + " is not exported any more: its place has been taken by " + key(link.description()));
        }
        UsbDevice complete;
        synchronized (this) {
            complete = known.get(key);
        }
        Connection connection = new Connection(complete == null ? snapshot(link) : complete, link);
        if (link.description().configurationValue() == 0) {
            connection.configure(connection.device().configurationValue()); // to do so is left to the importing host
        }
        return connection;
    }

    private ClientImport attachPatiently(String busId, UsbDevice device) throws UsbException {
        Duration patience = timeout.compareTo(BUSY_PATIENCE) < 0 ? timeout : BUSY_PATIENCE;
        Deadline deadline = Deadline.in(Timebase.system(), patience);
        while (true) {
            try {
                return attach(busId);
            } catch (UsbException e) {
                if (e.kind() != Kind.BUSY || deadline.passed()) {
                    throw e;
                }
            }
            try {
                Timebase.system().sleep(BUSY_POLL);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new UsbException(Kind.BUSY, "interrupted while waiting for " + device, null, e);
            }
        }
    }

    private UsbDevice snapshot(ClientImport link) throws UsbException {
        ExportedDevice exported = link.description();
        byte[] descriptor = link.deviceDescriptor(TRANSFER_TIMEOUT_MILLIS);
        byte[] configuration = link.configuration(TRANSFER_TIMEOUT_MILLIS);
        UsbDevice bare = builder(exported, descriptor, configuration).build();
        Map<Integer, byte[]> strings = StringDescriptors.read(new Connection(bare, link), TRANSFER_TIMEOUT_MILLIS);
        return builder(exported, descriptor, configuration).strings(strings).build();
    }

    /** Descriptors from what the list says; for devices that were not imported. */
    private static UsbDevice.Builder fromEntry(ExportedDevice e) {
        byte[] device = ByteBuffer.allocate(18)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) 18)
                .put((byte) 1)
                .putShort((short) 0x0200)
                .put((byte) (e.classes() >> 16))
                .put((byte) (e.classes() >> 8))
                .put((byte) e.classes())
                .put((byte) 64)
                .putShort((short) e.vendorId())
                .putShort((short) e.productId())
                .putShort((short) e.release())
                .put(new byte[3])
                .put((byte) e.configurationCount())
                .array();
        int total = 9 + 9 * e.interfaces().size();
        ByteBuffer configuration = ByteBuffer.allocate(total)
                .order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) 9)
                .put((byte) 2)
                .putShort((short) total)
                .put((byte) e.interfaces().size())
                .put((byte) e.configurationValue())
                .put(new byte[] {0, (byte) 0x80, 0});
        for (int i = 0; i < e.interfaces().size(); i++) {
            int classes = e.interfaces().get(i);
            configuration.put(
                    new byte[] {9, 4, (byte) i, 0, 0, (byte) (classes >> 16), (byte) (classes >> 8), (byte) classes, 0
                    });
        }
        return builder(e, device, configuration.array());
    }

    private static UsbDevice.Builder builder(ExportedDevice exported, byte[] descriptor, byte[] configuration) {
        UsbDevice.Builder builder =
                UsbDevice.builder(key(exported), descriptor, configuration).address(exported.deviceNumber());
        try {
            builder.port(PortPath.parse(exported.busId()));
        } catch (IllegalArgumentException e) {
            // a server may name its devices as it likes; then the place is not known
        }
        return builder;
    }

    /** Bus id and device number: usbipd counts the latter up with every attachment, as Linux does. */
    private static String key(ExportedDevice e) {
        return "usbip:" + e.busId() + "#" + e.busNumber() + "." + e.deviceNumber();
    }

    private static String busId(String key) {
        int end = key.lastIndexOf('#');
        if (!key.startsWith("usbip:") || end < 0) {
            throw new IllegalArgumentException("not a device of a USB/IP bus: " + key);
        }
        return key.substring("usbip:".length(), end);
    }

    private List<ExportedDevice> exported() throws UsbException {
        Deadline deadline = Deadline.in(Timebase.system(), timeout);
        try (Channel channel = connect()) {
            channel.write(new Op(Op.REQ_DEVLIST, 0).toBytes(), new byte[0]);
            Op reply = Op.read(channel, deadline);
            if (reply.code() != Op.REP_DEVLIST || reply.status() != Op.OK) {
                throw new ProtocolException("expected OP_REP_DEVLIST (5) with status 0, found code "
                        + Integer.toHexString(reply.code()) + " with status " + reply.status());
            }
            return ExportedDevice.readList(channel, deadline);
        } catch (IOException e) {
            throw failure("list the devices of ", e);
        }
    }

    private ClientImport attach(String busId) throws UsbException {
        Channel channel = null;
        boolean attached = false;
        try {
            channel = connect();
            ClientImport link = new ClientImport(channel, busId, "device " + busId + " of " + server(), timeout);
            attached = true;
            return link;
        } catch (IOException e) {
            throw failure("import " + busId + " from ", e);
        } finally {
            if (channel != null && !attached) {
                channel.close();
            }
        }
    }

    private Channel connect() throws IOException {
        Socket socket = new Socket();
        try {
            // The name is looked up each time: a connection refused may have been another machine's.
            socket.connect(new InetSocketAddress(host, port), (int) timeout.toMillis());
            return new Channel(socket);
        } catch (IOException e) {
            socket.close();
            String why = e instanceof UnknownHostException ? "there is no host of this name" : e.getMessage();
            throw new UsbException(
                    Kind.UNREACHABLE,
                    "cannot connect to the USB/IP server " + server() + ": " + why,
                    "Check that usbipd (or `dfu simulate`) runs there and that its port can be reached.",
                    e);
        }
    }

    private UsbException failure(String what, IOException e) {
        if (e instanceof UsbException known) {
            return known;
        }
        String words = e instanceof ProtocolException
                ? "the server does not speak USB/IP: " + e.getMessage()
                : String.valueOf(e.getMessage());
        return new UsbException(Kind.UNKNOWN, "cannot " + what + server() + ": " + words, null, e);
    }

    private String server() {
        return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }

    @Override
    public synchronized void close() {
        List.copyOf(open.values()).forEach(Connection::close);
        kept.values().forEach(ClientImport::close);
        kept.clear();
    }

    /** An imported device. */
    private final class Connection implements UsbConnection {

        private final UsbDevice device;
        private final ClientImport link;

        Connection(UsbDevice device, ClientImport link) {
            this.device = device;
            this.link = link;
        }

        @Override
        public UsbDevice device() {
            return device;
        }

        /** An import is of the whole device; there is nobody else to claim against. */
        @Override
        public void claim(int interfaceNumber) {}

        @Override
        public void selectAlternate(int interfaceNumber, int alternateSetting) throws UsbException {
            ControlSetup setInterface = new ControlSetup(0x01, 0x0b, alternateSetting, interfaceNumber, 0);
            control(setInterface, new byte[0], 0, TRANSFER_TIMEOUT_MILLIS);
        }

        private void configure(int value) throws UsbException {
            control(new ControlSetup(0x00, 0x09, value, 0, 0), new byte[0], 0, TRANSFER_TIMEOUT_MILLIS);
        }

        @Override
        public int control(ControlSetup setup, byte[] data, int offset, int timeoutMillis) throws UsbException {
            return link.control(setup, data, offset, timeoutMillis);
        }

        /**
         * Asks the server for a reset by SetPortFeature(PORT_RESET), which usbip-host and {@link UsbIpServer} understand.
         * {@link Kind#UNSUPPORTED} if the server refuses: USB/IP itself knows no reset.
         */
        @Override
        public boolean reset() throws UsbException {
            return link.reset(TRANSFER_TIMEOUT_MILLIS, device.deviceDescriptor().toBytes());
        }

        @Override
        public void close() {
            link.close();
            synchronized (UsbIpBus.this) {
                open.remove(device.key(), this);
            }
        }
    }
}
