package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dfu4j.dfu.DfuCancelledException;
import io.github.dfu4j.dfu.DfuState;
import io.github.dfu4j.dfu.DfuTimeoutException;
import io.github.dfu4j.dfu.Quirk;
import io.github.dfu4j.dfu.QuirkTable;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.dfuse.FlashEvent.Phase;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.simulator.Fault;
import io.github.dfu4j.simulator.Stm32Rom;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a listener is told of a job, in which order, and what a job's deadline does in each of its phases. */
class FlashEventsTest {

    private static final long FLASH = 0x08000000L;

    private final QuirkTable quirks = saying(Trait.READS_TRUTHFULLY, 0);
    private final List<String> events = new ArrayList<>();
    private FakeDfuSe device;

    @BeforeEach
    void full() throws Exception {
        device = device("@Flash /0x08000000/4*256 g");
    }

    private static FakeDfuSe device(String layout) throws Exception {
        FakeDfuSe made = new FakeDfuSe(MemoryLayout.parse(layout), 128);
        made.sectors.values().forEach(bytes -> Arrays.fill(bytes, (byte) 1));
        return made;
    }

    private static QuirkTable saying(Trait trait, long number) {
        return QuirkTable.EMPTY.plus(List.of(Quirk.row("test", "any")
                .when("always", i -> true)
                .says(trait, number)
                .says(Trait.WRITE_ALIGNMENT, 1)
                .because("the test wants it")
                .source("this test")));
    }

    private void listen(FlashEvent event) {
        if (event instanceof FlashEvent.PhaseStarted p) {
            events.add(p.phase() + " of " + p.total());
        } else if (event instanceof FlashEvent.Progress p) {
            assertThat(events).anyMatch(e -> e.equals(p.phase() + " of " + p.total()));
            events.add(String.format(Locale.ROOT, "%x %d", p.address() - FLASH, p.done()));
        } else if (event instanceof FlashEvent.Note n) {
            events.add(n.text());
        } else {
            events.add(event.getClass().getSimpleName());
        }
    }

    private FlashReport flash(QuirkTable table, FirmwareImage image, FlashOptions options) throws Exception {
        events.clear();
        return new Flasher(device.session(table), this::listen)
                .flash(FlashPlanner.plan(device.target(table), image, options));
    }

    private static FirmwareImage zeros(long offset, int size) {
        return Boards.image(FLASH + offset, new byte[size]);
    }

    @Test
    void a_job_tells_each_phase_with_its_size_and_each_step_with_how_far_it_is() throws Exception {
        flash(quirks, zeros(256, 400), FlashOptions.DEFAULT);
        assertThat(events)
                .containsExactly(
                        "Started",
                        "SURVEY of 512",
                        "100 256",
                        "200 512",
                        "ERASE of 512",
                        "100 256",
                        "200 512",
                        "WRITE of 512",
                        "100 128",
                        "180 256",
                        "200 384",
                        "280 512",
                        "VERIFY of 512",
                        "100 128",
                        "180 256",
                        "200 384",
                        "280 512",
                        "Finished");
    }

    @Test
    void a_mass_erase_is_one_step() throws Exception {
        flash(quirks, zeros(256, 100), FlashOptions.DEFAULT.withMassErase(true));
        assertThat(events)
                .containsExactly(
                        "Started",
                        "ERASE of 1024",
                        "0 1024",
                        "WRITE of 100",
                        "100 100",
                        "VERIFY of 100",
                        "100 100",
                        "Finished");
    }

    /** Block number and length of each upload when a range is read. */
    private List<String> uploads(long offset, int size) throws Exception {
        device.transfers.clear();
        new Flasher(device.session(quirks), FlashListener.NONE)
                .read(
                        FlashTarget.of(device.target(quirks)).get(0),
                        AddressRange.ofSize(FLASH + offset, size),
                        new ByteArrayOutputStream());
        return device.transfers.stream()
                .filter(s -> s.request() == 2)
                .map(s -> s.value() + ":" + s.length())
                .toList();
    }

    @Test
    void one_address_serves_all_blocks_that_are_read_but_a_short_one() throws Exception {
        assertThat(uploads(256, 500))
                .as("memory goes on behind it")
                .containsExactly("2:128", "3:128", "4:128", "5:128");
        assertThat(uploads(700, 324)).as("up to its very end").containsExactly("2:128", "3:128", "2:68");
    }

    @Test
    void reading_tells_how_far_it_is() throws Exception {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new Flasher(device.session(quirks), this::listen)
                .read(FlashTarget.of(device.target(quirks)).get(0), AddressRange.ofSize(FLASH + 256, 200), out);
        assertThat(events).containsExactly("READ of 200", "100 128", "180 200");
        assertThat(device.alternates).containsExactly(0);
        assertThat(out.toByteArray()).hasSize(200).containsOnly(1);
    }

