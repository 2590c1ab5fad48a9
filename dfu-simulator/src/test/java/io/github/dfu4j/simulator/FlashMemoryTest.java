package io.github.dfu4j.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.simulator.FlashMemory.Rule;
import io.github.dfu4j.simulator.FlashMemory.Run;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class FlashMemoryTest {

    private static final long START = 0x0800_0000L;
    private static final List<Run> UNEVEN =
            List.of(new Run(4, 16 * 1024), new Run(1, 64 * 1024), new Run(1, 128 * 1024));

    private static FlashMemory flash(int word, Rule rule) {
        return new FlashMemory("flash", START, word, rule, UNEVEN);
    }

    @Property(edgeCases = EdgeCasesMode.NONE)
    void programming_an_erased_range_stores_exactly_the_bytes(
            @ForAll @IntRange(max = 200_000) int offset, @ForAll @Size(min = 1, max = 9000) byte[] bytes) {
        FlashMemory flash = flash(4, Rule.AND);
        assertThat(flash.program(START + offset, bytes)).isEmpty();
        assertThat(flash.read(START + offset, bytes.length)).isEqualTo(bytes);
        assertThat(flash.isBlank(new AddressRange(START, START + offset))).isTrue();
        assertThat(flash.isBlank(new AddressRange(
                        START + offset + bytes.length, flash.range().end())))
                .isTrue();
    }

    @Property(edgeCases = EdgeCasesMode.NONE)
    void programming_only_clears_bits_and_erasing_a_sector_sets_them_all(
            @ForAll @Size(100) byte[] first,
            @ForAll @Size(100) byte[] second,
            @ForAll @IntRange(max = 60_000) int offset) {
        FlashMemory flash = flash(1, Rule.AND);
        flash.program(START + offset, first);
        flash.program(START + offset, second);
        byte[] expected = new byte[100];
        for (int i = 0; i < 100; i++) {
            expected[i] = (byte) (first[i] & second[i]);
        }
        assertThat(flash.read(START + offset, 100)).isEqualTo(expected);
        flash.sectors(AddressRange.ofSize(START + offset, 100)).forEach(flash::erase);
        assertThat(flash.isBlank(flash.range())).isTrue();
    }

    @Property(edgeCases = EdgeCasesMode.NONE)
    void sectors_are_disjoint_contiguous_and_cover_what_was_asked(
            @ForAll @IntRange(max = 200_000) int offset, @ForAll @IntRange(min = 1, max = 50_000) int size) {
        AddressRange wanted = AddressRange.ofSize(START + offset, size);
        List<AddressRange> sectors = flash(4, Rule.AND).sectors(wanted);
        assertThat(sectors.get(0).contains(wanted.start())).isTrue();
        assertThat(sectors.get(sectors.size() - 1).contains(wanted.last())).isTrue();
        for (int i = 1; i < sectors.size(); i++) {
            assertThat(sectors.get(i).start()).isEqualTo(sectors.get(i - 1).end());
        }
    }

    @Test
    void the_rule_decides_what_a_second_programming_does() {
        for (Rule rule : Rule.values()) {
            FlashMemory flash = flash(8, rule);
            flash.program(START, new byte[] {0x0f});
            List<AddressRange> over = flash.program(START, new byte[] {0x3c});
            int expected = switch (rule) {
                case AND, AND_BREAKS_ECC -> 0x0c;
                case REFUSED -> 0x0f;
                case OR -> 0x3f;
                case REPLACE -> 0x3c;
            };
            assertThat(flash.read(START, 1)).containsExactly(expected);
            assertThat(over).isEqualTo(rule == Rule.REPLACE ? List.of() : List.of(AddressRange.ofSize(START, 8)));
        }
    }

    @Test
    void a_torn_erase_only_sets_bits_and_is_the_same_each_time() {
        FlashMemory one = flash(4, Rule.AND);
        FlashMemory two = flash(4, Rule.AND);
        byte[] data = new byte[16 * 1024];
        new Random(5).nextBytes(data);
        AddressRange sector = one.sector(START);
        for (FlashMemory flash : List.of(one, two)) {
            flash.load(START, data);
            flash.tearErase(sector, new Random(1));
        }
        byte[] torn = one.read(START, data.length);
        assertThat(torn).isEqualTo(two.read(START, data.length)).isNotEqualTo(data);
        for (int i = 0; i < data.length; i++) {
            assertThat(torn[i] & data[i]).isEqualTo(data[i]);
        }
        assertThat(one.isBlank(sector)).isFalse();
    }

    @Test
    void a_memory_that_sets_bits_is_erased_to_zeros() {
        FlashMemory flash = flash(4, Rule.OR);
        assertThat(flash.read(START, 8)).containsOnly(0);
        assertThat(flash.program(START, new byte[] {1, 2, 3, 4})).isEmpty();
        assertThat(flash.read(START, 8)).containsExactly(1, 2, 3, 4, 0, 0, 0, 0);
        assertThat(flash.isBlank(flash.sector(START))).isFalse();
        flash.load(START, new byte[] {(byte) 0xff, 0x55});
        flash.tearErase(flash.sector(START), new Random(1));
        assertThat(flash.read(START, 2)[1] & ~0x55).isZero();
        flash.erase(flash.sector(START));
        assertThat(flash.isBlank(flash.sector(START))).isTrue();
        assertThat(flash.read(START, 8)).containsOnly(0);
    }

    @Test
    void write_protection_keeps_what_is_there() {
        FlashMemory flash = flash(4, Rule.AND);
        flash.load(START, new byte[] {1});
        flash.writeProtect(flash.sector(START));
        assertThat(flash.erase(flash.sector(START))).isFalse();
        flash.program(START + 100, new byte[] {0});
        assertThat(flash.read(START, 1)).containsExactly(1);
        assertThat(flash.read(START + 100, 1)).containsExactly(-1);
        flash.removeWriteProtection();
        assertThat(flash.erase(flash.sector(START))).isTrue();
    }

    @Test
    void what_lies_outside_is_refused_with_the_addresses() {
        assertThatThrownBy(() -> flash(4, Rule.AND).read(START - 1, 2))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("0x07FFFFFF")
                .hasMessageContaining("0x08000000..0x0803FFFF");
        assertThat(Arrays.asList(flash(4, Rule.AND).sector(START + 0x10000)))
                .containsExactly(AddressRange.ofSize(START + 0x10000, 0x10000));
    }
}
