package io.github.dfu4j.dfu;

import java.io.IOException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A failure of DFU: carries the step, the device's status where it gave one, and what the user can do. The message says all of it in
 * plain words.
 */
public abstract sealed class DfuException extends IOException
        permits DfuTransferException,
                DfuStatusException,
                DfuProtocolException,
                DfuTimeoutException,
                DfuCancelledException,
                DfuSelectionException {

    private static final long serialVersionUID = 1;

    private final transient @Nullable Step step;
    private final transient @Nullable DfuStatus status;
    private final String advice;

    DfuException(Step step, String what, @Nullable DfuStatus status, String advice, @Nullable Throwable cause) {
        super("Could not " + step + ": " + what + (advice.isEmpty() ? "" : " " + advice), cause);
        this.step = step;
        this.status = status;
        this.advice = advice;
    }

    /** What was being done. */
    public Step step() {
        return step == null ? Step.of("do something") : step; // null only after deserialisation
    }

    /** What the device answered to DFU_GETSTATUS, if it did. */
    public Optional<DfuStatus> status() {
        return Optional.ofNullable(status);
    }

    /** What probably happened and what the user can do, in whole sentences; empty if nothing is known. */
    public String advice() {
        return advice;
    }
}
