package io.github.dfu4j.dfu;

import java.io.IOException;

/** A download that did not complete: it failed or was cancelled. Carries the report of what was done until then. */
public final class DownloadException extends IOException {

    private static final long serialVersionUID = 1;

    private final transient DownloadReport report;

    DownloadException(String message, DownloadReport report, Throwable cause) {
        super(message, cause);
        this.report = report;
    }

    /** What was done until then. */
    public DownloadReport report() {
        return report;
    }
}
