package io.github.dfu4j.dfu;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.BiFunction;
import java.util.function.Predicate;

/**
 * One row of a {@link QuirkTable}: one oddity of one kind of device, how the device is recognised, what the oddity changes, why, and
 * who says so.
 */
public final class Quirk {

    private final String id;
    private final String device;
    private final String recognition;
    private final Predicate<DfuInterface> when;
    private final Map<Trait, Long> traits;
    private final BiFunction<DfuInterface, DfuAlternate, Optional<String>> layout;
    private final String reason;
    private final String source;

    private Quirk(Builder b) {
        this.id = b.id;
        this.device = b.device;
        this.recognition = b.recognition;
        this.when = b.when;
        this.traits = Collections.unmodifiableMap(new EnumMap<>(b.traits));
        this.layout = b.layout;
        this.reason = b.reason;
        this.source = b.source;
    }

    /**
     * Starts a row.
     *
     * @param id a short name, unique in a table
     * @param device what kind of device it is
     */
    public static Builder row(String id, String device) {
        return new Builder(id, device);
    }

    /** A short name, unique in its table. */
    public String id() {
        return id;
    }

    /** What kind of device it is, in words. */
    public String device() {
        return device;
    }

    /** How the device is recognised, in words. */
    public String recognition() {
        return recognition;
    }

    /** Whether a DFU interface, as its descriptors show it, is of that kind. */
    public boolean matches(DfuInterface candidate) {
        return when.test(candidate);
    }

    /** What it says of the device, each with its number (0 where it carries none). */
    public Map<Trait, Long> traits() {
        return traits;
    }

    /** The right layout string of an alternate setting, where the device's own is wrong. */
    public Optional<String> layout(DfuInterface target, DfuAlternate alternate) {
        return layout.apply(target, alternate);
    }

    /** Why this is so, or what happens without it. */
    public String reason() {
        return reason;
    }

    /** Where this is known from. */
    public String source() {
        return source;
    }

    @Override
    public String toString() {
        return id;
    }

    /** Collects a row. */
    public static final class Builder {
        private final String id;
        private final String device;
        private final Map<Trait, Long> traits = new EnumMap<>(Trait.class);
        private String recognition = "";
        private Predicate<DfuInterface> when = i -> false;
        private BiFunction<DfuInterface, DfuAlternate, Optional<String>> layout = (i, a) -> Optional.empty();
        private String reason = "";
        private String source = "";

        private Builder(String id, String device) {
            this.id = id;
            this.device = device;
        }

        /** How the device is recognised, in words and as a test on what its descriptors say. */
        public Builder when(String words, Predicate<DfuInterface> test) {
            this.recognition = words;
            this.when = test;
            return this;
        }

        /**
         * Recognised by vendor and product id.
         *
         * @param ids one or more, separated by blanks, in hexadecimal: {@code 1d50:5119}, or {@code 1d50:5117-5126} for a range of
         *     product ids
         */
        public Builder whenIds(String ids) {
            Predicate<DfuInterface> any = i -> false;
            for (String one : ids.split(" +", -1)) {
                int vendor = Integer.parseInt(one.substring(0, 4), 16);
                int first = Integer.parseInt(one.substring(5, 9), 16);
                int last = one.length() > 9 ? Integer.parseInt(one.substring(10), 16) : first;
                any = any.or(i -> i.device().vendorId() == vendor
                        && i.device().productId() >= first
                        && i.device().productId() <= last);
            }
            return when(ids, any);
        }

        /** In addition to what was said before. */
        public Builder and(String words, Predicate<DfuInterface> test) {
            return when(recognition + ", " + words, when.and(test));
        }

        /** A fact without a number. */
        public Builder says(Trait trait) {
            return says(trait, 0);
        }

        /** A fact with its number. */
        public Builder says(Trait trait, long value) {
            traits.put(trait, value);
            return this;
        }

        /** The right layout of an alternate setting, empty where the device's own is right. Implies {@link Trait#WRONG_LAYOUT}. */
        public Builder layout(BiFunction<DfuInterface, DfuAlternate, Optional<String>> right) {
            this.layout = right;
            return says(Trait.WRONG_LAYOUT);
        }

        /** Why this is so, or what happens without it. */
        public Builder because(String reason) {
            this.reason = reason;
            return this;
        }

        /** Where this is known from; ends the row. */
        public Quirk source(String source) {
            this.source = source;
            return new Quirk(this);
        }
    }
}
