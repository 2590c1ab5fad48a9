package io.github.dfu4j.daisy;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A route that was not taken to its end: carries what was done, and where to go on. */
public final class RouteException extends IOException {

    private static final long serialVersionUID = 1;

    /** Why. */
    public enum Reason {
        /** It was cancelled. */
        CANCELLED,
        /** Nobody pressed what was asked for in time, or something else each time. */
        NOT_PRESSED,
        /** There are several boards, and none was chosen. */
        SEVERAL_BOARDS,
        /** Flashing failed. */
        FAILED
    }

    private final Reason reason;
    private final transient RouteReport report;
    private final int resumeAt;

    RouteException(Reason reason, String message, RouteReport report, int resumeAt, @Nullable Throwable cause) {
        super(message, cause);
        this.reason = reason;
        this.report = report;
        this.resumeAt = resumeAt;
    }

    /** Why. */
    public Reason reason() {
        return reason;
    }

    /** What was done until then. */
    public RouteReport report() {
        return report;
    }

    /** The number of the stage, from 0, at which the route can be taken up again. */
    public int resumeAt() {
        return resumeAt;
    }
}
