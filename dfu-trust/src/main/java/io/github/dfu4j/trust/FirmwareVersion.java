package io.github.dfu4j.trust;

import io.github.dfu4j.trust.internal.Text;
import java.lang.module.ModuleDescriptor;
import java.util.regex.Pattern;

/**
 * A firmware version: numbers with dots between them, and perhaps a pre-release behind a hyphen, such as {@code 1.12.0-rc.2}.
 *
 * <p>Versions are ordered number by number, and a pre-release comes before its release; missing numbers count as zero, so that 1.0 and
 * 1.0.0 are of the same order, though not equal.
 *
 * @param text the version, at most 64 characters, no number longer than nine digits
 */
public record FirmwareVersion(String text) implements Comparable<FirmwareVersion> {

    private static final Pattern FORM = Pattern.compile("[0-9]+(\\.[0-9]+)*(-[0-9A-Za-z]+(\\.[0-9A-Za-z]+)*)?");
    private static final Pattern LONG_NUMBER = Pattern.compile("[0-9]{10}");

    /**
     * Checks the form.
     *
     * @throws IllegalArgumentException if it is not a version
     */
    public FirmwareVersion {
        if (text.length() > 64
                || !FORM.matcher(text).matches()
                || LONG_NUMBER.matcher(text).find()) {
            throw new IllegalArgumentException(
                    "expected a version such as 1.12.0 or 1.12.0-rc.2, found " + Text.quoted(text));
        }
    }

    @Override
    public int compareTo(FirmwareVersion other) {
        return ModuleDescriptor.Version.parse(text).compareTo(ModuleDescriptor.Version.parse(other.text));
    }

    @Override
    public String toString() {
        return text;
    }
}
