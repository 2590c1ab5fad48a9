package io.github.dfu4j.usbip.internal;

import java.io.IOException;

/** The other end sent something that is not USB/IP 1.1.1; the message says what was expected and what was found. */
public final class ProtocolException extends IOException {

    private static final long serialVersionUID = 1;

    /** A violation in plain words. */
    public ProtocolException(String message) {
        super(message);
    }
}
