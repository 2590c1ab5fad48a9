package io.github.dfu4j.image;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A check that firmware has to pass before its first byte is sent to a device, such as one of its signature.
 *
 * <p>It is made on the image that will be flashed, not on the file it came from.
 */
@FunctionalInterface
public interface FirmwareVerifier {

    /**
     * Checks firmware for a device.
     *
     * @param image what will be written, byte for byte
     * @param target what it will be written to
     * @return what was found to be true, as one sentence for the user
     * @throws FirmwareRejectedException if the firmware must not be flashed
     * @throws IOException if what the check needs cannot be read
     */
    String verify(FirmwareImage image, Target target) throws IOException;

    /**
     * The device that firmware is meant for, as its descriptors name it.
     *
     * @param vendorId idVendor, 0 to 0xFFFF
     * @param productId idProduct, 0 to 0xFFFF
     * @param layoutNames the names of the memory layouts that will be written to, such as {@code Internal Flash}; empty for
     *     a device without them (DFU 1.1)
     */
    record Target(int vendorId, int productId, List<String> layoutNames) {

        /** Copies the list. */
        public Target {
            layoutNames = Collections.unmodifiableList(new ArrayList<>(layoutNames));
        }
    }
}
