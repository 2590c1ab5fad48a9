package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.dfu4j.dfu.DfuDownloader;
import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuMode;
import io.github.dfu4j.dfu.DfuTimeoutException;
import io.github.dfu4j.dfu.DownloadException;
import io.github.dfu4j.dfu.DownloadPlan;
import io.github.dfu4j.dfu.DownloadReport;
import io.github.dfu4j.dfu.Quirk;
import io.github.dfu4j.dfu.QuirkTable;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.simulator.Fault;
import io.github.dfu4j.simulator.Habit;
import io.github.dfu4j.simulator.PlainDfu;
import io.github.dfu4j.simulator.VirtualBoard;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** For each row of the table of plain DFU, a simulated device that has its ids and its oddity. */
class PlainQuirksTest {

    private static final byte[] FIRMWARE = Boards.program(0, 5000, 3);
    private static final Pattern IDS = Pattern.compile("(\\p{XDigit}{4}):(\\p{XDigit}{4})");
    private static final Pattern RELEASE = Pattern.compile("bcdDevice (\\p{XDigit}{4})");
    private static final Pattern PROTOCOL = Pattern.compile("interface protocol (\\d)");

    /** The product id of the mode that a row says nothing of. */
    private static final int OTHER_MODE = 0x7001;

    private static final Map<Trait, Habit> HABITS = new EnumMap<>(Map.of(
            Trait.POLL_TIMEOUT, Habit.BOGUS_POLL_TIMEOUT,
            Trait.ZERO_POLL_TIMEOUT, Habit.ZERO_POLL_TIMEOUT,
            Trait.NO_UPLOAD, Habit.UPLOAD_STALLS,
            Trait.NO_STATUS_IN_UPLOAD, Habit.STATUS_ENDS_UPLOAD,
            Trait.MANIFEST_DELAY, Habit.SILENT_BEFORE_MANIFEST,
            Trait.POLL_IN_MANIFEST, Habit.MANIFEST_NEEDS_POLLS,
            Trait.DETACH_TO_ATTACH, Habit.DETACH_RETURNS,
            Trait.DETACH_INDEX_BIT, Habit.DETACH_WANTS_BIT_8,
            Trait.EXTRA_RESET, Habit.SECOND_RESET_RETURNS,
            Trait.ATTACH_NEEDS_TRANSFER, Habit.RETURN_NEEDS_TRANSFER));

    /** Each device that a row names: row, vendor, product. */
    static Stream<Arguments> devices() {
        List<Arguments> devices = new ArrayList<>();
        for (Quirk row : QuirkTable.dfu().rows()) {
            Matcher ids = IDS.matcher(row.recognition());
            while (!row.traits().containsKey(Trait.NOT_DFU) && ids.find()) {
                devices.add(Arguments.of(row, Integer.parseInt(ids.group(1), 16), Integer.parseInt(ids.group(2), 16)));
            }
        }
        return devices.stream();
    }

    private static int number(Pattern pattern, int radix, Quirk row, int otherwise) {
        Matcher found = pattern.matcher(row.recognition());
        return found.find() ? Integer.parseInt(found.group(1), radix) : otherwise;
    }

    /** Rows about the application say how to get into DFU mode; the others are of DFU mode. */
    private static boolean isOfApplication(Quirk row) {
        return row.traits().containsKey(Trait.DETACH_INDEX_BIT) || row.traits().containsKey(Trait.COUNTERPART);
    }

    private static Boards<PlainDfu> device(Quirk row, int vendor, int product) throws Exception {
        Map<Trait, Long> traits = row.traits();
        boolean leavesByItself = traits.containsKey(Trait.NO_BUS_RESET);
        String kind = leavesByItself ? "dfu11-will-detach-intolerant" : "dfu11";
        PlainDfu board = new PlainDfu(traits.containsKey(Trait.DFU_VERSION) ? "maple" : kind);
        int other = traits.containsKey(Trait.SAME_IDS_IN_BOTH_MODES) ? product : OTHER_MODE;
        int dfuProduct = traits.containsKey(Trait.COUNTERPART) ? (int) (traits.get(Trait.COUNTERPART) & 0xffff) : other;
        int release = number(RELEASE, 16, row, 0);
        int protocol = number(PROTOCOL, 10, row, 2);
        if (isOfApplication(row)) {
            board.ids(vendor, product, dfuProduct, release, 2);
        } else {
            int runtime = traits.containsKey(Trait.NO_RUN_TIME) ? 0 : other;
            board.ids(vendor, runtime, product, release, protocol).inDfuMode();
        }
        Boards<PlainDfu> it = new Boards<>(board);
        for (Quirk fitting : target(it).quirks().rows()) { // a device can have the oddities of two rows
            fitting.traits().keySet().stream()
                    .filter(HABITS::containsKey)
                    .forEach(t -> board.habit(HABITS.get(t), true));
        }
        board.habit(Habit.RESET_HANGS, leavesByItself);
        Long returnTime = traits.get(Trait.RETURN_TIME);
        if (returnTime != null) {
            board.awayFor(Duration.ofMillis(returnTime - 1000));
        }
        return it;
    }

