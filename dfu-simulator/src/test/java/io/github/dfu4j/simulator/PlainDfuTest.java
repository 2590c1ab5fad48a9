package io.github.dfu4j.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.simulator.VirtualBoard.Running;
import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The state machine of DFU 1.1 appendix A.2, and devices that deviate from it. */
class PlainDfuTest {

    private static final Map<String, String> REQUESTS = Map.of(
            "DETACH", "21 00 03e8 0000",
            "DNLOAD", "21 01 0000 0000",
            "UPLOAD", "a1 02 0000 0000 16",
            "GETSTATUS", "a1 03 0000 0000 6",
            "CLRSTATUS", "21 04 0000 0000",
            "GETSTATE", "a1 05 0000 0000 1",
            "ABORT", "21 06 0000 0000");

    private static Host dfuMode(String kind) {
        return new Host(new PlainDfu(kind).inDfuMode());
    }

    private static int state(Host host) {
        VirtualBoard board = host.bus.boards().values().iterator().next();
        return board.inside(() -> board.gadget() == null ? -1 : board.gadget().state);
    }

    /** Brings a fresh device into a state by the requests of DFU 1.1 alone. */
    private static Host in(int wanted) {
        String kind = wanted == 8 ? "dfu11-intolerant" : "dfu11";
        Host host = wanted < 2 ? new Host(new PlainDfu(kind)) : dfuMode(kind);
        switch (wanted) {
            case 1 -> host.out("21 00 03e8 0000", "");
            case 3 -> host.download(0, new byte[64]);
            case 4 -> {
                host.download(0, new byte[64]);
                host.status();
            }
            case 5, 6, 7, 8 -> {
                host.download(0, new byte[64]);
                host.finish();
                if (wanted > 5) {
                    host.download(1, new byte[0]);
                }
                if (wanted > 6) {
                    host.status();
                }
                if (wanted > 7) {
                    host.sleep(100);
                }
            }
            case 9 -> host.in("a1 02 0000 0000 64");
            case 10 -> host.clearStatus();
            default -> {
                // appIDLE and dfuIDLE are where a device starts
            }
        }
        assertThat(state(host)).isEqualTo(wanted);
        return host;
    }

    /** DFU 1.1 A.2: S is a stall, the number is the next state. */
    @ParameterizedTest(name = "in state {0}: DETACH {1}, DNLOAD {2}, DNLOAD 0 {3}, UPLOAD {4}, GETSTATUS {5}, ...")
    @CsvSource({
        "0,    1,  S0, S0,  S0,  0,   S0,  0,   S0",
        "1,    S0, S0, S0,  S0,  1,   S0,  1,   S0",
        "2,    S10, 3, S10, 9,   2,   S10, 2,   2",
        "3,    S10, S10, S10, S10, 4, S10, 3,   S10",
        "4,    S10, S10, S10, S10, S10, S10, S10, S10",
        "5,    S10, 3, 6,   S10, 5,   S10, 5,   2",
        "6,    S10, S10, S10, S10, 7, S10, 6,   S10",
        "7,    S10, S10, S10, S10, S10, S10, S10, S10",
        "8,    S8, S8, S8,  S8,  8,   S8,  8,   S8",
        "9,    S10, S10, S10, 9, 9,   S10, 9,   2",
        "10,   S10, S10, S10, S10, 10, 2,  10,  S10"
    })
    void follows_the_table(
            int from,
            String detach,
            String download,
            String end,
            String upload,
            String getStatus,
            String clearStatus,
            String getState,
            String abort) {
        assertThat(step(from, "DETACH", "")).isEqualTo(detach);
        assertThat(step(from, "DNLOAD", "01 02 03 04")).isEqualTo(download);
        assertThat(step(from, "DNLOAD", "")).isEqualTo(end);
        assertThat(step(from, "UPLOAD", "")).isEqualTo(upload);
        assertThat(step(from, "GETSTATUS", "")).isEqualTo(getStatus);
        assertThat(step(from, "CLRSTATUS", "")).isEqualTo(clearStatus);
        assertThat(step(from, "GETSTATE", "")).isEqualTo(getState);
        assertThat(step(from, "ABORT", "")).isEqualTo(abort);
    }

