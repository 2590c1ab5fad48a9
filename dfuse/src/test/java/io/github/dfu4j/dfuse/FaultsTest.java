package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.dfu.DfuDownloader;
import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.dfu.DfuState;
import io.github.dfu4j.dfu.DownloadException;
import io.github.dfu4j.dfu.DownloadPlan;
import io.github.dfu4j.dfu.DownloadReport;
import io.github.dfu4j.dfu.QuirkTable;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.simulator.DaisySeed;
import io.github.dfu4j.simulator.Fault;
import io.github.dfu4j.simulator.FaultSweep;
import io.github.dfu4j.simulator.PlainDfu;
import io.github.dfu4j.simulator.Stm32Rom;
import io.github.dfu4j.simulator.VirtualBoard.Running;
import io.github.dfu4j.usb.UsbException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every kind of fault at every transfer of a job. Allowed are success with exactly the planned bytes, and a typed error within its
 * deadline with an honest report, after which a second run succeeds.
 *
 * <p>A device that reports success for a block it has dropped, and cannot be read back, looks like one that has it. That is allowed as well,
 * as long as nobody says that it is verified.
 */
@Timeout(600) // thousands of runs, on a machine that may be busy
class FaultsTest {

    private static final long FLASH = 0x08000000L;
    private static final long QSPI = 0x90040000L;

    /** More than any single operation's deadline, less than for ever. */
    private static final Duration LONGEST = Duration.ofSeconds(90);

    private static final String AS_THE_DEVICE_SAID =
            "incomplete, as the device said nothing of it; reported as unverified";

    /** What is put on which board in the place of what. */
    private record Job(
            String name, Supplier<Boards<?>> boards, FirmwareImage image, FirmwareImage before, FlashOptions options) {

        Boards<?> board() {
            Boards<?> it = boards.get();
            Segment there = before.segments().get(0);
            it.board.memoryAt(there.start()).load(there.start(), bytes(before, there.range()));
            it.board.ledger().clear();
            return it;
        }

        FlashReport flash(Boards<?> it) throws Exception {
            return it.flash(image, options);
        }

        /** Whether the board holds all of one of the two where the new one belongs. */
        boolean holds(Boards<?> it, FirmwareImage one) {
            AddressRange range = image.segments().get(0).range();
            return Arrays.equals(it.memory(range.start(), (int) range.size()), bytes(one, range));
        }

        private static byte[] bytes(FirmwareImage image, AddressRange range) {
            byte[] bytes = new byte[(int) range.size()];
            image.copy(range.start(), bytes, 0, bytes.length);
            return bytes;
        }
    }

    private static void sweep(Job job) throws Exception {
        Boards<?> sound = job.board();
        job.flash(sound);
        FaultSweep sweep = FaultSweep.of(
                job.name(), sound.board.ledger().transfers(), (fault, trigger) -> run(job, fault, trigger));
        System.out.println(sweep);
        assertThat(sweep.outcomes()).containsKey("success");
    }

    private static String run(Job job, Fault fault, Fault.Trigger trigger) throws Exception {
        Boards<?> it = job.board();
        it.board.inject(fault, trigger);
        String key = it.device().key();
        List<AddressRange> planned = FlashPlanner.plan(it.target(), job.image(), job.options())
                .targets()
                .get(0)
                .erased();
        long began = it.bus.time().nanos();
        String outcome;
        try {
            FlashReport report = job.flash(it);
            outcome = "success";
            boolean undetectable = !report.proved() && fault instanceof Fault.WrongState w && w.status() == 0;
            it.sleep(6000); // bootloaders that accept before they have done it
            if (undetectable && !job.holds(it, job.image())) {
                return AS_THE_DEVICE_SAID;
            }
        } catch (FlashException e) {
            assertThat(Duration.ofNanos(it.bus.time().nanos() - began)).isLessThan(LONGEST);
            mustBeHonest(e.report(), it, key);
            String device = e.report().idle() ? ", idle" : isAttached(it, key) ? ", not idle" : ", gone";
            outcome = e.getCause().getClass().getSimpleName() + device;
            it.sleep(6000);
            assertThat(it.board.ledger().changedOutside(planned)).isEmpty();
            if (it.board.running() == Running.APPLICATION) {
                assertThat(job.holds(it, job.before()) || job.holds(it, job.image()))
                        .as("the program that started is a whole one")
                        .isTrue();
            }
            if (!e.report().idle() || !isAttached(it, key)) {
                backToBootloader(it);
            }
            assertThat(job.flash(it).outcome()).isEqualTo(FlashReport.Outcome.COMPLETED);
            it.sleep(6000);
        }
        assertThat(job.holds(it, job.image())).as("the image is there").isTrue();
        assertThat(it.board.ledger().changedOutside(planned)).isEmpty();
        return outcome;
    }