    private static DfuInterface target(Boards<PlainDfu> it) throws Exception {
        return DfuInterface.of(it.bus.devices(), QuirkTable.dfu()).get(0);
    }

    private static DfuDownloader downloader(Boards<PlainDfu> it) {
        return new DfuDownloader(it.bus, QuirkTable.dfu(), it.bus.time(), DfuDownloader.Progress.NONE, () -> false);
    }

    @ParameterizedTest(name = "{0} {1} {2}")
    @MethodSource("devices")
    void a_device_that_has_it_takes_firmware_and_returns_to_its_application(Quirk row, int vendor, int product)
            throws Exception {
        Boards<PlainDfu> it = device(row, vendor, product);
        DfuInterface target = target(it);
        assertThat(target.quirks().rows()).extracting(Quirk::id).contains(row.id());
        if (isOfApplication(row)) {
            assertThat(downloader(it).detach(target).mode()).isEqualTo(DfuMode.DFU);
            return;
        }

        DownloadPlan plan = DownloadPlan.of(target, Boards.image(0, FIRMWARE), 0, true, true);
        DownloadReport report = downloader(it).download(target, plan);

        assertThat(report.outcome()).isEqualTo(DownloadReport.Outcome.COMPLETED);
        assertThat(it.board.firmware()).isEqualTo(FIRMWARE);
        assertThat(report.took()).isLessThan(Duration.ofMinutes(4)); // bogus poll times would make it hours
        it.settle();
        if (!row.traits().containsKey(Trait.NO_RUN_TIME)) {
            assertThat(it.board.running()).isEqualTo(VirtualBoard.Running.APPLICATION);
        }
    }

    /** Without these a device does not go well; to the rest the downloader keeps with every device. */
    private static final Set<Trait> NEEDED = EnumSet.of(
            Trait.DFU_MODE,
            Trait.DFU_VERSION,
            Trait.POLL_TIMEOUT,
            Trait.NO_UPLOAD,
            Trait.MANIFEST_DELAY,
            Trait.DETACH_TO_ATTACH,
            Trait.DETACH_INDEX_BIT,
            Trait.EXTRA_RESET);

    static Stream<Arguments> devicesThatNeedTheirRow() {
        return devices().filter(device -> {
            Quirk row = (Quirk) device.get()[0];
            boolean asked = number(PROTOCOL, 10, row, 2) == 0; // its state tells too
            return !asked && row.traits().keySet().stream().anyMatch(NEEDED::contains);
        });
    }

    @ParameterizedTest(name = "{0} {1} {2}")
    @MethodSource("devicesThatNeedTheirRow")
    void without_its_row_it_does_not_go_well(Quirk row, int vendor, int product) throws Exception {
        List<Quirk> others = new ArrayList<>(QuirkTable.dfu().rows());
        others.removeIf(other -> other.id().equals(row.id()));

        assertThat(goesWell(device(row, vendor, product), row, QuirkTable.dfu()))
                .isTrue();
        assertThat(goesWell(device(row, vendor, product), row, QuirkTable.EMPTY.plus(others)))
                .isFalse();
    }

    private static boolean goesWell(Boards<PlainDfu> it, Quirk row, QuirkTable quirks) throws Exception {
        DfuInterface target = DfuInterface.of(it.bus.devices(), quirks).get(0);
        DfuDownloader downloader =
                new DfuDownloader(it.bus, quirks, it.bus.time(), DfuDownloader.Progress.NONE, () -> false);
        try {
            if (isOfApplication(row)) {
                return downloader.detach(target).mode() == DfuMode.DFU;
            }
            DownloadReport report =
                    downloader.download(target, DownloadPlan.of(target, Boards.image(0, FIRMWARE), 0, true, true));
            it.settle();
            return report.took().compareTo(Duration.ofMinutes(4)) < 0
                    && Arrays.equals(it.board.firmware(), FIRMWARE)
                    && (row.traits().containsKey(Trait.NO_RUN_TIME)
                            || it.board.running() == VirtualBoard.Running.APPLICATION);
        } catch (IOException | IllegalArgumentException e) {
            return false;
        }
    }

    @Test
    void a_device_that_stays_busy_without_end_is_given_up() throws Exception {
        Quirk blackMagic = QuirkTable.dfu().rows().stream()
                .filter(row -> row.traits().containsKey(Trait.BUSY_WITHOUT_END))
                .findFirst()
                .orElseThrow();
        Boards<PlainDfu> it = device(blackMagic, 0x1d50, 0x6017);
        it.board.inject(new Fault.StuckBusy(Integer.MAX_VALUE, 0), Fault.Trigger.at(8));
        DfuInterface target = target(it);
        DownloadPlan plan = DownloadPlan.of(target, Boards.image(0, FIRMWARE), 0, true, true);

        DownloadException failure = catchThrowableOfType(
                DownloadException.class, () -> downloader(it).download(target, plan));

        assertThat(failure).hasCauseInstanceOf(DfuTimeoutException.class);
        assertThat(failure.report().took()).isLessThan(Duration.ofMinutes(1));
    }
}
