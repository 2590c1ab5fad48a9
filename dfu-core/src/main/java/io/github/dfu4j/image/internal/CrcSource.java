package io.github.dfu4j.image.internal;

import io.github.dfu4j.image.FirmwareSource;
import java.io.IOException;
import java.util.zip.CRC32;

/** A source that sums up what is read from front to back, so that a checked file is read once. */
public final class CrcSource implements FirmwareSource {

    private static final int CHUNK = 256 * 1024;

    private final FirmwareSource source;
    private final CRC32 crc = new CRC32();
    private long summed;
    private final long end;

    /** A source over another one. */
    public CrcSource(FirmwareSource source) throws IOException {
        this.source = source;
        this.end = source.size() - 4;
    }

    @Override
    public String name() {
        return source.name();
    }

    @Override
    public long size() throws IOException {
        return source.size();
    }

    @Override
    public int read(long position, byte[] into, int at, int length) throws IOException {
        if (position > summed || position + length <= summed) {
            return source.read(position, into, at, length);
        }
        // In steps small enough for the sum to find the bytes still in the processor's cache.
        int done = 0;
        while (done < length) {
            int n = source.read(position + done, into, at + done, Math.min(length - done, CHUNK));
            if (n == 0) {
                break;
            }
            sum(position + done, into, at + done, n);
            done += n;
        }
        return done;
    }

    private void sum(long position, byte[] bytes, int at, int length) {
        int known = (int) Math.min(length, Math.max(0, summed - position));
        int more = (int) Math.min(length - known, end - summed);
        if (more > 0) {
            crc.update(bytes, at + known, more);
            summed += more;
        }
    }

    /** The DFU checksum of the file without its last four bytes. */
    public long crc() throws IOException {
        byte[] chunk = new byte[(int) Math.min(CHUNK, Math.max(0, end - summed))];
        while (summed < end) {
            int n = source.read(summed, chunk, 0, (int) Math.min(chunk.length, end - summed));
            if (n == 0) {
                break;
            }
            sum(summed, chunk, 0, n);
        }
        return ~crc.getValue() & 0xffffffffL;
    }

    @Override
    public void close() throws IOException {
        source.close();
    }
}
