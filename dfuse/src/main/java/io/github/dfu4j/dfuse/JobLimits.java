package io.github.dfu4j.dfuse;

import io.github.dfu4j.dfu.DfuTimeoutException;
import io.github.dfu4j.dfu.Step;
import io.github.dfu4j.usb.Deadline;
import io.github.dfu4j.usb.Timebase;
import java.time.Duration;
import java.util.Optional;

/** How long a job and each of its operations may take. An operation never gets more than is left of the job. */
final class JobLimits {

    /** The most that one operation may take: a sector erase of a slow part takes 5 s, bad flash longer. */
    private static final Duration OPERATION = Duration.ofSeconds(30);

    /** The most that a mass erase may take; the slowest data sheet says 64 s. */
    private static final Duration MASS_ERASE = Duration.ofMinutes(2);

    /** The most that bringing the device to dfuIDLE may take. */
    private static final Duration RECOVERY = Duration.ofSeconds(20);

    private final Deadline job;

    /**
     * Limits that begin now.
     *
     * @param most how long the whole job may take, if there is a limit
     */
    JobLimits(Timebase time, Optional<Duration> most) {
        this.job = most.map(allowed -> Deadline.in(time, allowed)).orElseGet(() -> Deadline.none(time));
    }

    Deadline operation() {
        return job.part(OPERATION);
    }

    Deadline massErase() {
        return job.part(MASS_ERASE);
    }

    Deadline recovery() {
        return job.part(RECOVERY);
    }

    /** For putting the device in order after a failure, which may be that the job's own time is up. */
    static Deadline recoveryAfterFailure(Timebase time) {
        return Deadline.in(time, RECOVERY);
    }

    /** Ends a job whose time is up. */
    void check() throws DfuTimeoutException {
        if (job.passed()) {
            throw new DfuTimeoutException(Step.of("finish the job"), job.allowed(), null);
        }
    }
}
