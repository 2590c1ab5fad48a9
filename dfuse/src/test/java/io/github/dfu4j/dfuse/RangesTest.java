package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.image.AddressRange;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** Sets of addresses against the same sets held as one bit for each address. */
class RangesTest {

    private static final int LIMIT = 64;

    private static BitSet bits(List<AddressRange> ranges) {
        BitSet bits = new BitSet();
        ranges.forEach(r -> bits.set((int) r.start(), (int) r.end()));
        return bits;
    }

    private static List<AddressRange> ranges(BitSet bits) {
        List<AddressRange> ranges = new ArrayList<>();
        for (int start = bits.nextSetBit(0); start >= 0; start = bits.nextSetBit(bits.nextClearBit(start))) {
            ranges.add(new AddressRange(start, bits.nextClearBit(start)));
        }
        return ranges;
    }

    @Property(edgeCases = EdgeCasesMode.NONE)
    void joined_ranges_have_the_same_addresses_in_order_with_gaps_between(@ForAll("any") List<AddressRange> ranges) {
        assertThat(Ranges.joined(ranges)).isEqualTo(ranges(bits(ranges)));
    }

    @Property(edgeCases = EdgeCasesMode.NONE)
    void what_is_without_a_set_has_none_of_its_addresses(
            @ForAll("any") List<AddressRange> one, @ForAll("any") List<AddressRange> other) {
        BitSet rest = bits(one);
        rest.andNot(bits(other));
        assertThat(Ranges.without(Ranges.joined(one), Ranges.joined(other))).isEqualTo(ranges(rest));
    }

    @Property(edgeCases = EdgeCasesMode.NONE)
    void a_set_contains_a_range_of_which_it_has_every_address(
            @ForAll("any") List<AddressRange> set,
            @ForAll @IntRange(max = LIMIT - 1) int start,
            @ForAll @IntRange(min = 1, max = 12) int size) {
        BitSet missing = bits(List.of(AddressRange.ofSize(start, size)));
        missing.andNot(bits(set));
        assertThat(Ranges.contain(Ranges.joined(set), AddressRange.ofSize(start, size)))
                .isEqualTo(missing.isEmpty());
    }

    @Property(edgeCases = EdgeCasesMode.NONE)
    void a_set_has_as_many_bytes_as_addresses(@ForAll("any") List<AddressRange> ranges) {
        assertThat(Ranges.size(Ranges.joined(ranges))).isEqualTo(bits(ranges).cardinality());
    }

    @Property(edgeCases = EdgeCasesMode.NONE)
    void ranges_are_widened_to_whole_words_of_their_sector_and_not_beyond_it(
            @ForAll @IntRange(max = 20) int base,
            @ForAll @IntRange(min = 1, max = 40) int sectorSize,
            @ForAll @IntRange(min = 1, max = 8) int word,
            @ForAll("any") List<AddressRange> ranges) {
        AddressRange sector = AddressRange.ofSize(base, sectorSize);
        List<AddressRange> inside = new ArrayList<>();
        ranges.forEach(r -> r.intersection(sector).ifPresent(inside::add));

        BitSet expected = new BitSet();
        bits(inside).stream().forEach(at -> {
            int start = base + (at - base) / word * word;
            expected.set(start, Math.min(start + word, (int) sector.end()));
        });
        assertThat(Ranges.aligned(Ranges.joined(inside), sector, word)).isEqualTo(ranges(expected));
    }

    @Provide
    static Arbitrary<List<AddressRange>> any() {
        return Combinators.combine(
                        Arbitraries.integers().between(0, LIMIT),
                        Arbitraries.integers().between(0, 12))
                .as(AddressRange::ofSize)
                .list()
                .ofMaxSize(8);
    }
}
