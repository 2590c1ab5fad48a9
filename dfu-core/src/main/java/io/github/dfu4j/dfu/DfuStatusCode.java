package io.github.dfu4j.dfu;

/** The result of the last request, as DFU_GETSTATUS reports it in {@code bStatus} (DFU 1.1 §6.1.2). */
public enum DfuStatusCode {
    /** No error. */
    OK(0, "OK", "no error"),
    /** The file is not for this device. For DfuSe: the address is wrong or not supported (AN3156 §5.1). */
    ERR_TARGET(1, "errTARGET", "the file is not for this device"),
    /** The file fails a test of the vendor's. */
    ERR_FILE(2, "errFILE", "the file fails a test of the device's vendor"),
    /** The device cannot write memory. */
    ERR_WRITE(3, "errWRITE", "the device cannot write its memory"),
    /** Erasing failed. */
    ERR_ERASE(4, "errERASE", "erasing failed"),
    /** The check after erasing failed. */
    ERR_CHECK_ERASED(5, "errCHECK_ERASED", "the memory is not blank after erasing"),
    /** Programming failed. */
    ERR_PROG(6, "errPROG", "programming failed"),
    /** The memory differs after programming. */
    ERR_VERIFY(7, "errVERIFY", "the memory differs from what was programmed"),
    /** The address is out of range. */
    ERR_ADDRESS(8, "errADDRESS", "the address is out of range"),
    /** DFU_DNLOAD with length 0 came before the device had all data. */
    ERR_NOTDONE(9, "errNOTDONE", "the device expects more data"),
    /** The firmware is corrupt. ST's ROM bootloaders start with it. */
    ERR_FIRMWARE(10, "errFIRMWARE", "the device's firmware is corrupt"),
    /** A vendor's own error. For DfuSe: read protection is active (AN3156 §4.1). */
    ERR_VENDOR(11, "errVENDOR", "an error of the vendor's own"),
    /** An unexpected USB reset. */
    ERR_USBR(12, "errUSBR", "an unexpected USB reset"),
    /** An unexpected power-on reset. */
    ERR_POR(13, "errPOR", "an unexpected power-on reset"),
    /** Something else. */
    ERR_UNKNOWN(14, "errUNKNOWN", "an error the device cannot name"),
    /** The device stalled an unexpected request. */
    ERR_STALLEDPKT(15, "errSTALLEDPKT", "the device refused an unexpected request"),
    /** A number that the specification does not have. */
    INVALID(16, "no status of DFU 1.1", "a status outside the specification");

    private final int code;
    private final String specName;
    private final String words;

    DfuStatusCode(int code, String specName, String words) {
        this.code = code;
        this.specName = specName;
        this.words = words;
    }

    /** {@code bStatus}, 0 to 15; 16 for {@link #INVALID}. */
    public int code() {
        return code;
    }

    /** The name in the specification, such as {@code errTARGET}. */
    public String specName() {
        return specName;
    }

    /** What it means, in plain words. */
    public String words() {
        return words;
    }

    /** The status of a code; {@link #INVALID} if the specification has none. */
    public static DfuStatusCode of(int code) {
        return code >= 0 && code < INVALID.code ? values()[code] : INVALID;
    }

    @Override
    public String toString() {
        return specName;
    }
}
