package io.github.dfu4j.image;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A firmware image: segments in address order, disjoint, with where they came from and the program's entry point.
 *
 * <p>Data segments that touch are one segment; so are fills of the same byte. An image is immutable.
 */
public final class FirmwareImage {

    /** The largest data segment that can be held, in bytes: what one Java array holds. */
    private static final int MAX_DATA = Integer.MAX_VALUE - 8;

    private final List<Segment> segments;
    private final @Nullable Long entryPoint;
    private final String name;
    private final String format;

    private FirmwareImage(List<Segment> segments, @Nullable Long entryPoint, String name, String format) {
        this.segments = Collections.unmodifiableList(segments);
        this.entryPoint = entryPoint;
        this.name = name;
        this.format = format;
    }

    /** Starts an image. */
    public static Builder builder() {
        return new Builder();
    }

    /** The segments in address order. */
    public List<Segment> segments() {
        return segments;
    }

    /** The address at which the program starts, if the file says so. */
    public OptionalLong entryPoint() {
        return entryPoint == null ? OptionalLong.empty() : OptionalLong.of(entryPoint);
    }

    /** The name of the file or other source, for messages. */
    public String name() {
        return name;
    }

    /** The format it was read from, in lower case: {@code elf}, {@code ihex}, {@code binary} …; empty if it was made in memory. */
    public String format() {
        return format;
    }

    /** The same image under another name. */
    public FirmwareImage withOrigin(String newName, String newFormat) {
        return new FirmwareImage(segments, entryPoint, newName, newFormat);
    }

    /** Whether there is no byte in it. */
    public boolean isEmpty() {
        return segments.isEmpty();
    }

    /** The number of bytes in all segments, fills included. */
    public long size() {
        return segments.stream().mapToLong(Segment::size).sum();
    }

    /** The number of bytes in segments of data, without fills. */
    public long dataSize() {
        return segments.stream()
                .filter(s -> !s.isFill())
                .mapToLong(Segment::size)
                .sum();
    }

    /** The longest ranges of addresses without a gap that the image covers, whether by data or by fills, in ascending order. */
    public List<AddressRange> runs() {
        List<AddressRange> runs = new ArrayList<>();
        for (Segment segment : segments) {
            int last = runs.size() - 1;
            if (last >= 0 && runs.get(last).end() == segment.start()) {
                runs.set(last, new AddressRange(runs.get(last).start(), segment.end()));
            } else {
                runs.add(segment.range());
            }
        }
        return Collections.unmodifiableList(runs);
    }

    /** From the first address of the first segment to the last address of the last one; empty if there is none. */
    public Optional<AddressRange> span() {
        return isEmpty()
                ? Optional.empty()
                : Optional.of(new AddressRange(
                        segments.get(0).start(),
                        segments.get(segments.size() - 1).end()));
    }

    /** The parts of the segments that lie in a range. */
    public FirmwareImage within(AddressRange range) {
        Builder result = toBuilderWithoutSegments();
        for (Segment segment : segments) {
            segment.range().intersection(range).ifPresent(part -> result.add(segment.slice(part)));
        }
        return result.build();
    }

    /** The parts of the segments that lie outside a range. */
    public FirmwareImage without(AddressRange range) {
        Builder result = toBuilderWithoutSegments();
        result.add(within(new AddressRange(0, range.start())));
        result.add(within(new AddressRange(range.end(), Long.MAX_VALUE)));
        return result.build();
    }

    /**
     * The same image with each gap between two segments filled.
     *
     * @param fill the byte that goes there; only its low eight bits count
     */
    public FirmwareImage withGapsFilled(int fill) {
        Builder result = toBuilderWithoutSegments().add(this);
        for (int i = 1; i < segments.size(); i++) {
            long from = segments.get(i - 1).end();
            AddressRange gap = AddressRange.ofSize(from, segments.get(i).start() - from);
            if (!gap.isEmpty()) {
                result.add(Segment.filled(gap, fill));
            }
        }
        return result.build();
    }

