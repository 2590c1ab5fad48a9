package io.github.dfu4j.trust.internal;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Texts from files that people will read, in a terminal perhaps. */
public final class Text {

    private static final int MAX_LENGTH = 128;

    /** Control and format characters, halves of pairs, and separators of lines: what would not be seen, or move what is. */
    private static final Pattern INVISIBLE = Pattern.compile("[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}]");

    private Text() {}

    /** The text with a question mark for each invisible character. */
    public static String visible(String text) {
        return INVISIBLE.matcher(text).replaceAll("?");
    }

    /** The text for a message: visible, and cut after 64 characters. */
    public static String shown(String text) {
        return visible(text.length() <= 64 ? text : text.substring(0, 64) + "…");
    }

    /** The text for a message in quotation marks. */
    public static String quoted(String text) {
        return "\"" + shown(text) + "\"";
    }

    /**
     * Checks a text: 1 to 128 characters, all of them visible.
     *
     * @throws IllegalArgumentException if it is not so
     */
    public static String printable(String what, String text) {
        if (text.isBlank() || text.length() > MAX_LENGTH) {
            throw new IllegalArgumentException(
                    what + ": expected 1 to " + MAX_LENGTH + " characters, found " + text.length());
        }
        Matcher invisible = INVISIBLE.matcher(text);
        if (invisible.find()) {
            throw new IllegalArgumentException(what
                    + String.format(
                            ": expected visible characters, found U+%04X", text.codePointAt(invisible.start())));
        }
        return text;
    }
}
