package io.github.dfu4j.simulator;

import io.github.dfu4j.usb.Timebase;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The time in which simulated boards live.
 *
 * <p>In <em>simulated time</em> (the constructor) a sleep returns at once and the clock stands where it would then stand: a minute of
 * erasing takes milliseconds, and a run gives the same times each time.
 *
 * <p>Each board on a bus has a clock of its own ({@link VirtualBus#time(io.github.dfu4j.usb.UsbDevice)}), so that boards which several
 * threads drive side by side each take their own time. The bus's clock shows the latest of them, and whoever sleeps by it takes all of
 * them along.
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

    /** How far the boards have gone that have clocks of their own. */
    private final AtomicLong latestOfBoards = new AtomicLong();

    private final Pace pace;
    private final long origin;
    private final @Nullable VirtualTime bus;

    /** Simulated time, starting at zero. */
    public VirtualTime() {
        this(Pace.SIMULATED);
    }

    private VirtualTime(Pace pace) {
        this.pace = pace;
        this.origin = System.nanoTime();
        this.bus = null;
    }

    private VirtualTime(VirtualTime bus) {
        this.pace = bus.pace;
        this.origin = bus.origin;
        this.bus = bus;
        this.skipped.set(bus.skipped());
    }

    /** The clock of a board on a bus that has this one. */
    VirtualTime ofBoard() {
        return new VirtualTime(this);
    }

    /** Whether this is the clock of a board on a bus. */
    boolean isOn(VirtualTime clockOfBus) {
        return clockOfBus.equals(bus);
    }

    private long skipped() {
        return Math.max(skipped.get(), bus == null ? latestOfBoards.get() : bus.skipped.get());
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
        return (pace == Pace.SIMULATED ? 0 : System.nanoTime() - origin) + skipped();
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
            long end = skipped.accumulateAndGet(skipped() + duration.toNanos(), Math::max);
            if (bus != null) {
                bus.latestOfBoards.accumulateAndGet(end, Math::max);
            }
        }
    }
}
