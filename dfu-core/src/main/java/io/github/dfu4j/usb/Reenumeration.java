package io.github.dfu4j.usb;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What became of a board that was told to leave the bus and come back: the result of {@link DeviceWatch#await}.
 *
 * <p>Each result has its own words in {@link #words()}. Only the first three name a device that may be talked to.
 */
public sealed interface Reenumeration {

    /** The device before. */
    UsbDevice before();

    /** The device to go on with, or empty if there is none or none that is certain. */
    Optional<UsbDevice> device();

    /** What happened, as one sentence without a full stop. */
    String words();

    /**
     * The device stayed attached all the time.
     *
     * @param before the device before
     * @param now the same attachment, as last listed
     * @param waited how long it was given to leave
     */
    record NeverLeft(UsbDevice before, UsbDevice now, Duration waited) implements Reenumeration {
        @Override
        public Optional<UsbDevice> device() {
            return Optional.of(now);
        }

        @Override
        public String words() {
            return now + " is still attached: it did not leave the bus within " + seconds(waited);
        }
    }

    /**
     * The board left and came back with the same descriptors and strings.
     *
     * @param before the device before
     * @param now the new attachment
     */
    record BackAsItWas(UsbDevice before, UsbDevice now) implements Reenumeration {
        @Override
        public Optional<UsbDevice> device() {
            return Optional.of(now);
        }

        @Override
        public String words() {
            return now + " left the bus and came back as it was";
        }
    }

    /**
     * The board left and came back as something else: another bootloader, an application, the same one with another layout.
     *
     * @param before the device before
     * @param now the new attachment
     */
    record BackAsAnother(UsbDevice before, UsbDevice now) implements Reenumeration {
        @Override
        public Optional<UsbDevice> device() {
            return Optional.of(now);
        }

        @Override
        public String words() {
            return before + " left the bus and came back as another device: " + now;
        }
    }

    /**
     * The board left and nothing that could be it was attached by the deadline.
     *
     * @param before the device before
     * @param waited how long it was given to come back
     */
    record NotBack(UsbDevice before, Duration waited) implements Reenumeration {
        @Override
        public Optional<UsbDevice> device() {
            return Optional.empty();
        }

        @Override
        public String words() {
            return before + " left the bus and was not back within " + seconds(waited);
        }
    }

    /**
     * The board left, and what is attached now may or may not be it. None of the candidates was opened.
     *
     * @param before the device before
     * @param candidates the attached devices among which only the user can tell, at least one
     */
    record Ambiguous(UsbDevice before, List<UsbDevice> candidates) implements Reenumeration {
        /** Copies the list. */
        public Ambiguous {
            candidates = Collections.unmodifiableList(new ArrayList<>(candidates));
        }

        @Override
        public Optional<UsbDevice> device() {
            return Optional.empty();
        }

        @Override
        public String words() {
            return before
                    + " left the bus, and it cannot be told for certain whether it is one of these, so none was touched: "
                    + candidates.stream().map(Reenumeration::withSerial).collect(Collectors.joining(", "));
        }
    }

    private static String withSerial(UsbDevice device) {
        return device
                + device.serialNumber().map(s -> " with serial number " + s).orElse("");
    }

    private static String seconds(Duration waited) {
        return waited.toMillis() % 1000 == 0 ? waited.toMillis() / 1000 + " s" : waited.toMillis() + " ms";
    }
}
