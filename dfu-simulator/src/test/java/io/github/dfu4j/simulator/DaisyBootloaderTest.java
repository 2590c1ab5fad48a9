package io.github.dfu4j.simulator;

import static io.github.dfu4j.simulator.VirtualBoard.Running.APPLICATION;
import static io.github.dfu4j.simulator.VirtualBoard.Running.BOOTLOADER;
import static io.github.dfu4j.simulator.VirtualBoard.Running.NOTHING;
import static io.github.dfu4j.simulator.VirtualBoard.Running.ROM;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.simulator.DaisySeed.Bootloader;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the released Daisy bootloader does on the wire, transfer by transfer. */
class DaisyBootloaderTest {

    private static final String IDLE = "00 00 00 00 02 00";
    private static final String DNLOAD_IDLE = "00 00 00 00 05 00";
    private static final long APP = DaisySeed.QSPI_APPLICATION;

    private final DaisySeed board = new DaisySeed().withBootloader(Bootloader.V6_4);
    private final Host host = new Host(board);

    private static byte[] application(long entry) {
        return ByteBuffer.allocate(4096)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(0x20020000)
                .putInt((int) entry)
                .array();
    }

    private void setAddress(String littleEndian) {
        assertThat(host.command("21 " + littleEndian)).isEqualTo("ok");
        assertThat(host.status()).isEqualTo("00 03 00 00 04 00");
        assertThat(host.status()).isEqualTo(DNLOAD_IDLE);
    }

    @Test
    void descriptors_are_those_of_the_released_binary() {
        assertThat(host.in("80 06 0100 0000 18")).isEqualTo("12 01 00 02 00 00 00 40 83 04 11 df 00 02 01 02 03 01");
        assertThat(host.in("80 06 0200 0000 27"))
                .isEqualTo("09 02 1b 00 01 01 02 c0 32 09 04 00 00 00 fe 01 02 06 09 21 0b ff 00 00 10 1a 01");
        assertThat(host.in("81 06 2100 0000 9")).isEqualTo("09 21 0b ff 00 00 10 1a 01");
        assertThat(host.in("80 06 0600 0000 10")).isEqualTo("STALL");
        assertThat(host.in("80 06 0f00 0000 5")).isEqualTo("STALL");
        assertThat(host.in("81 0a 0000 0000 1")).isEqualTo("00");
        assertThat(host.in("80 00 0000 0000 2")).isEqualTo("01 00");
        assertThat(host.out("01 0b 0000 0000", "")).isEqualTo("ok");
        assertThat(host.out("01 0b 0001 0000", "")).isEqualTo("STALL");
        assertThat(host.in("a1 03 0000 0005 6")).isEqualTo("STALL");
        assertThat(host.in("a1 07 0000 0000 6")).isEqualTo("STALL");
    }

    @Test
    void strings_are_those_of_the_released_binary_and_an_index_that_it_has_not_is_never_answered() {
        assertThat(host.device().orElseThrow().manufacturer()).contains("Electrosmith");
        assertThat(host.device().orElseThrow().product()).contains("Daisy Bootloader");
        assertThat(host.device().orElseThrow().serialNumber()).contains("366B377A3039");
        assertThat(host.device().orElseThrow().string(6))
                .contains("@Flash /0x90000000/64*4Kg/0x90040000/60*64Kg/0x90400000/60*64Kg");
        assertThat(host.in("80 06 0307 0409 255", 500)).isEqualTo("TIMEOUT");
        assertThat(host.in("80 06 03ee 0000 255", 500)).isEqualTo("TIMEOUT");
        assertThat(host.status()).isEqualTo(IDLE);
    }

