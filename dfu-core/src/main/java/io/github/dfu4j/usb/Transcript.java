package io.github.dfu4j.usb;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A transcript: what went over the bus, one readable line for each transfer, made by a bus that stands between a host and another bus.
 * {@link TranscriptReplay} answers from it, so that a session which somebody recorded becomes a test.
 *
 * <p>A line is the time since the transcript began in milliseconds, the number of the connection, the setup stage as a protocol analyser
 * would show it, and what came of it: {@code >} and the bytes sent, {@code <} and the bytes received, or {@code !} and the kind of
 * failure:
 *
 * <pre>
 *     0.000 0 devices 1
 *     0.000 0 device sim:1-1#1 at 1-1
 *     0.000 0 80 06 0100 0000 18 &lt; 12 01 00 02 …
 *     0.210 1 open sim:1-1#1
 *    12.345 1 21 01 0000 0000 5 > 21 00 00 00 08
 *    12.601 1 a1 03 0000 0000 6 &lt; 00 64 00 00 04 00
 *   112.900 1 a1 03 0000 0000 6 ! STALL
 * </pre>
 *
 * Opening, claiming, selecting an alternate setting, resetting and closing have lines of their own, in words. Connection 0 is the bus
 * itself: each time other devices are attached than before, those with a DFU interface are written down with their descriptors, in the
 * form of the requests that read them.
 */
public final class Transcript {

    /** How many bytes of a data stage a line shows that is kept in memory. */
    private static final int BYTES_KEPT = 16;

    private final Timebase time;
    private final int keep;
    private final @Nullable Consumer<String> sink;
    private final Deque<String> last = new ArrayDeque<>();
    private final long start;
    private @Nullable List<UsbDevice> attached;
    private int connections;

    /**
     * A transcript that somebody reads.
     *
     * @param time the clock of its lines
     * @param keep how many of the last lines to keep
     * @param sink gets each line as it is made, without a line end; on the thread of the transfer, one at a time
     */
    public Transcript(Timebase time, int keep, Consumer<String> sink) {
        this(time, sink, keep);
    }

    /**
     * A transcript of which only the last lines are wanted, if something fails.
     *
     * @param time the clock of its lines
     * @param keep how many of the last lines to keep
     */
    public Transcript(Timebase time, int keep) {
        this(time, null, keep);
    }

    private Transcript(Timebase time, @Nullable Consumer<String> sink, int keep) {
        this.time = time;
        this.keep = keep;
        this.sink = sink;
        this.start = time.nanos();
    }

    /** The last lines of what was done over connections, the oldest first; of long data stages they show the beginning. */
    public synchronized List<String> last() {
        return new ArrayList<>(last);
    }

    /** A bus that does what another does and writes it down. */
    public UsbBus of(UsbBus bus) {
        return new UsbBus() {
            @Override
            public List<UsbDevice> devices() throws UsbException {
                List<UsbDevice> devices;
                try {
                    devices = bus.devices();
                } catch (UsbException e) {
                    add(0, "devices ! " + e.kind());
                    throw e;
                }
                list(devices);
                return devices;
            }

            @Override
            public UsbConnection open(UsbDevice device) throws UsbException {
                int number = nextConnection();
                try {
                    UsbConnection connection = bus.open(device);
                    add(number, "open " + device.key());
                    return new Recorded(connection, number);
                } catch (UsbException e) {
                    add(number, "open " + device.key() + " ! " + e.kind());
                    throw e;
                }
            }

            @Override
            public void close() {
                bus.close();
            }
        };
    }

    /** A connection that does what another does and writes it down; it is open already. */
    public UsbConnection of(UsbConnection connection) {
        int number = nextConnection();
        if (sink != null) {
            List<UsbDevice> devices = new ArrayList<>();
            devices.add(connection.device());
            list(devices);
            add(number, "open " + connection.device().key());
        }
        return new Recorded(connection, number);
    }

    private synchronized int nextConnection() {
        return ++connections;
    }

    /** Writes the devices down unless they are those of before; not among the last lines, which are about transfers. */
    private synchronized void list(List<UsbDevice> all) {
        Consumer<String> reader = sink;
        if (reader == null) {
            return;
        }
        List<UsbDevice> devices = new ArrayList<>(all);
        devices.removeIf(device -> device.alternates().stream().noneMatch(AlternateSetting::isDfu));
        if (devices.equals(attached)) {
            return;
        }
        attached = devices;
        reader.accept(line(0, "devices " + devices.size()));
        for (UsbDevice device : devices) {
            for (String text : TransferText.of(device)) {
                reader.accept(line(0, text));
            }
        }
    }

    private void add(int connection, String text) {
        add(connection, text, text);
    }

    private synchronized void add(int connection, String whole, String brief) {
        if (keep > 0) {
            if (last.size() == keep) {
                last.removeFirst();
            }
            last.addLast(line(connection, brief));
        }
        if (sink != null) {
            sink.accept(line(connection, whole));
        }
    }

    private String line(int connection, String text) {
        long micros = (time.nanos() - start) / 1000;
        String millis = Long.toString(micros / 1000);
        StringBuilder line = new StringBuilder(80); // one is made for every transfer, so not by a Formatter
        for (int i = millis.length(); i < 6; i++) {
            line.append(' ');
        }
        line.append(millis).append('.').append(Long.toString(1000 + micros % 1000), 1, 4);
        return line.append(' ').append(connection).append(' ').append(text).toString();
    }

    private final class Recorded implements UsbConnection {
        private final UsbConnection connection;
        private final int number;

        private Recorded(UsbConnection connection, int number) {
            this.connection = connection;
            this.number = number;
        }

        @Override
        public UsbDevice device() {
            return connection.device();
        }

        @Override
        public void claim(int interfaceNumber) throws UsbException {
            record("claim " + interfaceNumber, () -> connection.claim(interfaceNumber));
        }

        @Override
        public void selectAlternate(int interfaceNumber, int alternateSetting) throws UsbException {
            record(
                    "alternate " + interfaceNumber + " " + alternateSetting,
                    () -> connection.selectAlternate(interfaceNumber, alternateSetting));
        }

        private void record(String what, Action action) throws UsbException {
            try {
                action.run();
            } catch (UsbException e) {
                add(number, what + " ! " + e.kind());
                throw e;
            }
            add(number, what);
        }

        @Override
        public int control(ControlSetup setup, byte[] data, int offset, int timeoutMillis) throws UsbException {
            try {
                int n = connection.control(setup, data, offset, timeoutMillis);
                transfer(setup, data, offset, n, null);
                return n;
            } catch (UsbException e) {
                transfer(setup, data, offset, 0, e.kind());
                throw e;
            }
        }

        private void transfer(
                ControlSetup setup, byte[] data, int offset, int transferred, UsbException.@Nullable Kind failure) {
            String brief = keep == 0 ? "" : TransferText.of(setup, data, offset, transferred, failure, BYTES_KEPT);
            String whole =
                    sink == null ? "" : TransferText.of(setup, data, offset, transferred, failure, Integer.MAX_VALUE);
            add(number, whole, brief);
        }

        @Override
        public int maxControlLength() {
            return connection.maxControlLength();
        }

        @Override
        public boolean reset() throws UsbException {
            boolean same;
            try {
                same = connection.reset();
            } catch (UsbException e) {
                add(number, "reset ! " + e.kind());
                throw e;
            }
            add(number, same ? "reset" : "reset, gone");
            return same;
        }

        @Override
        public void close() {
            connection.close();
            add(number, "close");
        }
    }

    /** What a connection can do besides transfers. */
    private interface Action {
        void run() throws UsbException;
    }
}