    private static String step(int from, String request, String data) {
        Host host = in(from);
        String setup = REQUESTS.get(request);
        String answer = setup.startsWith("a1") ? host.in(setup) : host.out(setup, data);
        return (answer.equals("STALL") ? "S" : "") + state(host);
    }

    private static void download(Host host, byte[] firmware) {
        int block = 0;
        for (int at = 0; at < firmware.length; at += 64) {
            assertThat(host.download(block++, Arrays.copyOfRange(firmware, at, Math.min(firmware.length, at + 64))))
                    .isEqualTo("ok");
            assertThat(host.finish()).isEqualTo("00 00 00 00 05 00");
        }
        assertThat(host.download(block, new byte[0])).isEqualTo("ok");
    }

    private static byte[] firmware() {
        byte[] firmware = new byte[1000];
        for (int i = 0; i < firmware.length; i++) {
            firmware[i] = (byte) (i * 7);
        }
        return firmware;
    }

    @Test
    void a_tolerant_device_takes_a_firmware_and_is_idle_again() {
        PlainDfu board = new PlainDfu("dfu11").inDfuMode();
        Host host = new Host(board);
        download(host, firmware());
        assertThat(host.status()).isEqualTo("00 32 00 00 07 00");
        host.sleep(50);
        assertThat(host.status()).isEqualTo("00 00 00 00 02 00");
        assertThat(board.firmware()).isEqualTo(firmware());
        assertThat(host.in("a1 02 0000 0000 1024"))
                .as("a short frame ends the upload")
                .hasSize(3 * 1000 - 1);
        assertThat(state(host)).isEqualTo(2);
        assertThat(host.resetPort()).isFalse();
        host.sleep(500);
        assertThat(board.running()).isEqualTo(Running.APPLICATION);
    }

    @Test
    void an_intolerant_device_waits_for_a_reset() {
        PlainDfu board = new PlainDfu("dfu11-intolerant").inDfuMode();
        Host host = new Host(board);
        download(host, firmware());
        host.status();
        host.sleep(60);
        assertThat(host.status()).isEqualTo("00 00 00 00 08 00");
        assertThat(host.resetPort()).isFalse();
        host.sleep(500);
        assertThat(board.running()).isEqualTo(Running.APPLICATION);
    }

    @Test
    void an_intolerant_device_that_will_detach_goes_by_itself() {
        PlainDfu board = new PlainDfu("dfu11-will-detach-intolerant").inDfuMode();
        Host host = new Host(board);
        download(host, firmware());
        host.status();
        host.sleep(60);
        assertThat(host.status()).isEqualTo("GONE");
        host.sleep(500);
        assertThat(board.running()).isEqualTo(Running.APPLICATION);
    }

    @Test
    void detach_and_a_reset_in_time_lead_to_dfu_mode() {
        PlainDfu board = new PlainDfu("dfu11");
        Host host = new Host(board);
        assertThat(host.device().orElseThrow().alternates().get(0).protocol()).isEqualTo(1);
        host.out("21 00 03e8 0000", "");
        assertThat(host.resetPort()).isFalse();
        host.sleep(500);
        assertThat(board.running()).isEqualTo(Running.BOOTLOADER);
        assertThat(host.device().orElseThrow().alternates().get(0).protocol()).isEqualTo(2);
        assertThat(host.device().orElseThrow().productId()).isEqualTo(2);
    }

    @Test
    void detach_and_a_reset_too_late_lead_nowhere() {
        PlainDfu board = new PlainDfu("dfu11");
        Host host = new Host(board);
        host.out("21 00 0064 0000", "");
        host.sleep(101);
        assertThat(host.in("a1 05 0000 0000 1")).isEqualTo("00");
        assertThat(host.resetPort()).isTrue();
        assertThat(board.running()).isEqualTo(Running.APPLICATION);
    }

