package io.github.dfu4j.image;

import java.io.IOException;

/** A firmware file that cannot be read or written: names the file, the place in it, what was expected there and what was found. */
public final class FirmwareFormatException extends IOException {

    private static final long serialVersionUID = 1;

    private final String source;
    private final String place;

    /**
     * A fault at a place of a file.
     *
     * @param source the file's name
     * @param place where in it, such as {@code line 12} or {@code offset 0x34}; empty if the whole file is meant
     * @param message what was expected and what was found
     */
    public FirmwareFormatException(String source, String place, String message) {
        super(source + (place.isEmpty() ? "" : ", " + place) + ": " + message);
        this.source = source;
        this.place = place;
    }

    /** The file's name. */
    public String source() {
        return source;
    }

    /** Where in the file, such as {@code line 12} or {@code offset 0x34}; empty if the whole file is meant. */
    public String place() {
        return place;
    }
}
