package io.github.dfu4j.daisy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.dfu4j.daisy.DaisyRoute.Internal;
import io.github.dfu4j.daisy.RouteReport.StageReport;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareRejectedException;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.simulator.DaisySeed;
import io.github.dfu4j.simulator.DaisySeed.Bootloader;
import io.github.dfu4j.simulator.Fault;
import io.github.dfu4j.simulator.Habit;
import io.github.dfu4j.simulator.Operator;
import io.github.dfu4j.simulator.VirtualBoard.Running;
import io.github.dfu4j.usb.PortPath;
import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbException;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class DaisyRouteTest {

    private static final byte[] OTHER_PROGRAM = program(0x0800_0200L, 5000);

    private static byte[] program(long reset, int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        word(bytes, 0, 0x2001_0000L);
        word(bytes, 4, reset | 1);
        return bytes;
    }

    private static void word(byte[] bytes, int at, long value) {
        for (int i = 0; i < 4; i++) {
            bytes[at + i] = (byte) (value >> 8 * i);
        }
    }

    private static DaisyImage data(long address, int size) throws IOException {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return DaisyImage.of(FirmwareImage.builder()
                .origin("data", "")
                .add(Segment.of(address, bytes))
                .build());
    }

    private static List<String> words(DaisyRoute route) {
        return route.stages().stream()
                .map(s -> s instanceof Stage.Press p
                        ? p.presses().name()
                        : s instanceof Stage.Handover
                                ? "HANDOVER"
                                : s instanceof Stage.Flash f
                                        ? f.content().name() + (f.leaves() ? "+leave" : "")
                                        : "ERASE")
                .toList();
    }

    @Test
    void the_case_goes_over_both_bootloaders_and_both_flashes_hold_the_image_in_the_end() throws Exception {
        Bench bench = new Bench(new DaisySeed()).after(1000);
        DaisyImage image = Bench.birds("birds-internal.elf");
        DaisyRoute route = bench.route(image);
        assertThat(words(route)).containsExactly("BOOTLOADER", "HANDOVER", "DATA", "ENTER_ROM", "CODE+leave");

        RouteReport report = bench.runner().run(route);

        assertThat(Bench.holds(bench.board, image.internal())).isTrue();
        assertThat(Bench.holds(bench.board, image.qspi())).isTrue();
        assertThat(report.ending()).isEqualTo(RouteReport.Ending.LEFT);
        assertThat(bench.board.running()).isEqualTo(Running.APPLICATION);
        assertThat(bench.asked).extracting(Hands.Request::presses).containsExactly(Presses.ENTER_ROM);
        assertThat(report.unverified()).containsExactly(image.qspi().span().orElseThrow());
        assertThat(Ranges.size(report.verified())).isGreaterThanOrEqualTo(104_152);
        assertThat(report.stages()).allMatch(s -> s.flash().isEmpty() || s.settled());
    }

    @Test
    void a_bootloader_that_is_there_already_makes_the_route_shorter() throws Exception {
        Bench bench = new Bench(new DaisySeed().withBootloader(Bootloader.V6_4)).after(1000);
        DaisyImage image = Bench.birds("birds-internal.elf");
        DaisyRoute route = bench.route(image);
        assertThat(words(route)).containsExactly("DATA", "ENTER_ROM", "CODE+leave");
        bench.runner().run(route);
        assertThat(Bench.holds(bench.board, image.internal())).isTrue();
        assertThat(Bench.holds(bench.board, image.qspi())).isTrue();
    }

    @Test
    void from_the_rom_a_bootloader_that_is_there_is_found_and_not_installed_again() throws Exception {
        Bench bench = new Bench(new DaisySeed().withBootloader(Bootloader.V6_3)).after(500);
        bench.operator.enterRom();
        bench.after(4000);
        DaisyRoute route = bench.route(Bench.birds("birds-sram.elf"));
        assertThat(words(route)).containsExactly("HANDOVER", "QSPI_PROGRAM+leave");
        RouteReport report = bench.runner().run(route);
        assertThat(report.ending()).isEqualTo(RouteReport.Ending.LEFT);
        assertThat(bench.board.running()).isEqualTo(Running.APPLICATION);
    }

    @Test
    void from_nothing_on_the_bus_the_rom_is_asked_for_and_a_bootloader_there_is_left_alone() throws Exception {
        DaisySeed board = new DaisySeed().withBootloader(Bootloader.V6_4);
        Bench bench = new Bench(board);
        board.qspiFlash().load(DaisyMemory.APPLICATION, program(0x9004_0200L, 4000));
        bench.after(5000);
        assertThat(bench.mode()).isEqualTo(DaisyMode.NOTHING);
        DaisyImage image = Bench.birds("birds-internal.elf");
        DaisyRoute route = bench.route(image);
        assertThat(words(route))
                .containsExactly("ENTER_ROM", "BOOTLOADER", "HANDOVER", "DATA", "ENTER_ROM", "CODE+leave");
        RouteReport report = bench.runner().run(route);
        assertThat(report.stages().get(1).result()).isEqualTo(RouteReport.Result.NOT_NEEDED);
        assertThat(Bench.holds(bench.board, image.internal())).isTrue();
        assertThat(Bench.holds(bench.board, image.qspi())).isTrue();
    }

    @Test
    void from_an_application_with_usb_the_board_is_followed_by_its_port() throws Exception {
        DaisySeed board = new DaisySeed().withInternalFlash(OTHER_PROGRAM).applicationUsb(0x1209, 0x0001, "Synth");
        Bench bench = new Bench(board).after(2000);
        assertThat(bench.mode()).isEqualTo(DaisyMode.APPLICATION);
        DaisyImage image = Bench.birds("birds-internal.elf");
        RouteReport report = bench.runner().run(bench.route(image));
        assertThat(report.stages().get(1).result()).isEqualTo(RouteReport.Result.DONE);
        assertThat(Bench.holds(bench.board, image.internal())).isTrue();
        assertThat(Bench.holds(bench.board, image.qspi())).isTrue();
        assertThat(report.ending()).isEqualTo(RouteReport.Ending.LEFT);
    }

    @Test
    void code_alone_needs_the_rom_alone() throws Exception {
        Bench bench = new Bench(new DaisySeed().withBootloader(Bootloader.V6_4)).after(1000);
        DaisyImage image = DaisyImage.of(FirmwareImage.builder()
                .add(Segment.of(0x0800_0000L, OTHER_PROGRAM))
                .build());
        DaisyRoute route = bench.route(image);
        assertThat(words(route)).containsExactly("ENTER_ROM", "CODE+leave");
        RouteReport report = bench.runner().run(route);
        assertThat(report.unverified()).isEmpty();
        assertThat(Bench.holds(bench.board, image.internal())).isTrue();
    }

    @ParameterizedTest
    @EnumSource(Bootloader.class)
    void a_program_with_data_is_loaded_through_every_version_of_the_bootloader(Bootloader version) throws Exception {
        Bench bench = new Bench(new DaisySeed().withBootloader(version)).after(1000);
        DaisyImage image = Bench.birds("birds-sram.elf");
        RouteReport report = bench.runner().run(bench.route(image));
        assertThat(Bench.holds(bench.board, image.qspi())).isTrue();
        assertThat(report.ending()).isEqualTo(RouteReport.Ending.LEFT);
        // The one that reads back truthfully proves it by what is written; the others must not be believed.
        if (version == Bootloader.HONEST) {
            assertThat(report.unverified()).isEmpty();
        } else {
            assertThat(report.verified()).isEmpty();
            assertThat(Ranges.size(report.unverified())).isEqualTo(104_152 + 291_636);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Bootloader.class,
            mode = EnumSource.Mode.EXCLUDE,
            names = {"V6_4_10MS"})
    void nothing_outside_the_printed_plan_changes_whatever_the_version(Bootloader version) throws Exception {
        Bench bench = new Bench(new DaisySeed().withBootloader(version));
        byte[] before = new byte[0x80_0000];
        new Random(3).nextBytes(before);
        word(before, 0x4_0000, 0);
        bench.board.qspiFlash().load(0x9000_0000L, before);
        bench.after(1000);
        DaisyImage image = data(0x9003_2345L, 200_000);
        DaisyRoute route = bench.route(image);
        bench.board.ledger().clear();
        bench.runner().run(route);
        List<AddressRange> planned =
                ((Stage.Flash) route.stages().get(0)).plan().targets().get(0).erased();
        assertThat(bench.board.ledger().changedOutside(planned)).isEmpty();
        assertThat(Bench.holds(bench.board, image.qspi())).isTrue();
        if (version == Bootloader.HONEST) {
            byte[] after = bench.board.qspiFlash().read(0x9000_0000L, before.length);
            image.qspi().copy(0x9003_2345L, before, 0x3_2345, 200_000);
            assertThat(Arrays.equals(after, before))
                    .as("the neighbours are kept")
                    .isTrue();
        }
    }

    @Test
    void the_wrong_bootloader_is_noticed_and_the_right_presses_are_asked_for_again() throws Exception {
        Bench bench = new Bench(new DaisySeed()).after(1000);
        bench.board.habit(Habit.H7_LEAVE_NEEDS_LOW_STACK, true);
        bench.hands = request -> {
            if (request.attempt() == 1) {
                if (request.presses() == Presses.ENTER_ROM) {
                    bench.operator.reset();
                } else {
                    bench.operator.enterRom();
                }
            } else {
                bench.obey(request);
            }
        };
        DaisyImage image = Bench.birds("birds-internal.elf");
        bench.runner().run(bench.route(image));
        assertThat(bench.asked).hasSize(4);
        assertThat(bench.asked.get(0).noticed()).contains("did not come up");
        assertThat(bench.asked.get(1).noticed()).contains("ROM bootloader");
        assertThat(bench.asked.get(3).noticed()).contains("Daisy bootloader");
        assertThat(Bench.holds(bench.board, image.internal())).isTrue();
        assertThat(Bench.holds(bench.board, image.qspi())).isTrue();
    }

    @Test
    void reset_without_the_tap_on_boot_is_enough_because_the_first_erase_comes_at_once() throws Exception {
        DaisySeed board = new DaisySeed().withBootloader(Bootloader.V6_4);
        Bench bench = new Bench(board);
        board.qspiFlash().load(DaisyMemory.APPLICATION, program(0x9004_0200L, 4000));
        bench.after(5000);
        assertThat(bench.mode()).isEqualTo(DaisyMode.NOTHING);
        bench.hands = request -> bench.operator.reset();
        DaisyImage image = Bench.birds("birds-sram.elf");
        RouteReport report = bench.runner().run(bench.runner().plan(image, Optional.empty()));
        assertThat(bench.asked).hasSize(1);
        assertThat(Bench.holds(bench.board, image.qspi())).isTrue();
        assertThat(report.ending()).isEqualTo(RouteReport.Ending.LEFT);
    }

    @Test
    void a_reset_that_comes_late_while_the_bootloader_is_at_work_already_does_no_harm() throws Exception {
        DaisySeed board = new DaisySeed().withBootloader(Bootloader.V6_4);
        Bench bench = new Bench(board);
        board.qspiFlash().load(DaisyMemory.APPLICATION, program(0x9004_0200L, 4000));
        bench.after(5000);
        bench.hands = request -> {
            new Operator(board, Duration.ofMillis(300)).reset();
            new Operator(board, Duration.ofMillis(1500)).reset();
        };
        DaisyImage image = data(0x900c_0000L, 100_000);
        DaisyRoute route = bench.runner().plan(image, Optional.empty());
        assertThat(words(route)).containsExactly("ENTER_BOOTLOADER", "DATA");
        RouteReport report = bench.runner().run(route);
        assertThat(bench.notes()).contains("The board left its bootloader before anything was written.");
        assertThat(report.stages()).last().satisfies(s -> assertThat(s.result()).isEqualTo(RouteReport.Result.DONE));
        assertThat(Bench.holds(bench.board, image.qspi())).isTrue();
    }

    @Test
    void whoever_gives_more_time_for_a_press_gets_all_of_it() throws Exception {
        DaisySeed board = new DaisySeed().withInternalFlash(program(0x0800_0200L, 1000));
        Bench bench = new Bench(board).after(1000);
        bench.options = RouteOptions.DEFAULT.withPressDeadline(Duration.ofMinutes(20));
        bench.hands = request -> {};
        DaisyRoute route = bench.runner().planTo(DaisyMode.ROM);
        long start = bench.bus.time().nanos();
        RouteException stopped =
                catchThrowableOfType(RouteException.class, () -> bench.runner().run(route));
        assertThat(stopped).hasMessageContaining("within 1200 s");
        assertThat(Duration.ofNanos(bench.bus.time().nanos() - start)).isGreaterThanOrEqualTo(Duration.ofMinutes(20));
    }

    @Test
    void whoever_presses_the_wrong_buttons_again_and_again_is_told_that_and_not_that_nobody_did() throws Exception {
        Bench bench = new Bench(new DaisySeed().withBootloader(Bootloader.V6_4)).after(1000);
        bench.hands = request -> bench.operator.enterBootloader();
        DaisyRoute route = bench.runner().planTo(DaisyMode.ROM);
        RouteException stopped =
                catchThrowableOfType(RouteException.class, () -> bench.runner().run(route));
        assertThat(stopped.reason()).isEqualTo(RouteException.Reason.NOT_PRESSED);
        assertThat(stopped)
                .hasMessageContaining("10 times")
                .hasMessageContaining("Hold BOOT, tap RESET")
                .message()
                .doesNotContain("Nobody");
        assertThat(bench.asked).hasSize(10);
    }

    @Test
    void nobody_presses_and_the_deadline_ends_it_at_a_stage_from_which_it_goes_on_later() throws Exception {
        Bench bench = new Bench(new DaisySeed()).after(1000);
        bench.options = RouteOptions.DEFAULT.withPressDeadline(Duration.ofMinutes(1));
        bench.hands = request -> {};
        DaisyImage image = Bench.birds("birds-internal.elf");
        DaisyRoute route = bench.route(image);
        RouteException stopped =
                catchThrowableOfType(RouteException.class, () -> bench.runner().run(route));
        assertThat(stopped.reason()).isEqualTo(RouteException.Reason.NOT_PRESSED);
        assertThat(stopped.resumeAt()).isEqualTo(3);
        assertThat(stopped).hasMessageContaining("Stage 4 of 5").hasMessageContaining("within 60 s");

        bench.hands = bench::obey;
        RouteReport report = bench.runner().run(route, stopped.resumeAt());
        assertThat(report.stages()).hasSize(2);
        assertThat(Bench.holds(bench.board, image.internal())).isTrue();
        assertThat(Bench.holds(bench.board, image.qspi())).isTrue();
    }

    @Test
    void a_route_goes_on_from_any_stage_and_asks_for_the_presses_that_are_then_needed() throws Exception {
        for (int from = 1; from < 5; from++) {
            Bench bench = new Bench(new DaisySeed().withBootloader(Bootloader.V6_4)).after(1000);
            DaisyImage image = Bench.birds("birds-internal.elf");
            DaisyRoute whole = DaisyRoute.plan(
                    DaisyMode.ROM, Internal.OTHER, image, Optional.of(Bench.bootloader()), bench.options);
            bench.runner().run(whole, from);
            assertThat(Bench.holds(bench.board, image.internal())).isTrue();
            assertThat(Bench.holds(bench.board, image.qspi())).isEqualTo(from <= 2);
        }
    }

    @Test
    void pulling_the_board_out_while_it_is_written_is_told_and_the_stage_can_be_taken_again() throws Exception {
        Bench bench = new Bench(new DaisySeed().withBootloader(Bootloader.V6_4)).after(1000);
        DaisyImage image = Bench.birds("birds-internal.elf");
        DaisyRoute route = bench.route(image);
        bench.board.inject(new Fault.PowerCut(Duration.ofSeconds(1)), Fault.Trigger.at(150));
        RouteException stopped =
                catchThrowableOfType(RouteException.class, () -> bench.runner().run(route));
        assertThat(stopped.reason()).isEqualTo(RouteException.Reason.FAILED);
        assertThat(stopped.resumeAt()).isZero();
        assertThat(stopped.report().stages().get(0).flash()).isPresent();
        bench.after(3000);
        bench.runner().run(route, stopped.resumeAt());
        assertThat(Bench.holds(bench.board, image.internal())).isTrue();
        assertThat(Bench.holds(bench.board, image.qspi())).isTrue();
    }

    @Test
    void cancelling_while_a_press_is_awaited_ends_the_wait() throws Exception {
        Bench bench = new Bench(new DaisySeed()).after(1000);
        bench.hands = request -> bench.cancelled = true;
        DaisyRoute route = bench.route(Bench.birds("birds-internal.elf"));
        RouteException stopped =
                catchThrowableOfType(RouteException.class, () -> bench.runner().run(route));
        assertThat(stopped.reason()).isEqualTo(RouteException.Reason.CANCELLED);
        assertThat(stopped.resumeAt()).isEqualTo(3);
    }

    @Test
    void a_rom_that_hangs_when_it_is_to_start_the_bootloader_costs_a_press_and_no_more() throws Exception {
        Bench bench = new Bench(new DaisySeed()).after(1000);
        bench.board.habit(Habit.H7_LEAVE_NEEDS_LOW_STACK, true);
        DaisyImage image = Bench.birds("birds-internal.elf");
        bench.runner().run(bench.route(image));
        assertThat(bench.asked)
                .extracting(Hands.Request::presses)
                .containsExactly(Presses.ENTER_BOOTLOADER, Presses.ENTER_ROM);
        assertThat(bench.asked.get(0).noticed()).contains("did not come up");
        assertThat(Bench.holds(bench.board, image.internal())).isTrue();
        assertThat(Bench.holds(bench.board, image.qspi())).isTrue();
    }

    @Test
    void a_rom_that_stays_when_it_is_to_start_the_bootloader_costs_a_press_and_no_more() throws Exception {
        Bench bench = new Bench(new DaisySeed().withBootloader(Bootloader.V6_4).startInRom()).after(1000);
        DaisyRoute route = bench.route(data(0x900c_0000L, 5000));
        assertThat(words(route)).containsExactly("HANDOVER", "DATA");
        // the first transfer of the leave, its set-address, fails
        bench.board.inject(new Fault.Stall(), Fault.Trigger.at(2));
        bench.runner().run(route);
        assertThat(bench.asked).extracting(Hands.Request::presses).containsExactly(Presses.ENTER_BOOTLOADER);
    }

    /** Whatever stage a route was broken off at, the same command plans anew from what it sees. */
    @ParameterizedTest
    @CsvSource({"0, 200", "0, 300", "0, 500", "2, 700", "2, 1100", "4, 60", "4, 200", "4, 320"})
    void broken_off_anywhere_the_same_command_does_what_is_left(int stage, int transfer) throws Exception {
        Bench bench = new Bench(new DaisySeed()).after(1000);
        DaisyImage image = Bench.birds("birds-internal.elf");
        DaisyRoute route = bench.route(image);
        bench.atStage(
                stage, () -> bench.board.inject(new Fault.PowerCut(Duration.ofSeconds(1)), Fault.Trigger.at(transfer)));
        assertThatThrownBy(() -> bench.runner().run(route))
                .isInstanceOf(RouteException.class)
                .hasMessageContaining("Stage " + (stage + 1));
        bench.after(4000);
        bench.runner().run(bench.route(image));
        assertThat(Bench.holds(bench.board, image.internal())).isTrue();
        assertThat(Bench.holds(bench.board, image.qspi())).isTrue();
        assertThat(bench.board.running()).isEqualTo(Running.APPLICATION);
    }

    @Test
    void whoever_knows_that_the_data_are_there_has_only_the_code_written() throws Exception {
        Bench bench = new Bench(new DaisySeed().withBootloader(Bootloader.V6_4)).after(1000);
        DaisyImage image = Bench.birds("birds-internal.elf");
        bench.options = RouteOptions.DEFAULT.withFrom(Stage.Part.CODE);
        DaisyRoute rest = bench.route(image);
        assertThat(words(rest)).containsExactly("ENTER_ROM", "CODE+leave");
        bench.runner().run(rest);
        assertThat(Bench.holds(bench.board, image.internal())).isTrue();
        assertThat(bench.board.qspiFlash().isBlank(DaisyMemory.QSPI_FLASH.range()))
                .isTrue();
        bench.options = RouteOptions.DEFAULT.withFrom(Stage.Part.QSPI);
        assertThat(words(bench.route(image))).containsExactly("ENTER_BOOTLOADER", "DATA", "ENTER_ROM", "CODE+leave");
    }

    @Test
    void a_check_sees_each_part_at_the_addresses_of_its_file_and_its_refusal_leaves_the_board_as_it_is()
            throws Exception {
        for (String name : List.of("birds-internal.elf", "birds-sram.elf", "birds-qspi.elf")) {
            Bench bench = new Bench(new DaisySeed().withBootloader(Bootloader.V6_4)).after(1000);
            FirmwareImage.Builder seen = FirmwareImage.builder();
            List<String> layouts = new ArrayList<>();
            bench.options = RouteOptions.DEFAULT.withVerifier((part, target) -> {
                seen.add(part);
                layouts.addAll(target.layoutNames());
                return "looks good";
            });
            bench.runner().run(bench.route(Bench.birds(name)));
            assertThat(seen.build().segments()).isEqualTo(Bench.file(name).segments());
            assertThat(layouts).contains("Flash");
            assertThat(bench.notes()).contains("looks good");
        }
        Bench refused = new Bench(new DaisySeed().withBootloader(Bootloader.V6_4)).after(1000);
        refused.options = RouteOptions.DEFAULT.withVerifier((part, target) -> {
            throw new FirmwareRejectedException(FirmwareRejectedException.Reason.UNSIGNED, "nobody signed it");
        });
        refused.board.ledger().clear();
        assertThatThrownBy(() -> refused.runner().run(refused.route(Bench.birds("birds-qspi.elf"))))
                .isInstanceOf(RouteException.class)
                .hasMessageContaining("nobody signed it")
                .hasCauseInstanceOf(FirmwareRejectedException.class);
        assertThat(refused.board.ledger().changedOutside(List.of())).isEmpty();
    }

    @Test
    void the_estimate_counts_64_kb_an_erase_below_the_program_too() throws Exception {
        DaisyRoute below = DaisyRoute.plan(
                DaisyMode.DAISY_BOOTLOADER,
                Internal.BOOTLOADER,
                data(0x9000_0000L, 0x2_0000),
                Optional.empty(),
                RouteOptions.DEFAULT);
        DaisyRoute behind = DaisyRoute.plan(
                DaisyMode.DAISY_BOOTLOADER,
                Internal.BOOTLOADER,
                data(0x900c_0000L, 0x2_0000),
                Optional.empty(),
                RouteOptions.DEFAULT);
        assertThat(below.estimate())
                .isBetween(behind.estimate(), behind.estimate().multipliedBy(2));
    }

    @Test
    void a_bootloader_that_comes_by_itself_spares_the_press() throws Exception {
        DaisySeed board = new DaisySeed().withBootloader(Bootloader.V6_4).applicationUsb(0x1209, 0x0001, "Synth");
        Bench bench = new Bench(board);
        board.qspiFlash().load(DaisyMemory.APPLICATION, program(0x9004_0200L, 4000));
        bench.after(5000);
        assertThat(bench.mode()).isEqualTo(DaisyMode.APPLICATION);
        bench.hands = request -> board.resetToBootloader(DaisySeed.Entry.DAISY_INFINITE_TIMEOUT);
        DaisyImage image = data(0x900c_0000L, 70_000);
        DaisyRoute route =
                DaisyRoute.plan(DaisyMode.APPLICATION, Internal.UNKNOWN, image, Optional.empty(), bench.options);
        assertThat(words(route)).containsExactly("ENTER_BOOTLOADER", "DATA");
        bench.runner().run(route);
        assertThat(Bench.holds(bench.board, image.qspi())).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 3, 12, 20})
    void a_board_that_leaves_while_it_is_looked_at_is_asked_for_again(int transfer) throws Exception {
        Bench bench = new Bench(new DaisySeed().withBootloader(Bootloader.V6_4)).after(1000);
        DaisyImage image = data(0x900c_0000L, 5000);
        DaisyRoute route = bench.runner().plan(image, Optional.empty());
        bench.board.inject(new Fault.Disconnect(Duration.ofMillis(300)), Fault.Trigger.at(transfer));
        bench.runner().run(route);
        assertThat(Bench.holds(bench.board, image.qspi())).isTrue();
    }

    @Test
    void a_bootloader_that_this_user_may_not_open_is_named_instead_of_asking_for_presses() throws Exception {
        Bench bench = new Bench(new DaisySeed()).after(1000);
        UsbBus closed = ClosedBus.over(bench.bus);
        for (Optional<PortPath> port : List.of(Optional.of(bench.port), Optional.<PortPath>empty())) {
            RouteRunner runner = new RouteRunner(
                    closed,
                    port,
                    bench.bus.time(),
                    bench.asked::add,
                    RouteListener.NONE,
                    () -> false,
                    RouteOptions.DEFAULT);
            assertThatThrownBy(() -> runner.plan(data(0x900c_0000L, 5000), Optional.empty()))
                    .isInstanceOfSatisfying(
                            UsbException.class, e -> assertThat(e.kind()).isEqualTo(UsbException.Kind.ACCESS_DENIED));
        }
        assertThat(bench.asked).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"V5_4, 100", "V5_4, 20000", "V6_4, 100", "V6_4, 20000"})
    void a_flash_that_is_stuck_in_write_protection_is_noticed_by_its_pace(Bootloader version, int size)
            throws Exception {
        byte[] data = new byte[size];
        for (boolean stuck : new boolean[] {true, false}) {
            Bench bench = new Bench(new DaisySeed().withBootloader(version)).after(1000);
            bench.board.habit(Habit.QSPI_WRITE_PROTECTED, stuck);
            QspiLoader loader = new QspiLoader(bench.runner());
            RouteReport report = loader.run(loader.plan(0x900c_0000L, data, "data"));
            StageReport stage = report.stages().get(0);
            assertThat(stage.stuck()).isEqualTo(stuck);
            assertThat(stage.flash().orElseThrow().whyUnverified().stream()
                            .anyMatch(w -> w.contains("write protection")))
                    .isEqualTo(stuck);
        }
    }

    @ParameterizedTest
    @CsvSource({"V5_4, 1", "V5_4, 4", "V6_4, 1", "V6_4, 4"})
    void an_erase_that_a_write_protected_flash_accepted_is_noticed_too(Bootloader version, int blocks)
            throws Exception {
        for (boolean stuck : new boolean[] {true, false}) {
            Bench bench = new Bench(new DaisySeed().withBootloader(version)).after(1000);
            bench.board.habit(Habit.QSPI_WRITE_PROTECTED, stuck);
            QspiLoader loader = new QspiLoader(bench.runner());
            RouteReport report = loader.run(loader.planErase(AddressRange.ofSize(0x900c_0000L, blocks * 0x1_0000L)));
            StageReport stage = report.stages().get(0);
            assertThat(stage.stuck()).isEqualTo(stuck);
            assertThat(bench.notes().stream().anyMatch(note -> note.contains("write protection")))
                    .isEqualTo(stuck);
        }
    }

    @Test
    void a_program_that_the_bootloader_refuses_is_seen_to_come_back() throws Exception {
        Bench bench = new Bench(new DaisySeed().withBootloader(Bootloader.V6_4)).after(1000);
        bench.board.habit(Habit.QSPI_WRITE_PROTECTED, true);
        RouteReport report = bench.runner().run(bench.route(Bench.birds("birds-sram.elf")));
        assertThat(report.ending()).isEqualTo(RouteReport.Ending.REFUSED);
    }

    @Test
    void installing_the_bootloader_ends_in_the_bootloader_and_leads_nowhere_else() throws Exception {
        Bench bench = new Bench(new DaisySeed()).after(1000);
        RouteReport report =
                bench.runner().run(DaisyRoute.install(bench.mode(), Bench.bootloader(Bootloader.V6_3), bench.options));
        assertThat(report.ending()).isEqualTo(RouteReport.Ending.HANDED_OVER);
        assertThat(bench.board.installedBootloader()).contains(Bootloader.V6_3);
        assertThat(bench.mode()).isEqualTo(DaisyMode.DAISY_BOOTLOADER);
        assertThat(bench.asked).isEmpty();
    }

    /** The largest programs that leave the data alone. */
    @ParameterizedTest
    @CsvSource({"V5_4, 0x70000", "V6_4, 0x78000"})
    void the_program_stays_while_data_change_and_the_data_while_the_program_changes(Bootloader version, String size)
            throws Exception {
        Bench bench = new Bench(new DaisySeed().withBootloader(version)).after(1000);
        DaisyImage both = Bench.birds("birds-sram.elf");
        bench.options = RouteOptions.DEFAULT.withStart(false);
        bench.runner().run(bench.route(both));
        DaisyImage otherData = data(DaisyMemory.DATA_BEHIND_PROGRAM, 200_000);
        bench.runner().run(bench.route(otherData));
        FirmwareImage program = both.qspi().within(DaisyMemory.PROGRAM_AREA);
        assertThat(Bench.holds(bench.board, program)).isTrue();

        DaisyImage otherProgram = DaisyImage.of(FirmwareImage.builder()
                .add(Segment.of(0x2400_0000L, program(0x2400_0200L, Integer.decode(size))))
                .build());
        bench.options = RouteOptions.DEFAULT;
        RouteReport report = bench.runner().run(bench.route(otherProgram));
        assertThat(report.ending()).isEqualTo(RouteReport.Ending.LEFT);
        assertThat(Bench.holds(bench.board, otherProgram.qspi())).isTrue();
        assertThat(Bench.holds(bench.board, otherData.qspi())).isTrue();
    }

    @Test
    void where_there_is_no_bootloader_nobody_is_asked_to_enter_it() throws Exception {
        Bench bench = new Bench(new DaisySeed()).after(1000);
        assertThatThrownBy(() -> bench.runner().planTo(DaisyMode.DAISY_BOOTLOADER))
                .isInstanceOf(DaisyImageException.class)
                .hasMessageContaining("is not on the board");
        assertThatThrownBy(() -> new QspiLoader(bench.runner()).planErase(AddressRange.ofSize(0x9000_0000L, 1)))
                .isInstanceOf(DaisyImageException.class);
        assertThat(bench.runner().planTo(DaisyMode.ROM).stages()).isEmpty();
    }

    @Test
    void a_route_by_way_of_a_bootloader_that_can_hardly_be_caught_says_so_before() throws Exception {
        for (Bootloader version : List.of(Bootloader.V6_4_10MS, Bootloader.V6_4)) {
            Bench bench = new Bench(new DaisySeed().withBootloader(version).startInRom()).after(1000);
            List<String> warnings = new QspiLoader(bench.runner())
                    .plan(0x900c_0000L, new byte[0x1_0000], "zeros")
                    .warnings();
            assertThat(warnings.stream().anyMatch(w -> w.contains("10 ms instead of 2 s")))
                    .isEqualTo(version == Bootloader.V6_4_10MS);
        }
    }

    @Test
    void erasing_tells_what_it_takes_along_and_changes_nothing_else() throws Exception {
        Bench bench = new Bench(new DaisySeed().withBootloader(Bootloader.V5_4)).after(1000);
        bench.board.qspiFlash().load(0x9000_0000L, new byte[0x80_0000]);
        AddressRange range = AddressRange.ofSize(0x900d_0000L, 0x1_0000);
        DaisyRoute route = DaisyRoute.erase(bench.mode(), Internal.UNKNOWN, List.of(range), bench.options);
        assertThat(route.warnings()).anyMatch(w -> w.contains("0x900E0000..0x900E0FFF"));
        bench.board.ledger().clear();
        RouteReport report = bench.runner().run(route);
        assertThat(report.stages().get(0).settled()).isTrue();
        assertThat(bench.board.qspiFlash().isBlank(range)).isTrue();
        assertThat(bench.board.ledger().changedOutside(List.of(AddressRange.ofSize(0x900d_0000L, 0x1_1000))))
                .isEmpty();
    }

    @Test
    void after_the_last_operation_the_flash_is_known_to_be_idle() throws Exception {
        Bench bench = new Bench(new DaisySeed().withBootloader(Bootloader.V6_4)).after(1000);
        DaisyRoute route = DaisyRoute.erase(
                bench.mode(), Internal.UNKNOWN, List.of(AddressRange.ofSize(0x900d_0000L, 0x1_0000)), bench.options);
        bench.board.qspiFlash().load(0x900d_0000L, new byte[0x1_0000]);
        bench.runner().run(route);
        bench.board.tapReset(); // would tear an erase that is still running
        assertThat(bench.board.qspiFlash().isBlank(AddressRange.ofSize(0x900d_0000L, 0x1_0000)))
                .isTrue();
    }
}
