package io.github.dfu4j.image;

import java.io.IOException;

/** Firmware that a {@link FirmwareVerifier} does not let through. */
public final class FirmwareRejectedException extends IOException {

    private static final long serialVersionUID = 1;

    /** Why firmware was rejected. */
    public enum Reason {
        /** There is no signature. */
        UNSIGNED,
        /** The signature is not one of what it is said to sign, or breaks its format's rules. */
        INVALID_SIGNATURE,
        /** The signature may be right, but none of the caller's keys made it. */
        UNKNOWN_KEY,
        /** The signature, or the key that made it, is past its time. */
        EXPIRED,
        /** The bytes or addresses are not the ones that were signed. */
        WRONG_CONTENT,
        /** The firmware is meant for another device or another memory. */
        WRONG_TARGET,
        /** A newer version is on record. */
        OLDER_VERSION,
        /** Something else, which the message says. */
        OTHER
    }

    private final Reason reason;

    /**
     * A rejection.
     *
     * @param reason why
     * @param message what was expected and what was found
     */
    public FirmwareRejectedException(Reason reason, String message) {
        super(message);
        this.reason = reason;
    }

    /** Why the firmware was rejected. */
    public Reason reason() {
        return reason;
    }
}
