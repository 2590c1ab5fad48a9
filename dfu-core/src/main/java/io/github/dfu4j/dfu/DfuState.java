package io.github.dfu4j.dfu;

/** The state of a DFU device, as DFU_GETSTATUS and DFU_GETSTATE report it (DFU 1.1 §6.1.2). */
public enum DfuState {
    /** The application runs; DFU is not in use. */
    APP_IDLE(0, "appIDLE"),
    /** The application runs, DFU_DETACH has been received, and the device waits for a USB reset. */
    APP_DETACH(1, "appDETACH"),
    /** In DFU mode and waiting for requests. */
    IDLE(2, "dfuIDLE"),
    /** A block has been received; the device waits for DFU_GETSTATUS. */
    DNLOAD_SYNC(3, "dfuDNLOAD-SYNC"),
    /** A block is being programmed. */
    DNBUSY(4, "dfuDNBUSY"),
    /** A download is going on; the next block is expected. */
    DNLOAD_IDLE(5, "dfuDNLOAD-IDLE"),
    /** The last block has been received; the device waits for DFU_GETSTATUS to begin manifestation. */
    MANIFEST_SYNC(6, "dfuMANIFEST-SYNC"),
    /** Manifestation is going on. */
    MANIFEST(7, "dfuMANIFEST"),
    /** Manifestation is done; the device waits for a USB reset. */
    MANIFEST_WAIT_RESET(8, "dfuMANIFEST-WAIT-RESET"),
    /** An upload is going on; the next DFU_UPLOAD is expected. */
    UPLOAD_IDLE(9, "dfuUPLOAD-IDLE"),
    /** An error has occurred; the device waits for DFU_CLRSTATUS. */
    ERROR(10, "dfuERROR"),
    /** A number that the specification does not have; ST's device class answers 15 after some unsupported requests. */
    INVALID(-1, "no state of DFU 1.1");

    private final int code;
    private final String specName;

    DfuState(int code, String specName) {
        this.code = code;
        this.specName = specName;
    }

    /** {@code bState}, 0 to 10; −1 for {@link #INVALID}. */
    public int code() {
        return code;
    }

    /** The state's name in the specification, such as {@code dfuDNLOAD-IDLE}. */
    public String specName() {
        return specName;
    }

    /** Whether the device works on something and says how long before it wants to be asked again. */
    public boolean isBusy() {
        return this == DNLOAD_SYNC || this == DNBUSY || this == MANIFEST_SYNC || this == MANIFEST;
    }

    /** The state of a code; {@link #INVALID} if the specification has none. */
    public static DfuState of(int code) {
        return code >= 0 && code <= 10 ? values()[code] : INVALID;
    }

    @Override
    public String toString() {
        return specName;
    }
}
