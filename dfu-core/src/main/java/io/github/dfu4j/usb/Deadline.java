package io.github.dfu4j.usb;

import java.time.Duration;

/**
 * A moment by which a whole job must be done, as opposed to the timeout of one transfer.
 */
public final class Deadline {

    private static final Duration UNLIMITED = Duration.ofDays(36_500);

    private final Timebase time;
    private final Duration allowed;
    private final long end;

    private Deadline(Timebase time, Duration allowed) {
        this.time = time;
        this.allowed = allowed;
        this.end = time.nanos() + allowed.toNanos();
    }

    /**
     * A deadline some time from now.
     *
     * @param time the clock it is measured by
     * @param allowed how long from now, up to about 290 years
     */
    public static Deadline in(Timebase time, Duration allowed) {
        return new Deadline(time, allowed);
    }

    /** The deadline of a job that has none: it is a hundred years away, and its parts have their own. */
    public static Deadline none(Timebase time) {
        return in(time, UNLIMITED);
    }

    /**
     * A deadline for a part of the job: some time from now, but not after this one.
     *
     * @param most how long from now at the most
     */
    public Deadline part(Duration most) {
        return remaining().compareTo(most) < 0 ? this : in(time, most);
    }

    /** How long the job was allowed to take in all. */
    public Duration allowed() {
        return allowed;
    }

    /** What is left, zero once it has passed. */
    public Duration remaining() {
        return Duration.ofNanos(Math.max(0, end - time.nanos()));
    }

    /** Whether the moment has come. */
    public boolean passed() {
        return end - time.nanos() <= 0;
    }

    /**
     * The timeout for one transfer within this deadline: at most {@code millis}, at least 1 millisecond. Part of a millisecond counts as a
     * whole one, so that the deadline has passed when a transfer has used up what was left.
     */
    public int limit(int millis) {
        return (int) Math.max(1, Math.min(millis, (end - time.nanos() + 999_999) / 1_000_000));
    }
}
