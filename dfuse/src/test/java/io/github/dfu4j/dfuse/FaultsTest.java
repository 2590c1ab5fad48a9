package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.dfu.DfuDownloader;
import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DownloadException;
import io.github.dfu4j.dfu.DownloadPlan;
import io.github.dfu4j.dfu.QuirkTable;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.simulator.DaisySeed;
import io.github.dfu4j.simulator.Fault;
import io.github.dfu4j.simulator.PlainDfu;
import io.github.dfu4j.simulator.Stm32Rom;
import io.github.dfu4j.simulator.VirtualBoard;
import io.github.dfu4j.usb.UsbException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

/**
 * Every kind of fault at every transfer of a job. Allowed are success with exactly the planned bytes, and a typed error within its
 * deadline with an honest report, after which a second run succeeds.
 */
class FaultsTest {

    private static final long FLASH = 0x08000000L;
    private static final long QSPI = 0x90040000L;

    /** More than any single operation's deadline, less than for ever. */
    private static final Duration LONGEST = Duration.ofSeconds(90);

    private static final List<Fault> FAULTS = List.of(
            new Fault.Stall(),
            new Fault.Silence(false),
            new Fault.Silence(true),
            new Fault.Disconnect(Duration.ofMillis(300)),
            new Fault.ShortReply(0),
            new Fault.ShortReply(3),
            new Fault.StuckBusy(1, 5),
            new Fault.StuckBusy(40, 20),
            new Fault.WrongState(2, 0),
            new Fault.WrongState(5, 0),
            new Fault.WrongState(7, 0),
            new Fault.WrongState(9, 0),
            new Fault.WrongState(10, 3),
            new Fault.WrongState(200, 0),
            new Fault.PowerCut(Duration.ofMillis(300)),
            new Fault.BusError(),
            new Fault.Late(Duration.ofSeconds(1)));

    private final Map<String, Integer> outcomes = new TreeMap<>();

    private final FlashOptions options = FlashOptions.DEFAULT.withKeepNeighbours(false);

    /** A device that says it has done what it has not, and cannot be read back, looks like one that has. Nobody says it is verified. */
    private static boolean cannotBeKnown(Fault fault, boolean verified) {
        return !verified && fault instanceof Fault.WrongState w && w.status() == 0;
    }

    private int runs(
            String name, int transfers, Supplier<Boards<? extends VirtualBoard>> boards, long start, byte[] image)
            throws Exception {
        int runs = 0;
        for (Fault fault : FAULTS) {
            for (int at = 0; at < transfers; at++) {
                Boards<? extends VirtualBoard> it = boards.get();
                it.board.inject(fault, Fault.Trigger.at(at));
                String what = name + ", " + fault + " at transfer " + at;
                one(what, fault, it, start, image);
                runs++;
            }
        }
        return runs;
    }

    private void one(String what, Fault fault, Boards<? extends VirtualBoard> it, long start, byte[] image)
            throws Exception {
        DfuInterface target = it.target();
        FlashPlan plan = FlashPlanner.plan(target, Boards.image(start, image), options);
        List<AddressRange> allowed = plan.targets().get(0).erased();
        long began = it.bus.time().nanos();
        boolean failed = false;
        boolean lied = false;
        try (DfuSeSession session = it.open()) {
            FlashReport report = new Flasher(session, FlashListener.NONE).flash(plan);
            assertThat(report.outcome()).as(what).isEqualTo(FlashReport.Outcome.COMPLETED);
            lied = cannotBeKnown(fault, report.proved());
        } catch (FlashException e) {
            failed = true;
            FlashReport report = e.report();
            assertThat(report.outcome()).as(what).isEqualTo(FlashReport.Outcome.FAILED);
            List<AddressRange> told = new ArrayList<>(report.erased());
            told.addAll(report.written());
            assertThat(it.board.ledger().changedOutside(Ranges.joined(told)))
                    .as("%s: %s", what, e.getMessage())
                    .isEmpty();
            count(e.getCause());
        }
        assertThat(Duration.ofNanos(it.bus.time().nanos() - began)).as(what).isLessThan(LONGEST);
        it.sleep(6000);
        assertThat(it.board.ledger().changedOutside(allowed)).as(what).isEmpty();
        if (failed) {
            backToBootloader(it);
            FlashReport again = it.flash(Boards.image(start, image), options);
            assertThat(again.outcome()).as(what).isEqualTo(FlashReport.Outcome.COMPLETED);
            it.sleep(6000);
        } else {
            outcomes.merge("success", 1, Integer::sum);
        }
        expectRight(what, Arrays.equals(it.memory(start, image.length), image), lied);
        assertThat(it.board.ledger().changedOutside(allowed)).as(what).isEmpty();
    }

    private void expectRight(String what, boolean right, boolean lied) {
        if (!right && lied) {
            outcomes.merge("success as the device said, unverified and incomplete", 1, Integer::sum);
        } else {
            assertThat(right).as(what).isTrue();
        }
    }

    private void count(Throwable cause) {
        outcomes.merge(cause.getClass().getSimpleName(), 1, Integer::sum);
    }

    /** What a user does after an error: reset into the bootloader. */
    private static void backToBootloader(Boards<? extends VirtualBoard> it) {
        if (it.board instanceof DaisySeed) {
            it.board.tapReset();
            it.sleep(1500);
            it.board.tapBoot();
            it.sleep(1000);
        } else {
            it.board.pressBoot();
            it.board.tapReset();
            it.sleep(1500);
            it.board.releaseBoot();
        }
        it.settle();
    }

