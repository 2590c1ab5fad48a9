package io.github.dfu4j.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.simulator.VirtualBoard.Running;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** ST's ROM bootloaders by AN3156, and the oddities of families. */
class Stm32RomTest {

    private static final String IDLE = "00 00 00 00 02 00";
    private static final String DNLOAD_IDLE = "00 00 00 00 05 00";
    private static final long FLASH = 0x0800_0000L;

    private static Host ready(VirtualBoard board) {
        Host host = new Host(board);
        if (host.status().equals("0a 00 00 00 0a 00")) {
            host.clearStatus();
        }
        assertThat(host.status()).isEqualTo(IDLE);
        return host;
    }

    private static void run(Host host, String command) {
        assertThat(host.command(command)).isEqualTo("ok");
        assertThat(host.finish()).isEqualTo(DNLOAD_IDLE);
    }

    static List<String> families() {
        return List.copyOf(Stm32Rom.families());
    }

    @ParameterizedTest
    @MethodSource("families")
    void every_family_erases_writes_and_reads_back(String family) {
        Stm32Rom board = new Stm32Rom(family);
        board.habit(Habit.L4_STATUS_STALL, false);
        board.memoryAt(FLASH).load(FLASH, new byte[64]);
        Host host = ready(board);
        byte[] data = new byte[256];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) i;
        }
        run(host, "41 00 00 00 08");
        run(host, "21 00 00 00 08");
        host.download(2, data);
        assertThat(host.finish()).isEqualTo(DNLOAD_IDLE);
        host.abort();
        assertThat(host.in("a1 02 0002 0000 8")).isEqualTo("00 01 02 03 04 05 06 07");
        assertThat(board.memoryAt(FLASH).read(FLASH, 256)).isEqualTo(data);
        assertThat(board.ledger().erased())
                .containsExactly(board.memoryAt(FLASH).sector(FLASH));
        assertThat(board.ledger().programmed()).containsExactly(AddressRange.ofSize(FLASH, 256));
        assertThat(board.ledger().overProgrammed()).isEmpty();
    }

    @Test
    void it_starts_in_error_with_firmware_corrupt() {
        Host host = new Host(new Stm32Rom("stm32f407"));
        assertThat(host.status()).isEqualTo("0a 00 00 00 0a 00");
        assertThat(host.clearStatus()).isEqualTo("ok");
        assertThat(host.status()).isEqualTo(IDLE);
        assertThat(host.in("a1 05 0000 0000 1")).isEqualTo("02");
    }

    @ParameterizedTest
    @CsvSource({
        "stm32f407, 2048, 2100, @Internal Flash  /0x08000000/04*016Kg+01*064Kg+07*128Kg",
        "stm32g474, 1024, 0200, @Internal Flash  /0x08000000/256*02Kg",
        "stm32h743, 1024, 0200, @Internal Flash   /0x08000000/16*128Kg",
        "at32f415, 2048, 0200, @Internal Flash  /0x08000000/ 128*1Kg"
    })
    void families_differ_in_transfer_size_release_and_layout(String family, int size, String release, String layout) {
        Host host = new Host(new Stm32Rom(family));
        var device = host.device().orElseThrow();
        assertThat(device.alternates().get(0).nameIndex()).isEqualTo(4);
        assertThat(device.string(4)).contains(layout.replace('+', ','));
        assertThat(device.releaseNumber()).isEqualTo(Integer.parseInt(release, 16));
        var alternates = device.alternates();
        var functional = alternates.get(alternates.size() - 1).extra().get(0);
        assertThat(functional.u16(5)).isEqualTo(size);
        assertThat(functional.u16(7)).isEqualTo(0x011a);
        assertThat(functional.u8(2)).isEqualTo(0x0b);
    }

    @Test
    void the_answer_to_the_first_status_of_an_erase_is_held_back_on_h7() {
        Stm32Rom board = new Stm32Rom("stm32h743");
        Host host = ready(board);
        host.command("41 00 00 00 08");
        long before = host.bus.time().now().toMillis();
        assertThat(host.status()).isEqualTo("00 01 00 00 04 00");
        assertThat(host.bus.time().now().toMillis() - before).isBetween(900L, 901L);
        assertThat(host.status()).isEqualTo(DNLOAD_IDLE);
    }

    @Test
    void the_second_status_of_an_erase_is_held_back_on_f4() {
        Host host = ready(new Stm32Rom("stm32f407"));
        host.command("41 00 00 02 08"); // 128 KB
        long before = host.bus.time().now().toMillis();
        assertThat(host.status()).isEqualTo("00 64 00 00 04 00");
        assertThat(host.bus.time().now().toMillis() - before).isZero();
        host.sleep(100);
        assertThat(host.in("a1 03 0000 0000 6", 500)).isEqualTo("TIMEOUT");
        assertThat(host.status()).isEqualTo(DNLOAD_IDLE);
        assertThat(host.bus.time().now().toMillis() - before).isBetween(1000L, 1002L);
    }

    @Test
    void nothing_is_executed_without_a_get_status() {
        Stm32Rom board = new Stm32Rom("stm32f407");
        Host host = ready(board);
        host.command("41 00 00 00 08");
        host.abort();
        host.sleep(5000);
        assertThat(board.ledger().changed()).isEmpty();
    }

    @Test
    void the_second_bank_of_h743_is_stuck_busy_until_clear_status_is_sent_twice() {
        Stm32Rom board = new Stm32Rom("stm32h743");
        Host host = ready(board);
        host.command("41 00 00 10 08");
        for (int i = 0; i < 20; i++) {
            assertThat(host.status()).isEqualTo("00 01 00 00 04 00");
            host.sleep(100);
        }
        host.clearStatus();
        assertThat(host.status()).isEqualTo("0e 00 00 00 0a 00");
        host.clearStatus();
        assertThat(host.status()).isEqualTo(IDLE);
        assertThat(board.ledger().erased()).containsExactly(AddressRange.ofSize(0x08100000L, 0x20000));
        board.habit(Habit.H7_STUCK_BUSY, false);
        run(host, "41 00 00 10 08");
    }

    @Test
    void h750_has_one_sector_whatever_its_layout_says() {
        Host host = ready(new Stm32Rom("stm32h750"));
        host.command("41 00 00 02 08");
        assertThat(host.finish()).isEqualTo("01 00 00 00 0a 00");
    }

    @Test
    void the_strict_c5_stalls_clear_status_and_never_sends_its_functional_descriptor_alone() {
        Host host = ready(new Stm32Rom("stm32c5"));
        assertThat(host.in("81 06 2100 0000 9", 500)).isEqualTo("TIMEOUT");
        assertThat(host.clearStatus()).isEqualTo("STALL");
    }

    @Test
    void mass_erase_of_f405_says_100_ms_and_takes_its_time() {
        Stm32Rom board = new Stm32Rom("stm32f405");
        Host host = ready(board);
        host.command("41");
        assertThat(host.status()).isEqualTo("00 64 00 00 04 00");
        host.sleep(100);
        assertThat(host.in("a1 03 0000 0000 6", 5000)).isEqualTo("TIMEOUT");
        assertThat(host.finish()).isEqualTo(DNLOAD_IDLE);
        assertThat(board.ledger().erased()).containsExactly(AddressRange.ofSize(FLASH, 1 << 20));
        board.habit(Habit.F405_MASS_ERASE_LIES, false);
        host.command("41");
        assertThat(host.status()).isEqualTo("00 66 21 00 04 00"); // 8.55 s, which is true
    }

    @Test
    void mass_erase_of_small_pages_takes_the_time_of_one() {
        Stm32Rom board = new Stm32Rom("stm32g474");
        Host host = ready(board);
        host.command("41");
        assertThat(host.status()).isEqualTo("00 16 00 00 04 00"); // 22 ms
        assertThat(host.finish()).isEqualTo(DNLOAD_IDLE);
        assertThat(board.ledger().erased()).containsExactly(AddressRange.ofSize(FLASH, 512 << 10));
    }

    @Test
    void l4_stalls_the_status_while_it_erases() {
        Host host = ready(new Stm32Rom("stm32l476"));
        host.command("41 00 00 00 08");
        assertThat(host.status()).isEqualTo("00 08 00 00 04 00");
        host.sleep(8);
        assertThat(host.status()).isEqualTo("STALL");
        host.sleep(8);
        assertThat(host.status()).isEqualTo("STALL");
        host.sleep(8);
        assertThat(host.status()).isEqualTo(DNLOAD_IDLE);
    }

    @ParameterizedTest
    @CsvSource({"stm32h743, 40, 32", "stm32l476, 13, 8"})
    void some_roms_lose_a_last_word_that_is_not_complete(String family, int sent, int stored) {
        Stm32Rom board = new Stm32Rom(family);
        Host host = ready(board);
        run(host, "21 00 00 00 08");
        host.download(2, new byte[sent]);
        assertThat(host.finish()).isEqualTo(DNLOAD_IDLE);
        assertThat(board.ledger().programmed()).containsExactly(AddressRange.ofSize(FLASH, stored));
    }

    @Test
    void a_bus_reset_does_not_hurry_a_rom_that_erases() {
        Stm32Rom board = new Stm32Rom("stm32f407");
        board.memoryAt(FLASH).load(FLASH, new byte[64]);
        Host host = ready(board);
        long before = host.bus.time().now().toMillis();
        host.command("41 00 00 00 08");
        host.status();
        assertThat(host.resetPort()).isTrue();
        assertThat(host.in("a1 02 0002 0000 4")).isEqualTo("ff ff ff ff");
        assertThat(host.bus.time().now().toMillis() - before).isGreaterThanOrEqualTo(250);
    }

    @Test
    void an_erase_that_was_cleared_away_does_not_end_the_next_one_early() {
        Stm32Rom board = new Stm32Rom("stm32l476");
        board.habit(Habit.L4_STATUS_STALL, false);
        Host host = ready(board);
        host.command("41 00 00 00 08");
        assertThat(host.status()).isEqualTo("00 08 00 00 04 00");
        host.clearStatus();
        host.clearStatus();
        host.command("41 00 08 00 08");
        assertThat(host.status()).isEqualTo("00 08 00 00 04 00");
        host.sleep(30); // the first is over after 22 ms, the second after 44
        assertThat(host.status()).isEqualTo("00 08 00 00 04 00");
        host.sleep(20);
        assertThat(host.status()).isEqualTo(DNLOAD_IDLE);
    }

    @ParameterizedTest
    @CsvSource({"21 00 00 00 70", "41 00 00 00 70", "41 00 00 10 08"})
    void a_wrong_address_is_an_error_of_target(String command) {
        Host host = ready(new Stm32Rom("stm32f407"));
        host.command(command);
        assertThat(host.status()).isEqualTo("00 64 00 00 04 00");
        assertThat(host.status()).isEqualTo("01 00 00 00 0a 00");
    }

    @ParameterizedTest
    @CsvSource({"0000, 77", "0001, 00 00"})
    void an_unsupported_command_or_block_1_is_stalled(String block, String bytes) {
        Host host = ready(new Stm32Rom("stm32f407"));
        assertThat(host.out("21 01 " + block + " 0000", bytes)).isEqualTo("ok");
        assertThat(host.status()).isEqualTo("STALL");
        assertThat(host.status()).isEqualTo("0f 00 00 00 0a 00");
    }

    @Test
    void a_transfer_longer_than_the_transfer_size_is_stalled() {
        Host host = ready(new Stm32Rom("stm32g474"));
        assertThat(host.download(2, new byte[2048])).isEqualTo("STALL");
        assertThat(host.status()).isEqualTo("0f 00 00 00 0a 00");
    }

    @Test
    void get_lists_the_commands_and_upload_needs_an_abort_first() {
        Host host = ready(new Stm32Rom("stm32f407"));
        assertThat(host.in("a1 02 0000 0000 4")).isEqualTo("00 21 41 92");
        run(host, "21 00 00 00 08");
        assertThat(host.in("a1 02 0002 0000 4")).isEqualTo("STALL");
        host.abort();
        assertThat(host.in("a1 02 0002 0000 4")).isEqualTo("ff ff ff ff");
    }

    @Test
    void reading_past_the_end_crashes_the_rom() {
        Stm32Rom board = new Stm32Rom("stm32f407");
        Host host = ready(board);
        run(host, "21 00 f8 0f 08");
        host.abort();
        assertThat(host.in("a1 02 0002 0000 2048")).hasSize(2048 * 3 - 1);
        assertThat(host.in("a1 02 0003 0000 2048", 1000)).isEqualTo("TIMEOUT");
        assertThat(host.in("a1 03 0000 0000 6", 1000)).isEqualTo("TIMEOUT");
        assertThat(host.in("a1 05 0000 0000 1", 1000)).as("GETSTATE").isEqualTo("TIMEOUT");
        assertThat(host.clearStatus()).isEqualTo("TIMEOUT");
        assertThat(host.abort()).isEqualTo("TIMEOUT");
        assertThat(host.in("80 06 0100 0000 18", 1000)).as("its descriptor").isEqualTo("TIMEOUT");
        host.resetPort();
        assertThat(host.in("a1 03 0000 0000 6", 1000)).isEqualTo("TIMEOUT");
        board.pressBoot();
        board.tapReset();
        host.waitFor(board);
        host.reopen();
        assertThat(host.status()).isEqualTo("0a 00 00 00 0a 00");
    }

    @Test
    void read_protection_refuses_everything_but_get_and_set_address_and_is_lifted_with_all_data() {
        Stm32Rom board = new Stm32Rom("stm32f407");
        board.memoryAt(FLASH).load(FLASH, new byte[] {1, 2, 3});
        board.readProtect(true);
        Host host = ready(board);
        run(host, "21 00 00 00 08");
        host.command("41 00 00 00 08");
        assertThat(host.finish()).isEqualTo("0b 00 00 00 0a 00");
        host.clearStatus();
        assertThat(host.in("a1 02 0002 0000 4")).isEqualTo("STALL");
        assertThat(host.status()).isEqualTo("0b 00 00 00 0a 00");
        host.clearStatus();
        board.pressBoot();
        host.command("92");
        assertThat(host.status()).isEqualTo("00 64 00 00 04 00");
        host.sleep(20_000);
        assertThat(host.status()).isEqualTo("GONE");
        host.reopen();
        host.clearStatus();
        run(host, "41 00 00 00 08");
        assertThat(board.memoryAt(FLASH).isBlank(AddressRange.ofSize(FLASH, 3))).isTrue();
    }

    @Test
    void a_write_protected_sector_is_not_changed_and_no_error_is_told() {
        Stm32Rom board = new Stm32Rom("stm32f407");
        FlashMemory flash = board.memoryAt(FLASH);
        flash.load(FLASH, new byte[] {7});
        flash.writeProtect(flash.sector(FLASH));
        Host host = ready(board);
        run(host, "41 00 00 00 08");
        run(host, "21 f8 3f 00 08");
        host.download(2, new byte[16]);
        assertThat(host.finish()).isEqualTo(DNLOAD_IDLE);
        assertThat(flash.read(FLASH, 1)).containsExactly(7);
        assertThat(flash.read(FLASH + 0x3ff7, 10)).containsExactly(-1, -1, -1, -1, -1, -1, -1, -1, -1, 0);
        assertThat(board.ledger().changed()).containsExactly(AddressRange.ofSize(FLASH + 0x4000, 8));
    }

    @Test
    void option_bytes_written_whole_reset_the_device() {
        Stm32Rom board = new Stm32Rom("stm32f407");
        board.pressBoot();
        Host host = ready(board);
        run(host, "21 00 c0 ff 1f");
        host.download(2, new byte[16]);
        assertThat(host.status()).isEqualTo("00 68 00 00 04 00");
        host.sleep(100);
        assertThat(host.status()).isEqualTo("GONE");
        assertThat(board.memories().get("option bytes").read(0x1fffc000L, 2)).containsExactly(0, 0);
    }

    @Test
    void leave_starts_the_application_at_the_pointer() {
        Stm32Rom board = new Stm32Rom("stm32f407").applicationUsb(0x1209, 1, "my application");
        board.memoryAt(FLASH).load(FLASH, new byte[] {0, 0, 2, 0x20, 9, 0, 0, 8});
        Host host = ready(board);
        run(host, "21 00 00 00 08");
        assertThat(host.download(0, new byte[0])).isEqualTo("ok");
        assertThat(host.status()).isEqualTo("00 01 00 00 07 00");
        host.sleep(1000);
        assertThat(board.running()).isEqualTo(Running.APPLICATION);
        assertThat(host.device().orElseThrow().product()).contains("my application");
        assertThat(host.device().orElseThrow().alternates().get(0).isDfu()).isFalse();
    }

    @Test
    void some_roms_leave_before_they_answer_and_some_without_being_asked() {
        Stm32Rom drops = new Stm32Rom("stm32f405");
        Host host = ready(drops);
        host.download(0, new byte[0]);
        assertThat(host.status()).isEqualTo("GONE");
        Stm32Rom early = new Stm32Rom("gd32vf103");
        Host host2 = ready(early);
        host2.download(0, new byte[0]);
        host2.sleep(1);
        assertThat(host2.status()).isEqualTo("GONE");
    }

    @ParameterizedTest
    @CsvSource({
        "20020000, NOTHING",
        "2001FFF8, NOTHING",
        "2001FFF0, APPLICATION",
        "24080000, NOTHING",
        "24060000, APPLICATION"
    })
    void the_stack_pointer_bug_of_rom_9_0_hangs_the_leave_near_the_end_of_a_ram(String stack, Running then) {
        Stm32Rom board = new Stm32Rom("stm32h743");
        board.habit(Habit.H7_LEAVE_NEEDS_LOW_STACK, true);
        byte[] vectors = ByteBuffer.allocate(8)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(Integer.parseUnsignedInt(stack, 16))
                .putInt(0x08000009)
                .array();
        board.memoryAt(FLASH).load(FLASH, vectors);
        Host host = ready(board);
        host.download(0, new byte[0]);
        host.status();
        host.sleep(1000);
        assertThat(board.running()).isEqualTo(then);
    }

    @Test
    void gd32_sends_its_serial_number_as_bytes_and_f427_a_string_cut_short() {
        Host gd32 = new Host(new Stm32Rom("gd32vf103"));
        byte[] serial = gd32.device().orElseThrow().rawString(3).orElseThrow().toBytes();
        assertThat(new String(serial, 2, 4, StandardCharsets.US_ASCII)).isEqualTo("3CBJ");
        Host f427 = new Host(new Stm32Rom("stm32f427"));
        byte[] layout = f427.device().orElseThrow().rawString(4).orElseThrow().toBytes();
        assertThat(layout).hasSize(112);
        assertThat(layout[0] & 0xff).isEqualTo(166);
    }

    @Test
    void a_family_that_does_not_exist_is_named_with_those_that_do() {
        assertThatThrownBy(() -> new Stm32Rom("stm32f999"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("stm32f999")
                .hasMessageContaining("stm32f407");
    }

    @Test
    void a_host_at_the_floor_of_the_protocol_wastes_no_time() {
        Stm32Rom board = new Stm32Rom("stm32g474");
        Host host = ready(board);
        board.ledger().clear();
        run(host, "21 00 00 00 08");
        for (int block = 0; block < 8; block++) {
            host.download(block + 2, new byte[1024]);
            assertThat(host.finish()).isEqualTo(DNLOAD_IDLE);
        }
        Ledger.TimeUse use = board.ledger().timeUse();
        assertThat(use.host().toNanos()).isLessThan(1000);
        assertThat(use.elapsed()).isLessThanOrEqualTo(use.deviceBusy().plus(use.wire()));
        assertThat(use.operating().toMillis()).isEqualTo(8 * 128 * 85 / 1000);
        assertThat(board.ledger().transfers(1)).isEqualTo(9);
        assertThat(board.ledger().transfers(3)).isEqualTo(18);
    }
}
