package io.github.dfu4j.usbip;

import io.github.dfu4j.usb.AlternateSetting;
import io.github.dfu4j.usb.Deadline;
import io.github.dfu4j.usb.PortPath;
import io.github.dfu4j.usb.Timebase;
import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import io.github.dfu4j.usbip.internal.Channel;
import io.github.dfu4j.usbip.internal.ExportedDevice;
import io.github.dfu4j.usbip.internal.Op;
import io.github.dfu4j.usbip.internal.ProtocolException;
import io.github.dfu4j.usbip.internal.ServerImport;
import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * A USB/IP server: exports the devices of any {@link UsbBus} to USB/IP clients, such as the Linux kernel ({@code usbip attach}) or
 * {@link UsbIpBus}.
 *
 * <p>Only control transfers are carried, which is all that DFU needs. A device is opened and its interfaces are claimed while a client
 * has it imported. When it leaves the bus the client's connection is closed; when it is back, it can be imported again under the same
 * bus id.
 *
 * <p>USB/IP has no message for a bus reset: Linux resets only its own virtual port and enumerates the device anew. The server takes
 * the request with which that enumeration begins (GET_DESCRIPTOR of 64 bytes of the device descriptor, after the device was
 * configured) for what it is and resets the device. It also takes SetPortFeature(PORT_RESET) sent to the device, as usbip-host does.
 *
 * <p>The bus is listed and devices are opened by one thread at a time. Each open device has a thread of its own, so the bus must
 * allow transfers on several devices, and its listing, at once.
 *
 * <p>The server listens on the loopback address unless told otherwise. The protocol has no authentication: whoever reaches the port
 * can do to the devices what they like.
 */
public final class UsbIpServer implements Closeable {

    /** The port registered for USB/IP. */
    public static final int DEFAULT_PORT = 3240;

    private static final int MAX_CLIENTS = 64;
    private static final int FULL_SPEED = 2;
    private static final Duration WATCH_INTERVAL = Duration.ofMillis(250);

    private final UsbBus bus;
    private final UsbIpServerListener listener;
    private final Duration handshakeTimeout;
    private final Duration transferTimeout;
    private final ServerSocket server;
    private final Thread acceptor;
    private final Thread watcher;

    private final Object busLock = new Object();
    private final Map<String, Attachment> attachments = new HashMap<>(); // by bus id; guarded by busLock
    private int lastDeviceNumber; // guarded by busLock

    private final Map<Thread, Channel> clients = new HashMap<>(); // guarded by itself
    private final Map<String, ServerImport> imports = new HashMap<>(); // by bus id; guarded by clients
    private final Set<String> granted = new HashSet<>(); // bus ids being or having been imported; guarded by clients
    private boolean closed; // guarded by clients

    private record Attachment(String key, int deviceNumber) {}

    private UsbIpServer(Builder builder) throws IOException {
        bus = builder.bus;
        listener = builder.listener;
        handshakeTimeout = builder.handshakeTimeout;
        transferTimeout = builder.transferTimeout;
        server = new ServerSocket();
        try {
            server.setReuseAddress(true);
            server.bind(builder.address);
        } catch (IOException e) {
            server.close();
            throw new IOException(
                    "cannot listen on " + builder.address.getHostString() + ":" + builder.address.getPort() + ": "
                            + e.getMessage(),
                    e);
        }
        acceptor = daemon(this::accept, "usbip-server " + server.getLocalPort());
        watcher = daemon(this::watch, "usbip-server " + server.getLocalPort() + " watch");
    }

    /**
     * Prepares a server.
     *
     * @param bus whose devices are exported; it is not closed with the server
     */
    public static Builder exporting(UsbBus bus) {
        return new Builder(bus);
    }

    /** Where it listens. */
    public InetSocketAddress address() {
        return (InetSocketAddress) server.getLocalSocketAddress();
    }

