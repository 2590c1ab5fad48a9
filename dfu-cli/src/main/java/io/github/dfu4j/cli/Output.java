package io.github.dfu4j.cli;

import java.io.BufferedOutputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;

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
        if (name.equals("-")) {
            throw new CommandException(
                    ExitCode.CANNOT_CREATE,
                    "The output must be a file, so that it is whole or not there at all; name one.");
        }
        Path path = Inputs.path(name).toAbsolutePath();
        Path directory = path.getParent();
        Path file = path.getFileName();
        if (directory == null || file == null || Files.isDirectory(path)) {
            throw new CommandException(
                    ExitCode.CANNOT_CREATE, name + " is a directory; the name of a file was expected.");
        }
        if (!Files.isDirectory(directory)) {
            throw new CommandException(
                    ExitCode.CANNOT_CREATE, "There is no directory " + directory + " to write " + file + " in.");
        }
        if (Files.isSymbolicLink(path) && !Files.exists(path)) {
            throw new CommandException(
                    ExitCode.CANNOT_CREATE,
                    name + " is a link to a file that is not there; name that file, or remove the link.");
        }
        if (Files.exists(path) && !Files.isRegularFile(path)) {
            throw new CommandException(ExitCode.CANNOT_CREATE, name + " is no regular file; choose another name.");
        }
        if (!force && Files.exists(path)) {
            throw new CommandException(
                    ExitCode.CANNOT_CREATE,
                    name + " exists already. Choose another name, or say --force to write over it.");
        }
        try {
            // A link stays one: it is what it leads to that is replaced.
            Path target = Files.exists(path) ? path.toRealPath() : path;
            Path temporary = unused(target);
            // Ctrl-C ends the process without closing anything, and may come as soon as the file is there.
            temporary.toFile().deleteOnExit();
            OutputStream out = new NamedStream(name, Files.newOutputStream(temporary, StandardOpenOption.CREATE_NEW));
            return new Output(target, temporary, new BufferedOutputStream(out, 1 << 16));
        } catch (AccessDeniedException e) {
            throw new CommandException(
                    ExitCode.CANNOT_CREATE, name + " cannot be written: you may not make files in " + directory + ".");
        } catch (IOException e) {
            throw new CommandException(ExitCode.CANNOT_CREATE, name + " cannot be written: " + Failures.message(e));
        }
    }

    /** A name beside a file. In a container each run may have the number of an earlier one that was killed and left its file. */
    private static Path unused(Path target) {
        for (int i = 0; ; i++) {
            Path name = target.resolveSibling(".dfu." + ProcessHandle.current().pid() + "." + i + ".part");
            if (!Files.exists(name, LinkOption.NOFOLLOW_LINKS)) {
                return name;
            }
        }
    }

    /** Puts the file's name in front of what goes wrong, such as a disk that is full. */
    private static final class NamedStream extends FilterOutputStream {
        private final String name;

        NamedStream(String name, OutputStream file) {
            super(file);
            this.name = name;
        }

        @Override
        public void write(byte[] bytes, int from, int count) throws IOException {
            try {
                out.write(bytes, from, count);
            } catch (IOException e) {
                throw new IOException(name + " cannot be written: " + e.getMessage(), e);
            }
        }
    }

    /** Where the bytes go. */
    OutputStream stream() {
        return stream;
    }

    /** The file is whole: it gets its name, and the permissions of the one that it replaces. */
    void keep() throws IOException {
        stream.close();
        if (Files.exists(path) && Files.getFileStore(path).supportsFileAttributeView(PosixFileAttributeView.class)) {
            Files.setPosixFilePermissions(temporary, Files.getPosixFilePermissions(path));
        }
        Files.move(temporary, path, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }

    @Override
    public void close() throws IOException {
        try {
            stream.close();
        } finally {
            Files.deleteIfExists(temporary);
        }
    }
}
