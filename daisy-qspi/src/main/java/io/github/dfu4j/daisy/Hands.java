package io.github.dfu4j.daisy;

/** The person at the board, as a route sees them: is asked for presses of its buttons. */
@FunctionalInterface
public interface Hands {

    /**
     * Asks for presses. May return at once or when they are done: the board is watched either way.
     *
     * @param request what is needed
     */
    void press(Request request);

    /**
     * One question.
     *
     * @param presses what to do
     * @param why what for, a whole sentence
     * @param attempt 1 for the first time it is asked, more if something else happened than was asked for
     * @param noticed what happened instead, a whole sentence; empty at the first attempt
     */
    record Request(Presses presses, String why, int attempt, String noticed) {}
}
