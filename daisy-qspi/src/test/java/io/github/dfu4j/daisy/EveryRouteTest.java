package io.github.dfu4j.daisy;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.simulator.DaisySeed;
import io.github.dfu4j.simulator.DaisySeed.Bootloader;
import io.github.dfu4j.simulator.VirtualBoard.Running;
import java.io.IOException;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Every kind of image from every state in which a board can be. */
class EveryRouteTest {

    private enum Start {
        ROM_AND_NOTHING_ELSE,
        ROM_WITH_THE_BOOTLOADER_IN_FLASH,
        BOOTLOADER_WITHOUT_A_PROGRAM,
        BOOTLOADER_IN_ITS_TWO_SECONDS,
        PROGRAM_FROM_QSPI_WITHOUT_USB,
        PROGRAM_FROM_QSPI_WITH_USB,
        PROGRAM_IN_INTERNAL_FLASH_WITHOUT_USB,
        PROGRAM_IN_INTERNAL_FLASH_WITH_USB,
        RUBBISH_IN_INTERNAL_FLASH
    }

    private enum Kind {
        BOTH,
        INTERNAL,
        SRAM_AND_DATA,
        QSPI,
        DATA
    }

    static Stream<Arguments> all() {
        return Arrays.stream(Start.values())
                .flatMap(s -> Arrays.stream(Kind.values()).map(k -> Arguments.of(s, k)));
    }

    private static Bench bench(Start start) {
        DaisySeed board = new DaisySeed();
        byte[] inQspi = Bench.program(0x2001_0000L, 0x9004_0200L, 4000);
        byte[] inInternal = Bench.program(0x2001_0000L, 0x0800_0200L, 4000);
        switch (start) {
            case ROM_AND_NOTHING_ELSE -> {}
            case ROM_WITH_THE_BOOTLOADER_IN_FLASH, BOOTLOADER_WITHOUT_A_PROGRAM ->
                board.withBootloader(Bootloader.V6_4);
            case BOOTLOADER_IN_ITS_TWO_SECONDS, PROGRAM_FROM_QSPI_WITHOUT_USB -> {
                board.withBootloader(Bootloader.V6_4);
                board.qspiFlash().load(DaisyMemory.APPLICATION, inQspi);
            }
            case PROGRAM_FROM_QSPI_WITH_USB -> {
                board.withBootloader(Bootloader.V6_4).applicationUsb(0x1209, 1, "Synth");
                board.qspiFlash().load(DaisyMemory.APPLICATION, inQspi);
            }
            case PROGRAM_IN_INTERNAL_FLASH_WITHOUT_USB -> board.withInternalFlash(inInternal);
            case PROGRAM_IN_INTERNAL_FLASH_WITH_USB ->
                board.withInternalFlash(inInternal).applicationUsb(0x1209, 1, "Synth");
            case RUBBISH_IN_INTERNAL_FLASH -> board.withInternalFlash(new byte[100]);
        }
        Bench bench = new Bench(board);
        if (start == Start.ROM_WITH_THE_BOOTLOADER_IN_FLASH) {
            bench.operator.enterRom();
        }
        return bench.after(start == Start.BOOTLOADER_IN_ITS_TWO_SECONDS ? 600 : 5000);
    }

    private static DaisyImage image(Kind kind) throws IOException {
        return switch (kind) {
            case BOTH ->
                DaisyImage.of(FirmwareImage.builder()
                        .add(Segment.of(0x0800_0000L, Bench.program(0x2001_0000L, 0x0800_0300L, 30_000)))
                        .add(Segment.of(0x9004_0000L, Bench.program(0, 0, 70_000)))
                        .build());
            case INTERNAL ->
                DaisyImage.of(FirmwareImage.builder()
                        .add(Segment.of(0x0800_0000L, Bench.program(0x2001_0000L, 0x0800_0300L, 30_000)))
                        .build());
            case SRAM_AND_DATA ->
                DaisyImage.of(FirmwareImage.builder()
                        .add(Segment.of(0x2400_0000L, Bench.program(0x2001_0000L, 0x2400_0300L, 30_000)))
                        .add(Segment.of(0x900c_0000L, Bench.program(0, 0, 70_000)))
                        .build());
            case QSPI ->
                DaisyImage.of(FirmwareImage.builder()
                        .add(Segment.of(0x9004_0000L, Bench.program(0x2001_0000L, 0x9004_0300L, 70_000)))
                        .build());
            case DATA ->
                DaisyImage.of(FirmwareImage.builder()
                        .add(Segment.of(0x900c_0000L, Bench.program(0, 0, 70_000)))
                        .build());
        };
    }

    @ParameterizedTest(name = "{1} from {0}")
    @MethodSource("all")
    void leads_to_the_image_in_the_flashes_and_to_the_program(Start start, Kind kind) throws Exception {
        Bench bench = bench(start);
        DaisyImage image = image(kind);
        DaisyRoute route = bench.route(image);
        RouteReport report = bench.runner().run(route);
        assertThat(Bench.holds(bench.board, image.internal())).isTrue();
        assertThat(Bench.holds(bench.board, image.qspi())).isTrue();
        if (kind == Kind.DATA) {
            assertThat(report.ending()).isEqualTo(RouteReport.Ending.STAYS);
        } else {
            assertThat(report.ending()).isEqualTo(RouteReport.Ending.LEFT);
            assertThat(bench.board.running()).isEqualTo(Running.APPLICATION);
        }
        assertThat(bench.asked).as("nothing had to be asked twice").allMatch(r -> r.attempt() == 1);
        assertThat(bench.asked.size()).isLessThanOrEqualTo(route.presses());
    }
}
