package io.github.dfu4j.usbip.internal;

import io.github.dfu4j.usb.Deadline;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketTimeoutException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A TCP connection read in pieces of known size, each by a deadline.
 *
 * <p>Bytes of a piece that is not whole by its deadline are kept, so that a transfer which timed out does not lose the place in the
 * stream.
 */
public final class Channel implements Closeable {

    private final Socket socket;
    private final InputStream in;
    private final OutputStream out;
    private byte @Nullable [] piece;
    private int filled;

    /** Takes over a connected socket. */
    public Channel(Socket socket) throws IOException {
        this.socket = socket;
        socket.setTcpNoDelay(true);
        in = socket.getInputStream();
        out = socket.getOutputStream();
    }

    /** The other end. */
    public SocketAddress peer() {
        return socket.getRemoteSocketAddress();
    }

    /**
     * Reads a piece.
     *
     * @param length its size in bytes; after an answer of null the same size must be asked for again
     * @param deadline when to give up for now
     * @return the bytes, or null if they are not all there by the deadline
     * @throws EOFException if the other end closed the connection
     */
    public byte @Nullable [] read(int length, Deadline deadline) throws IOException {
        byte[] buffer = begin(length);
        while (filled < length) {
            if (deadline.passed()) {
                return null;
            }
            fill(buffer, deadline.limit(Integer.MAX_VALUE));
        }
        piece = null;
        return buffer;
    }

    /** Waits without end for the first byte of a piece, which may come at any time. */
    public void awaitPiece(int length) throws IOException {
        byte[] buffer = begin(length);
        while (filled == 0) {
            fill(buffer, 0);
        }
    }

    /** Whether the other end has not closed the connection, as far as can be seen without waiting. */
    public boolean alive(int nextLength) {
        try {
            byte[] buffer = begin(nextLength);
            if (filled == 0) {
                fill(buffer, 1);
            }
            return !socket.isClosed();
        } catch (IOException e) {
            return false;
        }
    }

    private byte[] begin(int length) {
        byte[] buffer = piece;
        if (buffer == null) {
            buffer = new byte[length];
            piece = buffer;
            filled = 0;
        } else if (buffer.length != length) {
            throw new IllegalStateException("a piece of " + buffer.length + " bytes is still being read");
        }
        return buffer;
    }

    private void fill(byte[] buffer, int timeoutMillis) throws IOException {
        socket.setSoTimeout(timeoutMillis);
        try {
            int n = in.read(buffer, filled, buffer.length - filled);
            if (n < 0) {
                throw new EOFException(
                        "connection closed after " + filled + " of " + buffer.length + " bytes of a message");
            }
            filled += n;
        } catch (SocketTimeoutException e) {
            // the caller looks at its deadline
        }
    }

    /** Sends bytes followed by others, in one go. */
    public void write(byte[] head, byte[] tail) throws IOException {
        byte[] all = Arrays.copyOf(head, head.length + tail.length);
        System.arraycopy(tail, 0, all, head.length, tail.length);
        out.write(all);
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            // closed as well as it can be
        }
    }
}
