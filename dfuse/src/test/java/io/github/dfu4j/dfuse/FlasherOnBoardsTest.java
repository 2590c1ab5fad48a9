package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuProtocolException;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.dfu.DfuState;
import io.github.dfu4j.dfu.DfuStatusException;
import io.github.dfu4j.dfu.DfuTimeoutException;
import io.github.dfu4j.dfu.QuirkTable;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareRejectedException;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.simulator.DaisySeed;
import io.github.dfu4j.simulator.Fault;
import io.github.dfu4j.simulator.Habit;
import io.github.dfu4j.simulator.Ledger;
import io.github.dfu4j.simulator.Stm32Rom;
import io.github.dfu4j.simulator.VirtualBoard;
import io.github.dfu4j.simulator.VirtualBoard.Running;
import io.github.dfu4j.usb.Deadline;
import java.io.ByteArrayOutputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class FlasherOnBoardsTest {

    private static final long FLASH = 0x08000000L;
    private static final long QSPI = 0x90040000L;

    static Set<String> families() {
        return Stm32Rom.families();
    }

    @ParameterizedTest
    @MethodSource("families")
    void every_simulated_rom_takes_an_image_keeps_what_is_around_it_and_starts_it(String family) throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom(family));
        long start = it.board.memoryAt(FLASH).range().start()
                + (family.equals("dso-nano") ? 12 * 1024 : 0)
                + (family.equals("at32f437") ? 8 * 4096 : 0);
        byte[] bytes = Boards.program(start, 5003, 1);
        byte[] neighbour = {1, 2, 3, 4, 5};
        AddressRange sector = it.board.memoryAt(start).sector(start + bytes.length - 1);
        it.board.memoryAt(start).load(sector.end() - neighbour.length, neighbour);

        FlashReport report = it.flash(Boards.image(start, bytes), FlashOptions.DEFAULT.withLeave(true));

        assertThat(report.outcome()).isEqualTo(FlashReport.Outcome.COMPLETED);
        assertThat(it.memory(start, bytes.length)).isEqualTo(bytes);
        assertThat(it.memory(sector.end() - neighbour.length, neighbour.length)).isEqualTo(neighbour);
        assertThat(report.proved()).isTrue();
        assertThat(it.board.ledger().overProgrammed()).isEmpty();
        assertThat(report.left()).isPresent();
        it.sleep(500);
        assertThat(it.board.running())
                .isEqualTo(start == FLASH ? VirtualBoard.Running.APPLICATION : it.board.running());
    }

    @Test
    void the_daisy_bootloader_takes_an_image_and_is_not_said_to_be_verified() throws Exception {
        Boards<DaisySeed> it = Boards.daisy();
        byte[] bytes = Boards.program(QSPI, 150_001, 2);
        FlashReport report = it.flash(Boards.image(QSPI, bytes), FlashOptions.DEFAULT);
        assertThat(it.memory(QSPI, bytes.length)).isEqualTo(bytes);
        assertThat(report.verified()).isEmpty();
        assertThat(report.unverified()).containsExactly(AddressRange.ofSize(QSPI, bytes.length));
        assertThat(report.whyUnverified().get(0)).contains("cannot be read back");
        assertThat(report.proved()).isFalse();
        assertThat(report.idle()).isTrue();
    }

    @Test
    void a_bootloader_that_is_not_known_to_lie_is_found_out() throws Exception {
        Boards<DaisySeed> it = Boards.daisy();
        byte[] bytes = Boards.program(QSPI, 20_000, 2);
        var target = DfuInterface.of(it.device(), DfuSeQuirks.table()).get(0);
        for (boolean rubbish : new boolean[] {false, true}) {
            if (rubbish) {
                for (int i = 0; i < 8192; i++) {
                    it.board.itcm()[i] = (byte) (i * 7 + i / 256);
                }
            }
            try (DfuSeSession session = new DfuSeSession(DfuSession.open(it.bus, target, it.bus.time()))) {
                FlashPlan plan = FlashPlanner.plan(target, Boards.image(QSPI, bytes), FlashOptions.DEFAULT);
                assertThat(plan.targets().get(0).readback()).isEqualTo(FlashPlan.Readback.TO_BE_PROVED);
                assertThat(plan.warnings()).anyMatch(w -> w.contains("proves to return its memory"));
                FlashReport report = new Flasher(session, FlashListener.NONE).flash(plan);
                assertThat(report.verified()).isEmpty();
                assertThat(report.whyUnverified()).anyMatch(w -> w.contains("returns something else than its memory"));
                it.sleep(6000);
                assertThat(it.memory(QSPI, bytes.length)).isEqualTo(bytes);
            }
        }
    }

    @Test
    void an_honest_bootloader_without_a_name_proves_itself() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f407"));
        var target = DfuInterface.of(it.device(), QuirkTable.dfu()).get(0);
        byte[] old = Boards.program(FLASH, 16 * 1024, 3);
        it.board.memoryAt(FLASH).load(FLASH, old);
        byte[] bytes = Boards.program(FLASH, 4000, 4);
        try (DfuSeSession session = new DfuSeSession(DfuSession.open(it.bus, target, it.bus.time()))) {
            FlashReport report = new Flasher(session, FlashListener.NONE)
                    .flash(FlashPlanner.plan(target, Boards.image(FLASH, bytes), FlashOptions.DEFAULT));
            assertThat(report.proved()).isTrue();
        }
        System.arraycopy(bytes, 0, old, 0, bytes.length);
        assertThat(it.memory(FLASH, old.length)).isEqualTo(old);
    }

    @Test
    void one_changed_sector_costs_its_read_and_that_sector() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f407"));
        byte[] bytes = Boards.program(FLASH, 1 << 20, 5);
        it.board.memoryAt(FLASH).load(FLASH, bytes);
        bytes[0x50000] ^= 1;
        FlashReport report = it.flash(Boards.image(FLASH, bytes), FlashOptions.DEFAULT);
        AddressRange sector = AddressRange.ofSize(0x08040000L, 0x20000);
        assertThat(it.board.ledger().erased()).containsExactly(sector);
        assertThat(it.board.ledger().programmed()).containsExactly(sector);
        assertThat(report.unchanged()).hasSize(2);
        assertThat(report.proved()).isTrue();
        assertThat(it.memory(FLASH, bytes.length)).isEqualTo(bytes);
        // Upload of all of it, up to the difference in that sector; upload of that sector again to verify it.
        assertThat(it.board.ledger().transfers(2)).isBetween(512L, 513L + 64 - 32 + 1);
    }

    @Test
    void the_same_image_again_is_only_read() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32g474"));
        byte[] bytes = Boards.program(FLASH, 10_000, 6);
        it.flash(Boards.image(FLASH, bytes), FlashOptions.DEFAULT);
        it.board.ledger().clear();
        FlashReport report = it.flash(Boards.image(FLASH, bytes), FlashOptions.DEFAULT);
        assertThat(it.board.ledger().changed()).isEmpty();
        assertThat(report.unchanged()).containsExactly(AddressRange.ofSize(FLASH, bytes.length));
        assertThat(report.proved()).isTrue();
    }

    @Test
    void each_saving_can_be_switched_off() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32g474"));
        byte[] bytes = Boards.program(FLASH, 20_000, 6);
        Arrays.fill(bytes, 4096, 12_288, (byte) 0xff);
        FirmwareImage image = Boards.image(FLASH, bytes);
        it.flash(image, FlashOptions.DEFAULT.withVerify(false));
        assertThat(it.board.ledger().erased()).isEmpty(); // blank when it came
        assertThat(it.board.ledger().programmed())
                .containsExactly(AddressRange.ofSize(FLASH, 4096), AddressRange.ofSize(FLASH + 12_288, 7712));

        it.board.ledger().clear();
        FlashOptions all = FlashOptions.DEFAULT
                .withSkipUnchanged(false)
                .withSkipBlank(false)
                .withKeepNeighbours(false)
                .withVerify(false);
        it.flash(image, all);
        assertThat(it.board.ledger().erased()).containsExactly(AddressRange.ofSize(FLASH, 20_480));
        assertThat(it.board.ledger().programmed()).containsExactly(AddressRange.ofSize(FLASH, 20_000));
        assertThat(it.board.ledger().transfers(2)).isZero();
    }

    @Test
    void the_vector_table_is_written_last_and_erased_first() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f407"));
        it.board.memoryAt(FLASH).load(FLASH, new byte[1 << 20]);
        byte[] bytes = Boards.program(FLASH, 100_000, 7);
        it.flash(Boards.image(FLASH, bytes), FlashOptions.DEFAULT);
        assertThat(it.board.ledger().entries(Ledger.Erased.class).get(0).range().start())
                .isEqualTo(FLASH);
        List<Ledger.Programmed> writes = it.board.ledger().entries(Ledger.Programmed.class);
        assertThat(writes.get(writes.size() - 1).range()).isEqualTo(AddressRange.ofSize(FLASH, 8));
        assertThat(writes.get(0).range().start()).isEqualTo(FLASH + 0x4000);
    }

    @Test
    void a_power_cut_at_any_transfer_never_leaves_half_a_program_that_starts() throws Exception {
        byte[] before = Boards.program(FLASH, 40_000, 8);
        byte[] after = Boards.program(FLASH, 40_000, 9);
        // The vector tables are the same: only restartSafe makes them go first and come last.
        System.arraycopy(before, 0, after, 0, 20_000);
        for (int cut = 0; cut < 150; cut++) {
            Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f407"));
            it.board.memoryAt(FLASH).load(FLASH, before);
            it.board.inject(new Fault.PowerCut(Duration.ofMillis(500)), Fault.Trigger.at(cut));
            FlashOptions options = FlashOptions.DEFAULT.withRestartSafe(true);
            boolean failed = false;
            try {
                it.flash(Boards.image(FLASH, after), options);
            } catch (FlashException e) {
                failed = true;
            }
            it.sleep(2000);
            byte[] now = it.memory(FLASH, after.length);
            if (it.board.running() == VirtualBoard.Running.APPLICATION) {
                assertThat(Arrays.equals(now, before) || Arrays.equals(now, after))
                        .as("a whole program runs after a cut at transfer %s", cut)
                        .isTrue();
            }
            if (failed) {
                it.board.pressBoot();
                it.board.tapReset();
                it.board.releaseBoot();
                it.sleep(1000);
                assertThat(it.flash(Boards.image(FLASH, after), options).proved())
                        .isTrue();
            }
            assertThat(it.memory(FLASH, after.length)).isEqualTo(after);
        }
    }

    @Test
    void what_was_verified_has_the_digest_of_what_was_read_back() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32l476"));
        byte[] bytes = Boards.program(FLASH, 4096, 10);
        FlashReport report = it.flash(Boards.image(FLASH, bytes), FlashOptions.DEFAULT);
        String digest =
                HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        assertThat(report.digests())
                .containsExactly(new FlashReport.RangeDigest(AddressRange.ofSize(FLASH, 4096), digest));
    }

    @Test
    void a_write_protected_sector_is_found_by_reading_back() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f407"));
        it.board.memoryAt(FLASH).writeProtect(AddressRange.ofSize(FLASH + 0x4000, 0x4000));
        byte[] bytes = Boards.program(FLASH, 40_000, 11);
        assertThatThrownBy(() -> it.flash(Boards.image(FLASH, bytes), FlashOptions.DEFAULT))
                .isInstanceOfSatisfying(FlashException.class, e -> {
                    assertThat(((VerifyException) e.getCause()).address()).isEqualTo(FLASH + 0x4000);
                    assertThat(e.report().outcome()).isEqualTo(FlashReport.Outcome.FAILED);
                    assertThat(e.report().idle()).isTrue();
                })
                .hasMessageContaining("first at 0x08004000")
                .hasMessageContaining("write-protected");
    }

    @Test
    void verify_compares_and_changes_nothing() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f407"));
        byte[] bytes = Boards.program(FLASH, 5000, 12);
        it.board.memoryAt(FLASH).load(FLASH, bytes);
        FlashPlan plan = FlashPlanner.plan(it.target(), Boards.image(FLASH, bytes), FlashOptions.DEFAULT);
        try (DfuSeSession session = it.open()) {
            Flasher flasher = new Flasher(session, FlashListener.NONE);
            FlashReport report = flasher.verify(plan);
            assertThat(report.unchanged()).containsExactly(AddressRange.ofSize(FLASH, 5000));
            assertThat(report.proved()).isTrue();
            it.board.memoryAt(FLASH).load(FLASH + 3210, new byte[] {(byte) ~bytes[3210]});
            assertThatThrownBy(() -> flasher.verify(plan)).hasMessageContaining("0x08000C8A");
        }
        assertThat(it.board.ledger().changed()).isEmpty();
    }

    @Test
    void memory_is_read_as_it_is_and_no_further() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f407"));
        byte[] bytes = Boards.program(FLASH, 1 << 20, 13);
        it.board.memoryAt(FLASH).load(FLASH, bytes);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        try (DfuSeSession session = it.open()) {
            FlashTarget target = FlashTarget.of(it.target()).get(0);
            new Flasher(session, FlashListener.NONE)
                    .read(target, new AddressRange(FLASH + 0xffe01, FLASH + 0x100000), out);
            assertThat(out.toByteArray()).isEqualTo(Arrays.copyOfRange(bytes, 0xffe01, 0x100000));
            assertThatThrownBy(() -> new Flasher(session, FlashListener.NONE)
                            .read(target, new AddressRange(FLASH + 0xffe01, FLASH + 0x100001), out))
                    .isInstanceOf(IllegalArgumentException.class);
        }
    }

    @Test
    void a_bootloader_that_does_not_return_its_memory_is_not_read() throws Exception {
        Boards<DaisySeed> it = Boards.daisy();
        try (DfuSeSession session = it.open()) {
            assertThatThrownBy(() -> new Flasher(session, FlashListener.NONE)
                            .read(
                                    FlashTarget.of(it.target()).get(0),
                                    AddressRange.ofSize(QSPI, 100),
                                    new ByteArrayOutputStream()))
                    .isInstanceOf(DfuProtocolException.class)
                    .hasMessageContaining("does not return its memory");
        }
    }

    @Test
    void mass_erase_is_only_done_when_asked_for_and_waits_for_the_rom_that_lies() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f405"));
        it.board.memoryAt(FLASH).load(FLASH, new byte[1 << 20]);
        byte[] bytes = Boards.program(FLASH, 5000, 14);
        FlashPlan plan =
                FlashPlanner.plan(it.target(), Boards.image(FLASH, bytes), FlashOptions.DEFAULT.withMassErase(true));
        assertThat(plan.warnings()).anyMatch(w -> w.contains("All of Internal Flash is erased"));
        FlashReport report = it.flash(Boards.image(FLASH, bytes), FlashOptions.DEFAULT.withMassErase(true));
        assertThat(report.erased()).containsExactly(AddressRange.ofSize(FLASH, 1 << 20));
        assertThat(report.proved()).isTrue();
        assertThat(it.board.memoryAt(FLASH).isBlank(new AddressRange(FLASH + 5024, FLASH + (1 << 20))))
                .isTrue();
    }

    @Test
    void a_bootloader_without_a_mass_erase_is_refused_one() {
        Boards<DaisySeed> it = Boards.daisy();
        assertThatThrownBy(() -> FlashPlanner.plan(
                        it.target(), Boards.image(QSPI, new byte[9]), FlashOptions.DEFAULT.withMassErase(true)))
                .isInstanceOfSatisfying(
                        FlashPlanException.class,
                        e -> assertThat(e.has(FlashPlanException.Reason.UNSUPPORTED))
                                .isTrue());
    }

    @Test
    void option_bytes_need_the_callers_word_and_are_written_whole() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f405"));
        long options = 0x1fffc000L;
        byte[] there = HexFormat.of().parseHex("efaa1055ffff0000efaa1055ffff0000");
        it.board.memoryAt(options).load(options, there);
        FirmwareImage image = Boards.image(options + 8, new byte[] {1, 2});
        assertThatThrownBy(() -> FlashPlanner.plan(it.target(), image, FlashOptions.DEFAULT))
                .isInstanceOfSatisfying(
                        FlashPlanException.class,
                        e -> assertThat(e.has(FlashPlanException.Reason.OPTION_BYTES))
                                .isTrue());

        FlashOptions allowed = FlashOptions.DEFAULT.withOptionBytes(true);
        FlashPlan plan = FlashPlanner.plan(it.target(), image, allowed);
        assertThat(plan.warnings()).anyMatch(w -> w.contains("option bytes") && w.contains("lock it for good"));
        FlashReport report = it.flash(image, allowed);
        there[8] = 1;
        there[9] = 2;
        assertThat(it.memory(options, 16)).isEqualTo(there);
        assertThat(report.outcome()).isEqualTo(FlashReport.Outcome.COMPLETED);
        assertThat(report.whyUnverified().get(0)).contains("resets itself");
        assertThat(report.idle()).isFalse();
    }

    @Test
    void read_unprotect_needs_the_callers_word_and_erases_everything() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f407"));
        it.board.memoryAt(FLASH).load(FLASH, Boards.program(FLASH, 1000, 1));
        it.board.readProtect(true);
        it.board.pressBoot();
        it.board.tapReset();
        it.sleep(1000);
        assertThatThrownBy(() -> it.flash(Boards.image(FLASH, new byte[100]), FlashOptions.DEFAULT))
                .hasMessageContaining("read protection");
        assertThatThrownBy(() -> FlashPlanner.planReadUnprotect(it.target(), FlashOptions.DEFAULT))
                .isInstanceOf(FlashPlanException.class)
                .hasMessageContaining("erases all flash");
        FlashPlan plan = FlashPlanner.planReadUnprotect(it.target(), FlashOptions.DEFAULT.withReadUnprotect(true));
        assertThat(plan.warnings().get(0)).contains("erases all flash");
        try (DfuSeSession session = it.open()) {
            new Flasher(session, FlashListener.NONE).flash(plan);
        }
        it.sleep(40_000);
        assertThat(it.board.memoryAt(FLASH).isBlank(AddressRange.ofSize(FLASH, 1000)))
                .isTrue();
        assertThat(it.flash(Boards.image(FLASH, Boards.program(FLASH, 100, 2)), FlashOptions.DEFAULT)
                        .proved())
                .isTrue();
    }

    @Test
    void read_unprotect_is_taken_by_a_device_that_starts_in_error_and_is_told_to_take_long() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f407"));
        assertThat(it.board.habits()).contains(Habit.ERROR_AT_START);
        FlashPlan plan = FlashPlanner.planReadUnprotect(it.target(), FlashOptions.DEFAULT.withReadUnprotect(true));
        List<String> notes = new ArrayList<>();
        try (DfuSeSession session = it.open()) {
            FlashReport report = new Flasher(session, e -> {
                        if (e instanceof FlashEvent.Note n) {
                            notes.add(n.text());
                        }
                    })
                    .flash(plan);
            assertThat(report.idle()).isFalse();
            assertThat(report.proved()).as("nothing has been read back").isFalse();
        }
        assertThat(notes).singleElement().asString().contains("restarts without read protection");
    }

    @Test
    void a_device_that_is_gone_is_not_said_to_be_idle_nor_to_be_reset() {
        assertThatThrownBy(() -> flashWith(new Fault.Disconnect(Duration.ofSeconds(1)), Fault.Trigger.at(10)))
                .isInstanceOfSatisfying(
                        FlashException.class, e -> assertThat(e.report().idle()).isFalse())
                .hasMessageNotContaining("reset it first");
    }

    @Test
    void a_device_that_stays_busy_for_ever_is_to_be_reset() {
        assertThatThrownBy(() -> flashWith(new Fault.StuckBusy(1_000_000, 1000), Fault.Trigger.at(10)))
                .isInstanceOfSatisfying(
                        FlashException.class, e -> assertThat(e.report().idle()).isFalse())
                .hasMessageContaining("reset it first");
    }

    private static void flashWith(Fault fault, Fault.Trigger trigger) throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f407"));
        it.board.inject(fault, trigger);
        it.flash(Boards.image(FLASH, Boards.program(FLASH, 5000, 1)), FlashOptions.DEFAULT);
    }

    @Test
    void a_sector_of_the_bootloaders_own_needs_the_callers_word() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("dso-nano"));
        FirmwareImage image = Boards.image(FLASH + 1024, new byte[] {1, 2, 3});
        assertThatThrownBy(() -> FlashPlanner.plan(it.target(), image, FlashOptions.DEFAULT))
                .isInstanceOfSatisfying(
                        FlashPlanException.class,
                        e -> assertThat(e.has(FlashPlanException.Reason.NOT_WRITABLE))
                                .isTrue());
        FlashOptions allowed = FlashOptions.DEFAULT.withBootloaderRegion(true);
        assertThat(FlashPlanner.plan(it.target(), image, allowed).warnings())
                .anyMatch(w -> w.contains("can no longer be flashed over USB"));
        it.flash(image, allowed);
        assertThat(it.memory(FLASH + 1024, 3)).containsExactly(1, 2, 3);
    }

    @Test
    void flash_that_the_part_does_not_have_is_out_of_bounds() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32h750"));
        var table = DfuSeQuirks.table().plus(List.of(DfuSeQuirks.flashSize(128 * 1024)));
        var target = DfuInterface.of(it.device(), table).get(0);
        assertThatThrownBy(() ->
                        FlashPlanner.plan(target, Boards.image(FLASH + 0x1fff0, new byte[32]), FlashOptions.DEFAULT))
                .isInstanceOfSatisfying(
                        FlashPlanException.class,
                        e -> assertThat(e.problems().get(0).range())
                                .isEqualTo(AddressRange.ofSize(FLASH + 0x20000, 16)));
    }

    @Test
    void who_goes_beyond_what_the_smallest_part_of_the_kind_has_is_warned() throws Exception {
        DfuInterface h7 = new Boards<>(new Stm32Rom("stm32h743")).target();
        FirmwareImage fits = Boards.image(FLASH, new byte[128 << 10]);
        FirmwareImage beyond = Boards.image(FLASH + 1, new byte[128 << 10]);

        assertThat(FlashPlanner.plan(h7, fits, FlashOptions.DEFAULT).warnings()).isEmpty();
        assertThat(FlashPlanner.plan(h7, beyond, FlashOptions.DEFAULT).warnings())
                .singleElement()
                .asString()
                .contains("first 131072 bytes", "STM32H750");
        DfuInterface known = DfuInterface.of(
                        h7.device(), DfuSeQuirks.table().plus(List.of(DfuSeQuirks.flashSize(2 << 20))))
                .get(0);
        assertThat(FlashPlanner.plan(known, beyond, FlashOptions.DEFAULT).warnings())
                .isEmpty();
    }

    /** An STM32H750 looks like a part with more flash, and its bootloader crashes when what it does not have is read. */
    @Test
    void nothing_is_read_beyond_what_the_smallest_part_of_the_kind_has() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32h750"));
        long start = FLASH + 0x1fd63;
        FirmwareImage image = Boards.image(start, Boards.program(start, 0x29d, 5));

        FlashReport report = it.flash(image, FlashOptions.DEFAULT);

        assertThat(report.proved()).isTrue();
        try (DfuSeSession session = it.open()) {
            FlashPlan plan = FlashPlanner.plan(it.target(), image, FlashOptions.DEFAULT);
            assertThat(new Flasher(session, FlashListener.NONE).verify(plan).proved())
                    .isTrue();
        }
    }

    /** Data beside a program in the same sector: the program is read, erased and written back. */
    @Test
    void a_program_that_is_only_kept_does_not_start_while_a_part_of_it_is_missing() throws Exception {
        byte[] sector = Boards.program(FLASH, 0x4000, 8);
        int kept = 0x3ff4;
        FirmwareImage data = Boards.image(FLASH + kept, new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
        long transfers = Long.MAX_VALUE;
        for (int cut = 0; cut < transfers; cut++) {
            Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f407"));
            it.board.memoryAt(FLASH).load(FLASH, sector);
            it.board.inject(new Fault.PowerCut(Duration.ofMillis(300)), Fault.Trigger.at(cut));
            try {
                it.flash(data, FlashOptions.DEFAULT);
                transfers = cut; // it was over before
            } catch (FlashException e) {
                it.sleep(3000);
            }
            if (it.board.running() == Running.APPLICATION) {
                assertThat(it.memory(FLASH, kept))
                        .as("what starts after a power cut at transfer %d", cut)
                        .isEqualTo(Arrays.copyOf(sector, kept));
            }
        }
        assertThat(transfers).isGreaterThan(40);
    }

    @Test
    void a_cancelled_job_ends_in_idle_where_the_status_is_stalled_while_a_sector_is_erased() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32l476"));
        FirmwareImage image = Boards.image(FLASH, Boards.program(FLASH, 6000, 3));
        FlashPlan plan = FlashPlanner.plan(it.target(), image, FlashOptions.DEFAULT.withSkipUnchanged(false));
        int asked = 0;
        for (boolean done = false; !done; asked++) {
            AtomicInteger left = new AtomicInteger(asked);
            try (DfuSeSession session = it.open()) {
                new Flasher(session, FlashListener.NONE, () -> left.getAndDecrement() <= 0).flash(plan);
                done = true;
            } catch (FlashException e) {
                assertThat(e.isCancelled()).isTrue();
                assertThat(e.report().idle())
                        .as("cancelled when asked the %dth time", asked)
                        .isTrue();
            }
        }
        assertThat(asked).isGreaterThan(40);
    }

    @Test
    void a_mass_erase_that_takes_longer_than_the_job_may_ends_it_in_time() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f407"));
        FirmwareImage image = Boards.image(FLASH, Boards.program(FLASH, 3000, 4));
        FlashOptions hurried = FlashOptions.DEFAULT.withMassErase(true).withDeadline(Duration.ofSeconds(4));
        long began = it.bus.time().nanos();
        assertThatThrownBy(() -> it.flash(image, hurried))
                .isInstanceOf(FlashException.class)
                .hasCauseInstanceOf(DfuTimeoutException.class);
        assertThat(Duration.ofNanos(it.bus.time().nanos() - began)).isLessThan(Duration.ofSeconds(25));
    }

    @ParameterizedTest
    @ValueSource(strings = {"stm32f407", "stm32f405", "gd32vf103"})
    void who_cancels_while_the_device_leaves_is_told_that_it_has_left(String family) throws Exception {
        FirmwareImage image = Boards.image(FLASH, Boards.program(FLASH, 3000, 4));
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom(family));
        AtomicBoolean leaving = new AtomicBoolean();
        it.board.ledger().onEntry(entry -> {
            if (entry instanceof Ledger.Transfer t
                    && t.setup().request() == 1
                    && t.setup().length() == 0) {
                leaving.set(true);
            }
        });
        FlashPlan plan = FlashPlanner.plan(it.target(), image, FlashOptions.DEFAULT.withLeave(true));
        try (DfuSeSession session = it.open()) {
            FlashReport report = new Flasher(session, FlashListener.NONE, leaving::get).flash(plan);
            assertThat(report.left()).isPresent().get().isNotEqualTo(DfuSeSession.Left.NOT);
        }
        it.sleep(1000);
        assertThat(it.board.running()).isEqualTo(Running.APPLICATION);
    }

    @Test
    void firmware_is_checked_on_the_very_bytes_before_the_first_transfer() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f407"));
        FirmwareImage image = Boards.image(FLASH, Boards.program(FLASH, 3000, 4));
        List<String> notes = new ArrayList<>();
        FlashOptions good = FlashOptions.DEFAULT.withVerifier((checked, target) -> {
            assertThat(checked.segments()).isEqualTo(image.segments());
            assertThat(target.vendorId()).isEqualTo(0x0483);
            assertThat(target.layoutNames()).containsExactly("Internal Flash");
            return "signed by nobody in particular";
        });
        try (DfuSeSession session = it.open()) {
            new Flasher(session, e -> {
                        if (e instanceof FlashEvent.Note n) {
                            notes.add(n.text());
                        }
                    })
                    .flash(FlashPlanner.plan(it.target(), image, good));
        }
        assertThat(notes).contains("signed by nobody in particular");

        it.board.ledger().clear();
        FlashOptions bad = FlashOptions.DEFAULT.withVerifier((checked, target) -> {
            throw new FirmwareRejectedException(
                    FirmwareRejectedException.Reason.UNKNOWN_KEY, "Nobody trusted signed it.");
        });
        assertThatThrownBy(() -> it.flash(Boards.image(FLASH, new byte[100]), bad))
                .hasCauseInstanceOf(FirmwareRejectedException.class)
                .hasMessageContaining("Nothing was changed");
        assertThat(it.board.ledger().changed()).isEmpty();
        assertThat(it.board.ledger().transfers(1)).isZero();
    }

    @Test
    void a_plan_for_another_device_is_not_carried_out() throws Exception {
        Boards<Stm32Rom> f4 = new Boards<>(new Stm32Rom("stm32f407"));
        Boards<Stm32Rom> h7 = new Boards<>(new Stm32Rom("stm32h743"));
        FlashPlan plan = FlashPlanner.plan(f4.target(), Boards.image(FLASH, new byte[100]), FlashOptions.DEFAULT);
        try (DfuSeSession session = h7.open()) {
            assertThatThrownBy(() -> new Flasher(session, FlashListener.NONE).flash(plan))
                    .isInstanceOf(FlashException.class)
                    .hasMessageContaining("which this device does not have");
        }
        assertThat(h7.board.ledger().changed()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"stm32f407", "stm32h743"}) // silent after and in the first status of an erase
    void a_job_has_a_deadline(String family) {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom(family));
        it.board.memoryAt(FLASH).load(FLASH, new byte[1 << 20]);
        FirmwareImage image = Boards.image(FLASH, Boards.program(FLASH, 200_000, 3));
        assertThatThrownBy(() -> it.flash(image, FlashOptions.DEFAULT.withDeadline(Duration.ofMillis(1800))))
                .isInstanceOfSatisfying(
                        FlashException.class, e -> assertThat(e.report().took()).isLessThan(Duration.ofSeconds(5)))
                .hasCauseInstanceOf(DfuTimeoutException.class);
    }

    @Test
    void events_come_in_their_order() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f407"));
        it.board.memoryAt(FLASH).load(FLASH, new byte[1 << 20]);
        List<FlashEvent> events = new ArrayList<>();
        try (DfuSeSession session = it.open()) {
            new Flasher(session, events::add)
                    .flash(FlashPlanner.plan(
                            it.target(), Boards.image(FLASH, Boards.program(FLASH, 60_000, 1)), FlashOptions.DEFAULT));
        }
        assertThat(events.get(0)).isInstanceOf(FlashEvent.Started.class);
        assertThat(events.get(events.size() - 1)).isInstanceOf(FlashEvent.Finished.class);
        assertThat(events.stream()
                        .filter(FlashEvent.PhaseStarted.class::isInstance)
                        .map(e -> ((FlashEvent.PhaseStarted) e).phase()))
                .containsExactly(
                        FlashEvent.Phase.SURVEY,
                        FlashEvent.Phase.ERASE,
                        FlashEvent.Phase.WRITE,
                        FlashEvent.Phase.VERIFY);
        FlashEvent.Phase phase = null;
        long done = 0;
        for (FlashEvent event : events) {
            if (event instanceof FlashEvent.Progress p) {
                if (p.phase() != phase) {
                    assertThat(done).as("all of the phase before").isGreaterThanOrEqualTo(0);
                    phase = p.phase();
                    done = 0;
                }
                assertThat(p.done()).isGreaterThanOrEqualTo(done).isLessThanOrEqualTo(p.total());
                done = p.done();
            }
        }
    }

    @Test
    void a_listener_that_throws_does_not_leave_the_device_in_mid_download() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f407"));
        FlashPlan plan = FlashPlanner.plan(
                it.target(), Boards.image(FLASH, Boards.program(FLASH, 5000, 1)), FlashOptions.DEFAULT);
        IllegalStateException mistake = new IllegalStateException("a mistake in a window");
        try (DfuSeSession session = it.open()) {
            assertThatThrownBy(() -> new Flasher(session, event -> {
                                if (event instanceof FlashEvent.Progress p && p.phase() == FlashEvent.Phase.WRITE) {
                                    throw mistake;
                                }
                            })
                            .flash(plan))
                    .isSameAs(mistake);
            assertThat(session.dfu().getState()).isEqualTo(DfuState.IDLE);
        }
    }

    @Test
    void a_job_that_breaks_off_says_in_its_message_what_it_did_and_names_three_ranges_of_it() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32g474"));
        it.board.memoryAt(FLASH).load(FLASH, new byte[0x8000]);
        FirmwareImage.Builder islands = FirmwareImage.builder();
        for (int i = 1; i < 6; i++) {
            islands.add(Boards.image(FLASH + 0x1000L * i, Boards.program(FLASH, 0x800, i)));
        }
        AtomicBoolean cancelled = new AtomicBoolean();
        FlashPlan plan = FlashPlanner.plan(it.target(), islands.build(), FlashOptions.DEFAULT);
        try (DfuSeSession session = it.open()) {
            Flasher flasher = new Flasher(
                    session,
                    event -> cancelled.set(cancelled.get()
                            || (event instanceof FlashEvent.Progress step && step.phase() == FlashEvent.Phase.WRITE)),
                    cancelled::get);

            assertThatThrownBy(() -> flasher.flash(plan))
                    .hasMessageStartingWith(
                            "Cancelled. Until then at most 10240 bytes (0x08001000..0x080017FF, 0x08002000..0x080027FF,"
                                    + " 0x08003000..0x080037FF and 2 more) were erased and 2048 bytes (0x08001000..0x080017FF) written;");
        }
        try (DfuSeSession session = it.open()) {
            assertThatThrownBy(() -> new Flasher(session, FlashListener.NONE, () -> true).flash(plan))
                    .hasMessage("Cancelled. Nothing was changed on the device.");
        }
    }

    @Test
    void an_interrupted_thread_is_a_cancel_that_leaves_dfu_idle() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f407"));
        FlashPlan plan = FlashPlanner.plan(
                it.target(), Boards.image(FLASH, Boards.program(FLASH, 5000, 1)), FlashOptions.DEFAULT);
        try (DfuSeSession session = it.open()) {
            assertThatThrownBy(() -> new Flasher(session, event -> {
                                if (event instanceof FlashEvent.Progress p && p.phase() == FlashEvent.Phase.WRITE) {
                                    Thread.currentThread().interrupt();
                                }
                            })
                            .flash(plan))
                    .isInstanceOfSatisfying(FlashException.class, e -> {
                        assertThat(e.isCancelled()).isTrue();
                        assertThat(e.report().idle()).isTrue();
                    });
            assertThat(Thread.interrupted())
                    .as("who interrupted it can still see so")
                    .isTrue();
            assertThat(session.dfu().getState()).isEqualTo(DfuState.IDLE);
        }
    }

    @Test
    void erasing_takes_whole_sectors_and_tells_what_else_goes() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f407"));
        it.board.memoryAt(FLASH).load(FLASH, new byte[1 << 20]);
        FlashPlan plan = FlashPlanner.planErase(
                it.target(), List.of(new AddressRange(FLASH + 0x4001, FLASH + 0x8001)), FlashOptions.DEFAULT);
        try (DfuSeSession session = it.open()) {
            FlashReport report = new Flasher(session, FlashListener.NONE).flash(plan);
            assertThat(report.erased()).containsExactly(AddressRange.ofSize(FLASH + 0x4000, 0x8000));
            assertThat(report.verified()).isEqualTo(report.erased());
        }
        assertThat(it.board.ledger().erased()).containsExactly(AddressRange.ofSize(FLASH + 0x4000, 0x8000));
        assertThatThrownBy(() -> FlashPlanner.planErase(
                        it.target(), List.of(AddressRange.ofSize(0x20000000L, 10)), FlashOptions.DEFAULT))
                .hasMessageContaining("10 bytes at 0x20000000");
    }

    @Test
    void an_erase_that_does_nothing_is_found_by_reading_back() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f407"));
        it.board.memoryAt(FLASH).load(FLASH, new byte[1 << 20]);
        it.board.memoryAt(FLASH).writeProtect(AddressRange.ofSize(FLASH + 0x8000, 0x4000));
        FlashPlan sectors = FlashPlanner.planErase(
                it.target(), List.of(AddressRange.ofSize(FLASH + 0x4000, 0x8000)), FlashOptions.DEFAULT);
        try (DfuSeSession session = it.open()) {
            assertThatThrownBy(() -> new Flasher(session, FlashListener.NONE).flash(sectors))
                    .hasMessageContaining("first at 0x08008000")
                    .hasMessageContaining("write-protected");
        }

        Boards<Stm32Rom> h7 = new Boards<>(new Stm32Rom("stm32h743"));
        h7.board.habit(Habit.MASS_ERASE_DOES_NOTHING, true);
        h7.board.memoryAt(FLASH).load(FLASH + 5, new byte[1]);
        FlashPlan all = FlashPlanner.planErase(
                h7.target(), List.of(AddressRange.ofSize(FLASH, 1)), FlashOptions.DEFAULT.withMassErase(true));
        try (DfuSeSession session = h7.open()) {
            assertThatThrownBy(() -> new Flasher(session, FlashListener.NONE).flash(all))
                    .hasMessageContaining("first at 0x08000005");
        }
    }

    @Test
    void an_erase_that_is_not_read_back_is_not_said_to_be_proved() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f407"));
        FlashPlan plan = FlashPlanner.planErase(
                it.target(), List.of(AddressRange.ofSize(FLASH, 1)), FlashOptions.DEFAULT.withVerify(false));
        Boards<DaisySeed> daisy = Boards.daisy();
        FlashPlan blind =
                FlashPlanner.planErase(daisy.target(), List.of(AddressRange.ofSize(QSPI, 1)), FlashOptions.DEFAULT);
        try (DfuSeSession session = it.open();
                DfuSeSession other = daisy.open()) {
            FlashReport report = new Flasher(session, FlashListener.NONE).flash(plan);
            assertThat(report.proved()).isFalse();
            assertThat(report.unverified()).isEqualTo(report.erased());
            assertThat(new Flasher(other, FlashListener.NONE).flash(blind).proved())
                    .isFalse();
        }
    }

    @Test
    void the_daisy_bootloader_erases_64_kib_and_the_plan_says_what_goes_with_it() throws Exception {
        Boards<DaisySeed> it = Boards.daisy();
        FlashPlan plan =
                FlashPlanner.plan(it.target(), Boards.image(0x90001000L, new byte[] {1, 2, 3}), FlashOptions.DEFAULT);
        assertThat(plan.targets().get(0).erased()).containsExactly(AddressRange.ofSize(0x90001000L, 0x10000));
        assertThat(plan.warnings()).anyMatch(w -> w.contains("0x90001003..0x90010FFF"));
        try (DfuSeSession session = it.open()) {
            new Flasher(session, FlashListener.NONE).flash(plan);
        }
        it.sleep(3000);
        assertThat(it.board.ledger().erased()).containsExactly(AddressRange.ofSize(0x90001000L, 0x10000));
    }

    @Test
    void the_daisy_bootloader_that_is_busy_for_ever_is_given_up_and_brought_back() throws Exception {
        Boards<DaisySeed> it = Boards.daisy();
        try (DfuSeSession session = it.open()) {
            session.toIdle(Deadline.in(it.bus.time(), Duration.ofSeconds(5)));
            assertThatThrownBy(() -> session.erase(0x08000000L, Deadline.in(it.bus.time(), Duration.ofSeconds(5))))
                    .isInstanceOf(DfuTimeoutException.class);
            session.toIdle(Deadline.in(it.bus.time(), Duration.ofSeconds(20)));
            assertThat(session.dfu().state()).contains(DfuState.IDLE);
        }
        assertThat(it.flash(Boards.image(QSPI, new byte[] {5}), FlashOptions.DEFAULT)
                        .outcome())
                .isEqualTo(FlashReport.Outcome.COMPLETED);
    }

    @Test
    void an_address_outside_is_an_error_of_the_devices() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32g474"));
        try (DfuSeSession session = it.open()) {
            session.toIdle(Deadline.in(it.bus.time(), Duration.ofSeconds(5)));
            assertThatThrownBy(() -> session.erase(0x90000000L, Deadline.in(it.bus.time(), Duration.ofSeconds(5))))
                    .isInstanceOf(DfuStatusException.class)
                    .hasMessageContaining("errTARGET");
        }
    }

    @Test
    void two_targets_are_flashed_in_one_job() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f405"));
        FirmwareImage image = FirmwareImage.builder()
                .add(Segment.of(FLASH, Boards.program(FLASH, 3000, 1)))
                .add(Segment.of(0x1fff7800L, new byte[] {9, 8, 7, 6}))
                .origin("both", "")
                .build();
        FlashReport report = it.flash(image, FlashOptions.DEFAULT);
        assertThat(it.memory(0x1fff7800L, 4)).containsExactly(9, 8, 7, 6);
        assertThat(report.proved()).isTrue();
    }

    @Test
    void an_erase_in_bank_2_of_a_stuck_h7_is_ended_and_counts_as_done() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32h743"));
        assertThat(it.board.habits()).contains(Habit.H7_STUCK_BUSY);
        long bank2 = 0x08100000L;
        it.board.memoryAt(bank2).load(bank2, new byte[] {0, 0, 0});
        byte[] bytes = Boards.program(bank2, 3000, 5);
        FlashReport report = it.flash(Boards.image(bank2, bytes), FlashOptions.DEFAULT.withKeepNeighbours(false));
        assertThat(it.memory(bank2, bytes.length)).isEqualTo(bytes);
        assertThat(report.proved()).isTrue();
        assertThat(it.board.ledger().transfers(3))
                .as("it says 1 ms, and is not asked every millisecond for five seconds")
                .isLessThan(200);
    }

    private static void intoRom(Boards<Stm32Rom> it) {
        it.sleep(1000);
        it.board.pressBoot();
        it.board.tapReset();
        it.sleep(1000);
        it.board.releaseBoot();
    }

    @Test
    void option_bytes_in_two_zones_take_a_run_for_each_since_the_device_resets_itself_in_between() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32g474"));
        byte[] first = Boards.program(0, 48, 1);
        byte[] second = Boards.program(0, 48, 2);
        FirmwareImage both = FirmwareImage.builder()
                .add(Segment.of(0x1fff_7800L, first))
                .add(Segment.of(0x1fff_f800L, second))
                .build();
        FlashOptions allowed = FlashOptions.DEFAULT.withOptionBytes(true);
        assertThatThrownBy(() -> it.flash(both, allowed))
                .hasMessageContaining("the device has reset itself after the block before");
        intoRom(it);
        FlashReport report = it.flash(both, allowed);
        assertThat(report.unchanged()).containsExactly(AddressRange.ofSize(0x1fff_7800L, 48));
        assertThat(report.written()).containsExactly(AddressRange.ofSize(0x1fff_f800L, 48));
        intoRom(it);
        assertThat(it.memory(0x1fff_7800L, 48)).isEqualTo(first);
        assertThat(it.memory(0x1fff_f800L, 48)).isEqualTo(second);
        assertThat(it.flash(both, allowed).proved()).as("the third time").isTrue();
    }
}
