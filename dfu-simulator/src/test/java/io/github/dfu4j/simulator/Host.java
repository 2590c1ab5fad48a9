package io.github.dfu4j.simulator;

import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/** A host that speaks in hexadecimal: what goes over the wire stands in the tests as a protocol analyser would show it. */
final class Host {

    static final int TIMEOUT = 60_000;
    private static final HexFormat HEX = HexFormat.ofDelimiter(" ");

    final VirtualBus bus = new VirtualBus();
    private UsbConnection connection;

    /** Plugs a board in and opens it as soon as it is there. */
    Host(VirtualBoard board) {
        bus.plug(board);
        waitFor(board);
        reopen();
    }

    void waitFor(VirtualBoard board) {
        for (int i = 0; i < 1000 && !board.attached(); i++) {
            sleep(10);
        }
    }

    Optional<UsbDevice> device() {
        try {
            return bus.devices().stream().findFirst();
        } catch (UsbException e) {
            throw new AssertionError(e);
        }
    }

    void reopen() {
        device().ifPresent(d -> {
            try {
                connection = bus.open(d);
            } catch (UsbException e) {
                throw new AssertionError(e);
            }
        });
    }

    void sleep(long millis) {
        try {
            bus.time().sleep(Duration.ofMillis(millis));
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    /** Does an IN transfer, written as {@code a1 03 0000 0000 6}, and returns the bytes in hexadecimal, or how it failed. */
    String in(String setup) {
        return in(setup, TIMEOUT);
    }

    String in(String setup, int timeout) {
        ControlSetup s = setup(setup);
        byte[] data = new byte[s.length()];
        try {
            int n = connection.control(s, data, 0, timeout);
            return HEX.formatHex(data, 0, n);
        } catch (UsbException e) {
            return e.kind().toString();
        }
    }

    /** Does an OUT transfer with bytes in hexadecimal, and returns {@code ok} or how it failed. */
    String out(String setup, String bytes) {
        return out(setup, bytes.isEmpty() ? new byte[0] : HEX.parseHex(bytes));
    }

    String out(String setup, byte[] bytes) {
        ControlSetup s = setup(setup + " " + bytes.length);
        try {
            int n = connection.control(s, bytes, 0, TIMEOUT);
            return n == bytes.length ? "ok" : n + " bytes";
        } catch (UsbException e) {
            return e.kind().toString();
        }
    }

    boolean resetPort() {
        try {
            return connection.reset();
        } catch (UsbException e) {
            throw new AssertionError(e);
        }
    }

    String download(int block, byte[] bytes) {
        return out(String.format("21 01 %04x 0000", block), bytes);
    }

    String command(String bytes) {
        return out("21 01 0000 0000", bytes);
    }

    String status() {
        return in("a1 03 0000 0000 6");
    }

    String abort() {
        return out("21 06 0000 0000", "");
    }

    String clearStatus() {
        return out("21 04 0000 0000", "");
    }

    /** Polls as the device asks until it is not busy, and returns the last status. */
    String finish() {
        for (int i = 0; i < 100_000; i++) {
            String status = status();
            byte[] b = status.length() == 17 ? HEX.parseHex(status) : new byte[0];
            if (b.length != 6 || b[4] != 4) {
                return status;
            }
            sleep((b[1] & 0xff) | (b[2] & 0xff) << 8);
        }
        return "busy for ever";
    }

    private static ControlSetup setup(String text) {
        List<String> f = Arrays.asList(text.split(" "));
        return new ControlSetup(
                Integer.parseInt(f.get(0), 16),
                Integer.parseInt(f.get(1), 16),
                Integer.parseInt(f.get(2), 16),
                Integer.parseInt(f.get(3), 16),
                Integer.parseInt(f.get(4)));
    }
}
