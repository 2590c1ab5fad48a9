package io.github.dfu4j.dfu;

import io.github.dfu4j.usb.ControlSetup;

/** The seven class requests of DFU (DFU 1.1 §3), all to the interface. */
public enum DfuRequest {
    /** Leave run-time mode. */
    DETACH(false),
    /** Send a block of firmware. */
    DNLOAD(false),
    /** Fetch a block of firmware. */
    UPLOAD(true),
    /** Fetch status, state and poll time; makes the device go on with what it received. */
    GETSTATUS(true),
    /** Acknowledge an error. */
    CLRSTATUS(false),
    /** Fetch the state alone; changes nothing. */
    GETSTATE(true),
    /** Give up the transfer and return to dfuIDLE. */
    ABORT(false);

    private final boolean in;

    DfuRequest(boolean in) {
        this.in = in;
    }

    /** {@code bRequest}, 0 to 6. */
    public int code() {
        return ordinal();
    }

    /** {@code bmRequestType}: 0xA1 for requests that fetch, 0x21 for the others. */
    public int requestType() {
        return in ? 0xa1 : 0x21;
    }

    /**
     * The setup stage of this request.
     *
     * @param value {@code wValue}: block number or detach timeout
     * @param interfaceNumber {@code wIndex}
     * @param length {@code wLength}
     */
    public ControlSetup setup(int value, int interfaceNumber, int length) {
        return new ControlSetup(requestType(), code(), value, interfaceNumber, length);
    }

    /** The name in the specification, such as {@code DFU_DNLOAD}. */
    @Override
    public String toString() {
        return "DFU_" + name();
    }
}
