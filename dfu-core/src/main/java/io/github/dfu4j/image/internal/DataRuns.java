package io.github.dfu4j.image.internal;

import io.github.dfu4j.image.Finding;
import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.ReadContext;
import io.github.dfu4j.image.Segment;
import java.io.IOException;
import java.util.Arrays;

/** Collects bytes that come record by record, and makes a segment of each run of records that follow one another. */
class DataRuns {

    /** One array stays below this; a longer run becomes several segments. */
    private static final int MAX_RUN = 1 << 30;

    private static final int FIRST_CAPACITY = 64 * 1024;

    private final FirmwareImage.Builder image;
    private final ReadContext context;
    private final long size;
    private byte[] buffer = new byte[FIRST_CAPACITY];
    private long start;
    private int length;
    private long total;

    /**
     * Begins to collect.
     *
     * @param image what the segments are added to
     * @param size how many bytes the file has
     */
    DataRuns(FirmwareImage.Builder image, ReadContext context, long size) {
        this.image = image;
        this.context = context;
        this.size = size;
    }

    /**
     * Takes the bytes of a record.
     *
     * @param address where the first of them goes
     * @param left how many bytes of the file come behind the record, for a guess at how much room they will need
     */
    void put(long address, byte[] bytes, int from, int count, long left) throws IOException {
        if (address != start + length || length > MAX_RUN - count) {
            finish();
            start = address;
        }
        if (count > buffer.length - length) {
            grow(count, left);
        }
        System.arraycopy(bytes, from, buffer, length, count);
        length += count;
    }

    private void grow(int count, long left) throws FirmwareFormatException {
        long needed = (long) length + count;
        if (needed > context.remaining()) {
            context.take(needed);
        }
        // As dense as the file was up to here it may go on, which saves growing again; but not more than 16-fold on
        // that guess, since the rest of a flat binary may be fill.
        double density = (double) (total + length) / Math.max(1, size - left);
        long guess = needed + (long) (left * density * 1.02) + FIRST_CAPACITY;
        long wanted = Math.min(16 * needed, guess);
        buffer = Arrays.copyOf(buffer, (int) Math.min(Math.min(wanted, context.remaining()), MAX_RUN));
    }

    /** Takes back the bytes of one value at the end of the run in progress, if that run ends at an address, and says how many. */
    final int takeBack(byte value, long end) {
        int kept = length;
        while (start + length == end && kept > 0 && buffer[kept - 1] == value) {
            kept--;
        }
        int taken = length - kept;
        length = kept;
        return taken;
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
