package io.github.dfu4j.simulator;

import io.github.dfu4j.image.AddressRange;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.UTFDataFormatException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.InflaterInputStream;
import java.util.zip.ZipException;

/**
 * A board's state in a file: what its memories hold, what runs, its switched habits. A program can so find a board as another left it.
 *
 * <p>Buttons are not part of a stopped board. {@link #press} leaves presses beside the file; whichever program has the board, or opens it
 * next, carries them out when it looks at the bus.
 */
public final class BoardFile {

    /** Something a person does to a board. */
    public enum Press {
        /** Presses BOOT and holds it. */
        BOOT_DOWN,
        /** Lets BOOT go. */
        BOOT_UP,
        /** Presses BOOT for a moment. */
        BOOT_TAP,
        /** Presses RESET for a moment. */
        RESET,
        /** Pulls the board out of its port. */
        UNPLUG,
        /** Plugs it in again. */
        PLUG
    }

    private static final String MAGIC = "dfu4j simulated board 1";
    private static final int PAGE = 4096;

    /** Held with the lock on a file of presses, which is for other processes alone. */
    private static final Object PRESSES = new Object();

    private final Path file;

    /**
     * A state file, which need not exist yet.
     *
     * @throws IllegalArgumentException if the path names no file, such as an empty one
     */
    public BoardFile(Path file) {
        if (file.toString().isEmpty() || file.getFileName() == null) {
            throw new IllegalArgumentException("expected the name of a state file, found \"" + file + "\"");
        }
        this.file = file;
    }

    /** Whether a state has been saved in it. */
    public boolean exists() {
        return Files.exists(file);
    }

    /** Writes a board's state, and what a flash operation that runs will have done. The file is replaced as a whole or not at all. */
    public void save(VirtualBoard board) throws IOException {
        checkPlace();
        Map<String, String> fields = board.save();
        Path temporary = file.resolveSibling(file.getFileName() + ".new");
        try (DataOutputStream out = new DataOutputStream(
                new BufferedOutputStream(new DeflaterOutputStream(Files.newOutputStream(temporary))))) {
            out.writeUTF(MAGIC);
            out.writeUTF(board.name());
            out.writeInt(fields.size());
            for (Map.Entry<String, String> field : fields.entrySet()) {
                out.writeUTF(field.getKey());
                out.writeUTF(field.getValue());
            }
            Map<String, FlashMemory> memories = board.memories();
            out.writeInt(memories.size());
            for (FlashMemory memory : memories.values()) {
                out.writeUTF(memory.name());
                memory.forEachPage((address, bytes) -> {
                    try {
                        out.writeLong(address);
                        out.write(bytes);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
                out.writeLong(-1);
            }
        } catch (UncheckedIOException e) {
            throw notSaved(temporary, Objects.requireNonNull(e.getCause()));
        } catch (IOException e) {
            throw notSaved(temporary, e);
        }
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    private IOException notSaved(Path temporary, IOException e) throws IOException {
        Files.deleteIfExists(temporary);
        return new IOException("the board was not saved in " + file + ": " + e.getMessage(), e);
    }

    private void checkPlace() throws IOException {
        Path directory = file.toAbsolutePath().getParent();
        if (directory == null || Files.isDirectory(file)) {
            throw new IOException(file + " is a directory; the name of a file was expected");
        }
        if (!Files.isDirectory(directory)) {
            throw new IOException("there is no directory " + directory + " to keep " + file.getFileName() + " in");
        }
    }

    /**
     * Puts a saved state into a board of the same kind that is plugged in. What runs then begins anew: a DFU device is in dfuIDLE, a grace
     * period starts again.
     *
     * @throws IOException if the file cannot be read, is not of this kind, or is another board's
     */
    public void load(VirtualBoard board) throws IOException {
        try (DataInputStream in =
                new DataInputStream(new BufferedInputStream(new InflaterInputStream(Files.newInputStream(file))))) {
            if (!in.readUTF().equals(MAGIC)) {
                throw new IOException(file + " is not a simulated board");
            }
            String name = in.readUTF();
            if (!name.equals(board.name())) {
                throw new IOException(file + " is a " + name + ", not a " + board.name());
            }
            Map<String, String> fields = new LinkedHashMap<>();
            for (int i = in.readInt(); i > 0; i--) {
                fields.put(in.readUTF(), in.readUTF());
            }
            Map<String, FlashMemory> memories = board.memories();
            for (int i = in.readInt(); i > 0; i--) {
                String memoryName = in.readUTF();
                FlashMemory memory = memories.get(memoryName);
                if (memory == null) {
                    throw new IOException(file + " has a memory " + memoryName + " that a " + name + " has not");
                }
                memory.erase(memory.range());
                for (long address = in.readLong(); address >= 0; address = in.readLong()) {
                    if (!memory.range().overlaps(AddressRange.ofSize(address, PAGE))) {
                        throw new IOException(
                                file + " is damaged: " + memoryName + " has no bytes at " + AddressRange.hex(address));
                    }
                    byte[] page = new byte[PAGE];
                    in.readFully(page);
                    memory.restorePage(address, page);
                }
            }
            board.restore(fields);
        } catch (ZipException | EOFException | UTFDataFormatException | IllegalArgumentException e) {
            throw new IOException(file + " is not a simulated board, or is damaged: " + e.getMessage(), e);
        }
    }

    /** Leaves presses for the program that has the board, or has it next, in this order. */
    public void press(Press... presses) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (Press press : presses) {
            lines.append(press.name().toLowerCase(Locale.ROOT)).append('\n');
        }
        ByteBuffer bytes = StandardCharsets.US_ASCII.encode(lines.toString());
        synchronized (PRESSES) {
            try (FileChannel channel =
                    FileChannel.open(pressFile(), StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
                channel.lock();
                while (bytes.hasRemaining()) {
                    channel.write(bytes);
                }
            }
        }
    }

    /** Takes the presses left since the last call. */
    List<Press> takePresses() throws IOException {
        if (!Files.exists(pressFile()) || Files.size(pressFile()) == 0) {
            return List.of();
        }
        String lines;
        synchronized (PRESSES) {
            try (FileChannel channel =
                    FileChannel.open(pressFile(), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
                channel.lock();
                lines = new String(Channels.newInputStream(channel).readAllBytes(), StandardCharsets.US_ASCII);
                channel.truncate(0);
            }
        }
        try {
            return lines.lines()
                    .map(line -> Press.valueOf(line.trim().toUpperCase(Locale.ROOT)))
                    .toList();
        } catch (IllegalArgumentException e) {
            throw new IOException(pressFile() + " has a line that is no press: " + e.getMessage(), e);
        }
    }

    /**
     * Takes the board for this program alone.
     *
     * @return what gives it back when it is closed; empty if another program has it
     * @throws IOException if there can be no such file
     */
    Optional<FileChannel> lock() throws IOException {
        checkPlace();
        Path lockFile = file.resolveSibling(file.getFileName() + ".lock");
        FileChannel channel;
        try {
            channel = FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        } catch (AccessDeniedException e) {
            throw new IOException("you may not write " + lockFile + ", which keeps " + file + " for one program", e);
        }
        try {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return Optional.of(channel);
            }
        } catch (OverlappingFileLockException e) {
            // held by this program: the same answer
        }
        channel.close();
        return Optional.empty();
    }

    private Path pressFile() {
        return file.resolveSibling(file.getFileName() + ".press");
    }
}
