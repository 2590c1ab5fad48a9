package io.github.dfu4j.dfu;

import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The device kept busy, or away, until the deadline of the job. */
public final class DfuTimeoutException extends DfuException {

    private static final long serialVersionUID = 1;

    /**
     * A deadline that passed.
     *
     * @param step what was being done
     * @param allowed how long it was allowed to take
     * @param status the last thing the device answered, or null
     */
    public DfuTimeoutException(Step step, Duration allowed, @Nullable DfuStatus status) {
        super(
                step,
                "not done after " + seconds(allowed)
                        + (status == null ? "." : ", the device still says " + status.state() + "."),
                status,
                "Reset the device into its bootloader and run the command once more.",
                null);
    }

    private static String seconds(Duration d) {
        return String.format(Locale.ROOT, "%.1f s", d.toMillis() / 1000.0);
    }
}
