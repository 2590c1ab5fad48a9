package io.github.dfu4j.daisy;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import java.util.ArrayList;
import java.util.List;

/** Sets of addresses as lists of ranges in address order. */
final class Ranges {

    private Ranges() {}

    /** The addresses of an image. */
    static List<AddressRange> of(FirmwareImage image) {
        List<AddressRange> result = new ArrayList<>();
        image.segments().forEach(s -> result.add(s.range()));
        return result;
    }

    /** What of some ranges is not in others; both in address order and disjoint. */
    static List<AddressRange> without(List<AddressRange> ranges, List<AddressRange> others) {
        List<AddressRange> result = new ArrayList<>();
        for (AddressRange range : ranges) {
            long from = range.start();
            for (AddressRange other : others) {
                if (other.overlaps(new AddressRange(from, range.end()))) {
                    if (other.start() > from) {
                        result.add(new AddressRange(from, other.start()));
                    }
                    from = Math.min(range.end(), other.end());
                }
            }
            if (from < range.end()) {
                result.add(new AddressRange(from, range.end()));
            }
        }
        return result;
    }

    /** The number of addresses. */
    static long size(List<AddressRange> ranges) {
        return ranges.stream().mapToLong(AddressRange::size).sum();
    }
}
