package io.github.dfu4j.cli;

import java.util.Arrays;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;

/** The entry point of the {@code dfu} command. */
public final class Main {

    /** How wide a text is that people like to read. */
    private static final int MOST_COLUMNS = 100;
    /** How narrow picocli can print it. */
    private static final int LEAST_COLUMNS = 55;

    private Main() {}

    /**
     * Runs the command of a command line and ends the JVM with its exit status.
     *
     * @param args the command line, not yet looked at
     */
    public static void main(String[] args) {
        Console console = Console.ofProcess();
        int status = run(console, args);
        console.flush();
        System.exit(status);
    }

    /** Runs the command of a command line and returns its exit status. Throws nothing, whatever happens. */
    static int run(Console console, String... args) {
        DfuCommand root = new DfuCommand(console);
        Failures failures = new Failures(root);
        try {
            // dfu-util's options mean other things than ours, so its command line stands apart. It is read as getopt
            // does: an
            // option's last value counts, and a beginning is enough that no other option has.
            boolean dfuUtil = args.length > 0 && args[0].equals("dfu-util");
            CommandLine line = (dfuUtil
                            ? new CommandLine(new DfuUtilCommand(console, root.cancellation()).spec())
                            : root.commandLine())
                    .setOut(console.out())
                    .setOverwrittenOptionsAllowed(dfuUtil)
                    .setAbbreviatedOptionsAllowed(dfuUtil)
                    .setErr(console.err())
                    .setUsageHelpWidth(Math.max(LEAST_COLUMNS, Math.min(console.columns(), MOST_COLUMNS)))
                    .setColorScheme(CommandLine.Help.defaultColorScheme(console.isTerminal() ? Ansi.AUTO : Ansi.OFF))
                    .setExecutionExceptionHandler((e, command, parsed) ->
                            dfuUtil ? DfuUtilCommand.status(failures.explain(e), e) : failures.explain(e))
                    .setParameterExceptionHandler((e, arguments) -> failures.explainUsage(e));
            int status = line.execute(dfuUtil ? Arrays.copyOfRange(args, 1, args.length) : args);
            return failures.explainLostOutput(status);
        } catch (OutOfMemoryError | StackOverflowError | RuntimeException e) {
            return failures.explain(e);
        } finally {
            console.flush();
            root.ended();
        }
    }
}
