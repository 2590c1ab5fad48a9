package io.github.dfu4j.dfu;

import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An alternate setting of a DFU interface: one memory, or another target of a download.
 *
 * @param number {@code bAlternateSetting}
 * @param reportedName the string that names it, in DfuSe the description of its memory; null if the device gives none
 */
public record DfuAlternate(int number, @Nullable String reportedName) {

    /** The string that names it, if there is one. */
    public Optional<String> name() {
        return Optional.ofNullable(reportedName);
    }
}
