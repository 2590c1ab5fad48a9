package io.github.dfu4j.dfu;

/** The thread was interrupted while it waited for the device. The interrupt flag is set again. */
public final class DfuInterruptedException extends DfuException {

    private static final long serialVersionUID = 1;

    /**
     * An interrupted wait.
     *
     * @param step what was being done
     */
    public DfuInterruptedException(Step step) {
        super(step, "interrupted.", null, "", null);
    }
}