    @Test
    void a_device_that_will_detach_needs_no_reset() {
        PlainDfu board = new PlainDfu("dfu11-will-detach");
        Host host = new Host(board);
        host.out("21 00 03e8 0000", "");
        host.sleep(500);
        assertThat(board.running()).isEqualTo(Running.BOOTLOADER);
    }

    @Test
    void half_a_download_leaves_no_valid_firmware() {
        PlainDfu board = new PlainDfu("dfu11").inDfuMode();
        Host host = new Host(board);
        host.download(0, new byte[64]);
        host.finish();
        assertThat(board.firmware()).isEmpty();
        host.resetPort();
        assertThat(host.status()).isEqualTo("0a 00 00 00 0a 00");
        board.tapReset();
        host.sleep(500);
        assertThat(board.running()).isEqualTo(Running.BOOTLOADER);
    }

    @Test
    void a_device_that_cannot_upload_stalls_it() {
        assertThat(dfuMode("dfu11-write-only").in("a1 02 0000 0000 64")).isEqualTo("STALL");
        assertThat(dfuMode("jabra").in("a1 02 0000 0000 64")).isEqualTo("STALL");
    }

    @Test
    void a_bogus_poll_timeout_can_be_ignored() {
        Host host = dfuMode("openmoko");
        host.download(0, new byte[64]);
        assertThat(host.status()).isEqualTo("00 ff ff 3f 04 00");
        host.sleep(10);
        assertThat(host.status()).isEqualTo("00 00 00 00 05 00");
    }

    @Test
    void a_zero_poll_timeout_says_busy_until_it_is_done() {
        Host host = dfuMode("dfu11-zero-poll");
        host.download(0, new byte[64]);
        assertThat(host.status()).isEqualTo("00 00 00 00 04 00");
        assertThat(host.status()).isEqualTo("00 00 00 00 04 00");
        host.sleep(3);
        assertThat(host.status()).isEqualTo("00 00 00 00 05 00");
    }

    @Test
    void a_device_that_is_silent_before_its_manifestation_answers_nothing_at_all() {
        PlainDfu board = new PlainDfu("dfu11").inDfuMode();
        board.habit(Habit.SILENT_BEFORE_MANIFEST, true);
        Host host = new Host(board);
        download(host, firmware());
        assertThat(host.in("a1 05 0000 0000 1", 100)).isEqualTo("TIMEOUT");
        assertThat(host.in("a1 03 0000 0000 6", 100)).isEqualTo("TIMEOUT");
        host.sleep(900);
        assertThat(host.status()).isEqualTo("00 32 00 00 07 00");
    }

    @Test
    void an_upload_in_a_state_that_a_fault_made_up_gets_no_more_than_there_is() {
        PlainDfu board = new PlainDfu("dfu11").inDfuMode();
        Host host = new Host(board);
        host.download(0, new byte[64]);
        host.finish();
        board.inject(new Fault.WrongState(9, 0), Fault.Trigger.at(0));
        assertThat(host.status()).isEqualTo("00 00 00 00 09 00");
        assertThat(host.in("a1 02 0001 0000 64")).isEmpty();
        assertThat(host.status()).isEqualTo("00 00 00 00 02 00");
    }

    @ParameterizedTest
    @CsvSource({"dfu10, 7, 0", "dfu11, 9, 2", "lpc, 9, 1", "jabra, 9, 0", "maple, 9, 2"})
    void descriptors_show_the_oddity(String kind, int length, int protocol) {
        var alternates = dfuMode(kind).device().orElseThrow().alternates();
        assertThat(alternates.get(0).protocol()).isEqualTo(protocol);
        assertThat(alternates.get(alternates.size() - 1).extra().get(0).length())
                .isEqualTo(length);
    }
}