    private int transfers(Supplier<Boards<? extends VirtualBoard>> boards, long start, byte[] image) throws Exception {
        Boards<? extends VirtualBoard> it = boards.get();
        it.board.ledger().clear();
        it.flash(Boards.image(start, image), options);
        return (int) it.board.ledger().transfers();
    }

    private void everyFault(String name, Supplier<Boards<? extends VirtualBoard>> boards, long start, byte[] image)
            throws Exception {
        int transfers = transfers(boards, start, image);
        int runs = runs(name, transfers, boards, start, image);
        System.out.println(name + ": " + runs + " runs over " + transfers + " transfers: " + outcomes);
    }

    @Test
    void an_f4_rom_survives_every_fault_at_every_transfer() throws Exception {
        byte[] before = Boards.program(FLASH, 30_000, 1);
        everyFault(
                "STM32F407 ROM",
                () -> {
                    Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f407"));
                    it.board.memoryAt(FLASH).load(FLASH, before);
                    return it;
                },
                FLASH,
                Boards.program(FLASH, 17_000, 2));
    }

    @Test
    void an_h7_rom_survives_every_fault_at_every_transfer() throws Exception {
        long start = 0x080e0000L; // up to and into the bank whose erases never end
        byte[] before = Boards.program(start, 0x20000, 3);
        everyFault(
                "STM32H743 ROM",
                () -> {
                    Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32h743"));
                    it.board.memoryAt(start).load(start, before);
                    return it;
                },
                start + 0x20000 - 2100,
                Boards.program(start, 4000, 4));
    }

    @Test
    void the_daisy_bootloader_survives_every_fault_at_every_transfer() throws Exception {
        byte[] before = Boards.program(QSPI, 70_000, 5);
        everyFault(
                "Daisy bootloader v6.3",
                () -> {
                    Boards<DaisySeed> it = Boards.daisy("v6.3");
                    it.board.memoryAt(QSPI).load(QSPI, before);
                    return it;
                },
                QSPI,
                Boards.program(QSPI, 66_000, 6));
    }

    @Test
    void the_daisy_bootloader_that_queues_survives_faults_while_it_is_polled() throws Exception {
        byte[] image = Boards.program(QSPI, 5000, 8);
        Supplier<Boards<? extends VirtualBoard>> boards = () -> {
            Boards<DaisySeed> it = Boards.daisy("v6.4");
            it.board.memoryAt(QSPI).load(QSPI, new byte[9000]);
            return it;
        };
        int transfers = transfers(boards, QSPI, image);
        for (Fault fault : FAULTS) {
            for (int at = 0; at < transfers; at += at < 12 || at > transfers - 12 ? 1 : 37) {
                Boards<? extends VirtualBoard> it = boards.get();
                it.board.inject(fault, Fault.Trigger.at(at));
                one("queued, " + fault + " at transfer " + at, fault, it, QSPI, image);
            }
        }
        assertThat(outcomes).containsKey("success");
    }

    @Test
    void a_plain_dfu_device_survives_every_fault_at_every_transfer() throws Exception {
        byte[] image = Boards.program(0, 3000, 7);
        int runs = 0;
        for (String kind : List.of("dfu11", "dfu11-will-detach-intolerant")) {
            Boards<PlainDfu> first = new Boards<>(new PlainDfu(kind));
            first.board.ledger().clear();
            download(first, image);
            int transfers = (int) first.board.ledger().transfers();
            for (Fault fault : FAULTS) {
                for (int at = 0; at < transfers; at++) {
                    Boards<PlainDfu> it = new Boards<>(new PlainDfu(kind));
                    it.board.inject(fault, Fault.Trigger.at(at));
                    String what = kind + ", " + fault + " at transfer " + at;
                    long began = it.bus.time().nanos();
                    Exception failure = download(it, image);
                    assertThat(Duration.ofNanos(it.bus.time().nanos() - began))
                            .as(what)
                            .isLessThan(LONGEST);
                    if (failure != null) {
                        assertThat(failure).as(what).isInstanceOf(DownloadException.class);
                        count(failure.getCause());
                        it.board.tapReset();
                        it.sleep(1000);
                        it.settle();
                        Exception second = download(it, image);
                        assertThat(second).as(what).isNull();
                    } else {
                        outcomes.merge("success", 1, Integer::sum);
                    }
                    expectRight(
                            what,
                            Arrays.equals(it.board.firmware(), image),
                            failure == null && cannotBeKnown(fault, kind.equals("dfu11")));
                    runs++;
                }
            }
        }
        System.out.println("DFU 1.1: " + runs + " runs: " + outcomes);
    }

    private static Exception download(Boards<PlainDfu> it, byte[] image) throws UsbException {
        DfuInterface target =
                DfuInterface.of(it.bus.devices(), QuirkTable.dfu()).get(0);
        try {
            new DfuDownloader(it.bus, QuirkTable.dfu(), it.bus.time(), DfuDownloader.Progress.NONE, () -> false)
                    .download(target, DownloadPlan.of(target, Boards.image(0, image), 0, true, true));
            it.settle();
            return null;
        } catch (DownloadException e) {
            return e;
        }
    }
}
