package io.github.dfu4j.cli;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** A file that a command writes: it appears under its name once it is whole, and not at all if the command fails. */
final class Output implements AutoCloseable {

    private final Path path;
    private final Path temporary;
    private final OutputStream stream;

    private Output(Path path, Path temporary, OutputStream stream) {
        this.path = path;
        this.temporary = temporary;
        this.stream = stream;
    }

    /**
     * Begins to write a file.
     *
     * @param force whether one that exists is replaced in the end
     * @throws CommandException if it exists and must not be replaced, or cannot be made
     */
    static Output open(String name, boolean force) throws CommandException {
        Path path = Inputs.path(name).toAbsolutePath();
        Path directory = path.getParent();
        Path file = path.getFileName();
        if (directory == null || file == null || Files.isDirectory(path)) {
            throw new CommandException(
                    ExitCode.CANNOT_CREATE, name + " is a directory; the name of a file was expected.");
        }
        if (!force && Files.exists(path)) {
            throw new CommandException(
                    ExitCode.CANNOT_CREATE,
                    name + " exists already. Choose another name, or say --force to write over it.");
        }
        if (!Files.isDirectory(directory)) {
            throw new CommandException(
                    ExitCode.CANNOT_CREATE, "There is no directory " + directory + " to write " + file + " in.");
        }
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            throw new CommandException(ExitCode.CANNOT_CREATE, name + " is no regular file; choose another name.");
        }
        Path temporary =
                directory.resolve("." + file + "." + ProcessHandle.current().pid() + ".part");
        try {
            return new Output(
                    path,
                    temporary,
                    new BufferedOutputStream(Files.newOutputStream(temporary, StandardOpenOption.CREATE_NEW), 1 << 16));
        } catch (IOException e) {
            throw new CommandException(ExitCode.CANNOT_CREATE, name + " cannot be written: " + Failures.message(e));
        }
    }

    /** Where the bytes go. */
    OutputStream stream() {
        return stream;
    }

    /** The file is whole: it gets its name. */
    void keep() throws IOException {
        stream.close();
        Files.move(temporary, path, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void close() throws IOException {
        stream.close();
        Files.deleteIfExists(temporary);
    }
}
