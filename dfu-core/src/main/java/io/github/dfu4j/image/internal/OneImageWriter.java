package io.github.dfu4j.image.internal;

import io.github.dfu4j.image.FirmwareFile;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareWriter;
import java.io.IOException;
import java.io.OutputStream;

/** A writer of a format that has room for one image. */
public final class OneImageWriter implements FirmwareWriter {

    /** Writes one image. */
    public interface Output {
        /** Writes all of it. */
        void write(FirmwareImage image, OutputStream out) throws IOException;
    }

    private final String format;
    private final Output output;

    /** A writer of a format. */
    public OneImageWriter(String format, Output output) {
        this.format = format;
        this.output = output;
    }

    @Override
    public String format() {
        return format;
    }

    @Override
    public void write(FirmwareFile file, OutputStream out) throws IOException {
        output.write(file.image(), out);
    }
}
