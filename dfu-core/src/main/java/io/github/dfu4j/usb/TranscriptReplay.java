package io.github.dfu4j.usb;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collections;
import java.util.Deque;
import java.util.List;

/**
 * A bus that answers from a {@link Transcript}: the host must do what it did then, line by line, and gets the same answers. So a session
 * that somebody recorded becomes a test.
 *
 * <p>A host that does something else gets a {@link UsbException} that names the line. Times are not replayed.
 */
public final class TranscriptReplay implements UsbBus, UsbConnection {

    private final UsbDevice device;
    private final Deque<String> lines = new ArrayDeque<>();
    private int number;

    /**
     * A replay.
     *
     * @param device what the bus lists
     * @param lines the transcript's lines
     */
    public TranscriptReplay(UsbDevice device, List<String> lines) {
        this.device = device;
        this.lines.addAll(lines);
    }

    /** How many lines have not been replayed; 0 if the host did all that it did then. */
    public int left() {
        return lines.size();
    }

    @Override
    public List<UsbDevice> devices() {
        return Collections.singletonList(device);
    }

    @Override
    public UsbConnection open(UsbDevice opened) throws UsbException {
        next("open");
        return this;
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
        StringBuilder sent = new StringBuilder(setup.toString());
        for (int i = offset; !setup.in() && i < offset + setup.length(); i++) {
            sent.append(i == offset ? " > " : " ")
                    .append(Character.forDigit((data[i] >> 4) & 0xf, 16))
                    .append(Character.forDigit(data[i] & 0xf, 16));
        }
        String rest = next(sent.toString());
        if (!setup.in()) {
            return rest.startsWith(" (") ? Integer.parseInt(rest.substring(2, rest.indexOf(' ', 2))) : setup.length();
        }
        byte[] answer = bytes(rest);
        System.arraycopy(answer, 0, data, offset, answer.length);
        return answer.length;
    }

    private static byte[] bytes(String text) {
        String[] digits = text.replace(" < ", "").trim().split(" ", -1);
        byte[] bytes = new byte[text.isEmpty() ? 0 : digits.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Integer.parseInt(digits[i], 16);
        }
        return bytes;
    }

    @Override
    public boolean reset() throws UsbException {
        return next("reset").isEmpty();
    }

    @Override
    public void close() {
        String line = lines.peek();
        if (line != null && event(line).equals("close")) {
            lines.remove();
            number++;
        }
    }

    /** Takes the next line, which must begin as given; answers what follows, or fails as the line says. */
    private String next(String expected) throws UsbException {
        number++;
        String line = lines.poll();
        String event = line == null ? "the end" : event(line);
        if (!event.startsWith(expected)) {
            throw new UsbException(
                    UsbException.Kind.UNKNOWN,
                    "line " + number + " of the transcript has \"" + event + "\", and the host did \"" + expected
                            + "\"");
        }
        int failure = event.indexOf(" ! ");
        if (failure >= 0) {
            UsbException.Kind kind = Arrays.stream(UsbException.Kind.values())
                    .filter(k -> k.name().equals(event.substring(failure + 3)))
                    .findFirst()
                    .orElse(UsbException.Kind.UNKNOWN);
            throw new UsbException(kind, "as in line " + number + " of the transcript: " + kind.words());
        }
        return event.substring(expected.length());
    }

    /** A line without its time. */
    private static String event(String line) {
        String text = line.trim();
        return text.substring(text.indexOf(' ') + 1);
    }
}
