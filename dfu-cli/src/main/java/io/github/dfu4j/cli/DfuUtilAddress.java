package io.github.dfu4j.cli;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What dfu-util's {@code -s} says: {@code [ADDRESS][:LENGTH][:WORD...]}.
 *
 * @param address where, if it says so
 * @param length how much is to be read; 0 for up to the end of the region
 * @param words how
 */
record DfuUtilAddress(@Nullable Long address, long length, List<String> words) {

    /** The words there are; {@code fast}, of versions after 0.11, changes nothing here. */
    static final List<String> WORDS = List.of("force", "leave", "unprotect", "mass-erase", "will-reset", "fast");

    /**
     * Reads it.
     *
     * @param text the option's value, or null if it was not given
     */
    static DfuUtilAddress parse(@Nullable String text) throws CommandException {
        Long address = null;
        long length = 0;
        List<String> words = new ArrayList<>();
        String[] parts = text == null ? new String[0] : text.split(":", -1);
        for (int i = 0; i < parts.length; i++) {
            String part = parts[i];
            if (i == 0 && !part.isEmpty()) {
                address = number(part, text);
            } else if (!part.isEmpty() && Character.isDigit(part.charAt(0))) {
                length = number(part, text);
            } else if (WORDS.contains(part)) {
                words.add(part);
            } else if (i > 0) {
                throw new CommandException(
                        ExitCode.USAGE,
                        "-s " + text + ": \"" + part + "\" is none of " + String.join(", ", WORDS) + ".");
            }
        }
        return new DfuUtilAddress(address, length, List.copyOf(words));
    }

    private static long number(String part, @Nullable String text) throws CommandException {
        try {
            long value = Long.decode(part);
            if (value >= 0 && value <= 0xffff_ffffL) {
                return value;
            }
        } catch (NumberFormatException e) {
            // one message for all
        }
        throw new CommandException(
                ExitCode.USAGE, "-s " + text + ": \"" + part + "\" is no address or length of 32 bits.");
    }

    /** Whether it says anything. */
    boolean isGiven() {
        return address != null || length > 0 || !words.isEmpty();
    }

    boolean has(String word) {
        return words.contains(word);
    }

    /** Refuses a word that must not be said without {@code force}. */
    void needsForce(String word) throws CommandException {
        if (!has("force")) {
            throw new CommandException(
                    ExitCode.USAGE, "The option " + word + " needs force: -s ADDRESS:" + word + ":force");
        }
    }
}
