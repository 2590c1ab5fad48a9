package io.github.dfu4j.usb;

import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A failure of a USB transfer or of access to a device, of one {@link Kind}, with a remedy where one is known.
 */
public final class UsbException extends IOException {

    private static final long serialVersionUID = 1;

    /** What kind of failure it was, as far as the platform tells. */
    public enum Kind {
        /** The device refused the request: it answered with a STALL handshake. */
        STALL("the device refused the request (STALL)"),
        /** No answer within the transfer's timeout. */
        TIMEOUT("the device did not answer in time"),
        /** The device is not on the bus any more. */
        GONE("the device is not attached any more"),
        /** The operating system does not let this user open the device. */
        ACCESS_DENIED("access to the device was denied"),
        /** Another program or driver holds the device or the interface. */
        BUSY("the device is in use by another program or driver"),
        /** No driver which this program can talk to is bound to the device (Windows: no WinUSB). */
        NO_DRIVER("no suitable driver is bound to the device"),
        /** There is no way to the bus: this machine has none, or the host of a remote one does not answer. */
        UNREACHABLE("the bus cannot be reached"),
        /** The platform cannot do this. */
        UNSUPPORTED("this platform cannot do that"),
        /** Something else, or the platform does not say what: Android's control transfers answer all failures alike. */
        UNKNOWN("the transfer failed");

        private final String words;

        Kind(String words) {
            this.words = words;
        }

        /** The kind in plain words, a clause without a full stop. */
        public String words() {
            return words;
        }
    }

    private final Kind kind;
    private final @Nullable String remedy;

    /**
     * A failure with no remedy known.
     *
     * @param kind what kind of failure
     * @param message what was tried and what happened
     */
    public UsbException(Kind kind, String message) {
        this(kind, message, null, null);
    }

    /**
     * A failure.
     *
     * @param kind what kind of failure
     * @param message what was tried and what happened
     * @param remedy what the user can do about it, or null
     * @param cause the failure below, or null
     */
    public UsbException(Kind kind, String message, @Nullable String remedy, @Nullable Throwable cause) {
        super(message, cause);
        this.kind = kind;
        this.remedy = remedy;
    }

    /** What kind of failure it was. */
    public Kind kind() {
        return kind;
    }

    /** What the user can do about it, in one or more sentences. */
    public Optional<String> remedy() {
        return Optional.ofNullable(remedy);
    }
}
