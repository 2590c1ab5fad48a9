package io.github.dfu4j.dfuse;

import io.github.dfu4j.image.AddressRange;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;

/** Arithmetic on sets of addresses, each a list of ranges in address order with gaps between them. */
final class Ranges {

    private Ranges() {}

    /** Any ranges in address order, those that touch or overlap made one, empty ones left out. */
    static List<AddressRange> joined(Collection<AddressRange> ranges) {
        List<AddressRange> sorted = new ArrayList<>(ranges);
        Collections.sort(sorted);
        List<AddressRange> result = new ArrayList<>();
        for (AddressRange range : sorted) {
            int last = result.size() - 1;
            if (last >= 0 && result.get(last).end() >= range.start()) {
                AddressRange before = result.get(last);
                result.set(last, new AddressRange(before.start(), Math.max(before.end(), range.end())));
            } else if (!range.isEmpty()) {
                result.add(range);
            }
        }
        return result;
    }

    /** What of the first set is not in the second. */
    static List<AddressRange> without(List<AddressRange> set, List<AddressRange> other) {
        List<AddressRange> result = new ArrayList<>();
        int first = 0;
        for (AddressRange range : set) {
            long from = range.start();
            while (first < other.size() && other.get(first).end() <= from) {
                first++;
            }
            for (int i = first; i < other.size() && other.get(i).start() < range.end(); i++) {
                addUnlessEmpty(result, from, other.get(i).start());
                from = Math.max(from, other.get(i).end());
            }
            addUnlessEmpty(result, from, range.end());
        }
        return result;
    }

    /** Whether a range lies wholly in a set. */
    static boolean contain(List<AddressRange> set, AddressRange range) {
        int low = 0;
        int high = set.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            AddressRange candidate = set.get(middle);
            if (candidate.end() <= range.start()) {
                low = middle + 1;
            } else if (candidate.start() > range.start()) {
                high = middle - 1;
            } else {
                return candidate.contains(range);
            }
        }
        return false;
    }

    /** Ranges widened to whole words counted from the start of the sector that holds them. */
    static List<AddressRange> aligned(List<AddressRange> ranges, AddressRange sector, long word) {
        List<AddressRange> result = new ArrayList<>();
        for (AddressRange range : ranges) {
            long start = range.start() - (range.start() - sector.start()) % word;
            long end = Math.min(sector.end(), sector.start() + (range.end() - sector.start() + word - 1) / word * word);
            result.add(new AddressRange(start, end));
        }
        return joined(result);
    }

    static long size(Collection<AddressRange> ranges) {
        return ranges.stream().mapToLong(AddressRange::size).sum();
    }

    static void addUnlessEmpty(List<AddressRange> list, long start, long end) {
        if (start < end) {
            list.add(new AddressRange(start, end));
        }
    }
}
