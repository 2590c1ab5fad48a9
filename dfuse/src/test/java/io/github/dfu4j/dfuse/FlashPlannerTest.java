package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.Quirk;
import io.github.dfu4j.dfu.QuirkTable;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.dfuse.FlashPlanException.Problem;
import io.github.dfu4j.dfuse.FlashPlanException.Reason;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.simulator.Stm32Rom;
import io.github.dfu4j.usb.UsbDevice;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What a plan says and refuses, as its reader sees it. Nothing here talks to a board. */
class FlashPlannerTest {

    private static final byte[] CODE = Boards.program(0x0800_0000L, 1000, 1);

    private static FlashPlanException refused(String family, FirmwareImage image) {
        return catchThrowableOfType(
                FlashPlanException.class,
                () -> FlashPlanner.plan(new Boards<>(new Stm32Rom(family)).target(), image, FlashOptions.DEFAULT));
    }

    private static FirmwareImage.Builder image() {
        return FirmwareImage.builder().origin("birds.bin", "binary");
    }

    @Test
    void bytes_outside_every_region_are_named_with_the_regions_that_there_are() {
        FlashPlanException e = refused(
                "stm32f407",
                image().add(Segment.of(0x0800_0000L, CODE))
                        .add(Segment.of(0x9004_0000L, new byte[291_636]))
                        .build());

        assertThat(e.problems()).extracting(Problem::reason).containsExactly(Reason.OUTSIDE);
        assertThat(Reason.values()).filteredOn(e::has).containsExactly(Reason.OUTSIDE);
        assertThat(e)
                .hasMessageContaining(
                        "birds.bin has 291636 bytes at 0x90040000..0x90087333, which lie outside every region")
                .hasMessageContaining("Internal Flash 0x08000000..0x080FFFFF");
    }

    @Test
    void the_sea_of_a_flat_binary_is_one_obstacle_whatever_memories_it_washes_over() {
        FlashPlanException e = refused(
                "stm32h743",
                image().add(Segment.of(0x0800_0000L, CODE))
                        .add(Segment.filled(new AddressRange(0x0800_03E8L, 0x9004_0000L), 0))
                        .add(Segment.of(0x9004_0000L, new byte[291_636]))
                        .build());

        assertThat(e.problems()).extracting(Problem::reason).containsExactly(Reason.FLAT_BINARY, Reason.OUTSIDE);
        assertThat(e).hasMessageContaining("2281962520 bytes of fill (0x00) at 0x080003E8..0x9003FFFF");
    }

    @Test
    void fill_that_fits_the_memory_is_part_of_the_image() throws Exception {
        FirmwareImage image = image().add(Segment.of(0x0800_0000L, CODE))
                .add(Segment.filled(AddressRange.ofSize(0x0800_03E8L, 70_000), 0))
                .build();

        FlashPlan plan =
                FlashPlanner.plan(new Boards<>(new Stm32Rom("stm32f407")).target(), image, FlashOptions.DEFAULT);

        assertThat(plan.targets().get(0).image()).isEqualTo(image);
    }

    @Test
    void an_image_without_bytes_is_refused() {
        assertThat(refused("stm32f407", image().build()))
                .hasMessage("birds.bin holds no bytes, so there is nothing to flash.");
    }

    @Test
    void an_alternate_setting_that_does_not_exist_is_named() {
        FlashPlanException e = catchThrowableOfType(
                FlashPlanException.class,
                () -> FlashPlanner.plan(
                        new Boards<>(new Stm32Rom("stm32f407")).target(),
                        image().add(Segment.of(0x0800_0000L, CODE)).build(),
                        FlashOptions.DEFAULT.withAlternate(9)));

        assertThat(e).hasMessageContaining("no alternate setting 9");
    }

    @Test
    void a_plan_is_a_value() throws Exception {
        FirmwareImage image = image().add(Segment.of(0x0800_0000L, CODE)).build();
        Boards<Stm32Rom> boards = new Boards<>(new Stm32Rom("stm32f407"));

        FlashPlan one = FlashPlanner.plan(boards.target(), image, FlashOptions.DEFAULT);
        FlashPlan other = FlashPlanner.plan(boards.target(), image, FlashOptions.DEFAULT);

        assertThat(one).isEqualTo(other).hasSameHashCodeAs(other);
        assertThat(one).isNotEqualTo(FlashPlanner.plan(boards.target(), image, FlashOptions.DEFAULT.withVerify(false)));
    }

