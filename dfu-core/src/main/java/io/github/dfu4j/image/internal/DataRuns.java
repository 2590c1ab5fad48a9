package io.github.dfu4j.image.internal;

import io.github.dfu4j.image.Finding;
import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.ReadContext;
import io.github.dfu4j.image.Segment;
import java.util.Arrays;

/**
 * Collects bytes that come record by record, and makes a segment of each run of records that follow one another.
 *
 * <p>A format asks for room with {@link #prepare}, writes into {@link #buffer} at {@link #length}, and says {@link #commit}.
 */
class DataRuns {

    /** One array stays below this; a longer run becomes several segments. */
    private static final int MAX_RUN = 1 << 30;

    private static final int FIRST_CAPACITY = 64 * 1024;

    byte[] buffer = new byte[FIRST_CAPACITY];
    int length;
    private long start;
    private long total;
    private long leftAtFirst = -1;
    private final FirmwareImage.Builder image;
    private final ReadContext context;

    DataRuns(FirmwareImage.Builder image, ReadContext context) {
        this.image = image;
        this.context = context;
    }

    /**
     * Makes room.
     *
     * @param address where the next bytes go
     * @param count how many at most
     * @param left how many bytes can still come from the rest of the file, which bounds what is set aside for them
     */
    void prepare(long address, int count, long left) throws FirmwareFormatException {
        if (leftAtFirst < 0) {
            leftAtFirst = left;
        }
        if (address != start + length || length > MAX_RUN - count) {
            finish();
            start = address;
        }
        if (count > buffer.length - length) {
            grow(count, left);
        }
    }

    private void grow(int count, long left) throws FirmwareFormatException {
        long needed = (long) length + count;
        if (needed > context.remaining()) {
            context.take(needed);
        }
        // As dense as the file was up to here it may go on, which saves growing again; but not more than 16-fold on
        // that guess.
        long gone = Math.max(1, leftAtFirst - left);
        long guess = needed + (long) (left * Math.min(1.0, (double) (total + length) / gone) * 1.02) + FIRST_CAPACITY;
        long wanted = Math.max(needed, Math.min(16L * buffer.length, guess));
        buffer = Arrays.copyOf(buffer, (int) Math.min(Math.min(wanted, context.remaining()), MAX_RUN));
    }

    /** Keeps bytes that were written into the buffer. */
    void commit(int count) throws FirmwareFormatException {
        length += count;
    }

    /** Where the next byte of the run in progress would go. */
    final long end() {
        return start + length;
    }

    /** Ends the run in progress. */
    final void finish() throws FirmwareFormatException {
        if (length == 0) {
            return;
        }
        context.take(length + ReadContext.SEGMENT_COST);
        total += length;
        if (length > buffer.length - buffer.length / 4) {
            image.add(Segment.wrap(start, buffer, 0, length));
            buffer = new byte[FIRST_CAPACITY];
        } else {
            image.add(Segment.wrap(start, Arrays.copyOf(buffer, length), 0, length));
        }
        length = 0;
    }

    /** How many bytes all finished runs have. */
    final long total() {
        return total;
    }

    /** Says so if a file gives some addresses more than once. */
    static void noteRepeats(ReadContext context, long given, FirmwareImage image) {
        if (given > image.size()) {
            context.add(Finding.note(
                    "repeated",
                    (given - image.size()) + " bytes are given more than once, always with the same value"));
        }
    }
}
