package io.github.dfu4j.image.internal;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.Finding;
import io.github.dfu4j.image.FirmwareFile;
import io.github.dfu4j.image.FirmwareFormat;
import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareSource;
import io.github.dfu4j.image.ReadContext;
import io.github.dfu4j.image.Segment;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A flat binary: the bytes of memory from a base address on. Every file is one.
 *
 * <p>Each run of at least 64 KiB of 0x00 or of 0xFF becomes a filled segment, so that a file of gigabytes whose data are a few islands takes
 * the memory of the islands.
 */
public final class BinaryFormat implements FirmwareFormat {

    /** The shortest run of one byte that becomes a fill. */
    public static final int SHORTEST_FILL = 64 * 1024;

    /** Half the shortest fill, so that every such run has a whole block in it; equal arrays are compared at memory speed. */
    private static final int BLOCK = SHORTEST_FILL / 2;

    /** How much is read at once. */
    private static final int CHUNK = 8 * BLOCK;

    private static final byte[] ZEROS = new byte[BLOCK];
    private static final byte[] ONES = new byte[BLOCK];

    /** Some bytes may be text by chance. */
    private static final int SHORTEST_TEXT = 16;

    /** Archives, and how they begin. */
    private static final String[][] ARCHIVES = {
        {"gzip", "\u001f\u008b\b"},
        {"ZIP", "PK\3\4"},
        {"xz", "\u00fd7zXZ"},
        {"bzip2", "BZh"},
        {"Zstandard", "(\u00b5/\u00fd"}
    };

    static {
        Arrays.fill(ONES, (byte) 0xff);
    }

    @Override
    public String name() {
        return "binary";
    }

    @Override
    public boolean recognises(FirmwareSource source) {
        return true;
    }

    @Override
    public FirmwareFile read(FirmwareSource source, ReadContext context) throws IOException {
        remark(source, context);
        if (!context.base().isPresent()) {
            context.add(noAddress());
        }
        return FirmwareFile.of(read(source, context, context.base().orElse(0), name()));
    }

    /** Every file is a flat binary, also one that was taken for firmware by mistake. */
    private static void remark(FirmwareSource source, ReadContext context) throws IOException {
        byte[] head = new byte[512];
        int n = source.read(0, head, 0, head.length);
        for (String[] archive : ARCHIVES) {
            byte[] mark = archive[1].getBytes(StandardCharsets.ISO_8859_1);
            if (n >= mark.length && Arrays.equals(Arrays.copyOf(head, mark.length), mark)) {
                context.add(Finding.warning(
                        "not-firmware",
                        "it looks like a " + archive[0] + " archive: unpack it and take what is inside"));
            }
        }
        if (n >= SHORTEST_TEXT && isText(head, n)) {
            context.add(
                    Finding.warning(
                            "not-firmware",
                            "it is text, but neither Intel HEX nor S-records from its first line on: perhaps a web page that was saved in place of the file"));
        }
    }

    private static boolean isText(byte[] head, int n) {
        for (int i = 0; i < n; i++) {
            boolean blank = head[i] == '\n' || head[i] == '\r' || head[i] == '\t';
            if (!blank && (head[i] < ' ' || head[i] > '~')) {
                return false;
            }
        }
        return true;
    }

    static Finding noAddress() {
        return Finding.warning(
                "no-address",
                "the file does not say where it goes: addresses count from 0 here; give its base address to flash it");
    }

    static FirmwareImage read(FirmwareSource source, ReadContext context, long base, String format) throws IOException {
        long size = source.size();
        if (base < 0 || base > Long.MAX_VALUE - size) {
            throw new FirmwareFormatException(
                    source.name(),
                    "",
                    size + " bytes at " + AddressRange.hex(base) + " wrap around the end of the address space");
        }
        FirmwareImage.Builder image = FirmwareImage.builder().origin(source.name(), format);
        new Scan(source, context, base, image, size).run();
        return image.build();
    }

    /** One pass over the file. A run of one byte is held back until it has ended and its length is known. */
    private static final class Scan {
        private final FirmwareSource source;
        private final ReadContext context;
        private final long base;
        private final long size;
        private final FirmwareImage.Builder image;
        private final DataRuns data;
        private final byte[] chunk;
        private long runStart = -1;
        private byte runByte;

        Scan(FirmwareSource source, ReadContext context, long base, FirmwareImage.Builder image, long size) {
            this.size = size;
            this.chunk = new byte[(int) Math.min(CHUNK, size)];
            this.source = source;
            this.context = context;
            this.base = base;
            this.image = image;
            this.data = new DataRuns(image, context, size);
        }

        void run() throws IOException {
            for (long position = 0; position < size; position += CHUNK) {
                int n = (int) Math.min(CHUNK, size - position);
                ReadContext.readFully(source, position, chunk, 0, n);
                scan(position, n);
            }
            if (runStart >= 0) {
                endRun(size);
            }
            data.finish();
        }

        private void scan(long position, int n) throws IOException {
            int from = 0; // where the data begin that have no place yet
            for (int at = 0; at < n; at += BLOCK) {
                int end = Math.min(at + BLOCK, n);
                if (isUniform(at, end)) {
                    if (runStart < 0 || runByte != chunk[at]) {
                        if (runStart < 0) {
                            put(position + from, chunk, from, at - from);
                        } else {
                            endRun(position + at);
                        }
                        startRun(position + at, chunk[at]);
                    }
                    from = end;
                } else if (runStart >= 0) {
                    from = at;
                    while (from < end && chunk[from] == runByte) {
                        from++;
                    }
                    endRun(position + from);
                }
            }
            if (runStart < 0) {
                put(position + from, chunk, from, n - from);
            }
        }

        private boolean isUniform(int at, int end) {
            byte value = chunk[at];
            return end - at == BLOCK
                    && (value == 0 || value == (byte) 0xff)
                    && ByteBuffer.wrap(chunk, at, BLOCK).equals(ByteBuffer.wrap(value == 0 ? ZEROS : ONES));
        }

        /** The run begins in the data before, if they end with the same byte. */
        private void startRun(long position, byte value) {
            runByte = value;
            runStart = position - data.takeBack(value, base + position);
        }

        private void endRun(long end) throws IOException {
            long start = runStart;
            runStart = -1;
            if (end - start >= SHORTEST_FILL) {
                context.take(ReadContext.SEGMENT_COST);
                image.add(Segment.filled(new AddressRange(base + start, base + end), runByte));
            } else {
                put(start, runByte == 0 ? ZEROS : ONES, 0, BLOCK);
                put(start + BLOCK, runByte == 0 ? ZEROS : ONES, 0, (int) (end - start - BLOCK));
            }
        }

        private void put(long position, byte[] bytes, int from, int count) throws IOException {
            if (count > 0) {
                data.put(base + position, bytes, from, count, size - position);
            }
        }
    }
}
