package io.github.dfu4j.dfu;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * A download that did not complete: it failed or was cancelled. Carries the report of what was done until then, and the last transfers.
 */
public final class DownloadException extends IOException {

    private static final long serialVersionUID = 1;

    private final transient DownloadReport report;
    private final transient List<String> lastTransfers;

    DownloadException(String message, DownloadReport report, List<String> lastTransfers, Throwable cause) {
        super(message, cause);
        this.report = report;
        this.lastTransfers = Collections.unmodifiableList(new ArrayList<>(lastTransfers));
    }

    /** What was done until then. */
    public DownloadReport report() {
        return report;
    }

    /** The last transfers up to the failure, the oldest first; see {@link DfuSession#lastTransfers()}. */
    public List<String> lastTransfers() {
        return lastTransfers;
    }
}
