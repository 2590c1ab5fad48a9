package io.github.dfu4j.image;

import io.github.dfu4j.image.internal.BinaryFormat;
import io.github.dfu4j.image.internal.DfuFormat;
import io.github.dfu4j.image.internal.ElfFormat;
import io.github.dfu4j.image.internal.ImageFindings;
import io.github.dfu4j.image.internal.IntelHexFormat;
import io.github.dfu4j.image.internal.SRecordFormat;
import io.github.dfu4j.image.internal.Uf2Format;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Reads firmware files, which it recognises by their content and not by their names.
 *
 * <p>A reader is immutable and may be shared. What it holds in memory is bounded by the file's real size, whatever the file says, and by a
 * limit.
 */
public final class FirmwareReader {

    private final List<FirmwareFormat> formats;
    private final OptionalLong base;
    private final long limit;

    private FirmwareReader(List<FirmwareFormat> formats, OptionalLong base, long limit) {
        this.formats = Collections.unmodifiableList(formats);
        this.base = base;
        this.limit = limit;
    }

    /**
     * A reader of ELF, Intel HEX, Motorola S-records, UF2, DFU files with suffix or prefix, and flat binaries, that holds a third of the Java
     * heap.
     */
    public static FirmwareReader standard() {
        return new FirmwareReader(
                Arrays.asList(
                        new ElfFormat(),
                        new Uf2Format(),
                        new DfuFormat(),
                        new IntelHexFormat(),
                        new SRecordFormat(),
                        new BinaryFormat()),
                OptionalLong.empty(),
                Runtime.getRuntime().maxMemory() / 3);
    }

    /** The same reader with one more format, which is asked first. */
    public FirmwareReader with(FirmwareFormat format) {
        List<FirmwareFormat> more = new ArrayList<>();
        more.add(format);
        more.addAll(formats);
        return new FirmwareReader(more, base, limit);
    }

    /**
     * The same reader with an address for files that name none.
     *
     * @param address where the first byte of a flat binary goes
     * @throws IllegalArgumentException if it is negative
     */
    public FirmwareReader withBase(long address) {
        if (address < 0) {
            throw new IllegalArgumentException("no address: " + address);
        }
        return new FirmwareReader(formats, OptionalLong.of(address), limit);
    }

    /**
     * The same reader with another limit.
     *
     * @param bytes how many bytes of data it may hold for one file; fills cost nothing
     */
    public FirmwareReader withLimit(long bytes) {
        return new FirmwareReader(formats, base, bytes);
    }

    /**
     * Reads a file as one image.
     *
     * @param source the file; not closed
     * @throws FirmwareFormatException if it is broken, holds more than the limit, or has parts that contradict each other
     */
    public FirmwareImage read(FirmwareSource source) throws IOException {
        return readFile(source).image();
    }

    /**
     * Reads a file with all its parts and findings.
     *
     * @param source the file; not closed
     * @throws FirmwareFormatException if it is broken or holds more than the limit
     */
    public FirmwareFile readFile(FirmwareSource source) throws IOException {
        if (source.size() == 0) {
            throw new FirmwareFormatException(source.name(), "", "the file is empty");
        }
        FirmwareFormat format = recognise(source);
        ReadContext context = new ReadContext(source.name(), base, limit);
        FirmwareFile file;
        try {
            file = format.read(source, context);
        } catch (SegmentOverlapException e) {
            throw new FirmwareFormatException(source.name(), "", String.valueOf(e.getMessage()));
        }
        Set<Finding> findings = new LinkedHashSet<>(context.findings());
        if (file.parts().isEmpty()) {
            findings.addAll(ImageFindings.of(FirmwareImage.builder().build()));
        }
        for (ImagePart part : file.parts()) {
            findings.addAll(ImageFindings.of(part.image()));
            if (base.isPresent()
                    && part.image().span().isPresent()
                    && part.image().span().get().start() != base.getAsLong()
                    && !format.name().equals("binary")) {
                findings.add(
                        Finding.note("base-unused", "the file says its own addresses; the base given is not used"));
            }
        }
        return file.with(new ArrayList<>(findings));
    }

    private FirmwareFormat recognise(FirmwareSource source) throws IOException {
        for (FirmwareFormat format : formats) {
            if (format.recognises(source)) {
                return format;
            }
        }
        throw new IllegalStateException("a flat binary recognises every file");
    }
}
