package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dfu4j.image.AddressRange;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class MemoryLayoutTest {

    static List<String> realStrings() throws IOException {
        try (InputStream in = MemoryLayoutTest.class.getResourceAsStream("/layout-strings.txt")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("realStrings")
    void every_layout_of_a_real_bootloader_is_understood_and_survives_being_written(String text) throws Exception {
        MemoryLayout layout = MemoryLayout.parse(text);
        assertThat(layout.runs()).isNotEmpty();
        assertThat(MemoryLayout.parse(layout.toString())).isEqualTo(layout);
        assertThat(MemoryLayout.isLayout(text)).isTrue();
    }

    @Test
    void an_f4_has_sectors_of_three_sizes() throws Exception {
        MemoryLayout layout = MemoryLayout.parse("@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg");
        assertThat(layout.name()).isEqualTo("Internal Flash");
        assertThat(layout.runs())
                .containsExactly(
                        new SectorRun(0x08000000L, 4, 0x4000, true, true, true),
                        new SectorRun(0x08010000L, 1, 0x10000, true, true, true),
                        new SectorRun(0x08020000L, 7, 0x20000, true, true, true));
        assertThat(layout.sectorAt(0x0801ffffL)).contains(new AddressRange(0x08010000L, 0x08020000L));
        assertThat(layout.sectorAt(0x08020000L)).contains(new AddressRange(0x08020000L, 0x08040000L));
        assertThat(layout.sectorAt(0x08100000L)).isEmpty();
        assertThat(layout.regions()).containsExactly(AddressRange.ofSize(0x08000000L, 1 << 20));
    }

    /** String, then start, count, sector size and type of its last run. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "@Option Bytes  /0x1FFFC000/01*016 e|1FFFC000|1|16|e",
                "@Option byte   /0x1FFFF800/01*512g|1FFFF800|1|512|g",
                "@Option Bytes  /0x1FFFF800/01*016Be|1FFFF800|1|16|e",
                "@Internal Flash  /0x08000000/ 128*1Kg|08000000|128|1024|g",
                "@Internal Flash   /0x08000000/0128*0002Kg|08000000|128|2048|g",
                "@OTP Memory   /0x08FFF000/01*1024 e|08FFF000|1|1024|e",
                "@External Flash   /0x80000000/2048*004Kg|80000000|2048|4096|g",
                "@SPI Flash : M25P64/0x00000000/128*64Kg|00000000|128|65536|g",
                "@Flash/0x08020000/15*128Ke|08020000|15|131072|e",
                "@Partition3 /0x03/1*16Me|00000003|1|16777216|e",
                "@Internal Flash /0x08000000/48*256 a,464*256 g|08003000|464|256|g",
                "@Flash /0x08000000/16*128KG|08000000|16|131072|g",
                "@Flash /0X08000000/16*128kg|08000000|16|131072|g",
                "@Flash /0x08000000/4*16Kg, 1*64Kg|08010000|1|65536|g",
                "@Flash /0x08000000/4*16Kg ;|08000000|4|16384|g",
                "@ /0x08000000/4*16Kg|08000000|4|16384|g",
                "@Flash/0xFFFF0000/1*64Kg|FFFF0000|1|65536|g",
                "@Flash/0x0/1*2Gg|00000000|1|2147483648|g",
                "@Flash/0x0/4294967296*1 g|00000000|4294967296|1|g",
                "@Flash/0xFFFFFFFF/1*1 g|FFFFFFFF|1|1|g",
                "@Flash/0x08000000/1*1KA|08000000|1|1024|a",
                "@Flash/0x08000000/0*8Ka,2*8Kg|08000000|2|8192|g",
                " @Flash / 0x08000000 / 2 * 8 K g ; |08000000|2|8192|g",
                "@Flash/0x08000000/1*8B g|08000000|1|8|g",
            })
    void unusual_forms_are_understood(String text, String start, long count, long size, char type) throws Exception {
        List<SectorRun> runs = MemoryLayout.parse(text).runs();
        SectorRun last = runs.get(runs.size() - 1);
        assertThat(last.start()).isEqualTo(Long.parseLong(start, 16));
        assertThat(last.count()).isEqualTo(count);
        assertThat(last.sectorSize()).isEqualTo(size);
        assertThat(last.typeLetter()).isEqualTo(type);
    }

    @Test
    void a_run_of_no_sectors_is_left_out() throws Exception {
        assertThat(MemoryLayout.parse("@External Flash /0x90000000/111*8Kg,0*8Ka")
                        .runs())
                .hasSize(1);
    }

    @Test
    void several_layouts_in_one_string_are_one_map() throws Exception {
        MemoryLayout layout = MemoryLayout.parse(
                "@Internal Flash   /0x08000000/08*04Ka,1000*04Kg @Option byte   /0x1FFFC000/01*4096 g");
        assertThat(layout.name()).isEqualTo("Internal Flash");
        assertThat(layout.runs()).hasSize(3);
        assertThat(layout.contains(AddressRange.ofSize(0x1fffc000L, 4096))).isTrue();
    }

    @Test
    void the_daisy_bootloader_has_three_runs_in_one_region() throws Exception {
        MemoryLayout layout = MemoryLayout.parse("@Flash /0x90000000/64*4Kg/0x90040000/60*64Kg/0x90400000/60*64Kg");
        assertThat(layout.regions()).containsExactly(new AddressRange(0x90000000L, 0x907c0000L));
        assertThat(layout.isOptionBytes()).isFalse();
    }

    @Test
    void a_name_without_the_mark_or_an_address_is_no_layout() {
        assertThat(List.of("Internal Flash /0x08000000/1*1Kg", "@Internal Flash", "", "/0x08000000"))
                .noneMatch(MemoryLayout::isLayout);
    }

    @Test
    void option_bytes_are_told_by_their_name() throws Exception {
        assertThat(MemoryLayout.parse("@Option Bytes  /0x1FFFC000/01*016 e").isOptionBytes())
                .isTrue();
        assertThat(MemoryLayout.parse("@Option byte   /0x1FFFF800/01*512g").isOptionBytes())
                .isTrue();
    }

    @Test
    void a_run_of_sectors_has_sectors_that_have_bytes_and_addresses() {
        for (long[] wrong : new long[][] {
            {0x08000000L, 0, 1024},
            {0x08000000L, -1, 1024},
            {0x08000000L, 1, 0},
            {0x08000000L, 1, -1},
            {-1, 1, 1024},
            {0, 1L << 32, 1L << 32},
            {1, 1L << 31, 1L << 32}
        }) {
            assertThatThrownBy(() -> new SectorRun(wrong[0], wrong[1], wrong[2], true, true, true))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("no run of " + wrong[1] + " sectors of " + wrong[2] + " bytes at 0x");
        }
        assertThat(new SectorRun(1, 1, Long.MAX_VALUE - 1, true, true, true).range())
                .isEqualTo(new AddressRange(1, Long.MAX_VALUE));
    }

    @Test
    void a_run_of_sectors_counts_them_from_its_start_and_knows_its_own_only() {
        SectorRun run = new SectorRun(0x08000100L, 2, 1024, false, false, false);
        assertThat(run.typeLetter()).isEqualTo('@');
        assertThat(run.sectorAt(0x080004ffL)).isEqualTo(AddressRange.ofSize(0x08000100L, 1024));
        assertThat(run.sectorAt(0x08000500L)).isEqualTo(AddressRange.ofSize(0x08000500L, 1024));
        assertThatThrownBy(() -> run.sectorAt(0x08000900L))
                .isInstanceOf(IndexOutOfBoundsException.class)
                .hasMessage("0x08000900 is not in 0x08000100..0x080008FF");
    }

    @Test
    void a_layout_is_written_as_sts_bootloaders_write_it() throws Exception {
        for (String text : List.of(
                "@Internal Flash /0x08000000/04*016Kg,01*064Kg,07*128Kg",
                "@Option Bytes /0x1FFF7800/01*048 e/0x1FFFF800/01*048 e",
                "@Flash /0x00000000/02*003Mg,01*512Kf")) {
            assertThat(MemoryLayout.parse(text)).hasToString(text);
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '~',
            value = {
                "~Internal Flash~|0|'@'",
                "~~|0|'@'",
                "~@Flash~|6|'/' and an address",
                "~@Flash/08000000/1*1Kg~|7|an address",
                "~@Flash/0x/1*1Kg~|9|a hexadecimal digit",
                "~@Flash/0x123456789/1*1Kg~|9|an address of at most 32 bits",
                "~@Flash/0x08000000~|17|'/'",
                "~@Flash/0x08000000/~|18|a number of sectors",
                "~@Flash/0x08000000/4x16Kg~|19|'*'",
                "~@Flash/0x08000000/4*Kg~|20|a sector size",
                "~@Flash/0x08000000/4*16K~|23|a type letter",
                "~@Flash/0x08000000/4*16Kz~|23|a type letter",
                "~@Flash/0x08000000/4*16Kg,~|25|a number of sectors",
                "~@Flash/0x08000000/4*16Kgg~|24|',', '/' or the end",
                "~@Flash/0x08000000/1*0Kg~|18|sectors that fit",
                "~@Flash/0xFFFF0000/2*64Kg~|18|sectors that fit",
                "~@Flash/0x08000000/99999999999*1Kg~|18|a number of sectors",
                "~@Flash/0x08000000/\u0664*1Kg~|19|a number of sectors",
                "~@Flash/0x08000000/1~~*1Kg~|19|'*'",
                "~@Flash/0x08000000/ 4 x16Kg~|21|'*'",
                "~@Flash/0x08000000/4*16 ~|23|a type letter",
            })
    void what_is_not_understood_is_named_with_its_position(String text, int position, String expected) {
        assertThatThrownBy(() -> MemoryLayout.parse(text))
                .isInstanceOfSatisfying(LayoutFormatException.class, e -> {
                    assertThat(e.position()).isEqualTo(position);
                    assertThat(e.text()).isEqualTo(text);
                })
                .hasMessageContaining("expected " + expected)
                .hasMessageContaining(
                        position < text.length() ? "found '" + text.charAt(position) + "'" : "found the end");
    }

    @Test
    void a_layout_is_cut_off_at_the_end_of_the_flash_that_is_there() throws Exception {
        MemoryLayout claimed = MemoryLayout.parse("@Internal Flash   /0x08000000/16*128Kg/0x1FF00000/1*1Kg");
        assertThat(claimed.cutOff(0x08000000L, 128 * 1024).regions())
                .containsExactly(AddressRange.ofSize(0x08000000L, 0x20000), AddressRange.ofSize(0x1ff00000L, 1024));
        assertThat(claimed.cutOff(0x08000000L, Long.MAX_VALUE)).isSameAs(claimed);
        assertThat(claimed.cutOff(0x08000000L, 300 * 1024).regions().get(0).size())
                .isEqualTo(2 * 0x20000);
        MemoryLayout f4 = MemoryLayout.parse("@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg");
        assertThat(f4.cutOff(0x08000000L, 64 * 1024).runs())
                .containsExactly(new SectorRun(0x08000000L, 4, 0x4000, true, true, true));
    }

    @Property(tries = 300)
    void a_layout_that_is_written_and_read_is_the_same(@ForAll("layouts") MemoryLayout layout) throws Exception {
        assertThat(MemoryLayout.parse(layout.toString())).isEqualTo(layout);
    }

    @Property(tries = 500)
    void any_string_is_a_layout_or_fails_with_a_position(@ForAll String text) {
        parsesOrFailsWithPosition(text);
    }

    @Property(tries = 500)
    void any_string_of_a_layouts_characters_is_a_layout_or_fails_with_a_position(@ForAll("nearly") String text) {
        parsesOrFailsWithPosition(text);
    }

    private static void parsesOrFailsWithPosition(String text) {
        try {
            assertThat(MemoryLayout.parse(text)).isNotNull();
        } catch (LayoutFormatException e) {
            assertThat(e.position()).isBetween(0, text.length());
            assertThat(e.text()).isEqualTo(text);
        }
    }

    @Provide
    static Arbitrary<String> nearly() {
        Arbitrary<String> piece = Arbitraries.of(
                "@", "/", "*", ",", "0x", "0", "8000000", "16", "1", "K", "M", "B", "G", "g", "a", " ", ";", "Flash",
                "z");
        return piece.list().ofMaxSize(20).map(pieces -> "@Flash /0x08000000/" + String.join("", pieces));
    }

    @Provide
    static Arbitrary<MemoryLayout> layouts() {
        Arbitrary<String> name = Arbitraries.strings()
                .withChars("Abc :12")
                .ofMinLength(0)
                .ofMaxLength(12)
                .map(String::trim);
        Arbitrary<long[]> run = Combinators.combine(
                        Arbitraries.longs().between(1, 3000),
                        Arbitraries.of(1L, 7L, 16L, 100L, 1024L, 2048L, 131072L, 1L << 20, 3L << 20),
                        Arbitraries.integers().between(1, 7),
                        Arbitraries.longs().between(0, 2))
                .as((count, size, type, gap) -> new long[] {count, size, type, gap});
        return Combinators.combine(
                        name,
                        Arbitraries.longs().between(0, 0x40000000L),
                        run.list().ofMinSize(1).ofMaxSize(5))
                .as((n, start, pieces) -> {
                    List<SectorRun> runs = new ArrayList<>();
                    long at = start;
                    for (long[] p : pieces) {
                        long count = Math.min(p[0], 0x10000000L / p[1]);
                        runs.add(new SectorRun(at, count, p[1], (p[2] & 1) != 0, (p[2] & 2) != 0, (p[2] & 4) != 0));
                        at += count * p[1] + p[3] * 0x1000;
                    }
                    return new MemoryLayout(n, runs);
                });
    }
}
