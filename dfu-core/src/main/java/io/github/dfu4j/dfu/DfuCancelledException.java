package io.github.dfu4j.dfu;

/** The job was cancelled, or its thread interrupted; in the latter case the interrupt flag is set again. */
public final class DfuCancelledException extends DfuException {

    private static final long serialVersionUID = 1;

    /**
     * A cancelled job.
     *
     * @param step what was being done
     */
    public DfuCancelledException(Step step) {
        super(step, "cancelled.", null, "", null);
    }
}
