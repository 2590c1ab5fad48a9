package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.AdditionalAnswers.delegatesTo;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyInt;
import static org.mockito.Mockito.doAnswer;
import static org.mockito.Mockito.mock;

import io.github.dfu4j.dfu.DfuCancelledException;
import io.github.dfu4j.dfu.DfuDownloader;
import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuMode;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.dfu.DfuTimeoutException;
import io.github.dfu4j.dfu.DownloadException;
import io.github.dfu4j.dfu.DownloadPlan;
import io.github.dfu4j.dfu.DownloadReport;
import io.github.dfu4j.dfu.Quirk;
import io.github.dfu4j.dfu.QuirkTable;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.simulator.Fault;
import io.github.dfu4j.simulator.Ledger;
import io.github.dfu4j.simulator.PlainDfu;
import io.github.dfu4j.simulator.VirtualBoard;
import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.Deadline;
import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbException;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DfuDownloaderTest {

    private static final FirmwareImage TWO_BLOCKS = Boards.image(0, Boards.program(0, 1500, 22));

    private final byte[] firmware = Boards.program(0, 10_300, 21);

    private static DfuInterface target(Boards<PlainDfu> it) throws UsbException {
        return DfuInterface.of(it.bus.devices(), QuirkTable.dfu()).get(0);
    }

    private static DfuDownloader downloader(Boards<PlainDfu> it, BooleanSupplier cancelled) {
        return new DfuDownloader(it.bus, QuirkTable.dfu(), it.bus.time(), DfuDownloader.Progress.NONE, cancelled);
    }

    private DownloadPlan plan(DfuInterface target) {
        return DownloadPlan.of(target, Boards.image(0, firmware), 0, true, true);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "dfu11",
                "dfu11-intolerant",
                "dfu11-will-detach",
                "dfu11-will-detach-intolerant",
                "dfu11-write-only",
                "dfu11-zero-poll",
                "dfu10",
                "openmoko",
                "simtrace",
                "maple",
                "lpc",
                "jabra"
            })
    void every_kind_of_plain_device_takes_firmware_and_returns_to_its_application(String kind) throws Exception {
        Boards<PlainDfu> it = new Boards<>(new PlainDfu(kind));
        DfuInterface target = target(it);
        DownloadPlan plan = plan(target);
        DownloadReport report = downloader(it, () -> false).download(target, plan);

        assertThat(report.outcome()).isEqualTo(DownloadReport.Outcome.COMPLETED);
        assertThat(Arrays.equals(it.board.firmware(), firmware)).isTrue();
        assertThat(report.manifested()).isTrue();
        assertThat(report.sent()).isEqualTo(firmware.length);
        assertThat(report.verified()).isEqualTo(plan.verifies());
        assertThat(report.whyUnverified().isEmpty()).isEqualTo(report.verified());
        if (target.mode() == DfuMode.RUN_TIME) {
            it.settle();
            assertThat(plan.detaches()).isTrue();
            assertThat(it.board.running()).isEqualTo(VirtualBoard.Running.APPLICATION);
        }
        // Poll times that are nonsense would make it take hours.
        assertThat(report.took()).isLessThan(Duration.ofSeconds(60));
    }

    @Test
    void a_tolerant_device_is_verified_and_stays_if_nobody_sends_it_away() throws Exception {
        Boards<PlainDfu> it = new Boards<>(new PlainDfu("dfu11").inDfuMode());
        DfuInterface target = target(it);
        DownloadReport report = downloader(it, () -> false)
                .download(target, DownloadPlan.of(target, Boards.image(0, firmware), 0, true, false));
        assertThat(report.verified()).isTrue();
        assertThat(report.idle()).isTrue();
        assertThat(report.back()).isEmpty();
        assertThat(it.board.attached()).isTrue();
    }

    @Test
    void firmware_is_uploaded_to_its_end() throws Exception {
        Boards<PlainDfu> it = new Boards<>(new PlainDfu("dfu11").inDfuMode());
        byte[] there = it.board.firmware();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertThat(downloader(it, () -> false).upload(target(it), 0, out, 1 << 20))
                .isEqualTo(there.length);
        assertThat(out.toByteArray()).isEqualTo(there);
        ByteArrayOutputStream some = new ByteArrayOutputStream();
        assertThat(downloader(it, () -> false).upload(target(it), 0, some, 1500))
                .isEqualTo(1500);
    }

    @Test
    void a_device_that_cannot_upload_is_not_asked_to() throws Exception {
        Boards<PlainDfu> it = new Boards<>(new PlainDfu("jabra"));
        assertThat(target(it).quirks().has(Trait.NO_UPLOAD)).isTrue();
        assertThat(plan(target(it)).verifies()).isFalse();
        assertThat(plan(target(it)).warnings()).anyMatch(w -> w.contains("not verified"));
        assertThatThrownBy(() -> downloader(it, () -> false).upload(target(it), 0, new ByteArrayOutputStream(), 100))
                .hasMessageContaining("cannot upload");
    }

    @Test
    void a_cancelled_download_leaves_dfu_idle_and_says_what_is_there() throws Exception {
        for (int transfer = 0; transfer < 45; transfer++) {
            Boards<PlainDfu> it = new Boards<>(new PlainDfu("dfu11").inDfuMode());
            DfuInterface target = target(it);
            int[] left = {transfer};
            try {
                downloader(it, () -> left[0]-- <= 0).download(target, plan(target));
            } catch (DownloadException e) {
                assertThat(e.report().outcome()).isEqualTo(DownloadReport.Outcome.CANCELLED);
                assertThat(e.report().manifested() || e.report().sent() == 0 || it.board.firmware().length == 0)
                        .isTrue();
            }
            it.settle();
            DfuInterface now = target(it);
            assertThat(downloader(it, () -> false).download(now, plan(now)).outcome())
                    .isEqualTo(DownloadReport.Outcome.COMPLETED);
            assertThat(Arrays.equals(it.board.firmware(), firmware)).isTrue();
        }
    }

    @Test
    void a_device_that_is_waited_for_need_not_come_back_before_a_download_is_cancelled() throws Exception {
        Boards<PlainDfu> it = new Boards<>(new PlainDfu("dfu11"));
        DfuInterface target = target(it);
        it.board.inject(
                new Fault.Disconnect(Duration.ofHours(1)),
                (n, setup) -> setup.requestType() == 0x21 && setup.request() == 0);
        long stop = it.bus.time().nanos() + Duration.ofSeconds(3).toNanos();
        assertThatThrownBy(() ->
                        downloader(it, () -> it.bus.time().nanos() >= stop).download(target, plan(target)))
                .isInstanceOfSatisfying(DownloadException.class, e -> {
                    assertThat(e.report().outcome()).isEqualTo(DownloadReport.Outcome.CANCELLED);
                    assertThat(e.report().took()).isLessThan(Duration.ofSeconds(4));
                });
        assertThat(Thread.currentThread().isInterrupted()).isFalse();
    }

    @Test
    void what_does_not_fit_a_plain_device_is_refused() throws Exception {
        Boards<PlainDfu> it = new Boards<>(new PlainDfu("dfu11").inDfuMode());
        FirmwareImage gaps = FirmwareImage.builder()
                .add(Segment.of(0, new byte[10]))
                .add(Segment.of(20, new byte[10]))
                .build();
        DfuInterface target = target(it);
        assertThatThrownBy(() -> DownloadPlan.of(target, gaps, 0, true, true)).hasMessageContaining("gap");
        assertThatThrownBy(() -> DownloadPlan.of(target, FirmwareImage.builder().build(), 0, true, true))
                .hasMessageContaining("holds no bytes");
        FirmwareImage huge = Boards.image(0, new byte[300_000]);
        assertThatThrownBy(() ->
                        downloader(it, () -> false).download(target, DownloadPlan.of(target, huge, 0, true, true)))
                .isInstanceOf(DownloadException.class)
                .hasMessageContaining("errTARGET");
    }

    /** What goes over the wire from now on, a line for each transfer. */
    private static List<String> wire(Boards<PlainDfu> it) {
        List<String> lines = new ArrayList<>();
        it.board.ledger().onEntry(entry -> {
            if (entry instanceof Ledger.Transfer t) {
                lines.add(t.setup().toString());
            }
        });
        return lines;
    }

    private static Boards<PlainDfu> inDfuMode() {
        return new Boards<>(new PlainDfu("dfu11").inDfuMode());
    }

    /** Downloads two blocks and compares them. */
    private static DownloadReport twoBlocks(Boards<PlainDfu> it, DfuDownloader.Progress progress) throws Exception {
        DfuInterface target = target(it);
        return new DfuDownloader(it.bus, QuirkTable.dfu(), it.bus.time(), progress, () -> false)
                .download(target, DownloadPlan.of(target, TWO_BLOCKS, 0, true, false));
    }

    @Test
    void a_download_is_these_transfers_and_no_others() throws Exception {
        Boards<PlainDfu> it = inDfuMode();
        List<String> wire = wire(it);
        List<Long> reached = new ArrayList<>();
        Duration before = it.bus.time().now();
        DownloadReport report = twoBlocks(it, (done, total) -> {
            assertThat(total).isEqualTo(1500);
            reached.add(done);
        });
        String status = "a1 03 0000 0000 6";
        assertThat(wire)
                .containsExactly(
                        "01 0b 0000 0000 0",
                        status,
                        "21 01 0000 0000 1024",
                        status,
                        status,
                        "21 01 0001 0000 476",
                        status,
                        status,
                        "21 01 0002 0000 0",
                        status,
                        status,
                        status,
                        "a1 02 0000 0000 1024",
                        "a1 02 0001 0000 476",
                        "21 06 0000 0000 0",
                        status);
        assertThat(reached).containsExactly(1024L, 1500L, 1024L, 1500L);
        assertThat(report.took()).isEqualTo(it.bus.time().now().minus(before));
    }

    @ParameterizedTest
    @CsvSource({
        "0, select alternate setting 0, Nothing was changed",
        "1, bring the device to dfuIDLE, Nothing was changed",
        "2, send block 0 of the firmware, no whole firmware now",
        "4, send block 0 of the firmware, no whole firmware now",
        "5, send block 1 of the firmware, no whole firmware now",
        "9, see the manifestation through, no whole firmware now",
        "11, bring the device to dfuIDLE, taken as a whole before",
        "13, upload the firmware, taken as a whole before"
    })
    void a_failure_says_what_was_being_done_and_what_is_on_the_device(int transfer, String step, String state)
            throws Exception {
        Boards<PlainDfu> it = inDfuMode();
        it.board.inject(new Fault.BusError(), Fault.Trigger.at(transfer));
        assertThatThrownBy(() -> twoBlocks(it, DfuDownloader.Progress.NONE))
                .isInstanceOfSatisfying(DownloadException.class, e -> {
                    assertThat(e.report().outcome()).isEqualTo(DownloadReport.Outcome.FAILED);
                    assertThat(e.report().idle()).isTrue();
                    assertThat(e.report().verified()).isFalse();
                })
                .hasMessageContaining("Could not " + step)
                .hasMessageContaining(state);
        assertThat(twoBlocks(it, DfuDownloader.Progress.NONE).verified()).isTrue();
    }

    @Test
    void a_device_that_is_gone_is_not_said_to_be_idle() {
        Boards<PlainDfu> it = inDfuMode();
        it.board.inject(new Fault.Disconnect(Duration.ofSeconds(1)), Fault.Trigger.at(5));
        assertThatThrownBy(() -> twoBlocks(it, DfuDownloader.Progress.NONE))
                .isInstanceOfSatisfying(
                        DownloadException.class,
                        e -> assertThat(e.report().idle()).isFalse());
    }

    @Test
    void a_device_that_does_not_detach_is_not_changed() throws Exception {
        Boards<PlainDfu> it = new Boards<>(new PlainDfu("dfu11"));
        it.board.inject(new Fault.BusError(), Fault.Trigger.at(0));
        assertThatThrownBy(() -> downloader(it, () -> false).download(target(it), plan(target(it))))
                .hasMessageContaining("Could not bring the device to DFU mode")
                .hasMessageContaining("Nothing was changed");
    }

    @Test
    void a_state_that_does_not_belong_there_is_an_error() throws Exception {
        int[][] cases = {{4, 2}, {10, 5}};
        for (int[] c : cases) {
            Boards<PlainDfu> it = inDfuMode();
            it.board.inject(new Fault.WrongState(c[1], 0), Fault.Trigger.at(c[0]));
            assertThatThrownBy(() -> twoBlocks(it, DfuDownloader.Progress.NONE))
                    .isInstanceOf(DownloadException.class)
                    .hasMessageContaining(c[1] == 2 ? "should be in dfuDNLOAD-IDLE" : "should be in dfuIDLE");
        }
    }

    @Test
    void what_differs_after_the_download_is_named_by_its_byte() throws Exception {
        Boards<PlainDfu> it = inDfuMode();
        boolean[] sent = {false};
        assertThatThrownBy(() -> twoBlocks(it, (done, total) -> {
                    if (sent[0]) {
                        it.board.memoryAt(0).load(1200, new byte[] {
                            (byte) ~TWO_BLOCKS.segments().get(0).byteAt(1200)
                        });
                    }
                    sent[0] = done == total;
                }))
                .isInstanceOfSatisfying(
                        DownloadException.class,
                        e -> assertThat(e.report().manifested()).isTrue())
                .hasMessageContaining("byte 1200 differs from the image: expected 0x");

        Boards<PlainDfu> shorter = inDfuMode();
        shorter.board.inject(new Fault.ShortReply(3), Fault.Trigger.at(12));
        assertThatThrownBy(() -> twoBlocks(shorter, DfuDownloader.Progress.NONE))
                .hasMessageContaining("returned 3 of 1500 bytes");
    }

    @Test
    void a_plan_warns_of_what_is_lost_and_of_what_cannot_be_read_back() throws Exception {
        String lost = "The firmware that the device has now is lost with the first block.";
        for (String kind : List.of("dfu11", "dfu11-intolerant", "dfu11-write-only")) {
            DfuInterface target = target(new Boards<>(new PlainDfu(kind)));
            assertThat(DownloadPlan.of(target, TWO_BLOCKS, 0, false, true).warnings())
                    .containsExactly(lost);
        }
        DfuInterface tolerant = target(new Boards<>(new PlainDfu("dfu11")));
        assertThat(DownloadPlan.of(tolerant, TWO_BLOCKS, 0, true, true).warnings())
                .containsExactly(lost);
        DfuInterface restarts = target(new Boards<>(new PlainDfu("dfu11-intolerant").inDfuMode()));
        assertThat(DownloadPlan.of(restarts, TWO_BLOCKS, 0, true, true).warnings())
                .as("who is met in DFU mode may have no application to be detached from")
                .hasSize(2)
                .anyMatch(w -> w.contains("is not verified"));
    }

    @Test
    void why_something_is_not_verified_is_said() throws Exception {
        Boards<PlainDfu> readable = inDfuMode();
        DfuInterface target = target(readable);
        assertThat(downloader(readable, () -> false)
                        .download(target, DownloadPlan.of(target, TWO_BLOCKS, 0, false, false))
                        .whyUnverified())
                .contains("not asked to be read back");
        assertThat(readable.board.ledger().transfers(2)).isZero();

        Boards<PlainDfu> writeOnly = new Boards<>(new PlainDfu("dfu11-write-only").inDfuMode());
        assertThat(twoBlocks(writeOnly, DfuDownloader.Progress.NONE).whyUnverified())
                .contains("does not let its firmware be read back");

        Boards<PlainDfu> restarts = new Boards<>(new PlainDfu("dfu11-intolerant"));
        DfuInterface application = target(restarts);
        DownloadPlan stays = DownloadPlan.of(application, TWO_BLOCKS, 0, true, false);
        assertThat(stays.warnings()).anyMatch(w -> w.contains("is not verified"));
        assertThat(downloader(restarts, () -> false)
                        .download(application, stays)
                        .whyUnverified())
                .contains("does not let its firmware be read back");
    }

    @Test
    void a_device_that_restarts_is_brought_back_to_dfu_mode_to_be_read_and_restarted_again() throws Exception {
        Boards<PlainDfu> it = new Boards<>(new PlainDfu("dfu11-will-detach-intolerant"));
        DfuInterface target = target(it);
        DownloadPlan plan = plan(target);
        assertThat(plan.warnings()).anyMatch(w -> w.contains("restarts once more"));
        DownloadReport report = downloader(it, () -> false).download(target, plan);
        assertThat(report.verified()).isTrue();
        assertThat(it.board.ledger().transfers(0)).as("DFU_DETACH").isEqualTo(2);
        assertThat(it.board.running()).isEqualTo(VirtualBoard.Running.APPLICATION);
    }

    @Test
    void an_application_that_does_not_detach_again_leaves_the_firmware_unverified() throws Exception {
        Boards<PlainDfu> it = new Boards<>(new PlainDfu("dfu11-intolerant"));
        DfuInterface target = target(it);
        int[] detaches = {0};
        it.board.inject(
                new Fault.Stall(),
                (n, setup) -> setup.requestType() == 0x21 && setup.request() == 0 && ++detaches[0] == 2);
        DownloadReport report = downloader(it, () -> false).download(target, plan(target));
        assertThat(report.outcome()).isEqualTo(DownloadReport.Outcome.COMPLETED);
        assertThat(report.verified()).isFalse();
        assertThat(report.whyUnverified()).contains("could not be read back").contains("DFU_DETACH");
    }

    @Test
    void a_device_that_comes_back_with_an_error_has_not_taken_the_firmware() throws Exception {
        Boards<PlainDfu> it = new Boards<>(new PlainDfu("dfu11-intolerant").inDfuMode());
        // It says dfuIDLE when it should manifest, so it has no valid firmware afterwards.
        it.board.inject(new Fault.WrongState(2, 0), Fault.Trigger.at(9));
        DfuInterface target = target(it);
        DownloadPlan plan = DownloadPlan.of(target, TWO_BLOCKS, 0, true, true);
        assertThatThrownBy(() -> downloader(it, () -> false).download(target, plan))
                .isInstanceOfSatisfying(
                        DownloadException.class,
                        e -> assertThat(e.report().manifested()).isFalse())
                .hasMessageContaining("see whether the device takes the firmware")
                .hasMessageContaining("errFIRMWARE")
                .hasMessageContaining("no whole firmware now");
    }

    @Test
    void a_listener_that_throws_does_not_leave_the_device_in_mid_download() throws Exception {
        Boards<PlainDfu> it = inDfuMode();
        IllegalStateException mistake = new IllegalStateException("a mistake in a window");
        assertThatThrownBy(() -> twoBlocks(it, (done, total) -> {
                    throw mistake;
                }))
                .isSameAs(mistake);
        List<String> wire = wire(it);
        twoBlocks(it, DfuDownloader.Progress.NONE);
        assertThat(wire.subList(1, 3))
                .as("nothing to be aborted")
                .containsExactly("a1 03 0000 0000 6", "21 01 0000 0000 1024");
    }

    @Test
    void an_upload_names_its_memory_and_ends_what_was_under_way() throws Exception {
        Boards<PlainDfu> it = new Boards<>(new PlainDfu("openmoko"));
        List<String> wire = wire(it);
        downloader(it, () -> false).upload(target(it), 3, new ByteArrayOutputStream(), 100);
        assertThat(wire).startsWith("01 0b 0003 0000 0", "a1 03 0000 0000 6", "a1 02 0000 0000 100");
        Boards<PlainDfu> busy = inDfuMode();
        try (DfuSession session = DfuSession.open(busy.bus, target(busy), busy.bus.time())) {
            session.download(0, new byte[64], 0, 64);
            session.settle(Deadline.in(busy.bus.time(), Duration.ofSeconds(1)));
        }
        assertThat(downloader(busy, () -> false).upload(target(busy), 0, new ByteArrayOutputStream(), 100))
                .isNotNegative();
        Boards<PlainDfu> whole = inDfuMode();
        int[] left = {2};
        assertThatThrownBy(() -> downloader(whole, () -> left[0]-- <= 0)
                        .upload(target(whole), 0, new ByteArrayOutputStream(), 1 << 20))
                .isInstanceOf(DfuCancelledException.class);
    }

    private static QuirkTable saying(Trait trait, long number) {
        return QuirkTable.EMPTY.plus(List.of(Quirk.row("test", "any")
                .when("always", i -> true)
                .says(trait, number)
                .because("the test wants it")
                .source("this test")));
    }

    private DownloadReport with(QuirkTable quirks, Boards<PlainDfu> it) throws Exception {
        DfuInterface target = DfuInterface.of(it.bus.devices(), quirks).get(0);
        return new DfuDownloader(it.bus, quirks, it.bus.time(), DfuDownloader.Progress.NONE, () -> false)
                .download(target, DownloadPlan.of(target, TWO_BLOCKS, 0, false, true));
    }

    private static long resets(Boards<PlainDfu> it) {
        return it.board.ledger().entries(Ledger.Happened.class).stream()
                .filter(h -> h.what().equals("bus reset"))
                .count();
    }

    @Test
    void how_a_device_returns_to_its_application_is_its_own_affair() throws Exception {
        Boards<PlainDfu> usual = inDfuMode();
        with(QuirkTable.EMPTY, usual);
        assertThat(resets(usual)).isEqualTo(1);

        Boards<PlainDfu> never = inDfuMode();
        with(saying(Trait.NO_BUS_RESET, 0), never);
        assertThat(resets(never)).isZero();

        Boards<PlainDfu> twice = new Boards<>(new PlainDfu("dfu11-will-detach-intolerant").inDfuMode());
        with(saying(Trait.EXTRA_RESET, 0), twice);
        assertThat(twice.board.running()).isEqualTo(VirtualBoard.Running.APPLICATION);

        Boards<PlainDfu> detached = inDfuMode();
        assertThatThrownBy(() -> with(saying(Trait.DETACH_TO_ATTACH, 0), detached)) // which this one stalls
                .hasMessageContaining("send the device back to its application")
                .hasMessageContaining("DFU_DETACH");
        assertThat(resets(detached)).isZero();
    }

    @Test
    void a_device_that_wants_time_before_it_is_asked_in_manifestation_gets_it() throws Exception {
        Boards<PlainDfu> usual = inDfuMode();
        Boards<PlainDfu> slow = inDfuMode();
        Duration least = with(QuirkTable.EMPTY, usual).took().plusSeconds(7);
        assertThat(with(saying(Trait.MANIFEST_DELAY, 7000), slow).took()).isGreaterThanOrEqualTo(least);
    }

    @Test
    void silence_in_manifestation_is_an_error_of_a_device_that_has_to_answer_then() throws Exception {
        for (String kind : List.of("dfu11", "dfu11-intolerant")) {
            Boards<PlainDfu> it = new Boards<>(new PlainDfu(kind).inDfuMode());
            it.board.inject(new Fault.Silence(false), Fault.Trigger.at(10));
            DfuInterface target = target(it);
            DownloadPlan plan = DownloadPlan.of(target, TWO_BLOCKS, 0, false, true);
            if (kind.equals("dfu11")) {
                assertThatThrownBy(() -> downloader(it, () -> false).download(target, plan))
                        .hasMessageContaining("see the manifestation through");
            } else {
                DownloadReport report = downloader(it, () -> false).download(target, plan);
                assertThat(report.manifested()).isTrue();
                assertThat(it.board.running()).isEqualTo(VirtualBoard.Running.APPLICATION);
            }
        }
    }

    @Test
    void a_download_has_a_deadline() throws Exception {
        Boards<PlainDfu> busy = inDfuMode();
        busy.board.inject(new Fault.StuckBusy(1000, 500), Fault.Trigger.at(4));
        fails(busy, "send block 0 of the firmware", 23);

        Boards<PlainDfu> slow = inDfuMode();
        DfuInterface target = target(slow);
        DownloadPlan plan = DownloadPlan.of(target, TWO_BLOCKS, 0, true, false).withDeadline(Duration.ofSeconds(3));
        DfuDownloader.Progress sleepy = (done, total) -> slow.sleep(4000);
        assertThatThrownBy(() -> new DfuDownloader(slow.bus, QuirkTable.dfu(), slow.bus.time(), sleepy, () -> false)
                        .download(target, plan))
                .hasCauseInstanceOf(DfuTimeoutException.class)
                .hasMessageContaining("send block 1 of the firmware: not done after 3.0 s")
                .isInstanceOfSatisfying(
                        DownloadException.class,
                        e -> assertThat(e.report().idle()).isTrue());

        Boards<PlainDfu> stays = new Boards<>(new PlainDfu("dfu11"));
        stays.board.inject(new Fault.Silence(false), Fault.Trigger.at(0));
        fails(stays, "bring the device to DFU mode", 6);
    }

    /** Lets a download with a deadline of three seconds fail within some seconds. */
    private static void fails(Boards<PlainDfu> it, String step, int seconds) throws Exception {
        DfuInterface target = target(it);
        DownloadPlan plan = DownloadPlan.of(target, TWO_BLOCKS, 0, true, true).withDeadline(Duration.ofSeconds(3));
        assertThatThrownBy(() -> new DfuDownloader(
                                it.bus, QuirkTable.dfu(), it.bus.time(), DfuDownloader.Progress.NONE, () -> false)
                        .download(target, plan))
                .hasMessageContaining("Could not " + step)
                .isInstanceOfSatisfying(
                        DownloadException.class,
                        e -> assertThat(e.report().took()).isLessThan(Duration.ofSeconds(seconds)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"dfu11", "dfu11-will-detach-intolerant"})
    void a_device_that_is_gone_before_its_detaching_is_answered_has_detached(String kind) throws Exception {
        Boards<PlainDfu> it = new Boards<>(new PlainDfu(kind));
        UsbBus hasty = mock(UsbBus.class, delegatesTo(it.bus));
        doAnswer(opened -> {
                    UsbConnection real = it.bus.open(opened.getArgument(0));
                    UsbConnection connection = mock(UsbConnection.class, delegatesTo(real));
                    doAnswer(call -> {
                                ControlSetup setup = call.getArgument(0);
                                int n = real.control(
                                        setup, call.getArgument(1), call.getArgument(2), call.getArgument(3));
                                if (setup.request() == 0) { // DFU_DETACH
                                    if (kind.equals("dfu11")) {
                                        real.reset(); // it leaves by itself, though it has not announced that
                                    }
                                    throw new UsbException(UsbException.Kind.GONE, "it has left");
                                }
                                return n;
                            })
                            .when(connection)
                            .control(any(), any(), anyInt(), anyInt());
                    return connection;
                })
                .when(hasty)
                .open(any());
        DfuInterface target = target(it);

        DownloadReport report = new DfuDownloader(
                        hasty, QuirkTable.dfu(), it.bus.time(), DfuDownloader.Progress.NONE, () -> false)
                .download(target, DownloadPlan.of(target, TWO_BLOCKS, 0, false, true));

        assertThat(report.manifested()).isTrue();
    }
}
