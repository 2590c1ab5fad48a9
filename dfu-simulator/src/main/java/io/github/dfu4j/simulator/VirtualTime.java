package io.github.dfu4j.simulator;

import io.github.dfu4j.usb.Timebase;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * The time in which simulated boards live.
 *
 * <p>In <em>simulated time</em> (the constructor) a sleep returns at once and the clock stands where it would then stand: a minute of
 * erasing takes milliseconds, and a run gives the same times each time. One thread should drive the boards; of several threads that
 * sleep at once, the clock goes to the latest end.
 *
 * <p>In <em>real time</em> ({@link #realTime()}) the clock is the machine's and a sleep sleeps, so that many boards can be driven side by
 * side by as many threads, and programs that know nothing of simulations see a board at its true pace.
 *
 * <p>In <em>fast-forward</em> ({@link #fastForward()}) the clock goes on with the machine's too, but a sleep skips ahead instead: for
 * boards that are served to such programs without making them wait.
 */
public final class VirtualTime implements Timebase {

    private enum Pace {
        SIMULATED,
        REAL,
        FAST_FORWARD
    }

    /** The simulated time, or in fast-forward how much of it was skipped. */
    private final AtomicLong skipped = new AtomicLong();

    private final Pace pace;
    private final long origin = System.nanoTime();

    /** Simulated time, starting at zero. */
    public VirtualTime() {
        this(Pace.SIMULATED);
    }

    private VirtualTime(Pace pace) {
        this.pace = pace;
    }

    /** Time that goes with the real clock, starting at zero. */
    public static VirtualTime realTime() {
        return new VirtualTime(Pace.REAL);
    }

    /** Time that goes with the real clock, starting at zero, and skips what is slept. */
    public static VirtualTime fastForward() {
        return new VirtualTime(Pace.FAST_FORWARD);
    }

    /** Whether it goes with the real clock and a sleep sleeps. */
    public boolean isRealTime() {
        return pace == Pace.REAL;
    }

    /** The time since this object was made. */
    public Duration now() {
        return Duration.ofNanos(nanos());
    }

    @Override
    public long nanos() {
        return (pace == Pace.SIMULATED ? 0 : System.nanoTime() - origin) + skipped.get();
    }

    @Override
    public void sleep(Duration duration) throws InterruptedException {
        if (duration.isNegative() || duration.isZero()) {
            return;
        }
        if (pace == Pace.REAL) {
            // Thread.sleep knows whole milliseconds before Java 21, and a transfer takes a tenth of one.
            long end = nanos() + duration.toNanos();
            for (long left = duration.toNanos(); left > 0; left = end - nanos()) {
                LockSupport.parkNanos(this, left);
                if (Thread.interrupted()) {
                    throw new InterruptedException();
                }
            }
        } else if (Thread.interrupted()) {
            throw new InterruptedException();
        } else {
            skipped.accumulateAndGet(skipped.get() + duration.toNanos(), Math::max);
        }
    }
}
