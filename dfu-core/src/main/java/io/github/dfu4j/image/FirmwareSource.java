package io.github.dfu4j.image;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * The bytes of a firmware file at any position, without holding them: a file, an array, or something of the embedder's own.
 */
public interface FirmwareSource extends Closeable {

    /** The name to show in messages. */
    String name();

    /** The number of bytes. */
    long size() throws IOException;

    /**
     * Reads bytes, as many as asked for unless the end comes first.
     *
     * @param position the offset of the first byte in the file
     * @param into where they go
     * @param at the index of the first of them in {@code into}
     * @param length how many are wanted
     * @return how many were read, less than {@code length} only at the end of the file
     */
    int read(long position, byte[] into, int at, int length) throws IOException;

    @Override
    void close() throws IOException;

    /**
     * A view of some of the bytes, under the same name; closing it does nothing.
     *
     * @param from the offset of its first byte
     * @param size how many bytes, cut to those that are there
     */
    default FirmwareSource part(long from, long size) throws IOException {
        FirmwareSource whole = this;
        long length = Math.max(0, Math.min(size, size() - from));
        return new FirmwareSource() {
            @Override
            public String name() {
                return whole.name();
            }

            @Override
            public long size() {
                return length;
            }

            @Override
            public int read(long position, byte[] into, int at, int wanted) throws IOException {
                int n = (int) Math.max(0, Math.min(wanted, length - position));
                return n == 0 ? 0 : whole.read(from + position, into, at, n);
            }

            @Override
            public void close() {}
        };
    }

    /** A source over an array which the caller does not change while it is in use. */
    static FirmwareSource of(String name, byte[] bytes) {
        return new FirmwareSource() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public long size() {
                return bytes.length;
            }

            @Override
            public int read(long position, byte[] into, int at, int length) {
                int n = (int) Math.max(0, Math.min(length, bytes.length - position));
                System.arraycopy(bytes, (int) Math.min(position, bytes.length), into, at, n);
                return n;
            }

            @Override
            public void close() {}
        };
    }

    /**
     * A source over a file.
     *
     * @throws java.nio.file.NoSuchFileException if there is none
     */
    static FirmwareSource of(Path path) throws IOException {
        return of(path.toString(), FileChannel.open(path, StandardOpenOption.READ));
    }

    /** A source over an open channel, which is closed with it. */
    static FirmwareSource of(String name, FileChannel channel) {
        return new FirmwareSource() {
            @Override
            public String name() {
                return name;
            }

            @Override
            public long size() throws IOException {
                return channel.size();
            }

            @Override
            public int read(long position, byte[] into, int at, int length) throws IOException {
                int done = 0;
                while (done < length) {
                    // A channel copies through a native buffer of this size, which should fit the processor's cache.
                    int step = Math.min(length - done, 256 * 1024);
                    int n = channel.read(ByteBuffer.wrap(into, at + done, step), position + done);
                    if (n < 0) {
                        break;
                    }
                    done += n;
                }
                return done;
            }

            @Override
            public void close() throws IOException {
                channel.close();
            }
        };
    }

    /**
     * Reads a stream to its end and holds it: for sources that have no positions.
     *
     * @param name the name to show in messages
     * @param in the stream; not closed
     * @param limit the most bytes to take
     * @throws FirmwareFormatException if the stream holds more than {@code limit} bytes
     */
    static FirmwareSource of(String name, InputStream in, int limit) throws IOException {
        byte[] bytes = new byte[Math.min(limit, 64 * 1024)];
        int size = 0;
        for (int n = in.read(bytes, 0, bytes.length); n >= 0; n = in.read(bytes, size, bytes.length - size)) {
            size += n;
            if (size == bytes.length) {
                if (size == limit) {
                    if (in.read() >= 0) {
                        throw new FirmwareFormatException(
                                name,
                                "",
                                "holds more than the " + limit
                                        + " bytes that are taken from a stream; save it to a file first");
                    }
                    break;
                }
                bytes = Arrays.copyOf(bytes, (int) Math.min(limit, 2L * bytes.length));
            }
        }
        return of(name, Arrays.copyOf(bytes, size));
    }
}