    /** A device of any layout and oddities. */
    private static DfuInterface device(String layout, int transferSize, Quirk.Builder oddities) throws Exception {
        QuirkTable table = QuirkTable.EMPTY.plus(
                List.of(oddities.because("the test wants it").source("this test")));
        return new FakeDfuSe(MemoryLayout.parse(layout), transferSize).target(table);
    }

    private static Quirk.Builder oddity() {
        return Quirk.row("test", "any").when("always", i -> true);
    }

    private static List<FlashPlan.Erase> erases(DfuInterface device, long start, int size) throws Exception {
        return FlashPlanner.plan(device, Boards.image(start, new byte[size]), FlashOptions.DEFAULT)
                .targets()
                .get(0)
                .erases();
    }

    private static FlashPlan.Erase erase(long from, long to) {
        return new FlashPlan.Erase(from, new AddressRange(from, to));
    }

    @Test
    void an_erase_that_clears_more_than_a_sector_is_not_sent_for_each_sector_that_it_clears() throws Exception {
        DfuInterface daisy =
                device("@Flash /0x90000000/64*4Kg/0x90040000/60*64Kg", 4096, oddity().says(Trait.ERASE_SPAN, 0x1_0000));
        assertThat(erases(daisy, 0x9000_1000L, 0x1_1000))
                .containsExactly(erase(0x9000_1000L, 0x9001_1000L), erase(0x9001_1000L, 0x9002_1000L));
        assertThat(erases(daisy, 0x9000_1000L, 0x1_0000)).containsExactly(erase(0x9000_1000L, 0x9001_1000L));
        assertThat(erases(daisy, 0x9003_c000L, 0x8000))
                .as("a sector as large as an erase gets its own, at its start")
                .containsExactly(erase(0x9003_c000L, 0x9004_c000L), erase(0x9004_0000L, 0x9005_0000L));
        assertThat(erases(daisy, 0x9000_1000L, 1)).hasSize(1);
    }

    @Test
    void a_sector_larger_than_what_an_erase_clears_gets_several() throws Exception {
        DfuInterface small = device("@Flash /0x08000000/4*8Kg", 1024, oddity().says(Trait.ERASE_SPAN, 0x1000));
        assertThat(erases(small, 0x0800_2000L, 10))
                .containsExactly(erase(0x0800_2000L, 0x0800_3000L), erase(0x0800_3000L, 0x0800_4000L));
    }

    @Test
    void what_an_erase_may_reach_counts_as_cleared() throws Exception {
        DfuInterface uncertain = device("@Flash /0x08000000/8*4Kg", 1024, oddity().says(Trait.ERASE_REACH, 0x1800));
        assertThat(erases(uncertain, 0x0800_1000L, 0x2000))
                .containsExactly(erase(0x0800_1000L, 0x0800_2800L), erase(0x0800_2000L, 0x0800_3800L));
        DfuInterface less = device("@Flash /0x08000000/8*4Kg", 1024, oddity().says(Trait.ERASE_REACH, 0x800));
        assertThat(erases(less, 0x0800_1000L, 1)).containsExactly(erase(0x0800_1000L, 0x0800_2000L));
    }

