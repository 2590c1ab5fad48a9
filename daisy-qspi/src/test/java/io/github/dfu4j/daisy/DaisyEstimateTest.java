package io.github.dfu4j.daisy;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.dfuse.DfuSeSession;
import io.github.dfu4j.dfuse.FlashListener;
import io.github.dfu4j.dfuse.FlashOptions;
import io.github.dfu4j.dfuse.FlashPlan;
import io.github.dfu4j.dfuse.FlashPlanner;
import io.github.dfu4j.dfuse.Flasher;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.simulator.DaisySeed;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A plan's estimate against the simulated time of the job, on both bootloaders of a Daisy Seed. */
class DaisyEstimateTest {

    @ParameterizedTest
    @CsvSource({
        "v6.4, 0x90000000, 20000",
        "v6.4, 0x90000000, 250000",
        "v6.4, 0x90040000, 20000",
        "v6.4, 0x90040000, 291636",
        "v6.3, 0x90000000, 250000",
        "v6.3, 0x90040000, 291636",
        "ROM, 0x08000000, 20000",
        "ROM, 0x08000000, 104152",
    })
    void the_estimate_of_a_job_is_within_a_quarter_of_its_time(String bootloader, String address, int size)
            throws Exception {
        boolean rom = bootloader.equals("ROM");
        DaisySeed seed = new DaisySeed();
        Bench bench = new Bench(rom ? seed : seed.withBootloader(DaisySeed.Bootloader.of(bootloader))).after(1000);
        long start = Long.decode(address);
        bench.board.memoryAt(start).load(start, new byte[rom ? 0x2_0000 : size]); // nothing of it can be left out
        byte[] bytes = new byte[size];
        new Random(1).nextBytes(bytes);
        FirmwareImage image =
                FirmwareImage.builder().add(Segment.of(start, bytes)).build();
        DfuInterface target = DfuInterface.of(
                        bench.bus.devices().get(0), DaisyQuirks.table(rom ? ReadBack.UNKNOWN : ReadBack.UNTRUE))
                .get(0);

        FlashPlan plan = FlashPlanner.plan(target, image, FlashOptions.DEFAULT);
        Duration took;
        try (DfuSeSession session = new DfuSeSession(DfuSession.open(bench.bus, target, bench.bus.time()))) {
            took = new Flasher(session, FlashListener.NONE).flash(plan).took();
        }

        assertThat((double) plan.estimate().toNanos() / took.toNanos())
                .as("%s estimated, %s taken", plan.estimate(), took)
                .isBetween(0.75, 1.25);
    }
}
