package io.github.dfu4j.simulator;

import io.github.dfu4j.usb.PortPath;
import io.github.dfu4j.usb.StringDescriptors;
import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * A USB bus with simulated boards on its ports.
 *
 * <p>Listing devices costs no simulated time and counts as no transfer: it stands for what the operating system knows already. A control
 * transfer takes its time on a full-speed bus and the device's own. Boards do not share the bus's bandwidth: each stands for one on a
 * port of its own controller. All methods may be called from any thread.
 */
public final class VirtualBus implements UsbBus {

    private final VirtualTime time;
    private final Map<PortPath, VirtualBoard> boards = new TreeMap<>();
    private final List<VirtualConnection> open = new CopyOnWriteArrayList<>();
    private final List<Look> beforeListing = new CopyOnWriteArrayList<>();
    private final List<Last> atClose = new CopyOnWriteArrayList<>();
    private volatile @Nullable IOException notSaved;

    /** What is done each time before devices are listed. */
    @FunctionalInterface
    interface Look {
        void run() throws UsbException;
    }

    /** What is done when the bus is closed. */
    @FunctionalInterface
    interface Last {
        void run() throws IOException;
    }

    /** A bus in simulated time. */
    public VirtualBus() {
        this(new VirtualTime());
    }

    /** A bus in a time of the caller's. */
    public VirtualBus(VirtualTime time) {
        this.time = time;
    }

    /** The time of all boards on this bus, to be passed to whatever drives them one after the other. */
    public VirtualTime time() {
        return time;
    }

    /** The time of one device, to be passed to whatever drives it side by side with others; the bus's if it is not attached. */
    public VirtualTime time(UsbDevice device) {
        for (Map.Entry<PortPath, VirtualBoard> entry : boards().entrySet()) {
            if (device.port().filter(entry.getKey()::equals).isPresent()) {
                return entry.getValue().time();
            }
        }
        return time;
    }

    /** Plugs a board into the next free port of bus 1 and returns where that is. */
    public PortPath plug(VirtualBoard board) {
        PortPath path;
        synchronized (this) {
            int port = 1;
            while (boards.containsKey(new PortPath(1, List.of(port)))) {
                port++;
            }
            path = new PortPath(1, List.of(port));
            boards.put(path, board);
        }
        start(board, path);
        return path;
    }

    /**
     * Plugs a board into a port. It gets power and starts.
     *
     * @throws IllegalStateException if something is plugged in there, or the board elsewhere
     */
    public void plug(VirtualBoard board, PortPath port) {
        synchronized (this) {
            if (boards.containsKey(port)) {
                throw new IllegalStateException("port " + port + " is taken by " + boards.get(port));
            }
            boards.put(port, board);
        }
        start(board, port);
    }

    /** Not with the bus locked: who listens to a board looks at the bus with the board locked. */
    private void start(VirtualBoard board, PortPath port) {
        try {
            board.plugIn(time);
        } catch (RuntimeException e) {
            synchronized (this) {
                boards.remove(port, board);
            }
            throw e;
        }
    }

    /** Pulls a board out. It loses its power at once, whatever it was doing. */
    public void unplug(VirtualBoard board) {
        synchronized (this) {
            boards.values().remove(board);
        }
        board.pullOut();
    }

    /** The boards by port. */
    public synchronized Map<PortPath, VirtualBoard> boards() {
        return new TreeMap<>(boards);
    }

    @Override
    public List<UsbDevice> devices() throws UsbException {
        for (Look look : beforeListing) {
            look.run();
        }
        List<UsbDevice> result = new ArrayList<>();
        boards().forEach((port, board) -> {
            UsbDevice device = snapshot(port, board);
            if (device != null) {
                result.add(device);
            }
        });
        return result;
    }

    @Override
    public UsbConnection open(UsbDevice device) throws UsbException {
        for (Map.Entry<PortPath, VirtualBoard> entry : boards().entrySet()) {
            UsbDevice now = snapshot(entry.getKey(), entry.getValue());
            if (now != null && now.key().equals(device.key())) {
                VirtualConnection connection =
                        new VirtualConnection(this, entry.getValue(), now, attachment(now.key()));
                open.add(connection);
                return connection;
            }
        }
        throw new UsbException(UsbException.Kind.GONE, device + ": " + UsbException.Kind.GONE.words());
    }

    /** Closes the connections and saves a board that is kept in a file; {@link #notSaved()} tells if that failed. */
    @Override
    public void close() {
        open.forEach(VirtualConnection::close);
        List<Last> last = List.copyOf(atClose);
        atClose.clear();
        for (Last action : last) {
            try {
                action.run();
            } catch (IOException e) {
                notSaved = e;
            }
        }
    }

    /** Why a board that is kept in a file could not be saved when this bus was closed; empty if it was, or none is kept. */
    public Optional<IOException> notSaved() {
        return Optional.ofNullable(notSaved);
    }

    void closed(VirtualConnection connection) {
        open.remove(connection);
    }

    void beforeListing(Look action) {
        beforeListing.add(action);
    }

    void atClose(Last action) {
        atClose.add(action);
    }

    private static long attachment(String key) {
        return Long.parseLong(key.substring(key.indexOf('#') + 1));
    }

    private static @Nullable UsbDevice snapshot(PortPath port, VirtualBoard board) {
        return board.inside(() -> {
            Gadget shown = board.gadget();
            if (shown == null) {
                return null;
            }
            UsbDevice.Builder builder = UsbDevice.builder(
                            "sim:" + port + "#" + board.attachment(),
                            shown.descriptors.device(),
                            shown.descriptors.configuration())
                    .port(port)
                    .address((int) (board.attachment() % 127 + 1));
            Set<Integer> named = StringDescriptors.named(builder.build());
            shown.descriptors.strings().forEach((index, bytes) -> {
                if (named.contains(index)) {
                    builder.string(index, bytes);
                }
            });
            return builder.build();
        });
    }
}