    @Test
    void option_bytes_must_fit_one_transfer_and_be_whole_if_they_cannot_be_read() throws Exception {
        FlashOptions allowed = FlashOptions.DEFAULT.withOptionBytes(true);
        String layout = "@Option Bytes /0x1FFFC000/1*16 e";
        FirmwareImage whole = Boards.image(0x1fff_c000L, new byte[16]);
        assertThat(FlashPlanner.plan(device(layout, 16, oddity()), whole, allowed)
                        .targets())
                .hasSize(1);
        assertThatThrownBy(() -> FlashPlanner.plan(device(layout, 15, oddity()), whole, allowed))
                .hasMessageContaining("0x1FFFC000..0x1FFFC00F")
                .hasMessageContaining("a transfer of this device holds 15 bytes only");
        FirmwareImage part = Boards.image(0x1fff_c000L, new byte[15]);
        assertThatThrownBy(() -> FlashPlanner.plan(device(layout, 16, oddity()), part, allowed))
                .hasMessageContaining("the image must hold all of it");
        assertThat(FlashPlanner.plan(device(layout, 16, oddity().says(Trait.READS_TRUTHFULLY)), part, allowed)
                        .targets()
                        .get(0)
                        .kept())
                .containsExactly(AddressRange.ofSize(0x1fff_c00fL, 1));
    }

    @Test
    void what_an_erase_clears_beside_what_was_asked_for_is_told() throws Exception {
        DfuInterface f4 = new Boards<>(new Stm32Rom("stm32f407")).target();
        DfuInterface daisy = Boards.daisy().target();

        assertThat(FlashPlanner.planErase(f4, List.of(AddressRange.ofSize(0x0800_0000L, 1)), FlashOptions.DEFAULT)
                        .warnings())
                .isEmpty();
        assertThat(FlashPlanner.planErase(daisy, List.of(AddressRange.ofSize(0x9000_0000L, 1)), FlashOptions.DEFAULT)
                        .warnings())
                .containsExactly("Erasing also clears 0x90001000..0x9000FFFF in Flash.");
        assertThat(FlashPlanner.plan(
                                daisy,
                                image().add(Segment.of(0x9000_0000L, CODE)).build(),
                                FlashOptions.DEFAULT)
                        .warnings())
                .contains("Erasing also clears 0x900003E8..0x9000FFFF in Flash, which the image does not fill.");
        FlashOptions all = FlashOptions.DEFAULT.withMassErase(true);
        assertThat(FlashPlanner.planErase(f4, List.of(AddressRange.ofSize(0x0800_0000L, 1)), all)
                        .warnings())
                .containsExactly("All of Internal Flash is erased.");
        assertThat(FlashPlanner.plan(
                                f4, image().add(Segment.of(0x0800_0000L, CODE)).build(), all)
                        .warnings())
                .contains("All of Internal Flash is erased, not only what the image needs.");
    }

    @Test
    void an_erase_outside_every_region_is_named_with_the_regions_that_there_are() throws Exception {
        DfuInterface device = device("@Flash /0x08000000/2*4Kg", 1024, oddity());
        assertThatThrownBy(() -> FlashPlanner.planErase(
                        device, List.of(AddressRange.ofSize(0x0800_1ff8L, 16)), FlashOptions.DEFAULT))
                .hasMessageContaining(
                        "The 8 bytes at 0x08002000..0x08002007 lie outside every region of this bootloader"
                                + " (Flash 0x08000000..0x08001FFF).");
    }

    @Test
    void a_sector_that_the_host_cannot_erase_is_refused_an_erase() throws Exception {
        DfuInterface device = device("@Flash /0x08000000/1*4Ke,1*4Kg,1*4Ka", 1024, oddity());
        assertThatThrownBy(() -> FlashPlanner.planErase(
                        device, List.of(AddressRange.ofSize(0x0800_0000L, 1)), FlashOptions.DEFAULT))
                .hasMessageContaining("cannot be erased by the host");
        assertThatThrownBy(() -> FlashPlanner.planErase(
                        device, List.of(AddressRange.ofSize(0x0800_2000L, 1)), FlashOptions.DEFAULT))
                .hasMessageContaining("cannot be written by the host (type 'a')");
        assertThat(FlashPlanner.planErase(device, List.of(AddressRange.ofSize(0x0800_1000L, 1)), FlashOptions.DEFAULT)
                        .targets()
                        .get(0)
                        .erased())
                .containsExactly(AddressRange.ofSize(0x0800_1000L, 0x1000));
    }