    @Test
    void an_erase_is_queued_and_the_next_operation_waits_for_it() {
        assertThat(host.command("41 00 00 04 90")).isEqualTo("ok");
        assertThat(host.status()).isEqualTo("00 c8 00 00 04 00");
        host.sleep(200);
        assertThat(host.status()).as("accepted, not erased").isEqualTo(DNLOAD_IDLE);
        assertThat(board.ledger().erased()).isEmpty();
        setAddress("00 00 04 90");
        assertThat(host.download(2, new byte[4096])).isEqualTo("ok");
        for (int i = 0; i < 100; i++) {
            assertThat(host.status()).isEqualTo("00 03 00 00 04 00");
            host.sleep(3);
        }
        assertThat(host.finish()).isEqualTo(DNLOAD_IDLE);
        assertThat(board.ledger().erased()).containsExactly(AddressRange.ofSize(APP, 0x10000));
        host.sleep(100);
        assertThat(board.ledger().programmed()).containsExactly(AddressRange.ofSize(APP, 4096));
        assertThat(board.ledger().overProgrammed()).isEmpty();
    }

    @Test
    void an_erase_without_get_status_does_nothing() {
        host.command("41 00 00 04 90");
        assertThat(host.abort()).isEqualTo("ok");
        assertThat(host.status()).isEqualTo(IDLE);
        host.sleep(10_000);
        assertThat(board.ledger().changed()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({
        "V6_4, 00 10 00 90, 0x90001000, 0x90011000",
        "V6_4, 00 f0 03 90, 0x9003f000, 0x9004f000",
        "V6_4, 00 10 04 90, 0x90041000, 0x90051000",
        "V6_4, 34 12 04 90, 0x90041000, 0x90052000",
        "V6_4, 00 10 7f 90, 0x907f1000, 0x90800000",
        "V6_3, 00 00 04 90, 0x90040000, 0x90050000",
        "V5_4, 00 00 04 90, 0x90040000, 0x90051000",
        "V4, 00 00 04 90, 0x90040000, 0x90051000",
        "HONEST, 00 00 04 90, 0x90040000, 0x90050000",
        "HONEST, 00 10 00 90, 0x90001000, 0x90002000"
    })
    void an_erase_clears_64_or_68_kib_forward_from_its_sector(
            Bootloader version, String address, String from, String to) {
        DaisySeed other = new DaisySeed().withBootloader(version);
        Host otherHost = new Host(other);
        otherHost.command("41 " + address);
        assertThat(otherHost.finish()).isEqualTo(DNLOAD_IDLE);
        otherHost.sleep(30_000);
        assertThat(other.ledger().erased()).containsExactly(new AddressRange(Long.decode(from), Long.decode(to)));
    }

    @Test
    void versions_before_6_4_do_not_answer_while_they_erase() {
        DaisySeed other = new DaisySeed().withBootloader(Bootloader.V6_3);
        Host otherHost = new Host(other);
        otherHost.command("41 00 00 04 90");
        assertThat(otherHost.status()).isEqualTo("00 96 00 00 04 00");
        otherHost.sleep(150);
        assertThat(otherHost.in("a1 03 0000 0000 6", 1000)).isEqualTo("TIMEOUT");
        assertThat(otherHost.status()).isEqualTo(DNLOAD_IDLE);
        assertThat(other.ledger().erased()).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource({"41 00 00 00 08, c8", "41 00 00 80 90, c8", "99 00 00 04 90, 03"})
    void a_bad_address_or_command_is_busy_for_ever_until_clear_status_is_sent_twice(String command, String poll) {
        host.command(command);
        for (int i = 0; i < 50; i++) {
            assertThat(host.status()).isEqualTo("00 " + poll + " 00 00 04 00");
            host.sleep(200);
        }
        assertThat(host.abort()).isEqualTo("ok");
        assertThat(host.status()).isEqualTo("00 " + poll + " 00 00 04 00");
        assertThat(host.clearStatus()).isEqualTo("ok");
        assertThat(host.status()).isEqualTo("0e 00 00 00 0a 00");
        assertThat(host.clearStatus()).isEqualTo("ok");
        assertThat(host.status()).isEqualTo(IDLE);
        assertThat(board.ledger().changed()).isEmpty();
    }

    @Test
    void a_bus_reset_gets_out_of_busy_and_puts_the_pointer_back() {
        host.command("41 00 00 00 08");
        host.status();
        assertThat(host.resetPort()).isTrue();
        assertThat(host.status()).isEqualTo(IDLE);
        host.download(2, new byte[] {0x55});
        assertThat(host.finish()).isEqualTo(DNLOAD_IDLE);
        host.sleep(1000);
        assertThat(board.qspiFlash().read(DaisySeed.QSPI_START, 1)).containsExactly(0x55);
    }

    @ParameterizedTest
    @CsvSource({"41", "92", "00"})
    void any_single_byte_is_accepted_and_does_nothing(String command) {
        board.qspiFlash().load(APP, new byte[] {1, 2, 3});
        host.command(command);
        assertThat(host.finish()).isEqualTo(DNLOAD_IDLE);
        host.sleep(10_000);
        assertThat(board.ledger().changed()).isEmpty();
    }

    @Test
    void block_0_of_another_length_is_stalled_once_at_the_next_status() {
        host.command("41 00");
        assertThat(host.status()).isEqualTo("STALL");
        assertThat(host.status()).isEqualTo(DNLOAD_IDLE);
    }

    @Test
    void a_data_block_goes_to_the_pointer_plus_block_number_minus_two_times_4096() {
        setAddress("00 00 04 90");
        host.download(10, new byte[] {0x11});
        host.finish();
        host.download(1, new byte[] {0x22});
        assertThat(host.finish()).isEqualTo(DNLOAD_IDLE);
        host.sleep(1000);
        assertThat(board.ledger().programmed()).containsExactly(AddressRange.ofSize(APP + 0x8000, 1));
    }

    @Test
    void a_block_that_runs_off_the_end_is_written_up_to_the_end_and_said_to_be_ok() {
        setAddress("00 ff 7f 90");
        host.download(2, new byte[4096]);
        assertThat(host.finish()).isEqualTo(DNLOAD_IDLE);
        host.sleep(1000);
        assertThat(board.ledger().programmed()).containsExactly(new AddressRange(0x907fff00L, 0x90800000L));
    }

    @Test
    void programming_over_data_clears_bits_and_says_ok() {
        board.qspiFlash().load(APP, new byte[] {0x0f});
        setAddress("00 00 04 90");
        host.download(2, new byte[] {0x3c});
        assertThat(host.finish()).isEqualTo(DNLOAD_IDLE);
        host.sleep(1000);
        assertThat(board.qspiFlash().read(APP, 1)).containsExactly(0x0c);
        assertThat(board.ledger().overProgrammed()).containsExactly(AddressRange.ofSize(APP, 1));
    }

    @Test
    void upload_returns_instruction_ram_and_never_ends() {
        board.qspiFlash().load(APP, new byte[] {1, 2, 3, 4});
        for (int i = 0; i < 8; i++) {
            board.itcm()[i] = (byte) (0xa0 + i);
        }
        setAddress("00 00 04 90");
        assertThat(host.in("a1 02 0002 0000 4")).as("in dfuDNLOAD-IDLE").isEqualTo("STALL");
        assertThat(host.status()).isEqualTo(DNLOAD_IDLE);
        host.abort();
        assertThat(host.in("a1 02 0002 0000 4")).isEqualTo("a0 a1 a2 a3");
        assertThat(host.in("a1 02 0003 0000 4")).isEqualTo("a0 a1 a2 a3");
        assertThat(host.in("a1 02 0009 0000 5000")).hasSize(5000 * 3 - 1);
        assertThat(host.status()).isEqualTo("00 00 00 00 09 00");
        host.abort();
        setAddress("00 00 80 90");
        host.abort();
        assertThat(host.in("a1 02 0002 0000 4")).as("pointer out of range").isEqualTo("a1 a2 a3 a4");
        assertThat(host.in("a1 02 0001 0000 4")).isEqualTo("STALL");
        assertThat(host.status()).isEqualTo("00 00 00 00 0f 00");
        host.abort();
        assertThat(host.status()).isEqualTo("00 00 00 00 0f 00");
        host.clearStatus();
        host.clearStatus();
        assertThat(host.status()).isEqualTo(IDLE);
    }

    @Test
    void an_upload_that_waits_for_an_erase_returns_what_it_left() {
        board.habit(Habit.UPLOAD_ITCM, false);
        board.qspiFlash().load(APP, new byte[] {1, 2, 3});
        host.command("41 00 00 04 90");
        assertThat(host.finish()).isEqualTo(DNLOAD_IDLE);
        setAddress("00 00 04 90");
        assertThat(board.ledger().erased()).isEmpty();
        host.abort();
        assertThat(host.in("a1 02 0002 0000 3")).isEqualTo("ff ff ff");
        assertThat(board.ledger().erased()).isNotEmpty();
        assertThat(board.ledger().entries(Ledger.Read.class)).hasSize(1);
    }

    @Test
    void an_upload_of_nothing_leaves_it_idle_whatever_the_block() {
        for (int block = 0; block < 3; block++) {
            assertThat(host.in("a1 02 000" + block + " 0000 0")).isEmpty();
            assertThat(host.status()).isEqualTo(IDLE);
        }
    }

    @Test
    void get_commands_answers_three_bytes() {
        assertThat(host.in("a1 02 0000 0000 64")).isEqualTo("00 21 41");
        assertThat(host.status()).isEqualTo(IDLE);
        assertThat(host.in("a1 02 0000 0000 3")).isEqualTo("00 21 41");
        assertThat(host.status()).isEqualTo("00 00 00 00 09 00");
    }

    @Test
    void detach_hangs_until_reset() {
        assertThat(host.out("21 00 03e8 0000", "")).isEqualTo("ok");
        host.sleep(60_000);
        assertThat(board.attached()).isFalse();
        assertThat(board.running()).isEqualTo(NOTHING);
        board.tapReset();
        host.sleep(400);
        assertThat(board.attached()).isTrue();
    }

    @Test
    void detach_hangs_even_if_there_is_an_application_to_start() {
        DaisySeed seed = new DaisySeed().withBootloader(Bootloader.V6_4);
        Host host2 = withApplication(seed);
        host2.out("21 00 03e8 0000", "");
        host2.sleep(60_000);
        assertThat(seed.running()).isEqualTo(NOTHING);
    }

    @Test
    void a_bootloader_that_dropped_off_the_bus_does_not_come_back_beside_the_application() {
        DaisySeed seed = new DaisySeed().withBootloader(Bootloader.V6_4);
        Host host2 = withApplication(seed);
        host2.sleep(1500);
        assertThat(seed.running()).isEqualTo(BOOTLOADER);
        seed.inject(new Fault.Disconnect(Duration.ofSeconds(1)), Fault.Trigger.at(0));
        assertThat(host2.status()).isEqualTo("GONE");
        host2.sleep(5000);
        assertThat(seed.running()).isEqualTo(APPLICATION);
        assertThat(seed.attached()).isFalse();
    }

    @Test
    void set_configuration_0_silences_the_class_requests() {
        host.out("00 09 0001 0000", "");
        assertThat(host.status()).isEqualTo(IDLE);
        host.out("00 09 0000 0000", "");
        assertThat(host.in("a1 03 0000 0000 6", 100)).isEqualTo("TIMEOUT");
        host.out("00 09 0001 0000", "");
        assertThat(host.status()).isEqualTo(IDLE);
    }

    @Test
    void leave_with_a_valid_application_starts_it() {
        host.command("41 00 00 04 90");
        host.finish();
        setAddress("00 00 04 90");
        host.download(2, application(APP + 9));
        host.finish();
        assertThat(host.download(0, new byte[0])).isEqualTo("ok");
        assertThat(host.status()).isEqualTo("00 01 00 00 07 00");
        assertThat(host.status()).isEqualTo("00 00 00 00 08 00");
        host.sleep(150);
        assertThat(host.status()).isEqualTo("00 00 00 00 08 00");
        host.sleep(400);
        assertThat(host.status()).isEqualTo("GONE");
        assertThat(board.running()).isEqualTo(APPLICATION);
        assertThat(board.qspiFlash().read(APP, 4096)).isEqualTo(application(APP + 9));
    }

    @Test
    void leave_without_a_valid_application_goes_and_comes_back() {
        host.sleep(1000);
        host.download(0, new byte[0]);
        assertThat(host.status()).isEqualTo("00 01 00 00 07 00");
        host.sleep(250);
        assertThat(board.attached()).isFalse();
        host.sleep(170);
        assertThat(board.attached()).isTrue();
        host.reopen();
        assertThat(host.status()).isEqualTo(IDLE);
    }

    @Test
    void leave_waits_for_a_get_status() {
        host.download(0, new byte[0]);
        host.sleep(1000);
        assertThat(board.attached()).isTrue();
        assertThat(host.status()).isEqualTo("00 01 00 00 07 00");
    }

    // ---- the grace period

    private Host withApplication(DaisySeed seed) {
        seed.qspiFlash().load(APP, application(APP + 9));
        return new Host(seed);
    }

    @Test
    void a_valid_application_is_started_two_seconds_after_the_start_whatever_the_host_asks() {
        DaisySeed seed = new DaisySeed().withBootloader(Bootloader.V6_4);
        Host busy = withApplication(seed);
        busy.command("21 00 00 10 90");
        busy.finish();
        busy.download(2, new byte[16]);
        busy.finish();
        busy.sleep(2000 - seed.time().now().toMillis());
        assertThat(seed.running()).isEqualTo(BOOTLOADER);
        busy.sleep(600);
        assertThat(seed.running()).isEqualTo(APPLICATION);
        assertThat(busy.device()).isEmpty();
    }

    @Test
    void only_an_accepted_erase_stops_the_clock() {
        DaisySeed seed = new DaisySeed().withBootloader(Bootloader.V6_4);
        Host host2 = withApplication(seed);
        host2.command("41 00 00 10 90");
        host2.status();
        host2.sleep(60_000);
        assertThat(seed.running()).isEqualTo(BOOTLOADER);
        DaisySeed other = new DaisySeed().withBootloader(Bootloader.V6_4);
        Host host3 = withApplication(other);
        host3.command("41 00 00 00 08");
        host3.status();
        host3.sleep(3000);
        assertThat(other.running()).isEqualTo(APPLICATION);
    }

    @Test
    void a_tap_of_boot_keeps_it_in_the_bootloader_for_ever() {
        DaisySeed seed = new DaisySeed().withBootloader(Bootloader.V6_4);
        Host host2 = withApplication(seed);
        host2.sleep(600);
        seed.tapBoot();
        host2.sleep(3_600_000);
        assertThat(seed.running()).isEqualTo(BOOTLOADER);
    }

    @Test
    void the_10_ms_variant_hardly_waits() {
        DaisySeed seed = new DaisySeed().withBootloader(Bootloader.V6_4_10MS);
        Host host2 = withApplication(seed);
        host2.sleep(500);
        assertThat(seed.running()).isEqualTo(APPLICATION);
    }

    @ParameterizedTest
    @CsvSource({"V6_4, BOOTLOADER", "V6_2, BOOTLOADER", "V6_1, APPLICATION", "V5_4, APPLICATION"})
    void an_application_can_ask_for_the_bootloader_to_stay_since_v6_2(Bootloader version, VirtualBoard.Running then) {
        DaisySeed seed = new DaisySeed().withBootloader(version);
        Host host2 = withApplication(seed);
        host2.sleep(3000);
        assertThat(seed.resetToBootloader(DaisySeed.Entry.DAISY_INFINITE_TIMEOUT))
                .isTrue();
        host2.sleep(600_000);
        assertThat(seed.running()).isEqualTo(then);
    }

    @Test
    void an_application_downloaded_without_an_erase_is_started_at_the_next_retry() {
        setAddress("00 00 04 90");
        host.download(2, application(0x24000009L));
        host.finish();
        host.sleep(9000);
        assertThat(board.running()).isEqualTo(APPLICATION);
    }

    // ---- which of ROM, bootloader and application runs

    @Test
    void boot_held_at_reset_starts_the_rom_and_reset_alone_the_bootloader() {
        board.pressBoot();
        board.tapReset();
        board.releaseBoot();
        host.sleep(1000);
        assertThat(board.running()).isEqualTo(ROM);
        assertThat(host.device().orElseThrow().string(4)).contains("@Internal Flash   /0x08000000/16*128Kg");
        assertThat(host.device().orElseThrow().serialNumber()).contains("200364500000");
        board.tapReset();
        host.sleep(1000);
        assertThat(board.running()).isEqualTo(BOOTLOADER);
    }

    @Test
    void an_operator_gets_the_board_into_either_bootloader() {
        new Operator(board).enterRom();
        host.sleep(3000);
        assertThat(board.running()).isEqualTo(ROM);
        board.qspiFlash().load(APP, application(APP + 9));
        new Operator(board).enterBootloader();
        host.sleep(60_000);
        assertThat(board.running()).isEqualTo(BOOTLOADER);
    }

    @Test
    void a_damaged_stand_in_crashes() {
        byte[] image = Bootloader.V6_4.standIn();
        image[100_000] ^= 1;
        DaisySeed seed = new DaisySeed().withInternalFlash(image);
        VirtualBus bus = new VirtualBus();
        bus.plug(seed);
        assertThat(seed.running()).isEqualTo(NOTHING);
    }

    @ParameterizedTest
    @CsvSource({"V4, 96780", "V6_0, 126556", "V6_4, 130188"})
    void stand_ins_have_the_size_of_the_released_binaries_and_are_recognised(Bootloader version, int size) {
        assertThat(version.standIn()).hasSize(size);
        DaisySeed seed = new DaisySeed().withBootloader(version);
        Host host2 = new Host(seed);
        assertThat(host2.device().orElseThrow().product())
                .contains(version == Bootloader.V4 ? "STM32 DownLoad Firmware Update" : "Daisy Bootloader");
    }

    @Test
    void a_released_binary_would_be_recognised_by_its_strings() {
        byte[] image = Arrays.copyOf(application(0x08000401L), 127_700);
        System.arraycopy(
                "Daisy Bootloader\0@Flash /0x90000000/64*4Kg".getBytes(StandardCharsets.US_ASCII), 0, image, 5000, 42);
        image[127_699] = 1;
        DaisySeed seed = new DaisySeed().withInternalFlash(image);
        Host host2 = new Host(seed);
        assertThat(seed.running()).isEqualTo(BOOTLOADER);
        host2.command("41 00 00 04 90");
        assertThat(host2.status()).as("v6.3 says 150 ms").isEqualTo("00 96 00 00 04 00");
    }

    @Test
    void v5_has_a_product_id_of_its_own() {
        assertThat(new Host(new DaisySeed().withBootloader(Bootloader.V5))
                        .device()
                        .orElseThrow()
                        .ids())
                .isEqualTo("0483:a360");
    }

    @Test
    void a_write_protected_chip_takes_its_time_and_changes_nothing() {
        board.habit(Habit.QSPI_WRITE_PROTECTED, true);
        host.command("41 00 00 04 90");
        host.finish();
        host.command("41 00 00 05 90");
        long before = host.bus.time().now().toMillis();
        assertThat(host.finish()).isEqualTo(DNLOAD_IDLE);
        assertThat(host.bus.time().now().toMillis() - before)
                .as("it waits for the first")
                .isBetween(4000L, 5500L);
        host.sleep(20_000);
        assertThat(board.ledger().changed()).isEmpty();
    }

    @Test
    void a_tail_is_torn_when_the_board_is_reset_right_after_idle() {
        host.sleep(1000);
        host.command("41 00 00 04 90");
        host.finish();
        host.sleep(300);
        board.tapReset();
        assertThat(board.ledger().entries(Ledger.Torn.class)).hasSize(1);
        assertThat(board.ledger().changedOutside(List.of(AddressRange.ofSize(APP, 0x10000))))
                .isEmpty();
    }
}
