package io.github.dfu4j.usb;

import java.time.Duration;
import java.util.function.BooleanSupplier;

/** A clock whose waits end when a job is cancelled. */
final class CancellableTimebase implements Timebase {

    private static final long SLICE = 100_000_000;

    private final Timebase time;
    private final BooleanSupplier cancelled;

    CancellableTimebase(Timebase time, BooleanSupplier cancelled) {
        this.time = time;
        this.cancelled = cancelled;
    }

    @Override
    public long nanos() {
        return time.nanos();
    }

    @Override
    public void sleep(Duration duration) throws InterruptedException {
        long left = duration.toNanos();
        while (left > 0) {
            if (cancelled.getAsBoolean()) {
                throw new InterruptedException();
            }
            time.sleep(Duration.ofNanos(Math.min(left, SLICE)));
            left -= SLICE;
        }
    }
}
