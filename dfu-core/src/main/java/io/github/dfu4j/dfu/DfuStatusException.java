package io.github.dfu4j.dfu;

/** The device reports an error: it is, or was, in dfuERROR. */
public final class DfuStatusException extends DfuException {

    private static final long serialVersionUID = 1;

    /**
     * An error reported by the device.
     *
     * @param step what was being done
     * @param status what the device answered
     * @param dfuSe whether the device speaks DfuSe, where some codes have meanings of their own
     */
    public DfuStatusException(Step step, DfuStatus status, boolean dfuSe) {
        super(
                step,
                "the device reports " + status + " (" + words(status, dfuSe) + ").",
                status,
                advice(status, dfuSe),
                null);
    }

    private static String words(DfuStatus status, boolean dfuSe) {
        return switch (status.code()) {
            case ERR_TARGET ->
                dfuSe ? "the address is wrong or not supported" : status.code().words();
            case ERR_VENDOR ->
                dfuSe
                        ? "read protection is active, or the memory could not be erased or written"
                        : status.code().words();
            default -> status.code().words();
        };
    }

    private static String advice(DfuStatus status, boolean dfuSe) {
        return switch (status.code()) {
            case ERR_TARGET, ERR_ADDRESS ->
                dfuSe
                        ? "Check that the image belongs to this device and to this bootloader."
                        : "Check that the file belongs to this device.";
            case ERR_VENDOR ->
                dfuSe
                        ? "If the part is read-protected, only a read-unprotect helps, which erases all of its flash."
                        : "The device's documentation may say more.";
            case ERR_FILE, ERR_FIRMWARE -> "Check that the file is complete and belongs to this device.";
            default -> "Run the command once more; if it stays so, reset the device into its bootloader.";
        };
    }
}