    /** What was changed is told, and the device is in dfuIDLE if and only if the report says so. */
    private static void mustBeHonest(FlashReport report, Boards<?> it, String key) throws Exception {
        assertThat(report.outcome()).isEqualTo(FlashReport.Outcome.FAILED);
        List<AddressRange> told = new ArrayList<>(report.erased());
        told.addAll(report.written());
        assertThat(it.board.ledger().changedOutside(Ranges.joined(told))).isEmpty();
        if (isAttached(it, key)) {
            try (DfuSession session = DfuSession.open(it.bus, it.target(), it.bus.time())) {
                assertThat(session.getState() == DfuState.IDLE).isEqualTo(report.idle());
            }
        } else {
            assertThat(report.idle()).isFalse();
        }
    }

    private static boolean isAttached(Boards<?> it, String key) throws UsbException {
        return it.bus.devices().stream().anyMatch(d -> d.key().equals(key));
    }

    /** What a user does after an error: reset into the bootloader. */
    private static void backToBootloader(Boards<?> it) {
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

    private static FirmwareImage program(long start, int size, int seed) {
        return Boards.image(start, Boards.program(start, size, seed));
    }

    @Test
    void an_f4_rom_survives_every_fault_at_every_transfer() throws Exception {
        sweep(new Job(
                "STM32F407 ROM",
                () -> new Boards<>(new Stm32Rom("stm32f407")),
                program(FLASH, 17_000, 2),
                program(FLASH, 30_000, 1),
                FlashOptions.DEFAULT));
    }

    @Test
    void an_h7_rom_survives_every_fault_at_every_transfer() throws Exception {
        long start = 0x08100000L - 2112; // up to and into the bank whose erases never end
        sweep(new Job(
                "STM32H743 ROM",
                () -> new Boards<>(new Stm32Rom("stm32h743")),
                program(start, 4000, 4),
                program(start, 8000, 3),
                FlashOptions.DEFAULT.withKeepNeighbours(false)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"v6.3", "v6.4"})
    void the_daisy_bootloader_survives_every_fault_at_every_transfer(String version) throws Exception {
        byte[] standIn = DaisySeed.Bootloader.of(version).standIn(2048);
        sweep(new Job(
                "Daisy bootloader " + version,
                () -> Boards.inBootloader(new DaisySeed().withInternalFlash(standIn)),
                program(QSPI, 66_000, 6),
                program(QSPI, 70_000, 5),
                FlashOptions.DEFAULT));
    }

    @ParameterizedTest
    @ValueSource(strings = {"dfu11", "dfu11-will-detach-intolerant", "dfu11-write-only"})
    void a_plain_dfu_device_survives_every_fault_at_every_transfer(String kind) throws Exception {
        byte[] image = Boards.program(0, 3000, 7);
        Boards<PlainDfu> sound = new Boards<>(new PlainDfu(kind));
        sound.board.ledger().clear();
        download(sound, image);
        FaultSweep sweep = FaultSweep.of(kind, sound.board.ledger().transfers(), (fault, trigger) -> {
            Boards<PlainDfu> it = new Boards<>(new PlainDfu(kind));
            byte[] before = it.board.firmware();
            it.board.inject(fault, trigger);
            long began = it.bus.time().nanos();
            try {
                DownloadReport report = download(it, image);
                boolean undetectable = !report.verified() && fault instanceof Fault.WrongState w && w.status() == 0;
                if (undetectable && !Arrays.equals(it.board.firmware(), image)) {
                    return AS_THE_DEVICE_SAID;
                }
                assertThat(it.board.firmware()).isEqualTo(image);
                return "success";
            } catch (DownloadException e) {
                assertThat(Duration.ofNanos(it.bus.time().nanos() - began)).isLessThan(LONGEST);
                if (e.report().sent() == 0) {
                    assertThat(it.board.firmware()).isEqualTo(before);
                }
                it.board.tapReset();
                it.sleep(1000);
                it.settle();
                download(it, image);
                assertThat(it.board.firmware()).isEqualTo(image);
                return e.getCause().getClass().getSimpleName();
            }
        });
        System.out.println(sweep);
        assertThat(sweep.outcomes()).containsKey("success");
        if (!kind.equals("dfu11-write-only")) {
            assertThat(sweep.outcomes()).doesNotContainKey(AS_THE_DEVICE_SAID);
        }
    }

    private static DownloadReport download(Boards<PlainDfu> it, byte[] image) throws Exception {
        DfuInterface target =
                DfuInterface.of(it.bus.devices(), QuirkTable.dfu()).get(0);
        DownloadReport report = new DfuDownloader(
                        it.bus, QuirkTable.dfu(), it.bus.time(), DfuDownloader.Progress.NONE, () -> false)
                .download(target, DownloadPlan.of(target, Boards.image(0, image), 0, true, true));
        it.settle();
        return report;
    }
}
