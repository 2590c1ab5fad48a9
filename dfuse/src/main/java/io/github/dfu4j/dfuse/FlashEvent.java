package io.github.dfu4j.dfuse;

/**
 * What a flasher tells its listener.
 *
 * <p>The order is: one {@link Started}; then for each target of the plan the phases {@link Phase#SURVEY}, {@link Phase#ERASE},
 * {@link Phase#WRITE} and {@link Phase#VERIFY}, those of them that have something to do, each as one {@link PhaseStarted} and any number
 * of {@link Progress} whose {@code done} never falls; {@link Note}s in between; one {@link Finished} as the last of all, whether the job
 * completed, failed or was cancelled.
 */
public sealed interface FlashEvent {

    /** What a phase does. */
    enum Phase {
        /** The device is read, to find what is there already and to keep what must not be lost; of what differs only the beginning. */
        SURVEY,
        /** Sectors are erased. */
        ERASE,
        /** Blocks are written. */
        WRITE,
        /** What was written is read back and compared. */
        VERIFY,
        /** Memory is read for the caller of {@link Flasher#read}; there are no other events then. */
        READ
    }

    /**
     * The job begins.
     *
     * @param plan what is to be done
     */
    record Started(FlashPlan plan) implements FlashEvent {}

    /**
     * A phase begins.
     *
     * @param target what it is about
     * @param phase which
     * @param total how much there is to do at the most, in bytes
     */
    record PhaseStarted(FlashTarget target, Phase phase, long total) implements FlashEvent {}

    /**
     * Some of a phase is done.
     *
     * @param target what it is about
     * @param phase which
     * @param address where the last step was
     * @param done how much is done, in bytes
     * @param total how much there is to do at the most, in bytes
     */
    record Progress(FlashTarget target, Phase phase, long address, long done, long total) implements FlashEvent {}

    /**
     * Something worth knowing.
     *
     * @param text one sentence
     */
    record Note(String text) implements FlashEvent {}

    /**
     * The job is over.
     *
     * @param report what was done
     */
    record Finished(FlashReport report) implements FlashEvent {}
}
