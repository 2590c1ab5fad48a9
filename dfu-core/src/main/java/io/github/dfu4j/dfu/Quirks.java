package io.github.dfu4j.dfu;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What is odd about one device: the rows of a {@link QuirkTable} that fit it, seen as one. */
public final class Quirks {

    /** Nothing is odd. */
    public static final Quirks NONE = new Quirks(Collections.emptyList());

    private final List<Quirk> rows;
    private final Map<Trait, Long> traits = new EnumMap<>(Trait.class);

    Quirks(List<Quirk> rows) {
        this.rows = Collections.unmodifiableList(new ArrayList<>(rows));
        this.rows.forEach(row -> traits.putAll(row.traits()));
    }

    /** The rows that fit, in the table's order; where two say the same thing with other numbers, the later one counts. */
    public List<Quirk> rows() {
        return rows;
    }

    /** Whether a fact is known of the device. */
    public boolean has(Trait trait) {
        return traits.containsKey(trait);
    }

    /** The number that a fact carries, or another where the fact is not known of the device. */
    public long value(Trait trait, long otherwise) {
        Long value = traits.get(trait);
        return value == null ? otherwise : value;
    }

    /** The row that a fact comes from. */
    public Optional<Quirk> row(Trait trait) {
        return rows.stream().filter(r -> r.traits().containsKey(trait)).reduce((a, b) -> b);
    }

    /**
     * The layout string of an alternate setting: the device's own, unless a row says that it is wrong.
     *
     * @return empty if the device gives none and no row does
     */
    public Optional<String> layout(DfuInterface target, DfuAlternate alternate) {
        return rows.stream()
                .map(row -> row.layout(target, alternate))
                .filter(Optional::isPresent)
                .map(Optional::get)
                .reduce((a, b) -> b)
                .map(Optional::of)
                .orElse(alternate.name());
    }

    @Override
    public String toString() {
        return rows.toString();
    }
}
