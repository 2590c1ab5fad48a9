package io.github.dfu4j.benchmarks;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfuse.DfuSeQuirks;
import io.github.dfu4j.dfuse.FlashAll;
import io.github.dfu4j.dfuse.FlashListener;
import io.github.dfu4j.dfuse.FlashOptions;
import io.github.dfu4j.dfuse.FlashPlanner;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.simulator.Stm32Rom;
import io.github.dfu4j.simulator.VirtualBus;
import io.github.dfu4j.simulator.VirtualTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/** How much longer many boards side by side take than one, in real time, and how much memory each of them needs. */
public final class ManyBoards {

    private static final long FLASH = 0x08000000L;

    private ManyBoards() {}

    /** Flashes 1 board, then 32 (or as many as the argument says), 64 KiB each, and prints times and memory. */
    public static void main(String[] args) throws Exception {
        int many = args.length > 0 ? Integer.parseInt(args[0]) : 32;
        flash(2); // warms up
        Result one = flash(1);
        Result all = flash(many);
        System.out.printf(
                Locale.ROOT,
                "1 board %.2f s, %d boards %.2f s: × %.3f; heap in use grew by %d KiB a board%n",
                one.seconds(),
                many,
                all.seconds(),
                all.seconds() / one.seconds(),
                (all.peak() - one.peak()) / 1024 / (many - 1));
    }

    private record Result(double seconds, long peak) {}

    private static Result flash(int count) throws Exception {
        byte[] bytes = new byte[64 << 10];
        new Random(1).nextBytes(bytes);
        FirmwareImage image =
                FirmwareImage.builder().add(Segment.of(FLASH, bytes)).build();
        VirtualBus bus = new VirtualBus(VirtualTime.realTime());
        for (int i = 0; i < count; i++) {
            Stm32Rom board = new Stm32Rom("stm32g474");
            bus.plug(board);
            board.memoryAt(FLASH).load(FLASH, new byte[bytes.length]);
        }
        bus.time().sleep(Duration.ofSeconds(1));
        List<FlashAll.Job> jobs = new ArrayList<>();
        for (DfuInterface target : DfuInterface.of(bus.devices(), DfuSeQuirks.table())) {
            jobs.add(new FlashAll.Job(target, FlashPlanner.plan(target, image, FlashOptions.DEFAULT)));
        }
        System.gc();
        long began = System.nanoTime();
        List<FlashAll.Result> results = new FlashAll(bus, bus.time(), () -> false).run(jobs, job -> FlashListener.NONE);
        double seconds = (System.nanoTime() - began) / 1e9;
        if (!results.stream().allMatch(FlashAll.Result::succeeded)) {
            throw new IllegalStateException("not all boards were flashed: " + results);
        }
        Runtime runtime = Runtime.getRuntime();
        System.gc();
        return new Result(seconds, runtime.totalMemory() - runtime.freeMemory());
    }
}
