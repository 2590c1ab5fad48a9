package io.github.dfu4j.dfu;

import org.jspecify.annotations.Nullable;

/** The device answered in a way that the specification does not allow, or is in a state in which the request cannot be sent. */
public final class DfuProtocolException extends DfuException {

    private static final long serialVersionUID = 1;

    /**
     * An answer that does not fit.
     *
     * @param step what was being done
     * @param what what was expected and what was found, with a full stop
     * @param status what the device answered to DFU_GETSTATUS, or null
     * @param advice what the user can do, in whole sentences; may be empty
     */
    public DfuProtocolException(Step step, String what, @Nullable DfuStatus status, String advice) {
        super(step, what, status, advice, null);
    }
}
