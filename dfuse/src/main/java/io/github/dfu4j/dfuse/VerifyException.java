package io.github.dfu4j.dfuse;

import io.github.dfu4j.image.AddressRange;
import java.io.IOException;
import java.util.Locale;

/** The device's memory differs from the image. */
public final class VerifyException extends IOException {

    private static final long serialVersionUID = 1;

    private final long address;

    VerifyException(long address, int expected, int found, String advice) {
        super(String.format(
                Locale.ROOT,
                "The memory differs from the image, first at %s: expected 0x%02X, found 0x%02X.%s",
                AddressRange.hex(address),
                expected & 0xff,
                found & 0xff,
                advice.isEmpty() ? "" : " " + advice));
        this.address = address;
    }

    /** The lowest address at which a difference was found. */
    public long address() {
        return address;
    }
}