    @ParameterizedTest
    @EnumSource(
            value = Phase.class,
            names = {"SURVEY", "ERASE", "WRITE", "VERIFY"})
    void a_job_whose_time_is_up_ends_before_the_next_step_of_any_phase(Phase phase) throws Exception {
        FlashPlan plan = FlashPlanner.plan(
                device.target(quirks),
                zeros(0, 600),
                FlashOptions.DEFAULT.withDeadline(Duration.ofSeconds(5)).withKeepNeighbours(false));
        FlashListener slow = event -> {
            if (event instanceof FlashEvent.PhaseStarted p && p.phase() == phase) {
                device.sleep(Duration.ofSeconds(6));
            }
        };
        assertThatThrownBy(() -> new Flasher(device.session(quirks), slow).flash(plan))
                .hasCauseInstanceOf(DfuTimeoutException.class)
                .isInstanceOfSatisfying(FlashException.class, e -> {
                    assertThat(e.report().idle()).isTrue();
                    assertThat(e.report().erased().isEmpty()).isEqualTo(phase.compareTo(Phase.WRITE) < 0);
                    assertThat(e.report().written().isEmpty()).isEqualTo(phase != Phase.VERIFY);
                });
    }

    @Test
    void a_device_that_is_one_behind_is_waited_for_once_if_anything_was_changed() throws Exception {
        QuirkTable behind = saying(Trait.ONE_BEHIND, 700);
        flash(behind, zeros(0, 100), FlashOptions.DEFAULT);
        assertThat(device.nanos()).isGreaterThanOrEqualTo(700_000_000L);
        QuirkTable both = behind.plus(quirks.rows());
        long before = device.nanos();
        FlashReport report = flash(both, zeros(0, 100), FlashOptions.DEFAULT);
        assertThat(device.nanos() - before).isLessThan(700_000_000L);
        assertThat(report.took()).isEqualTo(Duration.ofNanos(device.nanos() - before));
    }

    @Test
    void who_does_not_return_its_memory_loses_the_neighbours_and_is_said_to() throws Exception {
        QuirkTable open = saying(Trait.SERIAL_NOT_UNIQUE, 0);
        byte[] noise = new byte[301];
        for (int i = 0; i < noise.length; i++) {
            noise[i] = (byte) (i * i);
        }
        device.uploadsInstead = noise;
        flash(open, zeros(256, 100), FlashOptions.DEFAULT);
        assertThat(events).anyMatch(e -> e.contains("does not return its memory when it is read, so the bytes around"));

        device.uploadsInstead = new byte[] {7};
        flash(open, zeros(256, 100), FlashOptions.DEFAULT.withVerify(false));
        assertThat(events).anyMatch(e -> e.contains("shows one byte everywhere, so it is not certain"));

        device.uploadsInstead = null;
        flash(quirks, zeros(256, 100), FlashOptions.DEFAULT);
        assertThat(events).noneMatch(e -> e.contains("the bytes around"));
    }

    @Test
    void what_cannot_be_read_is_neither_equal_nor_different() throws Exception {
        QuirkTable unreadable = saying(Trait.NO_UPLOAD, 0);
        FlashPlan plan = FlashPlanner.plan(device.target(unreadable), zeros(0, 100), FlashOptions.DEFAULT);
        FlashReport report = new Flasher(device.session(unreadable), this::listen).verify(plan);
        assertThat(report.unverified()).containsExactly(AddressRange.ofSize(FLASH, 100));
        assertThat(report.whyUnverified()).containsExactly("alt 0 \"Flash\" cannot be read back: the test wants it");
        assertThat(device.transfers).noneMatch(s -> s.request() == 2);

        device = device("@Flash /0x08000000/1*256 g,1*256 f");
        FlashReport half = flash(quirks, zeros(0, 512), FlashOptions.DEFAULT);
        assertThat(half.verified()).containsExactly(AddressRange.ofSize(FLASH, 256));
        assertThat(half.unverified()).containsExactly(AddressRange.ofSize(FLASH + 256, 256));
        assertThat(half.whyUnverified()).singleElement().asString().contains("does not let the host read");
    }

    @Test
    void a_difference_that_nobody_has_written_is_not_blamed_on_write_protection() throws Exception {
        device.load(FLASH, (byte) 0xfe);
        device.load(FLASH + 1, (byte) 0x81);
        FirmwareImage image = Boards.image(FLASH, new byte[] {(byte) 0xfe, (byte) 0xc0, 1});
        FlashPlan plan = FlashPlanner.plan(device.target(quirks), image, FlashOptions.DEFAULT);
        assertThatThrownBy(() -> new Flasher(device.session(quirks), FlashListener.NONE).verify(plan))
                .hasMessageContaining("first at 0x08000001: expected 0xC0, found 0x81.")
                .hasMessageNotContaining("write-protected");
    }

