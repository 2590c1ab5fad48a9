package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.dfu.QuirkTable;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.simulator.Stm32Rom;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A plan's estimate against the simulated time of the job, where nothing can be left out. */
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
        it.board.memoryAt(FLASH).load(FLASH, new byte[(int) flash.size()]);

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

    private static Duration run(Boards<Stm32Rom> it, DfuInterface target, FlashPlan plan) throws Exception {
        try (DfuSeSession session = new DfuSeSession(DfuSession.open(it.bus, target, it.bus.time()))) {
            return new Flasher(session, FlashListener.NONE).flash(plan).took();
        }
    }
}
