package io.github.dfu4j.image;

import java.io.IOException;

/**
 * A firmware file format: knows its files by their content and reads them.
 *
 * <p>Add one of your own with {@link FirmwareReader#with(FirmwareFormat)}. A format trusts nothing in the file: it checks each size and
 * each offset against {@link FirmwareSource#size()} and asks {@link ReadContext#take} before it holds bytes.
 */
public interface FirmwareFormat {

    /** The name, lower case: {@code elf}, {@code ihex}. */
    String name();

    /**
     * Whether a file looks like one of this format. Only a few bytes at the ends of the file are looked at, and a broken file of this
     * format is still one.
     */
    boolean recognises(FirmwareSource source) throws IOException;

    /**
     * Reads a file that was recognised.
     *
     * @param source the file; not closed
     * @param context what the caller allows and is to be told
     * @return the parts of the file, in its order
     * @throws FirmwareFormatException if the file is broken
     */
    FirmwareFile read(FirmwareSource source, ReadContext context) throws IOException;
}
