package io.github.dfu4j.daisy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareReader;
import io.github.dfu4j.image.FirmwareSource;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.simulator.DaisySeed;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class DaisyImageTest {

    private static byte[] program(long stack, long reset, int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        bytes[size - 1] = 1;
        for (int i = 0; i < 4; i++) {
            bytes[i] = (byte) (stack >> 8 * i);
            bytes[4 + i] = (byte) (reset >> 8 * i);
        }
        return bytes;
    }

    private static DaisyImage at(long address, byte[] bytes) throws DaisyImageException {
        return DaisyImage.of(FirmwareImage.builder()
                .origin("test.elf", "elf")
                .add(Segment.of(address, bytes))
                .build());
    }

    private static DaisyImage flat(byte[] bytes) throws IOException {
        return DaisyImage.of(FirmwareReader.standard().readFile(FirmwareSource.of("test.bin", bytes)));
    }

    private static List<AddressRange> ranges(FirmwareImage image) {
        return image.segments().stream().map(Segment::range).toList();
    }

    @Test
    void the_case_is_code_for_internal_flash_and_data_for_qspi_flash() throws Exception {
        DaisyImage image = Bench.birds("birds-internal.elf");
        assertThat(image.type()).isEqualTo(ApplicationType.BOOT_NONE);
        assertThat(ranges(image.internal())).containsExactly(AddressRange.ofSize(0x0800_0000L, 104_152));
        assertThat(ranges(image.qspi())).containsExactly(AddressRange.ofSize(0x9004_0000L, 291_636));
        assertThat(image.advice()).anyMatch(a -> a.contains("BOOT_SRAM") && a.contains("0x900C0000"));
    }

    @Test
    void nobody_is_advised_to_move_data_to_where_they_do_not_fit() throws Exception {
        for (int size : new int[] {0x70_0000, 0x70_0001}) {
            DaisyImage image = DaisyImage.of(FirmwareImage.builder()
                    .add(Segment.of(0x0800_0000L, program(0x2002_0000L, 0x0800_0201L, 1000)))
                    .add(Segment.of(0x9004_0000L, new byte[size]))
                    .build());
            assertThat(image.advice()).hasSize(size == 0x70_0000 ? 1 : 0);
        }
    }

    @Test
    void a_program_linked_for_axi_sram_is_stored_where_the_bootloader_takes_it_from() throws Exception {
        DaisyImage image = Bench.birds("birds-sram.elf");
        assertThat(image.type()).isEqualTo(ApplicationType.BOOT_SRAM);
        assertThat(image.movedFromSram()).isTrue();
        assertThat(ranges(image.qspi()))
                .containsExactly(
                        AddressRange.ofSize(0x9004_0000L, 104_152), AddressRange.ofSize(0x900c_0000L, 291_636));
        FirmwareImage file = Bench.file("birds-sram.elf");
        for (long i = 0; i < 104_152; i += 977) {
            assertThat(image.qspi().segments().get(0).byteAt(0x9004_0000L + i))
                    .isEqualTo(file.segments().get(0).byteAt(0x2400_0000L + i));
        }
    }

    @Test
    void data_where_the_program_is_stored_are_refused_with_the_remedy() {
        assertThatThrownBy(() -> Bench.birds("birds-sram-clash.elf"))
                .isInstanceOf(DaisyImageException.class)
                .hasMessageContaining("both want the same flash")
                .hasMessageContaining("0x900C0000");
    }

    @Test
    void a_program_for_qspi_flash_is_one_run_there() throws Exception {
        DaisyImage image = Bench.birds("birds-qspi.elf");
        assertThat(image.type()).isEqualTo(ApplicationType.BOOT_QSPI);
        assertThat(image.startsFromQspi()).isTrue();
        assertThat(image.internal().isEmpty()).isTrue();
    }

    @Test
    void data_at_the_place_of_settings_are_warned_of() throws Exception {
        assertThat(Bench.birds("birds-stock.elf").warnings()).anyMatch(w -> w.contains("PersistentStorage"));
    }

    @Test
    void data_where_the_bootloader_keeps_the_program_are_warned_of() throws Exception {
        assertThat(at(0x9005_0000L, new byte[100]).warnings()).anyMatch(w -> w.contains("keeps the program"));
        assertThat(at(0x900c_0000L, new byte[100]).warnings()).isEmpty();
        assertThat(Bench.birds("birds-sram.elf").warnings()).noneMatch(w -> w.contains("keeps the program"));
        assertThat(Bench.birds("birds-qspi.elf").warnings()).noneMatch(w -> w.contains("keeps the program"));
    }

    @Test
    void data_where_programs_keep_presets_are_refused_with_that_reason() {
        assertThatThrownBy(() -> at(0x907f_f000L, new byte[10])).hasMessageContaining("presets");
    }

    @Test
    void a_flat_binary_says_by_its_reset_vector_where_it_goes() throws Exception {
        assertThat(ranges(flat(program(0x2002_0000L, 0x0800_0201L, 5000)).internal()))
                .containsExactly(AddressRange.ofSize(0x0800_0000L, 5000));
        assertThat(ranges(flat(program(0x2002_0000L, 0x2400_0201L, 5000)).qspi()))
                .containsExactly(AddressRange.ofSize(0x9004_0000L, 5000));
        assertThat(ranges(flat(program(0x2408_0000L, 0x9004_0201L, 5000)).qspi()))
                .containsExactly(AddressRange.ofSize(0x9004_0000L, 5000));
    }

    @Test
    void a_flat_binary_without_vector_table_asks_for_its_address() {
        assertThatThrownBy(() -> flat("no program at all".getBytes(java.nio.charset.StandardCharsets.US_ASCII)))
                .isInstanceOf(DaisyImageException.class)
                .hasMessageContaining("dfu daisy load --at");
        assertThatThrownBy(() -> flat(program(0x2003_0000L, 0x0800_4101L, 5000)))
                .as("of another chip, which has RAM there")
                .hasMessageContaining("0x20030000 and 0x08004101");
        assertThatThrownBy(() -> flat(new byte[] {1, 2, 3})).hasMessageContaining("vector table");
    }

    /** As objcopy makes it of libDaisy's flash.lds (code at 0x08000000) and sram.lds (code at 0x24000000) with data in QSPI flash. */
    private static FirmwareImage flatOf(long start, long reset, long data, byte[] samples) {
        byte[] code = program(0x2002_0000L, reset, 5000);
        return FirmwareImage.builder()
                .origin("flat.bin", "binary")
                .add(Segment.of(0, code))
                .add(Segment.filled(new AddressRange(5000, data - start), 0))
                .add(Segment.of(data - start, samples))
                .build();
    }

    @Test
    void the_flat_binary_of_gigabytes_is_cut_into_its_islands() throws Exception {
        byte[] samples = new byte[291_636];
        Arrays.fill(samples, (byte) 7);
        FirmwareImage flash = flatOf(0x0800_0000L, 0x0800_0201L, 0x9004_0000L, samples);
        assertThat(flash.span().orElseThrow().size()).isEqualTo(2_282_255_156L);
        DaisyImage image = DaisyImage.of(flash);
        assertThat(image.type()).isEqualTo(ApplicationType.BOOT_NONE);
        assertThat(ranges(image.qspi())).containsExactly(AddressRange.ofSize(0x9004_0000L, 291_636));
        // The code may have ended in zeros that look like the hole, so the rest of its sector is zero too.
        assertThat(image.internal().span()).contains(DaisyMemory.INTERNAL_FLASH.range());
        assertThat(image.warnings()).anyMatch(w -> w.contains("2282255156"));

        FirmwareImage sram = flatOf(0x2400_0000L, 0x2400_0201L, 0x900c_0000L, samples);
        DaisyImage stored = DaisyImage.of(sram);
        assertThat(stored.type()).isEqualTo(ApplicationType.BOOT_SRAM);
        assertThat(stored.qspi().copy(0x900c_0000L, new byte[291_636], 0, 291_636))
                .isEqualTo(291_636);
    }

    @Test
    void the_flat_binary_with_a_clash_is_refused_like_its_elf() {
        assertThatThrownBy(() -> DaisyImage.of(flatOf(0x2400_0000L, 0x2400_0201L, 0x9004_0000L, new byte[] {1, 2, 3})))
                .isInstanceOf(DaisyImageException.class)
                .hasMessageContaining("both want the same flash");
    }

    @Test
    void code_longer_than_internal_flash_is_refused_though_the_rom_shows_two_megabytes() {
        assertThatThrownBy(() -> at(0x0800_0000L, program(0x2002_0000L, 0x0800_0201L, 131_073)))
                .isInstanceOf(DaisyImageException.class)
                .hasMessageContaining("1 bytes behind the 128 KB")
                .hasMessageContaining("BOOT_SRAM");
    }

    @Test
    void what_the_daisy_bootloader_would_not_start_is_refused_before_a_byte_is_sent() {
        assertThatThrownBy(() -> at(0x2400_0000L, program(0x2002_0000L, 0x2400_0201L, 0x7_8001)))
                .hasMessageContaining("480 KB");
        assertThatThrownBy(() -> at(0x2400_0000L, program(0x3000_1000L, 0x2400_0201L, 5000)))
                .hasMessageContaining("no stack pointer into RAM");
        assertThatThrownBy(() -> at(0x2400_0000L, program(0x2002_0000L, 0x0800_0201L, 5000)))
                .hasMessageContaining("neither in AXI SRAM nor in QSPI flash");
        assertThatThrownBy(() -> at(0x2400_1000L, program(0x2002_0000L, 0x2400_1201L, 5000)))
                .hasMessageContaining("starts at 0x24001000");
    }

    @Test
    void what_the_daisy_bootloader_would_start_in_vain_is_warned_of() throws Exception {
        assertThat(at(0x2400_0000L, program(0x2002_0000L, 0x2400_0201L, 5000)).warnings())
                .isEmpty();
        assertThat(at(0x2400_0000L, program(0x2002_0000L, 0x2400_0200L, 5000)).warnings())
                .anyMatch(w -> w.contains("0x24000200") && w.contains("Thumb"));
        assertThat(at(0x2400_0000L, program(0x2002_0000L, 0x2400_2001L, 5000)).warnings())
                .anyMatch(w -> w.contains("0x24002001") && w.contains("none of its code"));
        assertThat(at(0x9004_0000L, program(0x2002_0000L, 0x9000_0201L, 5000)).warnings())
                .anyMatch(w -> w.contains("none of its code"));
        DaisyImage tooLong = at(0x9004_0000L, program(0x2002_0000L, 0x2400_0201L, 500 * 1024));
        assertThat(tooLong.type()).isEqualTo(ApplicationType.BOOT_SRAM);
        assertThat(tooLong.warnings()).anyMatch(w -> w.contains("first 480 KB") && w.contains("0x900B8000"));
        assertThat(at(0x9004_0000L, program(0x2002_0000L, 0x9004_0201L, 500 * 1024))
                        .warnings())
                .isEmpty();
    }

    @Test
    void an_image_can_be_shown_at_the_addresses_of_its_file() throws Exception {
        assertThat(ranges(Bench.birds("birds-sram.elf").asInFile()))
                .containsExactly(
                        AddressRange.ofSize(0x2400_0000L, 104_152), AddressRange.ofSize(0x900c_0000L, 291_636));
        assertThat(ranges(flat(program(0x2002_0000L, 0x0800_0201L, 5000)).asInFile()))
                .containsExactly(AddressRange.ofSize(0x0800_0000L, 5000));
    }

    @Test
    void what_its_user_should_know_of_a_daisy_bootloader_is_told_by_version_and_name() throws Exception {
        assertThat(Bench.bootloader().remarks()).isEmpty();
        assertThat(remarks(DaisySeed.Bootloader.V6_3)).isEmpty();
        assertThat(remarks(DaisySeed.Bootloader.HONEST)).isEmpty();
        assertThat(remarks(DaisySeed.Bootloader.V6_2))
                .singleElement()
                .asString()
                .contains("write protection");
        assertThat(remarks(DaisySeed.Bootloader.V5_4))
                .hasSize(2)
                .first()
                .asString()
                .contains("old");
        assertThat(remarks(DaisySeed.Bootloader.V6_4_10MS))
                .singleElement()
                .asString()
                .contains("10 ms");
        FirmwareImage renamed = FirmwareImage.builder()
                .origin("dsy_bootloader_v6_3-extdfu-10ms.bin", "binary")
                .add(Bench.bootloader().image())
                .build();
        assertThat(BootloaderImage.of(renamed).remarks())
                .hasSize(2)
                .anyMatch(r -> r.contains("D29"))
                .anyMatch(r -> r.contains("10 ms"));
    }

    private static List<String> remarks(DaisySeed.Bootloader version) {
        return BootloaderImage.recognise(version.standIn()).orElseThrow().remarks();
    }

    @Test
    void what_no_flash_holds_is_refused() {
        assertThatThrownBy(() -> at(0xc000_0000L, new byte[10])).hasMessageContaining("SDRAM");
        assertThatThrownBy(() -> at(0x7000_0000L, new byte[10])).hasMessageContaining("has no flash");
        assertThatThrownBy(() -> at(0x907f_f000L, new byte[10])).hasMessageContaining("0x907BFFFF");
        assertThatThrownBy(() -> at(0x907f_fff0L, new byte[100]))
                .hasMessageContaining("0x907BFFFF")
                .hasMessageNotContaining("forgets");
        assertThatThrownBy(() -> at(0x8fff_fff0L, new byte[100])).hasMessageContaining("has no flash");
    }

    @Test
    void a_daisy_bootloader_is_recognised_and_other_programs_are_not() throws Exception {
        BootloaderImage image = Bench.bootloader();
        assertThat(image.version()).isEqualTo("v6.4 (intdfu, 2000 ms)");
        assertThatThrownBy(() -> BootloaderImage.of(Bench.file("birds-internal.elf")))
                .isInstanceOf(DaisyImageException.class);
        assertThatThrownBy(() -> BootloaderImage.of(FirmwareImage.builder()
                        .origin("blink.bin", "binary")
                        .add(Segment.of(0, program(0x2002_0000L, 0x0800_0201L, 5000)))
                        .build()))
                .hasMessageContaining("no Daisy bootloader");
    }

    @Property
    void every_byte_of_an_image_goes_to_exactly_one_flash_or_the_image_is_refused(
            @ForAll @IntRange(min = 0, max = 0x3_0000) int internalStart,
            @ForAll @IntRange(min = 1, max = 0x1000) int internalSize,
            @ForAll @IntRange(min = 0, max = 0x80_1000) int qspiStart,
            @ForAll @IntRange(min = 1, max = 0x1_0000) int qspiSize) {
        FirmwareImage image = FirmwareImage.builder()
                .add(Segment.of(0x0800_0000L + internalStart, new byte[internalSize]))
                .add(Segment.of(0x9000_0000L + qspiStart, new byte[qspiSize]))
                .build();
        try {
            DaisyImage sorted = DaisyImage.of(image);
            assertThat(FirmwareImage.builder()
                            .add(sorted.internal())
                            .add(sorted.qspi())
                            .build())
                    .isEqualTo(image);
            assertThat(internalStart + internalSize).isLessThanOrEqualTo(0x2_0000);
            assertThat(qspiStart + qspiSize).isLessThanOrEqualTo(0x7c_0000);
        } catch (DaisyImageException e) {
            assertThat(internalStart + internalSize > 0x2_0000 || qspiStart + qspiSize > 0x7c_0000)
                    .as(e.getMessage())
                    .isTrue();
            assertThat(e.remedy()).isNotEmpty();
        }
    }
}
