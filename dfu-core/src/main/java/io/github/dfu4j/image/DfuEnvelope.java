package io.github.dfu4j.image;

import io.github.dfu4j.image.internal.CrcSource;
import io.github.dfu4j.image.internal.LittleEndian;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;

/**
 * What DFU puts around firmware in a file: a prefix that some bootloaders want, the payload, and the suffix with its checksum.
 *
 * <p>Nothing is held: the payload is read from the file when it is needed. The checksum is worked out on the way while the payload is
 * read from front to back, so that {@link #checkCrc()} afterwards costs little.
 */
public final class DfuEnvelope {

    private final FirmwareSource source;
    private final @Nullable CrcSource summed;
    private final Optional<DfuPrefix> prefix;
    private final Optional<DfuSuffix> suffix;

    private DfuEnvelope(
            FirmwareSource source, @Nullable CrcSource summed, Optional<DfuPrefix> prefix, Optional<DfuSuffix> suffix) {
        this.source = source;
        this.summed = summed;
        this.prefix = prefix;
        this.suffix = suffix;
    }

    /**
     * Looks for a prefix and a suffix.
     *
     * @param file the file; it stays open and is not closed by this object
     * @throws FirmwareFormatException if there is a suffix with an impossible length
     */
    public static DfuEnvelope open(FirmwareSource file) throws IOException {
        Optional<DfuSuffix> suffix = DfuSuffix.find(file);
        CrcSource summed = suffix.isPresent() ? new CrcSource(file) : null;
        FirmwareSource source = summed == null ? file : summed;
        long size = file.size() - (suffix.isPresent() ? suffix.get().length() : 0);
        return new DfuEnvelope(source, summed, DfuPrefix.find(source.part(0, size)), suffix);
    }

    /** The prefix, if there is one. */
    public Optional<DfuPrefix> prefix() {
        return prefix;
    }

    /** The suffix, if there is one. */
    public Optional<DfuSuffix> suffix() {
        return suffix;
    }

    /** What a plain DFU 1.1 host sends to the device: the prefix and the payload. */
    public FirmwareSource content() throws IOException {
        long size = source.size() - (suffix.isPresent() ? suffix.get().length() : 0);
        return source.part(0, size);
    }

    /** The firmware itself, without prefix and suffix. */
    public FirmwareSource payload() throws IOException {
        FirmwareSource content = content();
        int from = prefix.isPresent() ? prefix.get().bytes().length : 0;
        return content.part(from, content.size() - from);
    }

    /**
     * Compares the checksum in the suffix with the file's, and does nothing if there is no suffix.
     *
     * @throws FirmwareFormatException if they differ
     */
    public void checkCrc() throws IOException {
        if (summed == null || !suffix.isPresent()) {
            return;
        }
        long size = source.size();
        long computed = summed.crc();
        if (computed != suffix.get().crc()) {
            throw new FirmwareFormatException(
                    source.name(),
                    "offset 0x" + Long.toHexString(size - 4),
                    "the DFU suffix says CRC " + AddressRange.hex(suffix.get().crc()) + ", but the file's is "
                            + AddressRange.hex(computed) + ": the file was changed or cut after the suffix was made");
        }
    }

    /**
     * Writes a file with a prefix and a suffix of the caller's choice around some payload; the suffix gets its checksum.
     *
     * @param prefix what goes in front
     * @param payload the firmware; not closed
     * @param suffix what goes behind; its {@link DfuSuffix#crc()} is not looked at
     * @param out where the file goes; not closed
     */
    public static void write(
            Optional<DfuPrefix> prefix, FirmwareSource payload, Optional<DfuSuffix> suffix, OutputStream out)
            throws IOException {
        write(suffix, out, to -> {
            if (prefix.isPresent()) {
                to.write(prefix.get().bytes());
            }
            byte[] chunk = new byte[64 * 1024];
            long position = 0;
            for (int n = payload.read(0, chunk, 0, chunk.length);
                    n > 0;
                    n = payload.read(position, chunk, 0, chunk.length)) {
                to.write(chunk, 0, n);
                position += n;
            }
        });
    }

    /** Something that writes the content of a file. */
    public interface Content {
        /** Writes all of it. */
        void writeTo(OutputStream out) throws IOException;
    }

    /**
     * Writes content and a suffix with its checksum behind it.
     *
     * @param suffix what goes behind; its {@link DfuSuffix#crc()} is not looked at
     * @param out where the file goes; not closed
     * @param content what goes in front of the suffix
     */
    public static void write(Optional<DfuSuffix> suffix, OutputStream out, Content content) throws IOException {
        if (!suffix.isPresent()) {
            content.writeTo(out);
            return;
        }
        CRC32 crc = new CRC32();
        OutputStream summing = new FilterOutputStream(out) {
            @Override
            public void write(int b) throws IOException {
                crc.update(b);
                out.write(b);
            }

            @Override
            public void write(byte[] b, int from, int length) throws IOException {
                crc.update(b, from, length);
                out.write(b, from, length);
            }
        };
        content.writeTo(summing);
        summing.write(suffix.get().bytesBeforeCrc());
        byte[] sum = new byte[4];
        // The DFU checksum leaves out the final inversion of the usual CRC-32.
        LittleEndian.put(sum, 0, 4, ~crc.getValue());
        out.write(sum);
    }
}
