package io.github.dfu4j.dfuse;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** A job that did not complete: it failed or was cancelled. Carries the report of what was done until then, and the last transfers. */
public final class FlashException extends IOException {

    private static final long serialVersionUID = 1;

    private final transient FlashReport report;
    private final transient List<String> lastTransfers;

    FlashException(String message, FlashReport report, List<String> lastTransfers, Throwable cause) {
        super(message, cause);
        this.report = report;
        this.lastTransfers = Collections.unmodifiableList(new ArrayList<>(lastTransfers));
    }

    /** What was done until then. */
    public FlashReport report() {
        return report;
    }

    /**
     * The last transfers up to the failure, the oldest first; see {@link io.github.dfu4j.dfu.DfuSession#lastTransfers()}. What brought the
     * device to dfuIDLE afterwards is not among them.
     */
    public List<String> lastTransfers() {
        return lastTransfers;
    }

    /** Whether it was cancelled, rather than failed. */
    public boolean isCancelled() {
        return report.outcome() == FlashReport.Outcome.CANCELLED;
    }
}