    /**
     * Several images as one; the entry point is that of the first which has one.
     *
     * @param images with the names that a message should call them by
     * @throws FirmwareFormatException if two of them want different bytes at one address; it names both
     */
    public static FirmwareImage merge(List<FirmwareImage> images) throws FirmwareFormatException {
        Builder all = builder();
        for (FirmwareImage image : images) {
            all.add(image);
            if (all.entryPoint == null) {
                all.entryPoint = image.entryPoint;
            }
            if (all.name.isEmpty()) {
                all.origin(image.name, image.format);
            }
        }
        try {
            return all.build();
        } catch (SegmentOverlapException e) {
            List<String> names = new ArrayList<>();
            for (FirmwareImage image : images) {
                if (image.copy(e.address(), new byte[1], 0, 1) == 1) {
                    names.add(image.name);
                }
            }
            throw new FirmwareFormatException(String.join(" and ", names), "", "cannot be merged: " + e.getMessage());
        }
    }

    /** Whether two images have the same bytes at the same addresses, be they held as data or as fill. */
    public boolean sameBytes(FirmwareImage other) {
        int i = 0;
        int j = 0;
        long position = 0;
        while (i < segments.size() && j < other.segments.size()) {
            Segment a = segments.get(i);
            Segment b = other.segments.get(j);
            if (Math.max(a.start(), position) != Math.max(b.start(), position)) {
                return false;
            }
            long end = Math.min(a.end(), b.end());
            if (Segment.mismatch(a, b, new AddressRange(Math.max(a.start(), position), end)) >= 0) {
                return false;
            }
            position = end;
            i += a.end() == end ? 1 : 0;
            j += b.end() == end ? 1 : 0;
        }
        return i == segments.size() && j == other.segments.size();
    }

    /** The segments of data alone: fills count as gaps. */
    public FirmwareImage withoutFills() {
        Builder result = toBuilderWithoutSegments();
        segments.stream().filter(s -> !s.isFill()).forEach(result::add);
        return result.build();
    }

    /**
     * The same image moved in memory.
     *
     * @param distance what is added to every segment's address; the entry point stays
     */
    public FirmwareImage moved(long distance) {
        Builder result = toBuilderWithoutSegments();
        for (Segment s : segments) {
            AddressRange range = AddressRange.ofSize(s.start() + distance, s.size());
            if (s.isFill()) {
                result.add(Segment.filled(range, s.fill().getAsInt()));
            } else {
                byte[] bytes = new byte[(int) s.size()];
                s.copy(s.start(), bytes, 0, bytes.length);
                result.add(Segment.wrap(range.start(), bytes, 0, bytes.length));
            }
        }
        return result.build();
    }

    /**
     * Copies the image's bytes of a range; addresses that no segment covers keep what the array holds.
     *
     * @param address the first address
     * @param into where the bytes go
     * @param at the index that stands for {@code address}
     * @param length how many addresses
     * @return how many of them were covered by segments
     */
    public int copy(long address, byte[] into, int at, int length) {
        int covered = 0;
        AddressRange wanted = AddressRange.ofSize(address, length);
        for (int i = firstEndingBehind(address);
                i < segments.size() && segments.get(i).start() < wanted.end();
                i++) {
            Optional<AddressRange> part = segments.get(i).range().intersection(wanted);
            if (part.isPresent()) {
                int n = (int) part.get().size();
                segments.get(i)
                        .copy(part.get().start(), into, at + (int) (part.get().start() - address), n);
                covered += n;
            }
        }
        return covered;
    }

