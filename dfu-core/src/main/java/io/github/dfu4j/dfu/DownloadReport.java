package io.github.dfu4j.dfu;

import io.github.dfu4j.usb.Reenumeration;
import java.time.Duration;
import java.util.Optional;

/**
 * A report: what a download did to a device, and how that is known.
 *
 * @param outcome how it ended
 * @param sent bytes that were sent; the last block of them may not be there if the job broke off
 * @param size bytes of the firmware
 * @param manifested whether the device said that it has taken the firmware as a whole
 * @param verified whether all of it was uploaded afterwards and equal
 * @param whyUnverified why not, as a sentence; empty if it was
 * @param back what became of the device after a reset or after it left by itself; empty if it stayed
 * @param idle whether the device was in dfuIDLE in the end
 * @param took how long it took
 */
public record DownloadReport(
        Outcome outcome,
        long sent,
        long size,
        boolean manifested,
        boolean verified,
        String whyUnverified,
        Optional<Reenumeration> back,
        boolean idle,
        Duration took) {

    /** How a download ended. */
    public enum Outcome {
        /** All of the plan was done. */
        COMPLETED,
        /** It was cancelled on the way. */
        CANCELLED,
        /** It failed on the way. */
        FAILED
    }
}
