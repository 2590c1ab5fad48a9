package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dfu4j.dfu.DfuDownloader;
import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuMode;
import io.github.dfu4j.dfu.DownloadException;
import io.github.dfu4j.dfu.DownloadPlan;
import io.github.dfu4j.dfu.DownloadReport;
import io.github.dfu4j.dfu.QuirkTable;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.simulator.PlainDfu;
import io.github.dfu4j.simulator.VirtualBoard;
import io.github.dfu4j.usb.UsbException;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DfuDownloaderTest {

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
}