    /** The index of the first segment that does not lie wholly in front of an address. */
    private int firstEndingBehind(long address) {
        int low = 0;
        int high = segments.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (segments.get(middle).end() <= address) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    private Builder toBuilderWithoutSegments() {
        Builder result = new Builder();
        result.entryPoint = entryPoint;
        result.name = name;
        result.format = format;
        return result;
    }

    /** Equal if all segments are; where the image came from does not count. */
    @Override
    public boolean equals(Object other) {
        return other instanceof FirmwareImage i
                && segments.equals(i.segments)
                && Objects.equals(entryPoint, i.entryPoint);
    }

    @Override
    public int hashCode() {
        return Objects.hash(segments, entryPoint);
    }

    @Override
    public String toString() {
        return "image " + name + " " + segments;
    }

    /** Collects segments in any order. */
    public static final class Builder {
        private final List<Segment> parts = new ArrayList<>();
        private @Nullable Long entryPoint;
        private String name = "";
        private String format = "";

        private Builder() {}

        /** Adds a segment. */
        public Builder add(Segment segment) {
            parts.add(segment);
            return this;
        }

        /** Adds all segments of an image. */
        public Builder add(FirmwareImage image) {
            parts.addAll(image.segments);
            return this;
        }

        /** Where the program starts. */
        public Builder entryPoint(long address) {
            this.entryPoint = address;
            return this;
        }

        /** The name of the file or other source, and the format it is in. */
        public Builder origin(String name, String format) {
            this.name = name;
            this.format = format;
            return this;
        }

        /**
         * Puts the segments in order and joins those that touch.
         *
         * @throws SegmentOverlapException if two segments have different bytes at one address
         */
        public FirmwareImage build() {
            List<Segment> sorted = new ArrayList<>(parts);
            sorted.sort(Comparator.comparing(Segment::range));
            List<Segment> disjoint = new ArrayList<>();
            for (Segment next : sorted) {
                Segment rest = withoutOverlap(disjoint, next);
                if (rest != null) {
                    disjoint.add(rest);
                }
            }
            return new FirmwareImage(join(disjoint), entryPoint, name, format);
        }

        /** What of {@code next} lies behind all segments so far, after a check that the rest agrees with them. */
        private static @Nullable Segment withoutOverlap(List<Segment> before, Segment next) {
            long end = next.start();
            for (int i = before.size() - 1; i >= 0 && before.get(i).end() > next.start(); i--) {
                Segment earlier = before.get(i);
                Optional<AddressRange> common = earlier.range().intersection(next.range());
                if (common.isPresent()) {
                    long a = Segment.mismatch(earlier, next, common.get());
                    if (a >= 0) {
                        throw new SegmentOverlapException(a, earlier.byteAt(a) & 0xff, next.byteAt(a) & 0xff);
                    }
                    end = Math.max(end, common.get().end());
                }
            }
            return end >= next.end()
                    ? null
                    : end == next.start() ? next : next.slice(new AddressRange(end, next.end()));
        }

        private static List<Segment> join(List<Segment> disjoint) {
            List<Segment> result = new ArrayList<>();
            int i = 0;
            while (i < disjoint.size()) {
                Segment first = disjoint.get(i);
                int j = i + 1;
                while (j < disjoint.size()
                        && joins(disjoint.get(j - 1), disjoint.get(j))
                        && (first.isFill() || disjoint.get(j).end() - first.start() <= MAX_DATA)) {
                    j++;
                }
                result.add(j == i + 1 ? first : joined(disjoint.subList(i, j)));
                i = j;
            }
            return result;
        }

        private static boolean joins(Segment a, Segment b) {
            return a.end() == b.start() && a.fill().equals(b.fill());
        }

        private static Segment joined(List<Segment> run) {
            AddressRange range =
                    new AddressRange(run.get(0).start(), run.get(run.size() - 1).end());
            if (run.get(0).isFill()) {
                return Segment.filled(range, run.get(0).fill().getAsInt());
            }
            byte[] bytes = new byte[(int) range.size()];
            for (Segment s : run) {
                s.copy(s.start(), bytes, (int) (s.start() - range.start()), (int) s.size());
            }
            return Segment.wrap(range.start(), bytes, 0, bytes.length);
        }
    }
}
