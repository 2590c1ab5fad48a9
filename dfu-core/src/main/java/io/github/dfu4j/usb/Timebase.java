package io.github.dfu4j.usb;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * A clock and a sleeper: where the library gets the time from, and how it waits.
 *
 * <p>A simulation passes its own, so that a simulated minute of erasing takes milliseconds and no test ever sleeps.
 */
public interface Timebase {

    /** The time elapsed since some fixed moment, in nanoseconds; never goes backwards. */
    long nanos();

    /**
     * Waits.
     *
     * @param duration how long; zero or negative returns at once
     * @throws InterruptedException if the thread is interrupted while it waits
     */
    void sleep(Duration duration) throws InterruptedException;

    /**
     * The same clock, whose waits end when a job is cancelled.
     *
     * @param cancelled asked before a wait and every tenth of a second in it; once it answers true, {@link #sleep} throws
     *     InterruptedException
     */
    default Timebase cancelledBy(BooleanSupplier cancelled) {
        return new CancellableTimebase(this, cancelled);
    }

    /** The real time of this machine. */
    static Timebase system() {
        return SystemTimebase.INSTANCE;
    }

    /** The real time of this machine. */
    enum SystemTimebase implements Timebase {
        /** The only one. */
        INSTANCE;

        @Override
        public long nanos() {
            return System.nanoTime();
        }

        @Override
        public void sleep(Duration duration) throws InterruptedException {
            if (!duration.isNegative() && !duration.isZero()) {
                TimeUnit.NANOSECONDS.sleep(duration.toNanos());
            }
        }
    }
}
