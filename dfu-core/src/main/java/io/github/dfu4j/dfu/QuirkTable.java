package io.github.dfu4j.dfu;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A table of quirks, one row for each oddity of each kind of device. Immutable; rows are added by making a longer table.
 */
public final class QuirkTable {

    /** A table without rows. */
    public static final QuirkTable EMPTY = new QuirkTable(Collections.emptyList());

    private final List<Quirk> rows;

    private QuirkTable(List<Quirk> rows) {
        this.rows = Collections.unmodifiableList(rows);
    }

    /** The rows of plain DFU devices, known to this module. */
    public static QuirkTable dfu() {
        return EMPTY.plus(DfuQuirks.rows());
    }

    /** A table with more rows at its end. */
    public QuirkTable plus(List<Quirk> more) {
        List<Quirk> all = new ArrayList<>(rows);
        all.addAll(more);
        return new QuirkTable(all);
    }

    /** All rows. */
    public List<Quirk> rows() {
        return rows;
    }

    /** The rows that fit an interface, as its descriptors show it. */
    public Quirks resolve(DfuInterface candidate) {
        List<Quirk> fitting =
                rows.stream().filter(row -> row.matches(candidate)).collect(Collectors.toList());
        return fitting.isEmpty() ? Quirks.NONE : new Quirks(fitting);
    }
}