    /**
     * The devices exported now by the bus id under which clients import them.
     *
     * @throws UsbException if the bus cannot be listed
     */
    public Map<String, UsbDevice> exported() throws UsbException {
        Map<String, UsbDevice> result = new LinkedHashMap<>();
        list().forEach(e -> result.put(e.description().busId(), e.device()));
        return result;
    }

    /**
     * Looks at the bus at once and ends the imports of devices that have left it. The server does so by itself every quarter of a
     * second.
     */
    public void refresh() {
        Map<String, ServerImport> current;
        synchronized (clients) {
            current = new HashMap<>(imports);
        }
        if (current.isEmpty()) {
            return;
        }
        try {
            Set<String> keys = new HashSet<>();
            synchronized (busLock) {
                bus.devices().forEach(d -> keys.add(d.key()));
            }
            current.values().stream()
                    .filter(i -> !keys.contains(i.device().key()))
                    .forEach(i -> i.depart("the device left the bus"));
        } catch (UsbException | RuntimeException e) {
            // a bus that cannot be listed now says nothing about the devices; their transfers will
        }
    }

    /** Stops listening, ends all imports and waits until all threads are done, at most as long as a transfer may take. */
    @Override
    public void close() {
        List<Thread> threads;
        synchronized (clients) {
            closed = true;
            threads = new ArrayList<>(clients.keySet());
            imports.values().forEach(i -> i.close("the server was closed"));
            clients.values().forEach(Channel::close);
        }
        try {
            server.close();
        } catch (IOException e) {
            // nothing listens any more either way
        }
        threads.add(watcher);
        threads.add(acceptor);
        threads.forEach(Thread::interrupt);
        Deadline deadline = Deadline.in(Timebase.system(), transferTimeout.plusSeconds(1));
        try {
            for (Thread thread : threads) {
                thread.join(deadline.limit(Integer.MAX_VALUE));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void watch() {
        try {
            while (!server.isClosed()) {
                Timebase.system().sleep(WATCH_INTERVAL);
                refresh();
            }
        } catch (InterruptedException e) {
            // the server was closed
        }
    }

    private void accept() {
        try {
            while (!server.isClosed()) {
                try {
                    admit(server.accept());
                } catch (IOException e) {
                    // Closed; or there are no more files to be had, which other clients may give back.
                    Timebase.system().sleep(WATCH_INTERVAL);
                }
            }
        } catch (InterruptedException e) {
            // the server was closed
        }
    }

    private void admit(Socket socket) throws IOException {
        synchronized (clients) {
            if (closed || clients.size() >= MAX_CLIENTS) {
                socket.close();
                return;
            }
            try {
                Channel channel = new Channel(socket);
                Thread thread = daemon(() -> serve(channel), "usbip-server " + channel.peer());
                clients.put(thread, channel);
                thread.start();
            } catch (IOException e) {
                socket.close(); // the client has gone already
            }
        }
    }

    private void serve(Channel channel) {
        try {
            Deadline deadline = Deadline.in(Timebase.system(), handshakeTimeout);
            Op request = Op.read(channel, deadline);
            switch (request.code()) {
                case Op.REQ_DEVLIST -> sendList(channel);
                case Op.REQ_IMPORT -> grant(channel, deadline);
                default ->
                    throw new ProtocolException("expected OP_REQ_DEVLIST (8005) or OP_REQ_IMPORT (8003), found code "
                            + Integer.toHexString(request.code()));
            }
        } catch (IOException e) {
            listener.refused(channel.peer(), Objects.toString(e.getMessage(), e.toString()));
        } catch (RuntimeException e) {
            listener.refused(channel.peer(), "the bus failed: " + e); // it may be of anybody's making
        } finally {
            channel.close();
            synchronized (clients) {
                clients.remove(Thread.currentThread());
            }
        }
    }

    private void sendList(Channel channel) throws IOException {
        List<Export> exports = list();
        int size = Op.SIZE + 4;
        List<byte[]> parts = new ArrayList<>();
        for (Export export : exports) {
            parts.add(export.description().toBytes(true));
            size += parts.get(parts.size() - 1).length;
        }
        ByteBuffer reply = ByteBuffer.allocate(size)
                .put(new Op(Op.REP_DEVLIST, Op.OK).toBytes())
                .putInt(exports.size());
        parts.forEach(reply::put);
        channel.write(reply.array(), new byte[0]);
        listener.listed(channel.peer(), exports.size());
    }

    private void grant(Channel channel, Deadline deadline) throws IOException {
        byte[] field = channel.read(ExportedDevice.BUS_ID_SIZE, deadline);
        if (field == null) {
            throw new ProtocolException("expected the bus id of OP_REQ_IMPORT, found no more bytes");
        }
        String busId = ExportedDevice.text("bus id", field);
        boolean taken;
        synchronized (clients) {
            taken = !granted.add(busId);
        }
        if (taken) {
            refuse(channel, busId, Op.DEVICE_BUSY, "it is in use by another client")
                    .run();
            return;
        }
        Runnable told;
        try {
            told = serveImport(channel, busId);
        } finally {
            synchronized (clients) {
                granted.remove(busId);
            }
        }
        told.run();
    }

    /** Serves an import to its end; what the listener is then told, it is told when the device can be imported again. */
    private Runnable serveImport(Channel channel, String busId) throws IOException {
        Export export;
        UsbConnection connection;
        try {
            export = list().stream()
                    .filter(e -> e.description().busId().equals(busId))
                    .findFirst()
                    .orElse(null);
            if (export == null) {
                return refuse(channel, busId, Op.NO_DEVICE, "there is no such device");
            }
            connection = open(export.device());
        } catch (UsbException e) {
            boolean busy = e.kind() == UsbException.Kind.BUSY;
            return refuse(channel, busId, busy ? Op.DEVICE_BUSY : Op.DEVICE_ERROR, String.valueOf(e.getMessage()));
        }
        ExportedDevice description = export.description();
        ServerImport session =
                new ServerImport(channel, connection, description.devid(), listener, handshakeTimeout, transferTimeout);
        try (connection) {
            channel.write(new Op(Op.REP_IMPORT, Op.OK).toBytes(), description.toBytes(false));
            synchronized (clients) {
                imports.put(busId, session);
                if (closed) {
                    session.close("the server was closed");
                }
            }
            listener.imported(channel.peer(), export.device());
            String why = session.serve();
            return () -> listener.released(channel.peer(), export.device(), why);
        } finally {
            synchronized (clients) {
                imports.remove(busId);
            }
        }
    }

    private UsbConnection open(UsbDevice device) throws UsbException {
        synchronized (busLock) {
            UsbConnection connection = bus.open(device);
            try {
                for (int i : interfaces(device)) {
                    connection.claim(i);
                }
                return connection;
            } catch (UsbException | RuntimeException e) {
                connection.close();
                throw e;
            }
        }
    }

    private Runnable refuse(Channel channel, String busId, int status, String why) throws IOException {
        channel.write(new Op(Op.REP_IMPORT, status).toBytes(), new byte[0]);
        return () -> listener.refused(channel.peer(), "import of " + busId + ": " + why);
    }

    private record Export(ExportedDevice description, UsbDevice device) {}

    private List<Export> list() throws UsbException {
        synchronized (busLock) {
            List<Export> result = new ArrayList<>();
            Set<String> used = new HashSet<>();
            List<UsbDevice> devices = bus.devices();
            for (UsbDevice device : devices) {
                device.port().map(PortPath::toString).ifPresent(used::add);
            }
            Set<String> given = new HashSet<>();
            for (UsbDevice device : devices) {
                String busId = busId(device, used, given);
                Attachment attachment = attachments.get(busId);
                if (attachment == null || !attachment.key().equals(device.key())) {
                    lastDeviceNumber = lastDeviceNumber % 0xffff + 1;
                    attachment = new Attachment(device.key(), lastDeviceNumber);
                    attachments.put(busId, attachment);
                }
                result.add(new Export(describe(device, busId, attachment.deviceNumber()), device));
            }
            attachments.keySet().retainAll(given);
            return result;
        }
    }

    /** The port path, as on Linux; a device without one keeps the first free port of bus 1 for as long as it is attached. */
    private String busId(UsbDevice device, Set<String> used, Set<String> given) {
        String port = device.port().map(PortPath::toString).orElse("");
        if (!port.isEmpty() && port.length() < ExportedDevice.BUS_ID_SIZE && given.add(port)) {
            return port;
        }
        for (Map.Entry<String, Attachment> known : attachments.entrySet()) {
            if (known.getValue().key().equals(device.key())
                    && !used.contains(known.getKey())
                    && given.add(known.getKey())) {
                return known.getKey();
            }
        }
        int number = 1;
        while (used.contains("1-" + number) || attachments.containsKey("1-" + number) || !given.add("1-" + number)) {
            number++;
        }
        return "1-" + number;
    }

    private static ExportedDevice describe(UsbDevice device, String busId, int deviceNumber) {
        List<Integer> classes = new ArrayList<>();
        for (int i : interfaces(device)) {
            classes.add(device.alternates().stream()
                    .filter(a -> a.interfaceNumber() == i)
                    .findFirst()
                    .map(a -> a.interfaceClass() << 16 | a.interfaceSubclass() << 8 | a.protocol())
                    .orElse(0));
        }
        return new ExportedDevice(
                "/sys/devices/dfu4j/usb1/" + busId,
                busId,
                device.port().map(PortPath::bus).orElse(1),
                deviceNumber,
                FULL_SPEED,
                device.vendorId(),
                device.productId(),
                device.releaseNumber(),
                device.deviceDescriptor().u8(4) << 16
                        | device.deviceDescriptor().u8(5) << 8
                        | device.deviceDescriptor().u8(6),
                device.configurationValue(),
                device.deviceDescriptor().u8(17),
                classes.size(),
                classes);
    }

    private static List<Integer> interfaces(UsbDevice device) {
        return device.alternates().stream()
                .map(AlternateSetting::interfaceNumber)
                .distinct()
                .toList();
    }

    private static Thread daemon(Runnable task, String name) {
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        return thread;
    }

    private void start() {
        acceptor.start();
        watcher.start();
    }

    /** Collects what a server needs to know. */
    public static final class Builder {
        private final UsbBus bus;
        private InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), DEFAULT_PORT);
        private UsbIpServerListener listener = new UsbIpServerListener() {};
        private Duration handshakeTimeout = Duration.ofSeconds(5);
        private Duration transferTimeout = Duration.ofSeconds(10);

        private Builder(UsbBus bus) {
            this.bus = bus;
        }

        /** Where to listen; the loopback address and port 3240 unless told otherwise. Port 0 is any free one. */
        public Builder address(InetSocketAddress address) {
            this.address = address;
            return this;
        }

        /** Listens on a port of the loopback address. */
        public Builder port(int port) {
            return address(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        }

        /** Who is told what the clients do. */
        public Builder listener(UsbIpServerListener listener) {
            this.listener = listener;
            return this;
        }

        /** How long a client may take to send a message it has begun, 5 s unless told otherwise. */
        public Builder handshakeTimeout(Duration timeout) {
            this.handshakeTimeout = timeout;
            return this;
        }

        /**
         * How long the device may take for one transfer, 10 s unless told otherwise. After that the transfer stays pending until the
         * client takes it back, at most six times as long again.
         */
        public Builder transferTimeout(Duration timeout) {
            this.transferTimeout = timeout;
            return this;
        }

        /**
         * Opens the port and begins to serve.
         *
         * @throws IOException if the address cannot be listened on
         */
        public UsbIpServer start() throws IOException {
            UsbIpServer result = new UsbIpServer(this);
            result.start();
            return result;
        }
    }
}
