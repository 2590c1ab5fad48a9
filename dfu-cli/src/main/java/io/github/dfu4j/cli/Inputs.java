package io.github.dfu4j.cli;

import io.github.dfu4j.image.FirmwareSource;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Opens the files that a command line names. */
final class Inputs {

    /** The most that is taken from a pipe, which has to be held. */
    private static final int PIPE_LIMIT = 64 << 20;

    /** What Java makes of a byte that is no character of the locale. */
    private static final String UNREADABLE = "\uFFFD";

    private static final String STANDARD_INPUT = "standard input";

    private Inputs() {}

    /** A file's name as it stands in a command to type; what came from standard input has none. */
    static String typed(String name) {
        if (name.equals(STANDARD_INPUT)) {
            return "FILE";
        }
        return name.matches("[\\p{L}\\p{N}\\\\/:._+=@%,-]+") ? name : "'" + name.replace("'", "'\\''") + "'";
    }

    /**
     * Opens a file, a pipe, or with {@code -} the standard input.
     *
     * @throws CommandException if it is a directory
     */
    static FirmwareSource open(String name) throws IOException, CommandException {
        if (name.equals("-")) {
            return FirmwareSource.of(STANDARD_INPUT, System.in, PIPE_LIMIT);
        }
        Path path = path(name);
        if (Files.isDirectory(path)) {
            throw new CommandException(
                    ExitCode.NO_INPUT, name + " is a directory; a file was expected. Name a file in it.");
        }
        if (Files.notExists(path)) {
            throw new NoSuchFileException(name);
        }
        if (Files.isRegularFile(path)) {
            return FirmwareSource.of(path);
        }
        try (InputStream in = Files.newInputStream(path)) {
            return FirmwareSource.of(name, in, PIPE_LIMIT);
        }
    }

    /**
     * The path of a name.
     *
     * @throws CommandException if no file can have this name
     */
    static Path path(String name) throws CommandException {
        if (name.isEmpty()) {
            throw new CommandException(ExitCode.NO_INPUT, "The name of a file is empty.");
        }
        try {
            return Path.of(name);
        } catch (InvalidPathException e) {
            throw new CommandException(
                    ExitCode.NO_INPUT,
                    "No file can be named \"" + name + "\": " + e.getReason() + "."
                            + (name.contains(UNREADABLE)
                                    ? " Letters like these need a locale that has them, such as LC_ALL=C.UTF-8."
                                    : ""));
        }
    }
}
