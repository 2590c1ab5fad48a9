package io.github.dfu4j.daisy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.simulator.DaisySeed;
import io.github.dfu4j.simulator.DaisySeed.Bootloader;
import io.github.dfu4j.simulator.Fault;
import io.github.dfu4j.simulator.Habit;
import io.github.dfu4j.simulator.Ledger;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReadBackTest {

    private static QspiLoader loader(Bench bench) {
        return new QspiLoader(bench.runner());
    }

    private static Bench bench(Bootloader version, boolean filled) {
        DaisySeed board = new DaisySeed().withBootloader(version);
        if (filled) {
            byte[] bytes = new byte[0x1_0000];
            new Random(5).nextBytes(bytes);
            board.qspiFlash().load(0x9000_0000L, bytes);
        }
        return new Bench(board).after(1000);
    }

    @ParameterizedTest
    @EnumSource(
            value = Bootloader.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"HONEST", "V6_4_10MS"})
    void no_released_version_is_believed_whatever_the_ram_holds(Bootloader version) throws IOException {
        Bench bench = bench(version, true);
        assertThat(loader(bench).readBack()).as("random RAM").isEqualTo(ReadBack.UNTRUE);
        Arrays.fill(bench.board.itcm(), (byte) 0);
        assertThat(loader(bench).readBack()).as("RAM of zeros").isEqualTo(ReadBack.UNTRUE);
        Arrays.fill(bench.board.itcm(), (byte) 0xff);
        assertThat(loader(bench).readBack()).as("RAM like blank flash").isEqualTo(ReadBack.UNPROVED);
        for (int i = 0; i < bench.board.itcm().length; i++) {
            bench.board.itcm()[i] = (byte) (i % 128);
        }
        assertThat(loader(bench).readBack()).as("RAM that repeats itself").isEqualTo(ReadBack.UNTRUE);
    }

    @Test
    void one_that_returns_flash_is_found_out_by_its_answers_and_not_by_a_version() throws IOException {
        assertThat(loader(bench(Bootloader.HONEST, true)).readBack()).isEqualTo(ReadBack.TRUTHFUL);
        assertThat(loader(bench(Bootloader.HONEST, false)).readBack()).isEqualTo(ReadBack.UNPROVED);
    }

    @Test
    void reading_is_refused_where_the_board_does_not_return_flash() throws IOException {
        AddressRange range = AddressRange.ofSize(0x9000_0000L, 0x1000);
        assertThatThrownBy(() -> loader(bench(Bootloader.V6_4, true)).read(range, new ByteArrayOutputStream()))
                .hasMessageContaining("does not return flash");
        Bench honest = bench(Bootloader.HONEST, true);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        loader(honest).read(range, out);
        assertThat(out.toByteArray()).isEqualTo(honest.board.qspiFlash().read(0x9000_0000L, 0x1000));
    }

    @Test
    void a_blank_board_whose_ram_looks_blank_is_still_not_believed_after_writing() throws Exception {
        Bench bench = bench(Bootloader.V6_4, false);
        Arrays.fill(bench.board.itcm(), (byte) 0xff);
        byte[] data = new byte[50_000];
        new Random(9).nextBytes(data);
        DaisyRoute route = loader(bench).plan(0x900c_0000L, data, "data");
        RouteReport report = loader(bench).run(route);
        assertThat(report.verified()).isEmpty();
        assertThat(report.unverified()).containsExactly(AddressRange.ofSize(0x900c_0000L, data.length));
        assertThat(report.stages().get(0).readBack()).isNotEqualTo(ReadBack.TRUTHFUL);
        assertThat(bench.board.qspiFlash().read(0x900c_0000L, data.length)).isEqualTo(data);
    }

    @Test
    void a_loader_loads_bytes_and_keeps_what_its_erases_take_along_where_the_board_can_be_read() throws Exception {
        Bench bench = bench(Bootloader.HONEST, true);
        byte[] before = bench.board.qspiFlash().read(0x9000_0000L, 0x1_0000);
        byte[] data = {1, 2, 3, 4, 5};
        QspiLoader loader = loader(bench);
        RouteReport report = loader.run(loader.plan(0x9000_2345L, data, "five bytes"));
        System.arraycopy(data, 0, before, 0x2345, 5);
        assertThat(bench.board.qspiFlash().read(0x9000_0000L, 0x1_0000)).isEqualTo(before);
        assertThat(report.unverified()).isEmpty();
    }

    @Test
    void what_an_erase_takes_along_is_kept_also_where_all_else_is_blank() throws Exception {
        byte[] few = {0, 0, 7};
        for (long at : new long[] {0x900c_1000L, 0x900c_0000L, 0x900c_ffffL - 2, 0x900c_9ffeL}) {
            Bench bench = bench(Bootloader.HONEST, false);
            bench.board.qspiFlash().load(at, few);
            QspiLoader loader = loader(bench);
            byte[] data = new byte[3000];
            RouteReport report = loader.run(loader.plan(0x900c_8000L, data, "data"));
            assertThat(bench.board.qspiFlash().read(at, few.length))
                    .as(AddressRange.hex(at))
                    .isEqualTo(few);
            assertThat(bench.board.qspiFlash().read(0x900c_8000L, data.length)).isEqualTo(data);
            assertThat(report.unverified()).isEmpty();
        }
    }

    @Test
    void what_is_asked_for_is_read_also_where_all_else_is_blank() throws IOException {
        Bench bench = bench(Bootloader.HONEST, false);
        bench.board.qspiFlash().load(0x9030_5000L, new byte[] {1, 2, 3});
        AddressRange range = AddressRange.ofSize(0x9030_0000L, 0x8000);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        loader(bench).read(range, out);
        assertThat(out.toByteArray()).isEqualTo(bench.board.qspiFlash().read(range.start(), 0x8000));
    }

    @ParameterizedTest
    @CsvSource({
        "0x90000000, 0x90000100, 0101000005",
        "0x90000000, 0x90000100, 01020304",
        "0x90000000, 0x90000100, 01",
        "0x907bfff8, 0x907b8000, 0101000005000000",
        "0x907bffff, 0x907b8000, 01"
    })
    void what_lies_at_the_very_start_or_end_is_kept_too(String at, String where, String hex) throws Exception {
        Bench bench = bench(Bootloader.HONEST, false);
        byte[] settings = HexFormat.of().parseHex(hex);
        bench.board.qspiFlash().load(Long.decode(at), settings);
        QspiLoader loader = loader(bench);
        loader.run(loader.plan(Long.decode(where), new byte[100], "zeros"));
        assertThat(bench.board.qspiFlash().read(Long.decode(at), settings.length))
                .isEqualTo(settings);
    }

    @Test
    void ram_that_looks_blank_at_its_start_is_no_flash_though_there_is_more_behind() {
        Bench bench = bench(Bootloader.V6_4, false);
        Arrays.fill(bench.board.itcm(), 0, 1024, (byte) 0xff);
        AddressRange range = AddressRange.ofSize(0x9030_0000L, 0x8000);
        assertThatThrownBy(() -> loader(bench).read(range, new ByteArrayOutputStream()))
                .hasMessageContaining("return flash");
    }

    @Test
    void a_loader_erases_a_range_and_keeps_its_neighbours_where_the_board_can_be_read() throws Exception {
        Bench bench = bench(Bootloader.HONEST, true);
        byte[] before = bench.board.qspiFlash().read(0x9000_0000L, 0x1_0000);
        QspiLoader loader = loader(bench);
        loader.run(loader.planErase(AddressRange.ofSize(0x9000_1000L, 0x1000)));
        Arrays.fill(before, 0x1000, 0x2000, (byte) 0xff);
        assertThat(bench.board.qspiFlash().read(0x9000_0000L, 0x1_0000)).isEqualTo(before);
    }

    /** Where sectors are smaller than what an erase may clear, keeping what it takes along must not begin to take along more. */
    @ParameterizedTest
    @CsvSource({"0x9003f100, false", "0x9003f100, true", "0x90001800, false", "0x90001800, true"})
    void what_is_kept_does_not_cost_its_own_neighbours(String where, boolean clears64) throws Exception {
        byte[] all = new byte[0x10_0000];
        new Random(3).nextBytes(all);
        Bench bench = bench(Bootloader.HONEST, false);
        bench.board.habit(Habit.ERASE_64K, clears64);
        bench.board.qspiFlash().load(0x9000_0000L, all);
        QspiLoader loader = loader(bench);
        byte[] data = {1, 2, 3, 4, 5};

        RouteReport report = loader.run(loader.plan(Long.decode(where), data, "data"));

        assertThat(report.unverified()).isEmpty();
        System.arraycopy(data, 0, all, (int) (Long.decode(where) - 0x9000_0000L), data.length);
        assertThat(Arrays.mismatch(bench.board.qspiFlash().read(0x9000_0000L, all.length), all))
                .isEqualTo(-1);
    }

    @ParameterizedTest
    @ValueSource(ints = {3, 0x2_0000})
    void what_was_read_before_an_erase_that_a_reset_cut_off_is_written_back_by_the_next_attempt(int size)
            throws Exception {
        byte[] there = new byte[size];
        new Random(3).nextBytes(there);
        byte[] all = new byte[0x2_0000];
        Arrays.fill(all, (byte) 0xff);
        System.arraycopy(there, 0, all, 0, size);
        byte[] data = {1, 2, 3, 4, 5};
        byte[] wanted = all.clone();
        System.arraycopy(data, 0, wanted, 0x8000, data.length);
        int retried = 0;
        for (int at = 0; at < 200; at++) {
            Bench bench = bench(Bootloader.HONEST, false);
            bench.board.qspiFlash().load(0x900c_0000L, all);
            QspiLoader loader = loader(bench);
            DaisyRoute route = loader.plan(0x900c_8000L, data, "data");
            bench.board.inject(new Fault.PowerCut(Duration.ofMillis(300)), Fault.Trigger.at(at));
            try {
                loader.run(route);
            } catch (RouteException e) {
                continue; // it was told
            }
            retried += bench.board.ledger().entries(Ledger.Torn.class).isEmpty() ? 0 : 1;
            assertThat(Arrays.mismatch(bench.board.qspiFlash().read(0x900c_0000L, all.length), wanted))
                    .as("after a power cut at transfer %d", at)
                    .isEqualTo(-1);
        }
        assertThat(retried).isPositive();
    }

    @ParameterizedTest
    @EnumSource(
            value = Bootloader.class,
            names = {"V6_3", "V6_4", "HONEST"})
    void an_erase_is_called_verified_only_where_the_board_can_be_read(Bootloader version) throws Exception {
        AddressRange range = AddressRange.ofSize(0x900c_0000L, 0x1_0000);
        Bench bench = bench(version, true);
        bench.board.qspiFlash().load(range.start(), new byte[0x1_0000]);
        RouteReport report = loader(bench).run(loader(bench).planErase(range));
        assertThat(bench.board.qspiFlash().isBlank(range)).isTrue();
        boolean readable = version == Bootloader.HONEST;
        assertThat(report.verified()).isEqualTo(readable ? List.of(range) : List.of());
        assertThat(report.unverified()).isEqualTo(readable ? List.of() : List.of(range));
    }

    @Test
    void an_erase_of_what_is_all_blank_is_not_called_verified_either() throws Exception {
        AddressRange range = AddressRange.ofSize(0x9000_0000L, 0x1_0000);
        Bench bench = bench(Bootloader.HONEST, false);
        RouteReport report = loader(bench).run(loader(bench).planErase(range));
        assertThat(report.verified()).isEmpty();
        assertThat(report.unverified()).containsExactly(range);
    }

    @Test
    void a_loader_refuses_what_belongs_into_internal_flash() throws IOException {
        Bench bench = bench(Bootloader.V6_4, false);
        DaisyImage image = Bench.birds("birds-internal.elf");
        assertThatThrownBy(() -> loader(bench).plan(image)).hasMessageContaining("dfu daisy flash");
    }
}
