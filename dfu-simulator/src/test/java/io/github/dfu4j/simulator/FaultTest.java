package io.github.dfu4j.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.simulator.Fault.Trigger;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class FaultTest {

    private static final String IDLE = "00 00 00 00 02 00";
    private static final long FLASH = 0x0800_0000L;

    private final Stm32Rom board = new Stm32Rom("stm32f407");
    private final Host host = new Host(board);

    private void idle() {
        host.clearStatus();
        assertThat(host.status()).isEqualTo(IDLE);
    }

    @Test
    void a_stall_happens_once_at_the_transfer_it_is_for() {
        idle();
        board.inject(new Fault.Stall(), Trigger.at(2));
        assertThat(host.status()).isEqualTo(IDLE);
        assertThat(host.status()).isEqualTo(IDLE);
        assertThat(host.status()).isEqualTo("STALL");
        assertThat(host.status()).isEqualTo(IDLE);
    }

    @Test
    void silence_lasts_the_timeout_and_may_hide_that_the_device_has_acted() {
        idle();
        board.inject(new Fault.Silence(false), Trigger.when(s -> s.request() == 1));
        long before = host.bus.time().now().toMillis();
        assertThat(host.command("21 00 00 00 08")).isEqualTo("TIMEOUT");
        assertThat(host.bus.time().now().toMillis() - before).isEqualTo(Host.TIMEOUT);
        assertThat(host.status()).isEqualTo(IDLE);
        board.inject(new Fault.Silence(true), Trigger.when(s -> s.request() == 1));
        assertThat(host.command("21 00 00 00 08")).isEqualTo("TIMEOUT");
        assertThat(host.status()).isEqualTo("00 64 00 00 04 00");
    }

    @Test
    void a_disconnect_is_gone_and_back_with_another_key() {
        idle();
        String key = host.device().orElseThrow().key();
        board.inject(new Fault.Disconnect(Duration.ofMillis(300)), Trigger.at(0));
        assertThat(host.status()).isEqualTo("GONE");
        assertThat(host.device()).isEmpty();
        host.sleep(300);
        assertThat(host.device().orElseThrow().key()).isNotEqualTo(key);
        assertThat(host.status()).as("the old connection").isEqualTo("GONE");
        host.reopen();
        idle();
    }

    @Test
    void a_short_reply_waits_for_a_transfer_with_data() {
        idle();
        board.inject(new Fault.ShortReply(3), Trigger.at(0));
        host.abort();
        assertThat(host.status()).isEqualTo("00 00 00");
        assertThat(host.status()).isEqualTo(IDLE);
        board.inject(new Fault.ShortReply(2), Trigger.at(0));
        assertThat(host.command("21 00 00 00 08")).isEqualTo("2 bytes");
        assertThat(host.status()).isEqualTo(IDLE);
    }

    @Test
    void stuck_busy_lasts_so_many_polls() {
        idle();
        board.inject(new Fault.StuckBusy(3, 7), Trigger.at(0));
        host.abort();
        for (int i = 0; i < 3; i++) {
            assertThat(host.status()).isEqualTo("00 07 00 00 04 00");
        }
        assertThat(host.status()).isEqualTo(IDLE);
    }

    @Test
    void a_wrong_state_stays() {
        idle();
        board.inject(new Fault.WrongState(9, 0), Trigger.at(0));
        assertThat(host.status()).isEqualTo("00 00 00 00 09 00");
        host.abort();
        assertThat(host.status()).isEqualTo(IDLE);
    }

    @Test
    void a_power_cut_in_mid_erase_leaves_a_torn_sector_that_can_be_erased_again() {
        byte[] data = new byte[16 * 1024];
        board.memoryAt(FLASH).load(FLASH, data);
        idle();
        host.command("41 00 00 00 08");
        board.pressBoot();
        board.inject(new Fault.PowerCut(Duration.ofSeconds(1)), Trigger.at(0));
        assertThat(host.status()).isEqualTo("GONE");
        AddressRange sector = board.memoryAt(FLASH).sector(FLASH);
        assertThat(board.ledger().entries(Ledger.Torn.class))
                .extracting(Ledger.Torn::range)
                .containsExactly(sector);
        assertThat(board.memoryAt(FLASH).isBlank(sector)).isFalse();
        assertThat(board.memoryAt(FLASH).read(FLASH, data.length)).isNotEqualTo(data);
        host.sleep(2000);
        host.reopen();
        idle();
        host.command("41 00 00 00 08");
        assertThat(host.finish()).isEqualTo("00 00 00 00 05 00");
        assertThat(board.memoryAt(FLASH).isBlank(sector)).isTrue();
    }

    @Test
    void an_erase_that_is_cut_off_counts_for_as_long_as_it_ran() {
        idle();
        board.ledger().clear();
        host.command("41 00 00 02 08"); // 128 KB, a second
        assertThat(host.status()).isEqualTo("00 64 00 00 04 00");
        host.sleep(50);
        board.powerCut(Duration.ofSeconds(1));
        host.sleep(5000);
        Ledger.TimeUse use = board.ledger().timeUse();
        assertThat(use.operating().toMillis()).isEqualTo(50);
        assertThat(use.deviceBusy())
                .as("nor is a wait announced by a device without power")
                .isEqualTo(use.operating());
    }

    @Test
    void a_power_cut_in_mid_block_leaves_the_first_words_and_one_torn() {
        idle();
        board.inject(new Fault.PowerCut(Duration.ofSeconds(1)), Trigger.when(s -> s.request() == 3));
        host.download(2, new byte[2048]);
        assertThat(host.status()).isEqualTo("GONE");
        assertThat(board.ledger().programmed()).containsExactly(AddressRange.ofSize(FLASH, 1024));
        assertThat(board.ledger().changed()).containsExactly(AddressRange.ofSize(FLASH, 1028));
    }

    @Test
    void a_late_answer_comes_late_and_a_bus_error_has_no_kind() {
        idle();
        board.inject(new Fault.Late(Duration.ofSeconds(2)), Trigger.at(0));
        long before = host.bus.time().now().toMillis();
        assertThat(host.status()).isEqualTo(IDLE);
        assertThat(host.bus.time().now().toMillis() - before).isEqualTo(2000);
        board.inject(new Fault.Late(Duration.ofSeconds(2)), Trigger.at(0));
        assertThat(host.in("a1 03 0000 0000 6", 100)).isEqualTo("TIMEOUT");
        board.inject(new Fault.BusError(), Trigger.at(0));
        assertThat(host.status()).isEqualTo("UNKNOWN");
        assertThat(host.status()).isEqualTo(IDLE);
    }
}
