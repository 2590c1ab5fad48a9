package io.github.dfu4j.image;

import java.io.EOFException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalLong;

/** What a {@link FirmwareFormat} is allowed while it reads one file, and where it says what it noticed. */
public final class ReadContext {

    /** What a segment costs in memory beside its bytes, roughly: files of very many tiny segments count for what they are. */
    public static final int SEGMENT_COST = 128;

    private final String name;
    private final OptionalLong base;
    private final long limit;
    private final List<Finding> findings = new ArrayList<>();
    private long taken;

    ReadContext(String name, OptionalLong base, long limit) {
        this.name = name;
        this.base = base;
        this.limit = limit;
    }

    /** The address that the caller gave for the first byte of a file that names none. */
    public OptionalLong base() {
        return base;
    }

    /**
     * Asks for memory before it is used.
     *
     * @param bytes how many more bytes will be held; {@link #SEGMENT_COST} more for each segment
     * @throws FirmwareFormatException if that is more than the caller allows
     */
    public void take(long bytes) throws FirmwareFormatException {
        if (bytes > limit - taken) {
            throw new FirmwareFormatException(
                    name,
                    "",
                    "holds more data than the " + limit
                            + " bytes that may be held in memory; raise the reader's limit, or give Java more memory (-Xmx)");
        }
        taken += bytes;
    }

    /** How many more bytes may be taken. */
    public long remaining() {
        return limit - taken;
    }

    /** Records something worth knowing. */
    public void add(Finding finding) {
        findings.add(finding);
    }

    /** What was recorded so far. */
    public List<Finding> findings() {
        return Collections.unmodifiableList(findings);
    }

    /**
     * Reads bytes that must be there.
     *
     * @throws EOFException if the file has become shorter than it said
     */
    public static void readFully(FirmwareSource source, long position, byte[] into, int at, int length)
            throws IOException {
        int n = source.read(position, into, at, length);
        if (n != length) {
            throw new EOFException(source.name() + " ends at offset " + (position + n) + " while it is read");
        }
    }
}
