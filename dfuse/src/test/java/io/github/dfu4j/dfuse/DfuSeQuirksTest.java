package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuMode;
import io.github.dfu4j.dfu.Quirk;
import io.github.dfu4j.dfu.QuirkTable;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.simulator.Habit;
import io.github.dfu4j.simulator.Stm32Rom;
import io.github.dfu4j.simulator.VirtualBoard;
import io.github.dfu4j.usb.Deadline;
import io.github.dfu4j.usb.UsbDevice;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class DfuSeQuirksTest {

    private static final long FLASH = 0x08000000L;
    private static final String F4 = "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg";

    private static UsbDevice st(int release, int transferSize, String... layouts) {
        return FakeDfuSe.describe(0x0483, 0xdf11, release, null, transferSize, 0x011a, 2, List.of(layouts));
    }

    private static UsbDevice bytes(int vendor, int product, String serial, String... layouts) {
        return FakeDfuSe.describe(
                vendor, product, 0, serial.getBytes(StandardCharsets.US_ASCII), 1024, 0x011a, 2, List.of(layouts));
    }

    private static UsbDevice family(String family) {
        return new Boards<>(new Stm32Rom(family)).device();
    }

    @Test
    void a_bootloader_in_flash_with_the_ids_of_the_one_in_rom_is_not_believed_like_that() {
        assertThat(family("dso-nano").ids()).isEqualTo("0483:df11");
        for (UsbDevice device : List.of(
                family("dso-nano"),
                st(0x0200, 1024, "@Internal Flash   /0x08000000/03*016Ka,01*016Kg,01*064Kg,07*128Kg"))) {
            assertThat(DfuInterface.of(device, DfuSeQuirks.table())
                            .get(0)
                            .quirks()
                            .has(Trait.READS_TRUTHFULLY))
                    .isFalse();
        }
    }

    /** For each row a device that has the oddity, and what follows from it: facts with their numbers. */
    static Stream<Arguments> rows() {
        UsbDevice gd32 = bytes(0x28e9, 0x0189, "3CBJ", "@Internal Flash  /0x08000000/512*002Kg");
        return Stream.of(
                Arguments.of(
                        "st-rom",
                        family("stm32f407"),
                        Map.of(Trait.READS_TRUTHFULLY, 0L, Trait.LEAVE_NEEDS_ADDRESS, 0L)),
                Arguments.of("st-serial", family("stm32h743"), Map.of(Trait.SERIAL_NOT_UNIQUE, 0L)),
                Arguments.of("st-serial", family("at32f415"), Map.of(Trait.SERIAL_NOT_UNIQUE, 0L)),
                Arguments.of(
                        "st-version",
                        FakeDfuSe.describe(0x0483, 0xdf11, 0x2200, null, 2048, 0x0110, 2, List.of(F4)),
                        Map.of(Trait.DFU_VERSION, 0x011aL)),
                Arguments.of("f4-mass-erase", family("stm32f405"), Map.of(Trait.MASS_ERASE_TIME, 35_000L)),
                Arguments.of("f4-flash-word", family("stm32f411"), Map.of(Trait.WRITE_ALIGNMENT, 4L)),
                Arguments.of("f42x-strings", family("stm32f427"), Map.of(Trait.STRINGS_CUT_SHORT, 0L)),
                Arguments.of(
                        "h7-stuck-busy",
                        family("stm32h743"),
                        Map.of(Trait.STUCK_BUSY_AFTER_ERASE, 0x08100000L, Trait.CLRSTATUS_ENTERS_ERROR, 0L)),
                Arguments.of("h7-flash-size", family("stm32h750"), Map.of(Trait.SMALLEST_FLASH, 131_072L)),
                Arguments.of("h7-flash-word", family("stm32h723"), Map.of(Trait.WRITE_ALIGNMENT, 32L)),
                Arguments.of("l4-stall", family("stm32l476"), Map.of(Trait.STATUS_STALLS_WHILE_BUSY, 3L)),
                Arguments.of("l4-flash-word", family("stm32l476"), Map.of(Trait.WRITE_ALIGNMENT, 8L)),
                Arguments.of("l0-l1-erased", family("stm32l073"), Map.of(Trait.ERASED_BYTE, 0L)),
                Arguments.of(
                        "l0-l1-erased",
                        st(0x2200, 2048, "@Internal Flash /0x08000000/48*256 a,464*256 g"),
                        Map.of(Trait.ERASED_BYTE, 0L)),
                Arguments.of("g4-block", family("stm32g474"), Map.of(Trait.TRANSFER_SIZE, 1024L)),
                Arguments.of("wb-leave", family("stm32wb55"), Map.of(Trait.LEAVES_WITHOUT_STATUS, 0L)),
                Arguments.of(
                        "c5-strict",
                        family("stm32c5"),
                        Map.of(Trait.CLRSTATUS_STALLS, 0L, Trait.NO_DESCRIPTOR_REQUEST, 0L)),
                Arguments.of("device-feature", family("stm32f407"), Map.of(Trait.WRONG_LAYOUT, 0L)),
                Arguments.of(
                        "gd32vf103",
                        gd32,
                        Map.of(
                                Trait.DFU_MODE, 0L,
                                Trait.SERIAL_IS_BYTES, 0L,
                                Trait.LEAVES_WITHOUT_STATUS, 0L,
                                Trait.WRONG_LAYOUT, 0L)),
                Arguments.of(
                        "sp-racing",
                        st(0x0200, 1024, "@External Flash /0x90000000/1001*128Kg,3*128Kg,20*128Ka"),
                        Map.of(Trait.WRONG_LAYOUT, 0L)),
                Arguments.of(
                        "deviation",
                        st(0x0200, 1024, "@Internal Flash  /0x08003000/244*001Kg"),
                        Map.of(Trait.WRONG_LAYOUT, 0L)),
                Arguments.of("layout-no-unit", family("stm32f407"), Map.of(Trait.LAYOUT_FORM, 0L)),
                Arguments.of("layout-unit-b", family("gd32vf103"), Map.of(Trait.LAYOUT_FORM, 0L)),
                Arguments.of("layout-blank", family("at32f415"), Map.of(Trait.LAYOUT_FORM, 0L)),
                Arguments.of("layout-zones", family("stm32g474"), Map.of(Trait.LAYOUT_FORM, 0L)),
                Arguments.of(
                        "layout-glued",
                        st(
                                0,
                                2048,
                                "@Internal Flash   /0x08000000/08*04Ka,1000*04Kg @Option byte   /0x1FFFC000/01*4096 g"),
                        Map.of(Trait.LAYOUT_FORM, 0L)),
                Arguments.of("at32", family("at32f437"), Map.of(Trait.WRITE_ALIGNMENT, 4L)),
                Arguments.of(
                        "times-2.x", family("stm32f303"), Map.of(Trait.COMMAND_TIME, 100L, Trait.BLOCK_TIME, 104L)),
                Arguments.of(
                        "times-2.x", family("gd32vf103"), Map.of(Trait.COMMAND_TIME, 100L, Trait.BLOCK_TIME, 104L)),
                Arguments.of("times-f4", family("stm32f427"), Map.of(Trait.ERASE_TIME, 500L)),
                Arguments.of("times-f7", family("stm32f767"), Map.of(Trait.ERASE_TIME, 1100L)),
                Arguments.of(
                        "times-l4",
                        family("stm32l476"),
                        Map.of(
                                Trait.COMMAND_TIME, 8L,
                                Trait.BLOCK_TIME, 1L,
                                Trait.ERASE_TIME, 770L,
                                Trait.WRITE_TIME, 700L)),
                Arguments.of(
                        "times-1024",
                        family("stm32g474"),
                        Map.of(Trait.COMMAND_TIME, 22L, Trait.ERASE_TIME, 1400L, Trait.WRITE_TIME, 1400L)),
                Arguments.of("times-wb", family("stm32wb55"), Map.of(Trait.ERASE_TIME, 700L)),
                Arguments.of(
                        "times-h7",
                        family("stm32h723"),
                        Map.of(Trait.COMMAND_TIME, 1L, Trait.ERASE_TIME, 450L, Trait.WRITE_TIME, 460L)),
                Arguments.of(
                        "times-c5",
                        family("stm32c5"),
                        Map.of(Trait.COMMAND_TIME, 2L, Trait.ERASE_TIME, 32L, Trait.WRITE_TIME, 400L)));
    }

    @ParameterizedTest
    @MethodSource("rows")
    void a_device_that_has_it_is_recognised(String id, UsbDevice device, Map<Trait, Long> facts) {
        DfuInterface target = DfuInterface.of(device, DfuSeQuirks.table()).get(0);
        Quirk row = target.quirks().rows().stream()
                .filter(r -> r.id().equals(id))
                .findFirst()
                .orElseThrow(() -> new AssertionError(id + " is not among " + target.quirks()));
        assertThat(row.traits()).isEqualTo(facts);
        facts.forEach((trait, number) -> assertThat(target.quirks().has(trait)).isTrue());
        assertThat(FlashTarget.problems(target)).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "at32f415, st-serial layout-no-unit layout-blank at32 times-2.x",
        "dso-nano, dfuse-protocol-0",
        "gd32vf103, gd32vf103 layout-unit-b times-2.x",
        "stm32c5, st-rom c5-strict times-1024 times-c5",
        "stm32f072, st-rom st-serial layout-no-unit times-2.x",
        "stm32f303, st-rom layout-no-unit times-2.x",
        "stm32f405, st-rom st-serial f4-mass-erase f4-flash-word layout-no-unit times-2.x times-f4",
        "stm32f767, st-rom layout-no-unit times-2.x times-f7",
        "stm32g474, st-rom g4-block layout-no-unit layout-zones times-1024",
        "stm32h743, st-rom st-serial h7-stuck-busy h7-flash-size h7-flash-word layout-no-unit times-1024 times-h7",
        "stm32l476, st-rom l4-stall l4-flash-word layout-no-unit times-2.x times-l4",
        "stm32wb55, st-rom wb-leave layout-no-unit times-1024 times-wb",
    })
    void no_device_is_taken_to_have_an_oddity_of_another(String family, String ids) {
        assertThat(DfuInterface.of(family(family), DfuSeQuirks.table())
                        .get(0)
                        .quirks()
                        .rows())
                .extracting(Quirk::id)
                .containsExactly(ids.split(" "));
    }

    @Test
    void flash_of_a_size_that_the_user_names_is_described_by_it() {
        assertThat(DfuSeQuirks.flashSize(131_072).device()).isEqualTo("an STM32 with 128 KiB of flash");
    }

    @Test
    void every_row_has_a_device_in_these_tests_and_all_its_columns() {
        Set<String> tested = rows().map(a -> (String) a.get()[0]).collect(Collectors.toCollection(TreeSet::new));
        List<Quirk> dfuSe = new ArrayList<>(DfuSeQuirks.table().rows());
        dfuSe.removeIf(r -> QuirkTable.dfu().rows().stream().anyMatch(p -> p.id().equals(r.id())));
        assertThat(dfuSe).extracting(Quirk::id).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(tested);
        assertThat(DfuSeQuirks.table().rows()).allSatisfy(row -> {
            assertThat(row.device()).isNotBlank();
            assertThat(row.recognition()).isNotBlank();
            assertThat(row.reason()).endsWith(".");
            assertThat(row.source()).isNotBlank();
            assertThat(row.traits()).isNotEmpty();
        });
    }

    private static FlashTarget first(UsbDevice device) {
        return FlashTarget.of(DfuInterface.of(device, DfuSeQuirks.table()).get(0))
                .get(0);
    }

    @Test
    void the_flash_of_a_gd32_is_what_its_serial_number_says() {
        for (Map.Entry<String, Integer> size : Map.of(
                        "3C2J", 8, "3C4J", 16, "3C6J", 32, "3C8J", 64, "3CBJ", 128, "3CDJ", 256)
                .entrySet()) {
            UsbDevice device = bytes(0x28e9, 0x0189, size.getKey(), "@Internal Flash  /0x08000000/512*002Kg");
            assertThat(first(device).layout().runs())
                    .containsExactly(new SectorRun(FLASH, size.getValue(), 1024, true, true, true));
        }
        assertThat(first(bytes(0x28e9, 0x0189, "3C9J", "@Internal Flash  /0x08000000/512*002Kg"))
                        .layout()
                        .regions())
                .containsExactly(AddressRange.ofSize(FLASH, 1 << 20));
    }

    @Test
    void an_alternate_setting_that_is_not_understood_is_told_and_does_not_hide_the_others() {
        DfuInterface device = DfuInterface.of(
                        bytes(0x1209, 1, "1", "@Flash /0x08000000/1*1Kg", "EEPROM", "@RAM /0x20000000/1*1Kg"),
                        DfuSeQuirks.table())
                .get(0);
        assertThat(FlashTarget.of(device))
                .extracting(FlashTarget::toString)
                .containsExactly("alt 0 \"Flash\"", "alt 2 \"RAM\"");
        assertThat(FlashTarget.problems(device))
                .containsExactly("Alternate setting 1: memory layout \"EEPROM\", position 0: expected '@', found 'E'.");
    }

    @Test
    void wrong_layouts_are_put_right() {
        assertThat(first(st(0x0200, 1024, "@External Flash /0x90000000/1001*128Kg,3*128Kg,20*128Ka"))
                        .layout()
                        .runs())
                .extracting(SectorRun::count)
                .containsExactly(998L, 1L, 4L, 21L);
        assertThat(first(st(0x0200, 1024, "@Internal Flash  /0x08003000/244*001Kg"))
                        .layout()
                        .runs())
                .containsExactly(new SectorRun(0x08003000L, 122, 2048, true, true, true));
        DfuInterface f4 =
                DfuInterface.of(family("stm32f407"), DfuSeQuirks.table()).get(0);
        assertThat(FlashTarget.of(f4).get(3).layout().runs().get(0).erasable()).isFalse();
        assertThat(FlashTarget.of(f4).get(0).layout().runs())
                .as("and only those")
                .allMatch(SectorRun::erasable);
        DfuInterface gd32 =
                DfuInterface.of(family("gd32vf103"), DfuSeQuirks.table()).get(0);
        assertThat(FlashTarget.of(gd32).get(1).layout()).hasToString("@Option Bytes /0x1FFFF800/01*016 e");
    }

    @Test
    void a_bootloader_with_protocol_0_is_in_dfu_mode() {
        DfuInterface nano =
                DfuInterface.of(family("dso-nano"), DfuSeQuirks.table()).get(0);
        assertThat(nano.mode()).isEqualTo(DfuMode.DFU);
        assertThat(DfuInterface.of(family("dso-nano"), QuirkTable.EMPTY).get(0).mode())
                .isEqualTo(DfuMode.RUN_TIME);
    }

    @Test
    void a_g4_that_claims_2048_is_sent_1024() {
        UsbDevice g4 = st(0x0200, 2048, "@Internal Flash  /0x08000000/256*02Kg", "@Option Bytes  /0x1FFF7800/01*048 e");
        assertThat(DfuInterface.of(g4, DfuSeQuirks.table()).get(0).functional().transferSize())
                .isEqualTo(1024);
    }

    @Test
    void an_h7_that_is_left_stuck_is_brought_back_and_a_strict_rom_never_sees_the_remedy() throws Exception {
        Boards<Stm32Rom> h7 = new Boards<>(new Stm32Rom("stm32h743"));
        try (DfuSeSession session = h7.open()) {
            session.toIdle(Deadline.in(h7.bus.time(), Duration.ofSeconds(5)));
            session.dfu().download(0, new byte[] {0x41, 0, 0, 0x10, 0x08}, 0, 5);
            session.dfu().getStatus();
            session.toIdle(Deadline.in(h7.bus.time(), Duration.ofSeconds(20)));
        }
        assertThat(h7.board.ledger().transfers(4)).isEqualTo(3); // errFIRMWARE at the start, then twice

        Boards<Stm32Rom> c5 = new Boards<>(new Stm32Rom("stm32c5"));
        c5.flash(Boards.image(FLASH, Boards.program(FLASH, 3000, 1)), FlashOptions.DEFAULT);
        assertThat(c5.board.ledger().transfers(4)).isEqualTo(1);
    }

    @Test
    void an_l4_may_stall_three_times_and_not_four() throws Exception {
        Boards<Stm32Rom> l4 = new Boards<>(new Stm32Rom("stm32l476"));
        assertThat(l4.board.habits()).contains(Habit.L4_STATUS_STALL);
        l4.board.memoryAt(FLASH).load(FLASH, new byte[20_000]);
        assertThat(l4.flash(Boards.image(FLASH, Boards.program(FLASH, 20_000, 1)), FlashOptions.DEFAULT)
                        .proved())
                .isTrue();
        Boards<Stm32Rom> other = new Boards<>(new Stm32Rom("stm32l476"));
        other.board.memoryAt(FLASH).load(FLASH, new byte[20_000]);
        DfuInterface unknown = DfuInterface.of(other.device(), QuirkTable.EMPTY).get(0);
        try (DfuSeSession session =
                new DfuSeSession(io.github.dfu4j.dfu.DfuSession.open(other.bus, unknown, other.bus.time()))) {
            session.toIdle(Deadline.in(other.bus.time(), Duration.ofSeconds(5)));
            org.assertj.core.api.Assertions.assertThatThrownBy(
                            () -> session.erase(FLASH, Deadline.in(other.bus.time(), Duration.ofSeconds(5))))
                    .hasMessageContaining("STALL");
        }
    }

    @Test
    void a_part_that_is_erased_to_zeros_gets_its_stretches_of_ff_and_is_spared_those_of_zeros() throws Exception {
        Boards<Stm32Rom> l0 = new Boards<>(new Stm32Rom("stm32l073"));
        l0.board.memoryAt(FLASH).load(FLASH, Boards.program(FLASH, 60_000, 1));
        byte[] bytes = Boards.program(FLASH, 40_000, 2);
        Arrays.fill(bytes, 8_000, 18_000, (byte) 0xff);
        Arrays.fill(bytes, 20_000, 30_000, (byte) 0);

        FlashReport report = l0.flash(Boards.image(FLASH, bytes), FlashOptions.DEFAULT);

        assertThat(l0.memory(FLASH, bytes.length)).isEqualTo(bytes);
        assertThat(report.proved()).isTrue();
        assertThat(Ranges.contain(report.written(), AddressRange.ofSize(FLASH + 8_000, 10_000)))
                .isTrue();
        assertThat(report.written()).noneMatch(r -> r.contains(FLASH + 25_000));
        FlashPlan erase =
                FlashPlanner.planErase(l0.target(), List.of(AddressRange.ofSize(FLASH, 1000)), FlashOptions.DEFAULT);
        try (DfuSeSession session = l0.open()) {
            assertThat(new Flasher(session, FlashListener.NONE).flash(erase).proved())
                    .isTrue();
        }
        assertThat(l0.memory(FLASH, 1024)).containsOnly(0);
        assertThat(l0.memory(FLASH + 1024, 1000)).isEqualTo(Arrays.copyOfRange(bytes, 1024, 2024));
    }

    @Test
    void devices_that_leave_without_a_word_have_left() throws Exception {
        for (String family : List.of("gd32vf103", "stm32wb55", "stm32f405")) {
            Boards<Stm32Rom> it = new Boards<>(new Stm32Rom(family));
            FlashReport report =
                    it.flash(Boards.image(FLASH, Boards.program(FLASH, 3000, 1)), FlashOptions.DEFAULT.withLeave(true));
            assertThat(report.left()).contains(DfuSeSession.Left.SILENTLY);
            it.sleep(1000);
            assertThat(it.board.running()).isEqualTo(VirtualBoard.Running.APPLICATION);
        }
    }
}