    @Test
    void why_something_is_not_verified_is_said_in_the_report() throws Exception {
        FlashReport unasked = flash(quirks, zeros(0, 100), FlashOptions.DEFAULT.withVerify(false));
        assertThat(unasked.whyUnverified()).containsExactly("It was not asked to be read back.");
        assertThat(flash(quirks, zeros(0, 100), FlashOptions.DEFAULT).whyUnverified())
                .isEmpty();
        flash(saying(Trait.NO_UPLOAD, 0), zeros(0, 200), FlashOptions.DEFAULT);
        assertThat(events).contains("alt 0 \"Flash\" cannot be read back: the test wants it");

        boolean[] cancelled = {false};
        FlashPlan plan = FlashPlanner.plan(device.target(quirks), zeros(300, 300), FlashOptions.DEFAULT);
        assertThatThrownBy(() -> new Flasher(
                                device.session(quirks),
                                e -> cancelled[0] |= e instanceof FlashEvent.Progress p && p.phase() == Phase.WRITE,
                                () -> cancelled[0])
                        .flash(plan))
                .isInstanceOfSatisfying(
                        FlashException.class,
                        e -> assertThat(e.report().whyUnverified())
                                .containsExactly("The job ended before it was read back."));
    }

    @Test
    void a_session_goes_on_after_a_job_however_that_ended() throws Exception {
        DfuSeSession session = device.session(quirks);
        FlashPlan plan =
                FlashPlanner.plan(device.target(quirks), zeros(0, 100), FlashOptions.DEFAULT.withVerify(false));
        assertThat(new Flasher(session, FlashListener.NONE).flash(plan).idle()).isTrue();
        assertThat(session.dfu().state()).contains(DfuState.IDLE);

        Flasher cancelled = new Flasher(session, FlashListener.NONE, () -> true);
        assertThatThrownBy(() -> cancelled.flash(plan)).isInstanceOf(FlashException.class);
        assertThat(session.dfu().getStatus().state()).isEqualTo(DfuState.IDLE);
        FlashTarget target = FlashTarget.of(device.target(quirks)).get(0);
        device.alternates.clear();
        assertThatThrownBy(() -> cancelled.read(target, AddressRange.ofSize(FLASH, 100), new ByteArrayOutputStream()))
                .isInstanceOf(DfuCancelledException.class);
        assertThat(session.dfu().getStatus().state()).isEqualTo(DfuState.IDLE);
        assertThat(device.alternates).as("nothing is sent").isEmpty();
    }

    @Test
    void an_operation_ends_with_the_job_it_belongs_to() {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f407"));
        it.board.inject(new Fault.StuckBusy(1000, 500), Fault.Trigger.at(25));
        FirmwareImage image = Boards.image(FLASH, Boards.program(FLASH, 20_000, 3));
        assertThatThrownBy(() -> it.flash(image, FlashOptions.DEFAULT.withDeadline(Duration.ofSeconds(3))))
                .hasCauseInstanceOf(DfuTimeoutException.class)
                .isInstanceOfSatisfying(
                        FlashException.class,
                        e -> assertThat(e.report().took())
                                .as("three seconds and twenty to recover")
                                .isLessThan(Duration.ofSeconds(24)));
    }

    @Test
    void an_operation_that_hangs_does_not_use_up_the_time_of_its_job() {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f407"));
        it.board.inject(new Fault.StuckBusy(1000, 5000), Fault.Trigger.at(25));
        FirmwareImage image = Boards.image(FLASH, Boards.program(FLASH, 20_000, 3));
        assertThatThrownBy(() -> it.flash(image, FlashOptions.DEFAULT.withDeadline(Duration.ofHours(1))))
                .isInstanceOfSatisfying(
                        FlashException.class,
                        e -> assertThat(e.report().took())
                                .as("thirty seconds and twenty to recover")
                                .isLessThan(Duration.ofSeconds(55)));
    }

    @Test
    void memory_that_the_host_must_not_read_is_not_read_after_an_erase_either() throws Exception {
        device = device("@Flash /0x08000000/1*256 f,1*256 g");
        FlashReport report = flash(saying(Trait.SERIAL_NOT_UNIQUE, 0), zeros(0, 256), FlashOptions.DEFAULT);
        assertThat(report.unverified()).containsExactly(AddressRange.ofSize(FLASH, 256));
        assertThat(events).as("there is nothing to verify").noneMatch(e -> e.startsWith("VERIFY"));
    }

    @Test
    void a_job_whose_time_is_up_ends_before_the_next_block_that_is_read() throws Exception {
        device = device("@Flash /0x08000000/1*4Kg");
        device.lie = (address, bytes) -> device.sleep(Duration.ofSeconds(1));
        FlashOptions options = FlashOptions.DEFAULT.withDeadline(Duration.ofSeconds(5));
        assertThatThrownBy(() -> flash(quirks, zeros(0, 100), options))
                .hasCauseInstanceOf(DfuTimeoutException.class)
                .isInstanceOfSatisfying(
                        FlashException.class, e -> assertThat(e.report().took()).isLessThan(Duration.ofSeconds(8)));
    }

    @Test
    void a_device_that_stays_after_its_option_bytes_is_not_said_to_have_reset_itself() throws Exception {
        device = device("@Option Bytes /0x08000000/1*16 e");
        FlashReport report = flash(quirks, zeros(0, 16), FlashOptions.DEFAULT.withOptionBytes(true));
        assertThat(report.idle()).isTrue();
        assertThat(report.unverified()).containsExactly(AddressRange.ofSize(FLASH, 16));
        assertThat(report.whyUnverified())
                .singleElement()
                .asString()
                .contains("has not reset itself")
                .doesNotContain("when it is back");
    }
}
