package io.github.dfu4j.dfuse;

import java.io.IOException;

/** A string that is not a memory layout: says at which position what was expected and what was found. */
public final class LayoutFormatException extends IOException {

    private static final long serialVersionUID = 1;

    private final String text;
    private final int position;

    LayoutFormatException(String text, int position, String expected) {
        super("memory layout \"" + text + "\", position " + position + ": expected " + expected + ", found "
                + found(text, position));
        this.text = text;
        this.position = position;
    }

    private static String found(String text, int position) {
        return position < text.length() ? "'" + text.charAt(position) + "'" : "the end";
    }

    /** The whole string. */
    public String text() {
        return text;
    }

    /** The index of the first character that was not understood; the string's length if it ended too early. */
    public int position() {
        return position;
    }
}
