package io.github.dfu4j.cli;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.io.Reader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * Where a command prints and asks: results go to the output, and messages, warnings and progress to the error output.
 *
 * <p>What it prints may come from a stranger's file or device: control characters, which a terminal would obey, become question marks.
 *
 * <p>It may be used from several threads.
 */
final class Console {

    private static final Pattern CONTROL = Pattern.compile("[\\p{Cc}&&[^\n\t]]");

    private final PrintWriter out;
    private final PrintWriter err;
    private final BufferedReader in;
    private final boolean terminal;
    private int shown;

    /**
     * A console over streams of the caller's.
     *
     * @param terminal whether a person watches the error output
     */
    Console(Reader in, Writer out, Writer err, boolean terminal) {
        this.in = new BufferedReader(in);
        this.out = new PrintWriter(out);
        this.err = new PrintWriter(err, true);
        this.terminal = terminal;
    }

    /** The console of this process. */
    static Console ofProcess() {
        return new Console(
                new InputStreamReader(System.in, StandardCharsets.UTF_8),
                new PrintWriter(System.out, false, StandardCharsets.UTF_8),
                new PrintWriter(System.err, true, StandardCharsets.UTF_8),
                // The launcher looks: Java itself only knows whether input and output both are a terminal.
                Boolean.getBoolean("dfu.terminal"));
    }

    /** Whether a person watches the error output. */
    boolean isTerminal() {
        return terminal;
    }

    /** The output, for results. */
    PrintWriter out() {
        return out;
    }

    /** The error output. */
    PrintWriter err() {
        return err;
    }

    /** The input, by lines. */
    BufferedReader in() {
        return in;
    }

    /** Prints a line of the result. */
    void print(String line) {
        out.println(visible(line));
    }

    /** Tells what is going on. */
    void note(String line) {
        out.flush();
        err.println(visible(line));
    }

    /** Tells something that the user should know before going on. */
    void warn(String sentence) {
        note("warning: " + sentence);
    }

    /** Tells why a command fails. */
    void error(String sentence) {
        note("dfu: " + sentence);
    }

    /** Writes over the line that is being shown, in place of a new one. */
    void overwrite(String line) {
        String text = visible(line);
        err.print("\r" + text + " ".repeat(Math.max(0, shown - text.length())) + "\r" + text);
        err.flush();
        shown = text.length();
    }

    /** How many characters fit a line. */
    int width() {
        return Integer.getInteger("dfu.columns", 100) - 1;
    }

    private static String visible(String text) {
        return CONTROL.matcher(text).replaceAll("?");
    }

    void flush() {
        out.flush();
        err.flush();
    }
}
