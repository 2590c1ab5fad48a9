package io.github.dfu4j.image;

import io.github.dfu4j.image.internal.HexTextWriter;
import io.github.dfu4j.image.internal.OneImageWriter;
import io.github.dfu4j.image.internal.Uf2Writer;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;

/**
 * Writes firmware in one format.
 *
 * <p>Fills are written as the bytes they stand for; leave them out with {@link FirmwareImage#withoutFills()}. A format that has no room for
 * something says so and writes nothing of it: gaps, for a flat binary ({@link FirmwareImage#withGapsFilled} closes them), or addresses
 * beyond 32 bits. Entry points are kept where the format has a place for them, parts where it has several.
 */
public interface FirmwareWriter {

    /** The name of the format, as readers call it. */
    String format();

    /**
     * Writes a file.
     *
     * @param out where it goes; not closed
     * @throws FirmwareFormatException if the format cannot hold it
     */
    void write(FirmwareFile file, OutputStream out) throws IOException;

    /**
     * Writes an image that names no destination.
     *
     * @param out where it goes; not closed
     * @throws FirmwareFormatException if the format cannot hold it
     */
    default void write(FirmwareImage image, OutputStream out) throws IOException {
        write(FirmwareFile.of(image), out);
    }

    /** Intel HEX with 16 bytes a record and linear addresses. */
    static FirmwareWriter intelHex() {
        return new OneImageWriter("ihex", HexTextWriter::writeIntelHex);
    }

    /**
     * Motorola S-records with 16 bytes a record and the shortest addresses that reach all of it.
     *
     * @param header the text of the S0 record, at most 252 ASCII characters
     */
    static FirmwareWriter sRecord(String header) {
        return new OneImageWriter("srec", (image, out) -> HexTextWriter.writeSRecords(image, header, out));
    }

    /** A flat binary from the first address to the last; the image must have no gap. */
    static FirmwareWriter binary() {
        return new OneImageWriter("binary", (image, out) -> {
            checkGapless(image);
            for (Segment segment : image.segments()) {
                segment.writeTo(out);
            }
        });
    }

    /**
     * A plain DFU file: a flat binary with a suffix.
     *
     * @param suffix whose checksum is worked out anew
     */
    static FirmwareWriter dfu(DfuSuffix suffix) {
        return dfu(suffix, image -> Optional.empty());
    }

    /**
     * A plain DFU file with the Stellaris prefix, which says where the image goes.
     *
     * @param suffix whose checksum is worked out anew
     */
    static FirmwareWriter stellaris(DfuSuffix suffix) {
        return dfu(
                suffix,
                image -> Optional.of(new DfuPrefix.Stellaris(
                        image.span().map(AddressRange::start).orElse(0L), image.size())));
    }

    /**
     * A plain DFU file with the LPC prefix.
     *
     * @param suffix whose checksum is worked out anew
     */
    static FirmwareWriter lpc(DfuSuffix suffix) {
        return dfu(suffix, image -> Optional.of(DfuPrefix.Lpc.forLength(image.size())));
    }

    /**
     * UF2 with 256 bytes a block; a file's own families are kept.
     *
     * @param family the chip family of what names none, 0 to 2<sup>32</sup>−1, or empty to write none
     */
    static FirmwareWriter uf2(OptionalLong family) {
        return new Uf2Writer(family);
    }

    /** What makes the prefix of a file. */
    private static FirmwareWriter dfu(DfuSuffix suffix, Function<FirmwareImage, Optional<DfuPrefix>> prefix) {
        return new OneImageWriter("dfu", (image, out) -> {
            checkGapless(image);
            Optional<DfuPrefix> front;
            try {
                front = prefix.apply(image);
            } catch (IllegalArgumentException e) {
                throw new FirmwareFormatException(image.name(), "", String.valueOf(e.getMessage()));
            }
            DfuEnvelope.write(Optional.of(suffix), out, content -> {
                if (front.isPresent()) {
                    content.write(front.get().bytes());
                }
                for (Segment segment : image.segments()) {
                    segment.writeTo(content);
                }
            });
        });
    }

    private static void checkGapless(FirmwareImage image) throws FirmwareFormatException {
        for (int i = 1; i < image.segments().size(); i++) {
            AddressRange before = image.segments().get(i - 1).range();
            AddressRange after = image.segments().get(i).range();
            if (before.end() != after.start()) {
                throw new FirmwareFormatException(
                        image.name(),
                        "",
                        "a flat binary has no gaps, but nothing stands between " + AddressRange.hex(before.last())
                                + " and "
                                + AddressRange.hex(after.start()) + ", " + (after.start() - before.end())
                                + " bytes: fill the gaps, cut the image, or choose a format with addresses");
            }
        }
    }
}
