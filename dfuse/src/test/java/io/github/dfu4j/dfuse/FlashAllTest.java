package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.dfu.DfuDownloader;
import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DownloadException;
import io.github.dfu4j.dfu.DownloadPlan;
import io.github.dfu4j.dfu.DownloadReport;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.simulator.Fault;
import io.github.dfu4j.simulator.PlainDfu;
import io.github.dfu4j.simulator.Stm32Rom;
import io.github.dfu4j.simulator.VirtualBoard;
import io.github.dfu4j.simulator.VirtualBus;
import io.github.dfu4j.usb.UsbException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class FlashAllTest {

    private static final long FLASH = 0x08000000L;

    private static List<FlashAll.Job> jobs(VirtualBus bus, FirmwareImage image) throws Exception {
        return jobs(bus, image, FlashListener.NONE);
    }

    private static List<FlashAll.Job> jobs(VirtualBus bus, FirmwareImage image, FlashListener listener)
            throws Exception {
        List<FlashAll.Job> jobs = new ArrayList<>();
        for (DfuInterface target : DfuInterface.of(bus.devices(), DfuSeQuirks.table())) {
            jobs.add(
                    target.isDfuSe()
                            ? new FlashAll.DfuSeJob(
                                    target, FlashPlanner.plan(target, image, FlashOptions.DEFAULT), listener)
                            : new FlashAll.PlainJob(
                                    target,
                                    DownloadPlan.of(target, image, 0, true, true),
                                    DfuDownloader.Progress.NONE));
        }
        return jobs;
    }

    private static List<FlashAll.Result> run(VirtualBus bus, List<FlashAll.Job> jobs) {
        return new FlashAll(bus, DfuSeQuirks.table(), board -> bus.time(board.device()), () -> false)
                .run(jobs, result -> {});
    }

    private static List<Stm32Rom> plug(VirtualBus bus, int count) throws Exception {
        List<Stm32Rom> boards = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Stm32Rom board = new Stm32Rom("stm32g474");
            boards.add(board);
            bus.plug(board);
        }
        bus.time().sleep(Duration.ofMillis(500));
        return boards;
    }

    @Test
    void a_board_that_fails_does_not_disturb_the_others() throws Exception {
        VirtualBus bus = new VirtualBus();
        List<Stm32Rom> boards = plug(bus, 8);
        boards.get(3).inject(new Fault.Disconnect(Duration.ofSeconds(5)), Fault.Trigger.at(20));
        byte[] bytes = Boards.program(FLASH, 30_000, 1);
        List<FlashAll.Job> jobs = jobs(bus, Boards.image(FLASH, bytes));
        List<FlashAll.Result> results = run(bus, jobs);

        assertThat(results).hasSize(8);
        for (int i = 0; i < 8; i++) {
            assertThat(results.get(i).job()).isEqualTo(jobs.get(i));
            assertThat(results.get(i).succeeded()).isEqualTo(i != 3);
            if (i != 3) {
                assertThat(boards.get(i).memoryAt(FLASH).read(FLASH, bytes.length))
                        .isEqualTo(bytes);
            }
        }
        assertThat(results.get(3).failure().orElseThrow()).isInstanceOfSatisfying(FlashException.class, e -> {
            assertThat(e.isCancelled()).isFalse();
            assertThat(e.lastTransfers()).isNotEmpty();
        });
    }

    @Test
    void a_board_that_cannot_be_opened_is_a_result_like_the_others() throws Exception {
        VirtualBus bus = new VirtualBus();
        List<Stm32Rom> boards = plug(bus, 2);
        List<FlashAll.Job> jobs = jobs(bus, Boards.image(FLASH, new byte[100]));
        bus.unplug(boards.get(0));
        List<FlashAll.Result> results = run(bus, jobs);
        assertThat(results.get(0).failure().orElseThrow()).isInstanceOf(UsbException.class);
        assertThat(results.get(1).succeeded()).isTrue();
        assertThat(results.get(1).failure()).isEmpty();
        assertThat(run(bus, List.of())).isEmpty();
    }

    @Test
    void a_listener_that_fails_is_its_boards_failure_and_told_like_every_other() throws Exception {
        VirtualBus bus = new VirtualBus();
        plug(bus, 2);
        FirmwareImage image = Boards.image(FLASH, new byte[100]);
        List<FlashAll.Job> jobs = new ArrayList<>(jobs(bus, image));
        jobs.set(
                0,
                jobs(bus, image, event -> {
                            throw new IllegalStateException("a fault of the listener");
                        })
                        .get(0));
        List<FlashAll.Result> told = Collections.synchronizedList(new ArrayList<>());

        List<FlashAll.Result> results =
                new FlashAll(bus, DfuSeQuirks.table(), board -> bus.time(), () -> false).run(jobs, told::add);

        assertThat(results.get(0).failure().orElseThrow()).hasMessage("a fault of the listener");
        assertThat(results.get(1).succeeded()).isTrue();
        assertThat(told).containsExactlyInAnyOrderElementsOf(results);
    }

    @Test
    void a_cancel_ends_all_of_them() throws Exception {
        VirtualBus bus = new VirtualBus();
        plug(bus, 3);
        List<FlashAll.Result> results = new FlashAll(bus, DfuSeQuirks.table(), board -> bus.time(), () -> true)
                .run(jobs(bus, Boards.image(FLASH, new byte[100])), result -> {});
        assertThat(results)
                .allSatisfy(r -> assertThat(((FlashException) r.failure().orElseThrow()).isCancelled())
                        .isTrue());
    }

    @Test
    void interrupting_the_caller_cancels_all_and_stays_seen() throws Exception {
        VirtualBus bus = new VirtualBus();
        plug(bus, 3);
        Thread caller = Thread.currentThread();
        List<FlashAll.Result> results = run(bus, jobs(bus, Boards.image(FLASH, new byte[100]), event -> {
            if (event instanceof FlashEvent.Started) {
                caller.interrupt();
                awaitInterrupt();
            }
        }));

        assertThat(Thread.interrupted()).isTrue();
        assertThat(results)
                .hasSize(3)
                .allSatisfy(r -> assertThat(r.failure().orElseThrow())
                        .isInstanceOfSatisfying(FlashException.class, e -> {
                            assertThat(e.isCancelled()).isTrue();
                            assertThat(e.report().idle()).isTrue();
                        }));
    }

    private static void awaitInterrupt() {
        assertThat(Thread.currentThread().isDaemon())
                .as("no reason for a program to stay")
                .isTrue();
        try {
            assertThat(new CountDownLatch(1).await(30, TimeUnit.SECONDS)).isTrue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void in_simulated_time_each_board_takes_its_own() throws Exception {
        VirtualBus bus = new VirtualBus();
        plug(bus, 4);
        FirmwareImage image = Boards.image(FLASH, Boards.program(FLASH, 10_000, 2));
        List<FlashAll.Job> jobs = jobs(bus, image);
        FlashAll all = new FlashAll(bus, DfuSeQuirks.table(), board -> bus.time(board.device()), () -> false);

        Duration alone = took(all.run(jobs.subList(0, 1), result -> {}).get(0));
        assertThat(all.run(jobs.subList(1, 4), result -> {}))
                .extracting(FlashAllTest::took)
                .containsOnly(alone);
        assertThat(bus.time().now())
                .as("the latest board's")
                .isEqualTo(bus.time(jobs.get(0).target().device()).now());
    }

    private static Duration took(FlashAll.Result result) {
        return ((FlashAll.Flashed) result.outcome()).report().took();
    }

    @Test
    void no_board_is_done_before_all_have_begun() throws Exception {
        VirtualBus bus = new VirtualBus();
        plug(bus, 8);
        FirmwareImage image = Boards.image(FLASH, Boards.program(FLASH, 10_000, 2));
        CountDownLatch notBegun = new CountDownLatch(8);

        // One after the other, the first would wait for the second in vain.
        List<FlashAll.Result> together = run(bus, jobs(bus, image, event -> {
            if (event instanceof FlashEvent.PhaseStarted started && started.phase() == FlashEvent.Phase.WRITE) {
                notBegun.countDown();
                await(notBegun);
            }
        }));

        assertThat(together).allMatch(FlashAll.Result::succeeded);
    }

    /** The boards of one kind detach, restart and look alike, all at the same time. */
    @Test
    void boards_that_speak_plain_dfu_are_flashed_beside_those_that_speak_dfuse() throws Exception {
        VirtualBus bus = new VirtualBus();
        List<PlainDfu> plain = new ArrayList<>();
        for (String kind : List.of("dfu11", "dfu11-will-detach-intolerant", "dfu11", "dfu10", "dfu11")) {
            PlainDfu board = new PlainDfu(kind).serial("1");
            plain.add(board);
            bus.plug(board);
        }
        Stm32Rom rom = plug(bus, 1).get(0);
        plain.get(2).inject(new Fault.PowerCut(Duration.ofSeconds(5)), Fault.Trigger.at(20));
        byte[] bytes = Boards.program(FLASH, 5_000, 1);
        List<FlashAll.Job> jobs = jobs(bus, Boards.image(FLASH, bytes));
        List<FlashAll.Result> told = Collections.synchronizedList(new ArrayList<>());
        FlashAll all = new FlashAll(bus, DfuSeQuirks.table(), board -> bus.time(board.device()), () -> false);

        List<FlashAll.Result> results = all.run(jobs, told::add);

        for (int i = 0; i < plain.size(); i++) {
            FlashAll.Outcome outcome = results.get(i).outcome();
            if (i == 2) {
                assertThat(results.get(i).failure().orElseThrow()).isInstanceOf(DownloadException.class);
                continue;
            }
            assertThat(outcome).as("board %s", i).isInstanceOf(FlashAll.Downloaded.class);
            DownloadReport report = ((FlashAll.Downloaded) outcome).report();
            assertThat(report.manifested()).isTrue();
            assertThat(plain.get(i).firmware()).isEqualTo(bytes);
            assertThat(plain.get(i).running()).isEqualTo(VirtualBoard.Running.APPLICATION);
        }
        assertThat(results.get(5).outcome()).isInstanceOf(FlashAll.Flashed.class);
        assertThat(rom.memoryAt(FLASH).read(FLASH, bytes.length)).isEqualTo(bytes);
        assertThat(told).containsExactlyInAnyOrderElementsOf(results);
    }

    private static void await(CountDownLatch latch) {
        try {
            if (!latch.await(60, TimeUnit.SECONDS)) {
                throw new IllegalStateException("the other boards have not begun");
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
