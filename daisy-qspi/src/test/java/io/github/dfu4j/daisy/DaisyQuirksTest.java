package io.github.dfu4j.daisy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.Quirk;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.dfuse.FlashOptions;
import io.github.dfu4j.dfuse.FlashPlanner;
import io.github.dfu4j.simulator.DaisySeed;
import io.github.dfu4j.simulator.DaisySeed.Bootloader;
import io.github.dfu4j.simulator.PlainDfu;
import io.github.dfu4j.simulator.Stm32Rom;
import io.github.dfu4j.simulator.VirtualBoard;
import io.github.dfu4j.simulator.VirtualBus;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class DaisyQuirksTest {

    private static DaisyBoard recognise(VirtualBoard board) throws Exception {
        VirtualBus bus = new VirtualBus();
        bus.plug(board);
        bus.time().sleep(Duration.ofSeconds(1));
        return DaisyBoard.of(bus.devices().get(0));
    }

    @ParameterizedTest
    @EnumSource(value = Bootloader.class)
    void every_daisy_bootloader_is_recognised_by_its_layout(Bootloader version) throws Exception {
        DaisyBoard board = recognise(new DaisySeed().withBootloader(version));
        assertThat(board.mode()).isEqualTo(DaisyMode.DAISY_BOOTLOADER);
        String family = switch (version) {
            case V4 -> "v4";
            case V5 -> "v5 ";
            default -> "v5.4 or later";
        };
        assertThat(board.versionFamily()).contains(family);
        DfuInterface dfu = board.dfu().orElseThrow();
        assertThat(dfu.quirks().has(Trait.NO_UPLOAD)).isTrue();
        assertThat(dfu.quirks().has(Trait.NO_MASS_ERASE)).isTrue();
        assertThat(dfu.quirks().has(Trait.NO_DETACH)).isTrue();
        assertThatThrownBy(() -> FlashPlanner.planReadUnprotect(dfu, FlashOptions.DEFAULT.withReadUnprotect(true)))
                .hasMessageContaining("does nothing");
        assertThat(dfu.quirks().value(Trait.ERASE_STOPS_AUTO_START, 0))
                .isEqualTo(version == Bootloader.V5 ? 2500 : 2000);
        assertThat(dfu.quirks().value(Trait.ERASE_REACH, 0)).isEqualTo(69_632);
    }

    @Test
    void the_rom_of_a_daisy_is_recognised_and_its_flash_is_smaller_than_it_says() throws Exception {
        DaisyBoard board = recognise(new DaisySeed());
        assertThat(board.mode()).isEqualTo(DaisyMode.ROM);
        assertThat(board.dfu().orElseThrow().quirks().value(Trait.FLASH_SIZE, 0))
                .isEqualTo(131_072);
        assertThat(board.dfu().orElseThrow().quirks().has(Trait.SERIAL_NOT_UNIQUE))
                .isTrue();
    }

    static Stream<VirtualBoard> others() {
        return Stream.concat(
                Stm32Rom.families().stream()
                        .filter(f -> !f.startsWith("stm32h7"))
                        .map(Stm32Rom::new),
                PlainDfu.kinds().stream().map(PlainDfu::new));
    }

    @ParameterizedTest
    @MethodSource("others")
    void other_devices_are_no_daisy_though_many_have_its_ids(VirtualBoard other) throws Exception {
        DaisyBoard board = recognise(other);
        assertThat(board.mode()).isEqualTo(DaisyMode.APPLICATION);
        DfuInterface.of(board.device().orElseThrow(), DaisyQuirks.table(ReadBack.UNKNOWN))
                .forEach(dfu -> assertThat(dfu.quirks().rows())
                        .noneMatch(row -> row.id().startsWith("daisy")));
    }

    @Test
    void every_row_says_how_it_is_recognised_why_and_who_says_so() {
        for (ReadBack readBack : ReadBack.values()) {
            for (Quirk row : DaisyQuirks.table(readBack).rows().stream()
                    .filter(r -> r.id().startsWith("daisy"))
                    .toList()) {
                assertThat(row.recognition()).as(row.id()).isNotEmpty();
                assertThat(row.reason()).as(row.id()).isNotEmpty();
                assertThat(row.source()).as(row.id()).isNotEmpty();
                assertThat(row.traits()).as(row.id()).isNotEmpty();
            }
        }
    }

    @Test
    void only_a_bootloader_that_has_proved_it_is_read_back() throws Exception {
        DaisyBoard board = recognise(new DaisySeed().withBootloader(Bootloader.HONEST));
        DfuInterface unproved = DaisyBoard.of(board.device().orElseThrow(), ReadBack.UNKNOWN)
                .dfu()
                .orElseThrow();
        DfuInterface proved = DaisyBoard.of(board.device().orElseThrow(), ReadBack.TRUTHFUL)
                .dfu()
                .orElseThrow();
        assertThat(unproved.functional().canUpload()).isFalse();
        assertThat(proved.functional().canUpload()).isTrue();
        assertThat(proved.quirks().has(Trait.READS_TRUTHFULLY)).isTrue();
    }
}
