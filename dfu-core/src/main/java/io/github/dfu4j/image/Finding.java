package io.github.dfu4j.image;

import java.util.Objects;

/**
 * Something worth knowing about a firmware file that does not stop it from being read.
 *
 * @param severity how much it matters
 * @param code a short name that does not change between versions, such as {@code flat-binary}, for programs
 * @param text what was found and what it means, in plain words, for people
 */
public record Finding(Severity severity, String code, String text) {

    /** How much a finding matters. */
    public enum Severity {
        /** A fact, in order as it is. */
        NOTE,
        /** Unusual: the file may not be what its user takes it for. */
        WARNING
    }

    /** Checks that nothing is null. */
    public Finding {
        Objects.requireNonNull(severity, "severity");
        Objects.requireNonNull(code, "code");
        Objects.requireNonNull(text, "text");
    }

    /** A fact. */
    public static Finding note(String code, String text) {
        return new Finding(Severity.NOTE, code, text);
    }

    /** Something unusual. */
    public static Finding warning(String code, String text) {
        return new Finding(Severity.WARNING, code, text);
    }

    @Override
    public String toString() {
        return severity == Severity.WARNING ? "warning: " + text : text;
    }
}
