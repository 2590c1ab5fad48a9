package io.github.dfu4j.dfu;

import io.github.dfu4j.usb.UsbException;

/** A USB transfer failed: the device stalled, kept silent, or is gone. */
public final class DfuTransferException extends DfuException {

    private static final long serialVersionUID = 1;

    private final UsbException.Kind kind;

    /**
     * A failed transfer.
     *
     * @param step what was being done
     * @param request the request that failed, such as {@code DFU_DNLOAD}
     * @param cause the failure
     */
    public DfuTransferException(Step step, String request, UsbException cause) {
        super(
                step,
                cause.kind().words() + " (" + request + ").",
                null,
                cause.remedy().orElseGet(() -> advice(cause.kind())),
                cause);
        this.kind = cause.kind();
    }

    private static String advice(UsbException.Kind kind) {
        return switch (kind) {
            case GONE -> "Was it unplugged or reset? Connect it again in its bootloader and run the command once more.";
            case TIMEOUT ->
                "Unplug and reconnect the device, directly rather than through a hub, and run the command once more.";
            case STALL -> "Run the command once more; if it stays so, reset the device into its bootloader.";
            default -> "Reset the device into its bootloader and run the command once more.";
        };
    }

    /** What kind of failure it was. */
    public UsbException.Kind kind() {
        return kind;
    }
}
