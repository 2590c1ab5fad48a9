package io.github.dfu4j.simulator;

import java.time.Duration;

/**
 * The person in front of a board: does what they are asked a little later, at a person's pace.
 *
 * <p>Each method returns at once; the presses happen as time goes on.
 */
public final class Operator {

    private static final long MILLI = 1_000_000;
    private static final int BETWEEN_PRESSES = 300;

    private final VirtualBoard board;
    private final Duration reaction;

    /** An operator who takes 1.2 s to act. */
    public Operator(VirtualBoard board) {
        this(board, Duration.ofMillis(1200));
    }

    /**
     * An operator.
     *
     * @param board the board
     * @param reaction how long it takes from being asked to the first press
     */
    public Operator(VirtualBoard board, Duration reaction) {
        this.board = board;
        this.reaction = reaction;
    }

    /** Holds BOOT, presses RESET, lets BOOT go: to the bootloader in ROM. */
    public void enterRom() {
        perform(board::pressBoot, board::tapReset, board::releaseBoot);
    }

    /** Presses RESET, and BOOT while the bootloader waits: to the bootloader in flash, to stay there. */
    public void enterBootloader() {
        perform(board::tapReset, () -> {}, () -> {}, board::tapBoot);
    }

    /** Presses RESET. */
    public void reset() {
        perform(board::tapReset);
    }

    /** Takes the power away for a second. */
    public void cyclePower() {
        perform(() -> board.powerCut(Duration.ofSeconds(1)));
    }

    private void perform(Runnable... presses) {
        board.inside(() -> {
            long at = board.now() + reaction.toNanos();
            for (Runnable press : presses) {
                board.outside(at, press);
                at += BETWEEN_PRESSES * MILLI;
            }
            return null;
        });
    }
}
