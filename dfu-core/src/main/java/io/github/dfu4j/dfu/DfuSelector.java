package io.github.dfu4j.dfu;

import io.github.dfu4j.usb.PortPath;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;

/**
 * Which device is meant: by ids, port, serial number and mode. What is not said fits every device.
 *
 * @param vendor {@code idVendor}
 * @param product {@code idProduct}
 * @param port where it is plugged in
 * @param serial its serial number, exactly
 * @param mode run-time or DFU mode
 */
public record DfuSelector(
        OptionalInt vendor,
        OptionalInt product,
        Optional<PortPath> port,
        Optional<String> serial,
        Optional<DfuMode> mode) {

    /** Every DFU device, whatever its mode. */
    public static final DfuSelector ANY = new DfuSelector(
            OptionalInt.empty(), OptionalInt.empty(), Optional.empty(), Optional.empty(), Optional.empty());

    /** Every device in DFU mode. */
    public static final DfuSelector DFU_MODE = ANY.inMode(DfuMode.DFU);

    /**
     * Adds what a user wrote: {@code 0483:df11} (either id may be {@code *}), a port such as {@code 1-2.3}, or {@code serial=TEXT}.
     *
     * @throws IllegalArgumentException if the text is none of these
     */
    public DfuSelector with(String text) {
        if (text.startsWith("serial=")) {
            return new DfuSelector(vendor, product, port, Optional.of(text.substring(7)), mode);
        }
        if (text.indexOf(':') > 0) {
            String[] ids = text.split(":", -1);
            if (ids.length == 2) {
                return new DfuSelector(id(ids[0], text), id(ids[1], text), port, serial, mode);
            }
        } else if (text.indexOf('-') > 0) {
            return atPort(PortPath.parse(text));
        }
        throw malformed(text);
    }

    private static OptionalInt id(String text, String whole) {
        if (text.equals("*") || text.isEmpty()) {
            return OptionalInt.empty();
        }
        try {
            int id = Integer.parseInt(text, 16);
            if (id >= 0 && id <= 0xffff) {
                return OptionalInt.of(id);
            }
        } catch (NumberFormatException e) {
            // one message for all
        }
        throw malformed(whole);
    }

    private static IllegalArgumentException malformed(String text) {
        return new IllegalArgumentException(
                "a device is given as VID:PID in hexadecimal (0483:df11), as a port (1-2.3) or as serial=TEXT; found \""
                        + text + "\"");
    }

    /** The same, at one port only. */
    public DfuSelector atPort(PortPath path) {
        return new DfuSelector(vendor, product, Optional.of(path), serial, mode);
    }

    /** The same, in one mode only. */
    public DfuSelector inMode(DfuMode wanted) {
        return new DfuSelector(vendor, product, port, serial, Optional.of(wanted));
    }

    /** Whether an interface fits. */
    public boolean matches(DfuInterface candidate) {
        return (!vendor.isPresent() || vendor.getAsInt() == candidate.device().vendorId())
                && (!product.isPresent()
                        || product.getAsInt() == candidate.device().productId())
                && (!port.isPresent() || port.equals(candidate.device().port()))
                && (!serial.isPresent() || serial.equals(candidate.device().serialNumber()))
                && (!mode.isPresent() || mode.get() == candidate.mode());
    }

    /** Those of some interfaces that fit. */
    public List<DfuInterface> all(List<DfuInterface> candidates) {
        return candidates.stream().filter(this::matches).collect(Collectors.toList());
    }

    /**
     * The one that fits.
     *
     * @throws DfuSelectionException if none fits or several do; nothing is guessed
     */
    public DfuInterface one(List<DfuInterface> candidates) throws DfuSelectionException {
        List<DfuInterface> fitting = all(candidates);
        if (fitting.size() == 1) {
            return fitting.get(0);
        }
        throw new DfuSelectionException(
                toString(),
                fitting,
                fitting.isEmpty()
                        ? wayToDfuMode(candidates)
                        : "Say which by its port: boards of one kind can share ids and serial number.");
    }

    private String wayToDfuMode(List<DfuInterface> candidates) {
        Optional<DfuInterface> running = mode.equals(Optional.of(DfuMode.DFU))
                ? inMode(DfuMode.RUN_TIME).all(candidates).stream().findFirst()
                : Optional.empty();
        return running.map(r -> r.device() + " runs its application: \"dfu detach\" brings it into DFU mode.")
                .orElse("Put the device into its bootloader, and see what is attached with \"dfu list\".");
    }

    /** What is asked for, in words, such as {@code DFU device 0483:df11 at port 1-2}. */
    @Override
    public String toString() {
        List<String> words = new ArrayList<>();
        words.add("DFU device");
        if (vendor.isPresent() || product.isPresent()) {
            words.add(hex(vendor) + ":" + hex(product));
        }
        port.ifPresent(p -> words.add("at port " + p));
        serial.ifPresent(s -> words.add("with serial number " + s));
        mode.ifPresent(m -> words.add(m == DfuMode.DFU ? "in DFU mode" : "in run-time mode"));
        return String.join(" ", words);
    }

    private static String hex(OptionalInt id) {
        return id.isPresent() ? String.format(Locale.ROOT, "%04x", id.getAsInt()) : "*";
    }
}
