package io.github.dfu4j.dfuse;

import io.github.dfu4j.image.AddressRange;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * A report: what a job did to a device, and how that is known. It never claims more than that.
 *
 * @param outcome how the job ended
 * @param erased what was erased, joined, in address order
 * @param written what was written: the device said of these ranges that it has done or accepted it, but of the last one if the job
 *     broke off there; so with {@code erased}
 * @param unchanged what was left alone because the device holds the right bytes already, as its read-back showed
 * @param verified what was read back after writing, or after nothing but an erase, and found equal or blank
 * @param digests of each range that was read back as a whole, the digest of what the device returned
 * @param unverified what was written or is to be blank and could not be read back, or was not asked to be
 * @param whyUnverified why, in whole sentences; empty if {@code unverified} is
 * @param left what the device did when it was asked to leave DFU mode; empty if it was not asked
 * @param idle whether the device was in dfuIDLE in the end
 * @param took how long the job took
 */
public record FlashReport(
        Outcome outcome,
        List<AddressRange> erased,
        List<AddressRange> written,
        List<AddressRange> unchanged,
        List<AddressRange> verified,
        List<RangeDigest> digests,
        List<AddressRange> unverified,
        List<String> whyUnverified,
        Optional<DfuSeSession.Left> left,
        boolean idle,
        Duration took) {

    /**
     * The digest of a range of memory.
     *
     * @param range the addresses
     * @param sha256 SHA-256 of their bytes in address order, as 64 lower-case hexadecimal digits
     */
    public record RangeDigest(AddressRange range, String sha256) {}

    /** How a job ended. */
    public enum Outcome {
        /** All of the plan was done. */
        COMPLETED,
        /** It was cancelled on the way. */
        CANCELLED,
        /** It failed on the way. */
        FAILED
    }

    /** Copies the lists. */
    public FlashReport {
        erased = copy(erased);
        written = copy(written);
        unchanged = copy(unchanged);
        verified = copy(verified);
        unverified = copy(unverified);
        digests = Collections.unmodifiableList(new ArrayList<>(digests));
        whyUnverified = Collections.unmodifiableList(new ArrayList<>(whyUnverified));
    }

    private static List<AddressRange> copy(List<AddressRange> ranges) {
        return Collections.unmodifiableList(Ranges.joined(ranges));
    }

    /**
     * Whether the job completed and everything it was about has been read back and found right. Not so if nothing was read back, as when
     * read protection is removed.
     */
    public boolean proved() {
        boolean read = !verified.isEmpty() || !unchanged.isEmpty();
        return outcome == Outcome.COMPLETED && read && unverified.isEmpty();
    }
}
