package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.dfu4j.dfuse.FlashPlanException.Problem;
import io.github.dfu4j.dfuse.FlashPlanException.Reason;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.simulator.Stm32Rom;
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
}
