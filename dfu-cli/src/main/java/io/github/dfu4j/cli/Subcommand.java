package io.github.dfu4j.cli;

import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A command of {@code dfu}: returns its exit status, or throws what {@link Failures} explains. */
abstract class Subcommand implements Callable<Integer> {

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    /** The command above all others, with the options that all share. */
    final DfuCommand root() {
        return (DfuCommand) spec.root().userObject();
    }

    /** The options about USB that mean something to this command; the others are not shown in its help. */
    Set<String> usbOptions() {
        return Set.of();
    }

    final Console console() {
        return root().console();
    }

    /** A command line that is well-formed but makes no sense. */
    final CommandException usage(String message) {
        return new CommandException(
                ExitCode.USAGE, message + " (\"" + spec.qualifiedName() + " --help\" shows how it is used.)");
    }
}
