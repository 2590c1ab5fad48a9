package io.github.dfu4j.usb;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * A transcript: what went over the bus, one readable line for each transfer, made by a bus that stands between a host and another bus.
 *
 * <p>A line is the time since the transcript began in milliseconds, the setup stage as a protocol analyser would show it, and what came
 * of it: {@code >} and the bytes sent, {@code <} and the bytes received, or {@code !} and the kind of failure:
 *
 * <pre>
 *    12.345 21 01 0000 0000 5 > 21 00 00 00 08
 *    12.601 a1 03 0000 0000 6 &lt; 00 64 00 00 04 00
 *   112.900 a1 03 0000 0000 6 ! STALL
 * </pre>
 *
 * Opening, claiming, selecting an alternate setting, resetting and closing have lines of their own, in words. The last lines are kept in
 * memory, so that a job that failed can show them.
 */
public final class Transcript {

    private final Timebase time;
    private final int keep;
    private final Consumer<String> sink;
    private final Deque<String> last = new ArrayDeque<>();
    private final long start;

    /**
     * A transcript.
     *
     * @param time the clock of its lines
     * @param keep how many of the last lines to keep
     * @param sink gets each line as it is made, without a line end; on the thread of the transfer, one at a time
     */
    public Transcript(Timebase time, int keep, Consumer<String> sink) {
        this.time = time;
        this.keep = keep;
        this.sink = sink;
        this.start = time.nanos();
    }

    /** The last lines, the oldest first. */
    public synchronized List<String> last() {
        return new ArrayList<>(last);
    }

    /** A bus that does what another does and writes it down. */
    public UsbBus of(UsbBus bus) {
        return new UsbBus() {
            @Override
            public List<UsbDevice> devices() throws UsbException {
                return bus.devices();
            }

            @Override
            public UsbConnection open(UsbDevice device) throws UsbException {
                UsbConnection connection;
                try {
                    connection = bus.open(device);
                } catch (UsbException e) {
                    write("open " + device, e);
                    throw e;
                }
                write("open " + device, null);
                return of(connection);
            }

            @Override
            public void close() {
                bus.close();
            }
        };
    }

    /** A connection that does what another does and writes it down. */
    public UsbConnection of(UsbConnection connection) {
        return new Recorded(connection);
    }

    /** What a connection can do besides transfers. */
    private interface Action {
        void run() throws UsbException;
    }

    private synchronized void write(String what, @Nullable UsbException failure) {
        double millis = (time.nanos() - start) / 1_000_000.0;
        String line =
                String.format(Locale.ROOT, "%10.3f %s", millis, what) + (failure == null ? "" : " ! " + failure.kind());
        if (last.size() == keep && keep > 0) {
            last.removeFirst();
        }
        if (keep > 0) {
            last.addLast(line);
        }
        sink.accept(line);
    }

    private static String hex(char direction, byte[] bytes, int offset, int length) {
        StringBuilder text = new StringBuilder(2 + 3 * length);
        if (length > 0) {
            text.append(' ').append(direction);
        }
        for (int i = offset; i < offset + length; i++) {
            text.append(' ')
                    .append(Character.forDigit((bytes[i] >> 4) & 0xf, 16))
                    .append(Character.forDigit(bytes[i] & 0xf, 16));
        }
        return text.toString();
    }

    private final class Recorded implements UsbConnection {
        private final UsbConnection connection;

        private Recorded(UsbConnection connection) {
            this.connection = connection;
        }

        private void record(String what, Action action) throws UsbException {
            try {
                action.run();
            } catch (UsbException e) {
                write(what, e);
                throw e;
            }
            write(what, null);
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

        @Override
        public int control(ControlSetup setup, byte[] data, int offset, int timeoutMillis) throws UsbException {
            String sent = setup.in() ? "" : hex('>', data, offset, setup.length());
            int n;
            try {
                n = connection.control(setup, data, offset, timeoutMillis);
            } catch (UsbException e) {
                write(setup + sent, e);
                throw e;
            }
            String partly = !setup.in() && n != setup.length() ? " (" + n + " taken)" : "";
            write(setup + sent + (setup.in() ? hex('<', data, offset, n) : partly), null);
            return n;
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
                write("reset", e);
                throw e;
            }
            write(same ? "reset" : "reset, gone", null);
            return same;
        }

        @Override
        public void close() {
            connection.close();
            write("close", null);
        }
    }
}
