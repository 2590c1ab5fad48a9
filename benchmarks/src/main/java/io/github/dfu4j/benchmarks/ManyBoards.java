package io.github.dfu4j.benchmarks;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfuse.DfuSeQuirks;
import io.github.dfu4j.dfuse.FlashAll;
import io.github.dfu4j.dfuse.FlashEvent;
import io.github.dfu4j.dfuse.FlashListener;
import io.github.dfu4j.dfuse.FlashOptions;
import io.github.dfu4j.dfuse.FlashPlan;
import io.github.dfu4j.dfuse.FlashPlanner;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.simulator.Stm32Rom;
import io.github.dfu4j.simulator.VirtualBus;
import io.github.dfu4j.simulator.VirtualTime;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How much longer many boards side by side take than one, in real time, and how much memory each of them needs.
 *
 * <p>The board is one whose device time is long beside the host's work (an STM32G474, some 90 transfers a second), one and many boards
 * are measured in turn, and the medians count, so that other work on the machine troubles both alike.
 */
public final class ManyBoards {

    private static final long FLASH = 0x08000000L;
    private static final int SIZE = 64 << 10;

    /**
     * What was measured.
     *
     * @param boards how many boards were flashed at once
     * @param one the median time of one board
     * @param many the median time of all boards
     * @param cpuPerBoard the processor time that a board took, the simulation of the device included
     * @param heapPerBoard heap in use while all boards are being written, by the number of boards, without the simulated boards' own
     */
    public record Result(int boards, Duration one, Duration many, Duration cpuPerBoard, long heapPerBoard) {

        /** How much longer all boards took than one. */
        public double ratio() {
            return (double) many.toNanos() / one.toNanos();
        }
    }

    private ManyBoards() {}

    /**
     * Measures.
     *
     * @param boards how many boards at once, 2 or more
     * @param rounds how often, 1 or more
     */
    public static Result measure(int boards, int rounds) throws Exception {
        for (int i = 0; i < 3; i++) {
            new Bench(new VirtualTime(), boards).flash(); // warms up, in simulated time
        }
        List<Duration> one = new ArrayList<>();
        List<Duration> many = new ArrayList<>();
        Duration cpu = Duration.ZERO;
        for (int i = 0; i < rounds; i++) {
            one.add(new Bench(VirtualTime.realTime(), 1).flash());
            Bench bench = new Bench(VirtualTime.realTime(), boards);
            many.add(bench.flash());
            cpu = cpu.plus(bench.cpu);
        }
        return new Result(
                boards, median(one), median(many), cpu.dividedBy((long) rounds * boards), heapPerBoard(boards));
    }

    /** The heap in use while all boards are being written, by their number, in simulated time. */
    static long heapPerBoard(int boards) throws Exception {
        return new Bench(new VirtualTime(), boards).heapInMidJob() / boards;
    }

    private static Duration median(List<Duration> times) {
        Collections.sort(times);
        return times.get(times.size() / 2);
    }

    /** Boards with plans, ready to be flashed once. */
    private static final class Bench {
        private final VirtualBus bus;
        private final Map<DfuInterface, FlashPlan> plans = new LinkedHashMap<>();
        private Duration cpu = Duration.ZERO;

        Bench(VirtualTime time, int boards) throws Exception {
            bus = new VirtualBus(time);
            byte[] bytes = new byte[SIZE];
            new Random(1).nextBytes(bytes);
            FirmwareImage image =
                    FirmwareImage.builder().add(Segment.of(FLASH, bytes)).build();
            for (int i = 0; i < boards; i++) {
                Stm32Rom board = new Stm32Rom("stm32g474");
                bus.plug(board);
                board.memoryAt(FLASH).load(FLASH, new byte[SIZE]);
            }
            bus.time().sleep(Duration.ofSeconds(1));
            for (DfuInterface target : DfuInterface.of(bus.devices(), DfuSeQuirks.table())) {
                plans.put(target, FlashPlanner.plan(target, image, FlashOptions.DEFAULT));
            }
        }

        Duration flash() {
            System.gc();
            long began = System.nanoTime();
            flash(FlashListener.NONE);
            return Duration.ofNanos(System.nanoTime() - began);
        }

        private void flash(FlashListener listener) {
            ThreadMXBean threads = ManagementFactory.getThreadMXBean();
            long[] used = new long[1];
            List<FlashAll.Job> jobs = new ArrayList<>();
            plans.forEach((target, plan) -> jobs.add(new FlashAll.DfuSeJob(target, plan, listener)));
            List<FlashAll.Result> results = new FlashAll(
                            bus, DfuSeQuirks.table(), board -> bus.time(board.device()), () -> false)
                    .run(jobs, result -> {
                        synchronized (used) {
                            used[0] += threads.getCurrentThreadCpuTime();
                        }
                    });
            cpu = Duration.ofNanos(used[0]);
            if (!results.stream().allMatch(FlashAll.Result::succeeded)) {
                throw new IllegalStateException("not all boards were flashed: " + results);
            }
        }

        /** The heap that the jobs take when each of them has written half of its image. */
        long heapInMidJob() {
            AtomicLong middle = new AtomicLong(-1);
            CyclicBarrier allThere = new CyclicBarrier(plans.size(), () -> middle.set(usedHeap()));
            long before = usedHeap();
            ThreadLocal<Boolean> waited = ThreadLocal.withInitial(() -> false);
            flash(event -> {
                if (event instanceof FlashEvent.Progress progress
                        && progress.phase() == FlashEvent.Phase.WRITE
                        && progress.done() >= progress.total() / 2
                        && !waited.get()) {
                    waited.set(true);
                    try {
                        allThere.await(5, TimeUnit.MINUTES);
                    } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
                        throw new IllegalStateException("not all boards came to the middle of their images", e);
                    }
                }
            });
            if (middle.get() < 0) {
                throw new IllegalStateException("no board came to the middle of its image");
            }
            return middle.get() - before;
        }

        private static long usedHeap() {
            System.gc();
            Runtime runtime = Runtime.getRuntime();
            return runtime.totalMemory() - runtime.freeMemory();
        }
    }

    /** Prints a result. */
    public static void print(Result result, PrintStream out) {
        out.printf(
                Locale.ROOT,
                "1 board %.2f s, %d boards %.2f s: × %.3f; processor time %d ms and heap %d KiB a board%n",
                seconds(result.one()),
                result.boards(),
                seconds(result.many()),
                result.ratio(),
                result.cpuPerBoard().toMillis(),
                result.heapPerBoard() / 1024);
    }

    private static double seconds(Duration duration) {
        return duration.toMillis() / 1000.0;
    }

    /** Measures 32 boards five times, or as many boards and as often as the arguments say, and prints the result. */
    public static void main(String[] args) throws Exception {
        int boards = args.length > 0 ? Integer.parseInt(args[0]) : 32;
        int rounds = args.length > 1 ? Integer.parseInt(args[1]) : 5;
        print(measure(boards, rounds), System.out);
    }
}
