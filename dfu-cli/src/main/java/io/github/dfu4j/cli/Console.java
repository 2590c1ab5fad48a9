package io.github.dfu4j.cli;

import java.io.BufferedReader;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.PrintWriter;
import java.io.Reader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where a command prints and asks: results go to the output, and messages, warnings and progress to the error output.
 *
 * <p>What it prints may come from a stranger's file or device: control characters, which a terminal would obey, become question marks.
 *
 * <p>It may be used from several threads.
 */
final class Console {

    private static final Pattern CONTROL = Pattern.compile("[\\p{Cc}&&[^\n\t]]");

    /** The columns of a terminal that does not say how many it has. */
    private static final int COLUMNS = 80;

    private final KeptWriter output;
    private final PrintWriter out;
    private final PrintWriter err;
    private final BufferedReader in;
    private final boolean terminal;
    private final int columns;
    private int shown;

    /**
     * A console over streams of the caller's.
     *
     * @param terminal whether a person watches the error output
     */
    Console(Reader in, Writer out, Writer err, boolean terminal) {
        this(in, out, err, terminal, COLUMNS);
    }

    /**
     * A console over streams of the caller's.
     *
     * @param terminal whether a person watches the error output
     * @param columns how many characters fit a line
     */
    Console(Reader in, Writer out, Writer err, boolean terminal, int columns) {
        this.in = new BufferedReader(in);
        this.output = new KeptWriter(out);
        this.out = new PrintWriter(output);
        this.err = new PrintWriter(err, true);
        this.terminal = terminal;
        this.columns = columns;
    }

    /** The console of this process. */
    static Console ofProcess() {
        return new Console(
                new InputStreamReader(System.in, StandardCharsets.UTF_8),
                // System.out would not tell that the disk is full.
                new OutputStreamWriter(new FileOutputStream(FileDescriptor.out), StandardCharsets.UTF_8),
                new PrintWriter(System.err, true, StandardCharsets.UTF_8),
                // The launcher looks: Java itself only knows whether input and output both are a terminal.
                Boolean.getBoolean("dfu.terminal"),
                Integer.getInteger("dfu.columns", COLUMNS));
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

    /** Tells what is going on. A line that is being written over is taken away first, and comes back with its next text. */
    synchronized void note(String line) {
        if (shown > 0) {
            overwrite("");
        }
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
    synchronized void overwrite(String line) {
        String text = visible(line);
        err.print("\r" + text + " ".repeat(Math.max(0, shown - text.length())) + "\r" + text);
        err.flush();
        shown = text.length();
    }

    /** How many characters fit a line. */
    int columns() {
        return columns;
    }

    /** Why some of the output is not where it should be; empty if all is, or if whoever read it has seen enough. */
    Optional<IOException> lost() {
        IOException failure = output.failure;
        return failure == null || String.valueOf(failure.getMessage()).contains("pipe")
                ? Optional.empty()
                : Optional.of(failure);
    }

    private static String visible(String text) {
        return CONTROL.matcher(text).replaceAll("?");
    }

    void flush() {
        out.flush();
        err.flush();
    }

    /** Remembers what went wrong first, which a {@link PrintWriter} does not. */
    private static final class KeptWriter extends Writer {
        private final Writer to;
        private volatile @Nullable IOException failure;

        KeptWriter(Writer to) {
            this.to = to;
        }

        @Override
        public void write(char[] text, int from, int count) throws IOException {
            kept(() -> to.write(text, from, count));
        }

        @Override
        public void flush() throws IOException {
            kept(to::flush);
        }

        @Override
        public void close() throws IOException {
            kept(to::close);
        }

        private interface Writing {
            void run() throws IOException;
        }

        private void kept(Writing writing) throws IOException {
            try {
                writing.run();
            } catch (IOException e) {
                failure = failure == null ? e : failure;
                throw e;
            }
        }
    }
}
