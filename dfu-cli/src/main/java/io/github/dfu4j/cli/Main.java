package io.github.dfu4j.cli;

/** The entry point of the {@code dfu} command. */
public final class Main {

    private Main() {}

    /**
     * Prints how the command is used.
     *
     * @param args the command line, not yet looked at
     */
    public static void main(String[] args) {
        System.err.println("usage: dfu [--help | --version]");
    }
}
