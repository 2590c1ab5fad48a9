package io.github.dfu4j.cli;

/** A command that cannot do what it was asked to: carries the exit status and, in its message, what happened and what the user can do. */
final class CommandException extends Exception {

    private static final long serialVersionUID = 1;

    private final int status;

    /**
     * A failure.
     *
     * @param status one of {@link ExitCode}
     * @param message what happened and what the user can do, in whole sentences
     */
    CommandException(int status, String message) {
        super(message);
        this.status = status;
    }

    /** The exit status. */
    int status() {
        return status;
    }
}
