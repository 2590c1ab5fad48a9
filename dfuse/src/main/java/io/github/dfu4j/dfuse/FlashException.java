package io.github.dfu4j.dfuse;

import java.io.IOException;

/** A job that did not complete: it failed or was cancelled. Carries the report of what was done until then. */
public final class FlashException extends IOException {

    private static final long serialVersionUID = 1;

    private final transient FlashReport report;

    FlashException(String message, FlashReport report, Throwable cause) {
        super(message, cause);
        this.report = report;
    }

    /** What was done until then. */
    public FlashReport report() {
        return report;
    }

    /** Whether it was cancelled, rather than failed. */
    public boolean isCancelled() {
        return report.outcome() == FlashReport.Outcome.CANCELLED;
    }
}
