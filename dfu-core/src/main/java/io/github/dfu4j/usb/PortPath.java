package io.github.dfu4j.usb;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The place where a device is plugged in: the number of its bus and the port numbers from the root hub down, written
 * {@code 1-2.3} as Linux and dfu-util write it.
 *
 * <p>It is the one key that survives re-enumeration: a board that leaves one bootloader and appears in another has other ids, another
 * serial number and another address, but the same port.
 *
 * @param bus the bus number
 * @param ports the port numbers from the root hub to the device, none for a root hub itself
 */
public record PortPath(int bus, List<Integer> ports) implements Comparable<PortPath> {

    /** Copies the list. */
    public PortPath {
        ports = Collections.unmodifiableList(new ArrayList<>(ports));
    }

    /**
     * Reads the written form.
     *
     * @param text such as {@code 1-2.3}, or {@code 1-0} for a root hub
     * @throws IllegalArgumentException if the text is not of that form
     */
    public static PortPath parse(String text) {
        int dash = text.indexOf('-');
        try {
            if (dash > 0) {
                int bus = Integer.parseInt(text.substring(0, dash));
                List<Integer> ports = new ArrayList<>();
                for (String port : text.substring(dash + 1).split("\\.", -1)) {
                    ports.add(Integer.valueOf(port));
                }
                if (ports.size() == 1 && ports.get(0) == 0) {
                    ports.clear();
                }
                if (bus >= 0 && ports.stream().allMatch(p -> p > 0)) {
                    return new PortPath(bus, ports);
                }
            }
        } catch (NumberFormatException e) {
            // falls through to the one message below
        }
        throw new IllegalArgumentException(
                "a port path is a bus number, '-' and port numbers with dots between, such as 1-2.3; found \"" + text
                        + "\"");
    }

    @Override
    public int compareTo(PortPath other) {
        int byBus = Integer.compare(bus, other.bus);
        for (int i = 0; byBus == 0 && i < Math.min(ports.size(), other.ports.size()); i++) {
            byBus = Integer.compare(ports.get(i), other.ports.get(i));
        }
        return byBus != 0 ? byBus : Integer.compare(ports.size(), other.ports.size());
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder().append(bus).append('-');
        for (int i = 0; i < ports.size(); i++) {
            text.append(i == 0 ? "" : ".").append(ports.get(i));
        }
        return ports.isEmpty() ? text.append('0').toString() : text.toString();
    }
}
