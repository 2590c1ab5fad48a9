package io.github.dfu4j.simulator.internal;

import java.util.Map;
import java.util.TreeMap;

/** A set of moments, as disjoint spans from start to end. */
public final class Spans {

    private final TreeMap<Long, Long> spans = new TreeMap<>();

    /** Adds the moments from {@code from} up to but without {@code to}. */
    public void add(long from, long to) {
        if (to <= from) {
            return;
        }
        Map.Entry<Long, Long> last = spans.lastEntry();
        if (last == null || from > last.getValue()) {
            spans.put(from, to); // as it is nearly always
            return;
        }
        long start = from;
        long end = to;
        Map.Entry<Long, Long> before = spans.floorEntry(from);
        if (before != null && before.getValue() >= from) {
            start = before.getKey();
            end = Math.max(end, before.getValue());
        }
        for (Map.Entry<Long, Long> e = spans.higherEntry(start);
                e != null && e.getKey() <= end;
                e = spans.higherEntry(start)) {
            end = Math.max(end, e.getValue());
            spans.remove(e.getKey());
        }
        spans.put(start, end);
    }

    /** Takes away the moments from a time on. */
    public void endAt(long time) {
        spans.tailMap(time).clear();
        Map.Entry<Long, Long> last = spans.lastEntry();
        if (last != null && last.getValue() > time) {
            spans.put(last.getKey(), time);
        }
    }

    /** The moments of both. */
    public Spans plus(Spans other) {
        Spans sum = new Spans();
        sum.spans.putAll(spans);
        other.spans.forEach(sum::add);
        return sum;
    }

    /** How much of the time from {@code from} to {@code to} is in it. */
    public long within(long from, long to) {
        return spans.headMap(to).entrySet().stream()
                .mapToLong(e -> Math.max(0, Math.min(to, e.getValue()) - Math.max(from, e.getKey())))
                .sum();
    }

    /** Forgets all. */
    public void clear() {
        spans.clear();
    }
}
