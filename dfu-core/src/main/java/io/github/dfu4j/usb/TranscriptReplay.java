package io.github.dfu4j.usb;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A bus that answers from a {@link Transcript}: the host must do what it did then, line by line of each connection, and gets the same
 * answers. So a session that somebody recorded becomes a test, without the device:
 *
 * <pre>
 * TranscriptReplay bus = new TranscriptReplay(Files.readAllLines(Path.of("session.txt")));
 * </pre>
 *
 * A host that does something else gets a {@link UsbException} that names the line. Times are not replayed.
 */
public final class TranscriptReplay implements UsbBus {

    /** A line without its time and connection, and where it stood. */
    private record Line(int number, String text) {}

    private final Map<Integer, Deque<Line>> connections = new TreeMap<>();
    private List<UsbDevice> attached = Collections.emptyList();

    /**
     * A replay.
     *
     * @param lines the transcript's lines
     * @throws IllegalArgumentException if one is not of a transcript
     */
    public TranscriptReplay(List<String> lines) {
        for (int i = 0; i < lines.size(); i++) {
            String[] columns = lines.get(i).trim().split(" ", 3);
            if (columns.length < 3 || !columns[0].matches("[0-9]+\\.[0-9]{3}") || !columns[1].matches("[0-9]{1,9}")) {
                throw new IllegalArgumentException("line " + (i + 1) + " is not of a transcript: expected time,"
                        + " connection and what was done, found \"" + lines.get(i) + "\"");
            }
            connections
                    .computeIfAbsent(Integer.valueOf(columns[1]), n -> new ArrayDeque<>())
                    .add(new Line(i + 1, columns[2]));
        }
    }

    /** How many lines have not been replayed; 0 if the host did all that it did then. */
    public synchronized int left() {
        return connections.values().stream().mapToInt(Deque::size).sum();
    }

    /** The devices that were attached when the host had come as far as it has come now. */
    @Override
    public synchronized List<UsbDevice> devices() throws UsbException {
        Deque<Line> listings = linesOf(0);
        Line next = listings.peek();
        if (next == null || connections.values().stream().anyMatch(other -> isBefore(other.peek(), next))) {
            return attached;
        }
        listings.remove();
        fail(next);
        List<String> descriptions = new ArrayList<>();
        for (Line line = listings.peek(); line != null && !line.text().startsWith("devices"); line = listings.peek()) {
            descriptions.add(listings.remove().text());
        }
        attached = Collections.unmodifiableList(TransferText.devices(descriptions));
        return attached;
    }

    private static boolean isBefore(@Nullable Line line, Line other) {
        return line != null && line.number() < other.number();
    }

    private Deque<Line> linesOf(int connection) {
        return connections.computeIfAbsent(connection, n -> new ArrayDeque<>());
    }

    @Override
    public synchronized UsbConnection open(UsbDevice device) throws UsbException {
        String what = "open " + device.key();
        for (Map.Entry<Integer, Deque<Line>> entry : connections.entrySet()) {
            Line line = entry.getValue().peek();
            if (line != null && (line.text().equals(what) || line.text().startsWith(what + " ! "))) {
                entry.getValue().remove();
                fail(line);
                return new Replayed(device, entry.getValue());
            }
        }
        throw new UsbException(
                UsbException.Kind.UNKNOWN, "the transcript does not have \"" + what + "\" here, which the host did");
    }

    @Override
    public void close() {
        // what is left of the transcript stays to be asked for
    }

    private static void fail(Line line) throws UsbException {
        UsbException.Kind kind = TransferText.failure(line.text());
        if (kind != null) {
            throw new UsbException(kind, "as in line " + line.number() + " of the transcript: " + kind.words());
        }
    }

    private static final class Replayed implements UsbConnection {
        private final UsbDevice device;
        private final Deque<Line> lines;

        private Replayed(UsbDevice device, Deque<Line> lines) {
            this.device = device;
            this.lines = lines;
        }

        @Override
        public UsbDevice device() {
            return device;
        }

        @Override
        public void claim(int interfaceNumber) throws UsbException {
            next("claim " + interfaceNumber);
        }

        @Override
        public void selectAlternate(int interfaceNumber, int alternateSetting) throws UsbException {
            next("alternate " + interfaceNumber + " " + alternateSetting);
        }

        @Override
        public int control(ControlSetup setup, byte[] data, int offset, int timeoutMillis) throws UsbException {
            int sent = setup.in() ? 0 : setup.length();
            String rest = next(TransferText.of(setup, data, offset, sent, null, Integer.MAX_VALUE));
            if (!setup.in()) {
                return rest.startsWith(" (") ? Integer.parseInt(rest.substring(2, rest.indexOf(' ', 2))) : sent;
            }
            byte[] answer = TransferText.bytes(rest);
            System.arraycopy(answer, 0, data, offset, answer.length);
            return answer.length;
        }

        @Override
        public boolean reset() throws UsbException {
            return next("reset").isEmpty();
        }

        @Override
        public void close() {
            Line line = lines.peek();
            if (line != null && line.text().equals("close")) {
                lines.remove();
            }
        }

        /** Takes the next line, which must begin as given; answers what follows, or fails as the line says. */
        private String next(String expected) throws UsbException {
            Line line = lines.poll();
            if (line == null) {
                throw new UsbException(
                        UsbException.Kind.UNKNOWN,
                        "the transcript has nothing more of this connection, and the host did \"" + expected + "\"");
            }
            boolean same = line.text().startsWith(expected);
            String rest = same ? line.text().substring(expected.length()) : "";
            if (!same || (!rest.isEmpty() && Character.isLetterOrDigit(rest.charAt(0)))) { // "6" begins "64" as well
                throw new UsbException(
                        UsbException.Kind.UNKNOWN,
                        "line " + line.number() + " of the transcript has \"" + line.text() + "\", and the host did \""
                                + expected + "\"");
            }
            fail(line);
            return rest;
        }
    }
}