    @Test
    void what_is_written_is_the_image_and_what_fills_its_last_flash_words() throws Exception {
        DfuInterface device = device("@Flash /0x08000000/4*1Kg", 256, oddity().says(Trait.WRITE_ALIGNMENT, 8));
        FirmwareImage image = image().add(Segment.of(0x0800_0001L, new byte[2]))
                .add(Segment.of(0x0800_0404L, new byte[8]))
                .build();
        FlashPlan plan = FlashPlanner.plan(device, image, FlashOptions.DEFAULT.withKeepNeighbours(false));
        assertThat(plan.targets().get(0).written())
                .containsExactly(AddressRange.ofSize(0x0800_0000L, 8), AddressRange.ofSize(0x0800_0400L, 16));
        assertThat(plan.bytesToWrite()).isEqualTo(24);
    }

    @Test
    void after_option_bytes_nothing_is_left_to_leave() throws Exception {
        FlashOptions options = FlashOptions.DEFAULT.withOptionBytes(true).withLeave(true);
        DfuInterface device = device("@Option Bytes /0x1FFFC000/1*16 e", 16, oddity());
        assertThat(FlashPlanner.plan(device, Boards.image(0x1fff_c000L, new byte[16]), options)
                        .leaveAddress())
                .isEmpty();
        DfuInterface flash = device("@Flash /0x08000000/2*4Kg", 1024, oddity());
        assertThat(FlashPlanner.plan(flash, Boards.image(0x0800_1000L, new byte[16]), options)
                        .leaveAddress())
                .hasValue(0x0800_1000L);
    }

    @Test
    void an_address_of_more_than_32_bits_starts_no_program() throws Exception {
        DfuInterface device = device("@Flash /0x08000000/2*4Kg", 1024, oddity());
        FirmwareImage image = Boards.image(0x0800_0000L, new byte[16]);
        assertThat(FlashPlanner.plan(device, image, FlashOptions.DEFAULT.withLeaveAddress(0xffff_ffffL))
                        .leaveAddress())
                .hasValue(0xffff_ffffL);
        assertThatThrownBy(
                        () -> FlashPlanner.plan(device, image, FlashOptions.DEFAULT.withLeaveAddress(0x1_0000_0000L)))
                .isInstanceOf(FlashPlanException.class)
                .hasMessage("No program can be started at 0x100000000: DfuSe addresses have 32 bits.");
    }

    @Test
    void obstacles_are_told_in_address_order() throws Exception {
        DfuInterface device = device("@Flash /0x08000000/1*4Ke,1*4Kg", 1024, oddity());
        FlashPlanException e = catchThrowableOfType(
                FlashPlanException.class,
                () -> FlashPlanner.planErase(
                        device, List.of(AddressRange.ofSize(0x07ff_ffffL, 2)), FlashOptions.DEFAULT));
        assertThat(e.problems()).extracting(Problem::reason).containsExactly(Reason.OUTSIDE, Reason.UNSUPPORTED);
        assertThat(e.getMessage()).startsWith("The 1 bytes at 0x07FFFFFF");
    }

    /** The plan for a program in internal flash with data in external flash. */
    private static FlashPlan planOfTwo(String... layouts) throws Exception {
        UsbDevice two = FakeDfuSe.describe(0x1209, 1, 0, null, 1024, 0x011a, 2, List.of(layouts));
        FirmwareImage image = image().add(Segment.of(0x9001_0000L, new byte[1000]))
                .add(Segment.of(0x0800_0000L, Boards.program(0x0800_0000L, 1000, 1)))
                .build();
        return FlashPlanner.plan(
                DfuInterface.of(two, QuirkTable.EMPTY).get(0), image, FlashOptions.DEFAULT.withLeave(true));
    }

    @Test
    void a_program_in_one_memory_comes_after_its_data_in_another_and_is_what_is_started() throws Exception {
        String external = "@External Flash /0x90000000/64*64Kg";
        String internal = "@Internal Flash /0x08000000/16*128Kg";
        for (FlashPlan plan : List.of(planOfTwo(external, internal), planOfTwo(internal, external))) {
            assertThat(plan.targets())
                    .extracting(t -> t.target().layout().name())
                    .containsExactly("External Flash", "Internal Flash");
            assertThat(plan.leaveAddress()).hasValue(0x0800_0000L);
        }
    }
}
