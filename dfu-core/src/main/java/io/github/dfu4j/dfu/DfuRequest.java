package io.github.dfu4j.dfu;

import io.github.dfu4j.usb.ControlSetup;

/** The seven class requests of DFU (DFU 1.1 §3), all to the interface. */
public enum DfuRequest {
    /** Leave run-time mode. */
    DETACH(0, false),
    /** Send a block of firmware. */
    DNLOAD(1, false),
    /** Fetch a block of firmware. */
    UPLOAD(2, true),
    /** Fetch status, state and poll time; makes the device go on with what it received. */
    GETSTATUS(3, true),
    /** Acknowledge an error. */
    CLRSTATUS(4, false),
    /** Fetch the state alone; changes nothing. */
    GETSTATE(5, true),
    /** Give up the transfer and return to dfuIDLE. */
    ABORT(6, false);

    private final int code;
    private final boolean in;

    DfuRequest(int code, boolean in) {
        this.code = code;
        this.in = in;
    }

    /** {@code bRequest}, 0 to 6. */
    public int code() {
        return code;
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
