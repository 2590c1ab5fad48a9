package io.github.dfu4j.cli;

import io.github.dfu4j.usb.TranscriptReplay;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The file of {@code --trace}: a transcript, written while a command runs. What cannot be written does not stop the command. */
final class TraceFile {

    private final String name;
    private final Writer lines;
    private @Nullable IOException failure;

    /**
     * Begins a trace.
     *
     * @param name a new file, or a trace, which is replaced
     * @throws CommandException if it is another file or cannot be written
     */
    TraceFile(String name) throws CommandException {
        this.name = name;
        Path path = Inputs.path(name);
        Path directory = path.toAbsolutePath().getParent();
        if (directory != null && !Files.isDirectory(directory)) {
            throw new CommandException(
                    ExitCode.CANNOT_CREATE,
                    "--trace " + name + " cannot be written: There is no directory " + directory + ".");
        }
        try {
            if (Files.isRegularFile(path) && Files.size(path) > 0 && !isTrace(path)) {
                throw new CommandException(
                        ExitCode.CANNOT_CREATE,
                        "--trace " + name
                                + " would be written over, but what is there now is not a trace; choose another name.");
            }
            lines = Files.newBufferedWriter(path);
        } catch (IOException e) {
            throw new CommandException(
                    ExitCode.CANNOT_CREATE, "--trace " + name + " cannot be written: " + Failures.message(e));
        }
    }

    private static boolean isTrace(Path path) throws IOException {
        char[] start = new char[256];
        // any byte is a character of this set, and a transcript has no others
        try (BufferedReader file = Files.newBufferedReader(path, StandardCharsets.ISO_8859_1)) {
            int count = Math.max(0, file.read(start));
            new TranscriptReplay(List.of(new String(start, 0, count).split("\\R", 2)[0]));
            return true;
        } catch (IllegalArgumentException e) {
            return false;
        }
    }

    /** Writes a line. */
    synchronized void add(String line) {
        if (failure != null) {
            return;
        }
        try {
            lines.write(line);
            lines.write(System.lineSeparator());
        } catch (IOException e) {
            failure = e;
        }
    }

    /**
     * Ends the trace.
     *
     * @return null, or what the user should know of it
     */
    synchronized @Nullable String end() {
        try {
            lines.close();
        } catch (IOException e) {
            failure = failure == null ? e : failure;
        }
        return failure == null ? null : "--trace " + name + " is not complete: " + Failures.message(failure);
    }
}
