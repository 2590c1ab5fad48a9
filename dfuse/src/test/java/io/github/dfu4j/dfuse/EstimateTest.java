package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.dfu.Quirk;
import io.github.dfu4j.dfu.QuirkTable;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.simulator.Stm32Rom;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A plan's estimate: its parts, and the whole against the simulated time of the job, where nothing can be left out. */
class EstimateTest {

    private static final long FLASH = 0x08000000L;

    private static void assertNear(Duration estimate, Duration took, String what) {
        assertThat((double) estimate.toNanos() / took.toNanos())
                .as("%s: %s estimated, %s taken", what, estimate, took)
                .isBetween(0.75, 1.25);
    }

    static Stream<Arguments> families() {
        return Stm32Rom.families().stream()
                .flatMap(family -> Stream.of(10_000, 100_000, 500_000).map(size -> Arguments.of(family, size)));
    }

    @ParameterizedTest
    @MethodSource("families")
    void the_estimate_of_a_job_is_within_a_quarter_of_its_time(String family, int most) throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom(family));
        AddressRange flash = it.board.memoryAt(FLASH).range();
        QuirkTable table =
                DfuSeQuirks.table().plus(List.of(DfuSeQuirks.flashSize(flash.size()))); // the H750 shows more
        DfuInterface target = DfuInterface.of(it.device(), table).get(0);
        AddressRange writable = FlashTarget.of(target).get(0).layout().runs().stream()
                .filter(SectorRun::writable)
                .map(SectorRun::range)
                .findFirst()
                .orElseThrow();
        int size = (int) Math.min(most, flash.end() - writable.start());
        byte[] before = new byte[(int) flash.size()];
        Arrays.fill(before, (byte) 0x55); // erased on no part
        it.board.memoryAt(FLASH).load(FLASH, before);

        FlashPlan plan = FlashPlanner.plan(
                target,
                Boards.image(writable.start(), Boards.program(writable.start(), size, 1)),
                FlashOptions.DEFAULT);

        assertNear(plan.estimate(), run(it, target, plan), family);
    }

    @ParameterizedTest
    @ValueSource(strings = {"stm32f072", "stm32f405", "stm32f767", "stm32l476", "stm32g474", "stm32h723"})
    void so_is_that_of_a_mass_erase(String family) throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom(family));
        DfuInterface target = it.target();
        List<AddressRange> all = FlashTarget.of(target).get(0).layout().regions();

        FlashPlan plan = FlashPlanner.planErase(
                target,
                Collections.singletonList(AddressRange.ofSize(all.get(0).start(), 1)),
                FlashOptions.DEFAULT.withMassErase(true));

        assertNear(plan.estimate(), run(it, target, plan), family);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void so_is_that_of_the_second_bank_of_an_h7_which_stays_busy(int sectors) throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32h743"));
        DfuInterface target = it.target();
        FlashPlan plan = FlashPlanner.planErase(
                target,
                Collections.singletonList(AddressRange.ofSize(0x0810_0000L, sectors * 131_072L)),
                FlashOptions.DEFAULT);

        assertNear(plan.estimate(), run(it, target, plan), "bank 2");
    }

    /** A device that takes 10 ms for a command and 20 ms for a block of 256 bytes or for the erase of 1 KiB. */
    private static Quirk.Builder known() {
        return Quirk.row("test", "any")
                .when("always", i -> true)
                .says(Trait.WRITE_ALIGNMENT, 1)
                .says(Trait.READS_TRUTHFULLY)
                .says(Trait.COMMAND_TIME, 10)
                .says(Trait.BLOCK_TIME, 20)
                .says(Trait.ERASE_TIME, 1280);
    }

    private static final String PAGES = "@Flash /0x08000000/4*1Kg";
    private static final long SECOND = FLASH + 1024;
    private static final FlashOptions BARE =
            FlashOptions.DEFAULT.withVerify(false).withKeepNeighbours(false);

    private static DfuInterface device(String layout, Quirk.Builder quirk) throws Exception {
        return new FakeDfuSe(MemoryLayout.parse(layout), 256)
                .target(QuirkTable.EMPTY.plus(
                        List.of(quirk.because("the test wants it").source("this test"))));
    }

    private static void assertMicros(long expected, DfuInterface device, FirmwareImage image, FlashOptions options)
            throws Exception {
        assertThat(FlashPlanner.plan(device, image, options).estimate())
                .isEqualTo(Duration.of(expected, ChronoUnit.MICROS));
    }

    /** By 200 µs for a transfer and 950 µs for 1000 bytes on the bus. */
    @Test
    void an_estimate_is_the_sum_of_commands_blocks_erases_and_reads() throws Exception {
        DfuInterface device = device(PAGES, known());
        long erase = 3 * 200 + 20_000;
        long write = 3 * 200 + 10_000 + 4 * (3 * 200 + 243 + 20_000);
        long survey = 3 * 200 + 10_000 + 200 + 243; // a block of what is there
        long read = 3 * 200 + 10_000 + 4 * 200 + 972;
        FirmwareImage page = Boards.image(SECOND, new byte[1024]);
        assertMicros(erase + write + survey, device, page, BARE);
        assertMicros(erase + write + survey + read, device, page, FlashOptions.DEFAULT);
        assertMicros(erase + write + survey + 3 * 200 + 10_000 + 2 * 200, device, page, BARE.withLeaveAddress(SECOND));
        FirmwareImage two = FirmwareImage.builder()
                .add(Segment.of(SECOND, new byte[1024]))
                .add(Segment.of(SECOND + 2048, new byte[1024]))
                .build();
        long once = 3 * 200 + 10_000; // the survey's set-address
        assertMicros(2 * (erase + write + survey) - once, device, two, BARE);
    }

    @Test
    void a_short_block_has_an_address_of_its_own_and_is_counted_by_its_bytes() throws Exception {
        long erase = 3 * 200 + 20_000;
        long write = 2 * (3 * 200 + 10_000) + 3 * (3 * 200 + 243 + 20_000) + 3 * 200 + 220 + 20_000;
        long survey = 3 * 200 + 10_000 + 200 + 243;
        long read = 3 * 200 + 10_000 + 4 * 200 + 950;
        FirmwareImage part = Boards.image(SECOND, new byte[1000]);
        assertMicros(erase + write + survey, device(PAGES, known()), part, BARE);
        assertMicros(erase + write + survey + read, device(PAGES, known()), part, BARE.withVerify(true));
    }

    @Test
    void what_is_kept_is_read_before_and_written_back_and_compared() throws Exception {
        DfuInterface device = device(PAGES, known());
        FirmwareImage part = Boards.image(SECOND, new byte[256]);
        long bare = 3 * 200 + 20_000 + 3 * 200 + 10_000 + 3 * 200 + 243 + 20_000 + 3 * 200 + 10_000 + 200 + 243;
        long readKept = 3 * 200 + 10_000 + 3 * 200 + 729;
        assertMicros(bare, device, part, BARE);
        assertMicros(bare + 2 * readKept + 3 * (3 * 200 + 243 + 20_000), device, part, BARE.withKeepNeighbours(true));
    }

    @Test
    void a_device_that_cannot_be_read_is_not_and_option_bytes_are_neither_erased_nor_read() throws Exception {
        long erase = 3 * 200 + 20_000;
        long write = 3 * 200 + 10_000 + 4 * (3 * 200 + 243 + 20_000);
        FirmwareImage page = Boards.image(SECOND, new byte[1024]);
        assertMicros(erase + write, device(PAGES, known().says(Trait.NO_UPLOAD)), page, FlashOptions.DEFAULT);
        assertMicros(
                3 * 200 + 10_000 + 3 * 200 + 15 + 20_000,
                device("@Option Bytes /0x1FFFC000/1*16 e", known()),
                Boards.image(0x1fff_c000L, new byte[16]),
                FlashOptions.DEFAULT.withOptionBytes(true));
    }

    @Test
    void the_first_word_of_a_program_is_two_short_blocks_more() throws Exception {
        DfuInterface device = device(PAGES, known());
        Duration data = FlashPlanner.plan(device, Boards.image(SECOND, new byte[1024]), BARE)
                .estimate();
        assertThat(FlashPlanner.plan(device, Boards.image(SECOND, Boards.program(SECOND, 1024, 1)), BARE)
                        .estimate()
                        .minus(data))
                .isEqualTo(Duration.of(2 * (3 * 200 + 10_000 + 3 * 200 + 20_000), ChronoUnit.MICROS));
    }

    @Test
    void small_pages_are_mass_erased_at_once_and_large_sectors_one_after_the_other() throws Exception {
        long write = 3 * 200 + 10_000 + 4 * (3 * 200 + 243 + 20_000);
        FirmwareImage page = Boards.image(SECOND, new byte[1024]);
        FlashOptions all = BARE.withMassErase(true);
        assertMicros(3 * 200 + 20_000 + write, device(PAGES, known()), page, all);
        assertMicros(3 * 200 + 160_000 + write, device("@Flash /0x08000000/4*8Kg", known()), page, all);
        assertMicros(3 * 200 + 4 * 320_000 + write, device("@Flash /0x08000000/4*16Kg", known()), page, all);
        assertMicros(
                3 * 200 + 35_000_000 + write, device(PAGES, known().says(Trait.MASS_ERASE_TIME, 35_000)), page, all);
    }

    @Test
    void an_erase_alone_costs_itself_and_its_reading_back() throws Exception {
        DfuInterface device = device(PAGES, known());
        List<AddressRange> page = List.of(AddressRange.ofSize(SECOND, 1024));
        long erase = 3 * 200 + 20_000;
        long read = 3 * 200 + 10_000 + 4 * 200 + 972;
        assertThat(FlashPlanner.planErase(device, page, BARE).estimate())
                .isEqualTo(Duration.of(erase, ChronoUnit.MICROS));
        assertThat(FlashPlanner.planErase(device, page, FlashOptions.DEFAULT).estimate())
                .isEqualTo(Duration.of(erase + read, ChronoUnit.MICROS));
    }

    @Test
    void oddities_that_cost_time_are_counted() throws Exception {
        FirmwareImage page = Boards.image(SECOND, new byte[1024]);
        DfuInterface plain = device(PAGES, known());
        Duration usual = FlashPlanner.plan(plain, page, BARE).estimate();
        DfuInterface behind = device(PAGES, known().says(Trait.ONE_BEHIND, 700));
        assertThat(FlashPlanner.plan(behind, page, BARE).estimate()).isEqualTo(usual.plusMillis(700));
        DfuInterface stuck = device(PAGES, known().says(Trait.STUCK_BUSY_AFTER_ERASE, SECOND));
        assertThat(FlashPlanner.plan(stuck, page, BARE).estimate())
                .isEqualTo(usual.plusSeconds(5).minus(3 * 200 + 20_000, ChronoUnit.MICROS));
    }

    @Test
    void a_device_of_which_nothing_is_known_is_taken_to_wait_a_tenth_of_a_second() throws Exception {
        DfuInterface unknown = device(
                PAGES,
                Quirk.row("test", "any")
                        .when("always", i -> true)
                        .says(Trait.WRITE_ALIGNMENT, 1)
                        .says(Trait.NO_UPLOAD));
        assertMicros(
                3 * 200 + 100_000 + 3 * 200 + 100_000 + 4 * (3 * 200 + 243 + 100_000),
                unknown,
                Boards.image(SECOND, new byte[1024]),
                BARE);
        DfuInterface byItsFlash = device(
                PAGES,
                Quirk.row("test", "any")
                        .when("always", i -> true)
                        .says(Trait.WRITE_ALIGNMENT, 1)
                        .says(Trait.NO_UPLOAD)
                        .says(Trait.WRITE_TIME, 2560));
        assertMicros(
                3 * 200 + 100_000 + 3 * 200 + 100_000 + 4 * (3 * 200 + 243 + 10_000),
                byItsFlash,
                Boards.image(SECOND, new byte[1024]),
                BARE);
    }

    private static Duration run(Boards<Stm32Rom> it, DfuInterface target, FlashPlan plan) throws Exception {
        try (DfuSeSession session = new DfuSeSession(DfuSession.open(it.bus, target, it.bus.time()))) {
            return new Flasher(session, FlashListener.NONE).flash(plan).took();
        }
    }
}
