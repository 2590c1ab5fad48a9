package io.github.dfu4j.usb;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The words of a {@link Transcript}: transfers and devices as text, and back. */
final class TransferText {

    private static final int GET_DESCRIPTOR = 6;
    private static final int DEVICE = 1;
    private static final int CONFIGURATION = 2;
    private static final int STRING = 3;

    private TransferText() {}

    /**
     * A transfer.
     *
     * @param transferred how many bytes its data stage had
     * @param failure how it failed, or null
     * @param most how many bytes of the data stage are shown at the most
     */
    static String of(
            ControlSetup setup,
            byte[] data,
            int offset,
            int transferred,
            UsbException.@Nullable Kind failure,
            int most) {
        StringBuilder text = new StringBuilder(setup.toString());
        int length = setup.in() ? transferred : setup.length();
        if (length > 0) {
            text.append(setup.in() ? " <" : " >");
            hex(text, data, offset, Math.min(length, most));
            if (length > most) {
                text.append(" … (").append(length).append(" bytes)");
            }
        }
        if (failure != null) {
            text.append(" ! ").append(failure);
        } else if (!setup.in() && transferred != setup.length()) {
            text.append(" (").append(transferred).append(" taken)");
        }
        return text.toString();
    }

    private static void hex(StringBuilder text, byte[] bytes, int offset, int length) {
        for (int i = offset; i < offset + length; i++) {
            text.append(' ')
                    .append(Character.forDigit((bytes[i] >> 4) & 0xf, 16))
                    .append(Character.forDigit(bytes[i] & 0xf, 16));
        }
    }

    /** A device: its key, its port, why it cannot be used, and its descriptors as answers to GET_DESCRIPTOR. */
    static List<String> of(UsbDevice device) {
        List<String> lines = new ArrayList<>();
        lines.add("device " + device.key()
                + device.port().map(port -> " at " + port).orElse("")
                + device.accessProblem().map(problem -> " ! " + problem.kind()).orElse(""));
        lines.add(descriptor(DEVICE, 0, device.deviceDescriptor().toBytes()));
        lines.add(descriptor(CONFIGURATION, 0, device.configuration()));
        Set<Integer> named = StringDescriptors.named(device);
        for (int index : named) {
            device.rawString(index).ifPresent(string -> lines.add(descriptor(STRING, index, string.toBytes())));
        }
        return lines;
    }

    private static String descriptor(int type, int index, byte[] bytes) {
        ControlSetup setup = new ControlSetup(0x80, GET_DESCRIPTOR, type << 8 | index, 0, bytes.length);
        return of(setup, bytes, 0, bytes.length, null, Integer.MAX_VALUE);
    }

    /**
     * The devices of a listing.
     *
     * @param lines what follows its first line
     */
    static List<UsbDevice> devices(List<String> lines) {
        List<UsbDevice> devices = new ArrayList<>();
        for (int i = 0; i < lines.size(); ) {
            int end = i + 1;
            while (end < lines.size() && !lines.get(end).startsWith("device ")) {
                end++;
            }
            devices.add(device(lines.subList(i, end)));
            i = end;
        }
        return devices;
    }

    private static UsbDevice device(List<String> lines) {
        String head = lines.get(0);
        UsbException.Kind problem = failure(head);
        String[] words = head.split(" ", -1);
        UsbDevice.Builder device =
                UsbDevice.builder(words[1], descriptor(lines, DEVICE, 0), descriptor(lines, CONFIGURATION, 0));
        if (words.length > 3 && words[2].equals("at")) {
            device.port(PortPath.parse(words[3]));
        }
        for (int index = 1; index < 256; index++) {
            device.string(index, descriptor(lines, STRING, index));
        }
        if (problem != null) {
            device.accessProblem(new UsbException(problem, head));
        }
        return device.build();
    }

    /** The bytes of a descriptor; none if there is no line with it. */
    private static byte[] descriptor(List<String> lines, int type, int index) {
        String request = String.format(Locale.ROOT, "80 %02x %02x%02x ", GET_DESCRIPTOR, type, index);
        return lines.stream()
                .filter(line -> line.startsWith(request) && line.contains(" <"))
                .findFirst()
                .map(line -> bytes(line.substring(line.indexOf(" <"))))
                .orElse(new byte[0]);
    }

    /** The bytes that follow a direction, {@code " < 12 34"}; none of an empty text. */
    static byte[] bytes(String text) {
        String digits = text.replace(" <", "").trim();
        String[] pairs = digits.split(" ", -1);
        byte[] bytes = new byte[digits.isEmpty() ? 0 : pairs.length];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) Integer.parseInt(pairs[i], 16);
        }
        return bytes;
    }

    /** The kind of failure that a line ends with, or null. */
    static UsbException.@Nullable Kind failure(String line) {
        int mark = line.indexOf(" ! ");
        if (mark < 0) {
            return null;
        }
        String name = line.substring(mark + 3);
        for (UsbException.Kind kind : UsbException.Kind.values()) {
            if (kind.name().equals(name)) {
                return kind;
            }
        }
        return UsbException.Kind.UNKNOWN;
    }
}
