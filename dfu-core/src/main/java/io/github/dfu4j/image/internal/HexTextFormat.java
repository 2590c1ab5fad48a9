package io.github.dfu4j.image.internal;

import io.github.dfu4j.image.FirmwareFile;
import io.github.dfu4j.image.FirmwareFormat;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareSource;
import io.github.dfu4j.image.ImagePart;
import io.github.dfu4j.image.ReadContext;
import io.github.dfu4j.image.SegmentOverlapException;
import java.io.IOException;
import java.util.Collections;
import java.util.OptionalInt;
import java.util.OptionalLong;

/** A format of hexadecimal records, each with an address. */
abstract class HexTextFormat implements FirmwareFormat {

    private final String name;
    private final String mark;

    /**
     * A format.
     *
     * @param mark what the first record begins with; a second character stands for any digit
     */
    HexTextFormat(String name, String mark) {
        this.name = name;
        this.mark = mark;
    }

    /**
     * Goes through all records.
     *
     * @return what the file calls itself; may be empty
     */
    abstract String parse(HexText text, DataRuns runs, FirmwareImage.Builder image, ReadContext context)
            throws IOException;

    @Override
    public final String name() {
        return name;
    }

    @Override
    public final boolean recognises(FirmwareSource source) throws IOException {
        return HexText.looksLike(source, mark);
    }

    @Override
    public final FirmwareFile read(FirmwareSource source, ReadContext context) throws IOException {
        FirmwareImage.Builder builder = FirmwareImage.builder().origin(source.name(), name);
        DataRuns runs = new DataRuns(builder, context, source.size());
        String title = parse(new HexText(source), runs, builder, context);
        runs.finish();
        try {
            FirmwareImage image = builder.build();
            DataRuns.noteRepeats(context, runs.total(), image);
            ImagePart part = new ImagePart(OptionalInt.empty(), OptionalLong.empty(), title, image);
            return FirmwareFile.of(source.name(), name, Collections.singletonList(part));
        } catch (SegmentOverlapException e) {
            HexText again = new HexText(source);
            DataRuns finder = new OverlapFinder(context, source.name(), e.address(), "line", again::line);
            parse(again, finder, FirmwareImage.builder(), context);
            throw e;
        }
    }
}
