package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyInt;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import io.github.dfu4j.dfu.DfuException;
import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuProtocolException;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.dfu.DfuState;
import io.github.dfu4j.dfu.DfuStatusException;
import io.github.dfu4j.dfu.DfuTimeoutException;
import io.github.dfu4j.dfu.DfuTransferException;
import io.github.dfu4j.dfu.Quirk;
import io.github.dfu4j.dfu.QuirkTable;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.Deadline;
import io.github.dfu4j.usb.Timebase;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The transfers of each operation of DfuSe, byte for byte as in AN3156. */
class DfuSeTransfersTest {

    private static final HexFormat HEX = HexFormat.ofDelimiter(" ");
    private static final String GETSTATUS = "a1 03 0000 0000 6";
    private static final String ABORT = "21 06 0000 0000 0";
    private static final String BUSY_4_MS = "00 04 00 00 04 00";
    private static final String READY = "00 00 00 00 05 00";
    private static final String IDLE = "00 00 00 00 02 00";

    private final UsbConnection connection = mock(UsbConnection.class);
    private final Clock time = new Clock();
    private final List<String> sent = new ArrayList<>();
    private final Deque<Object> answers = new ArrayDeque<>();
    private DfuSeSession session;

    private static final class Clock implements Timebase {
        private long nanos;

        @Override
        public long nanos() {
            return nanos;
        }

        @Override
        public void sleep(Duration duration) {
            nanos += duration.toNanos();
        }
    }

    @BeforeEach
    void open() throws Exception {
        when(connection.maxControlLength()).thenReturn(4096);
        when(connection.control(any(), any(), anyInt(), anyInt())).thenAnswer(call -> {
            ControlSetup setup = call.getArgument(0);
            byte[] data = call.getArgument(1);
            int offset = call.getArgument(2);
            if (!setup.in()) {
                sent.add(setup
                        + (setup.length() == 0 ? "" : " > " + HEX.formatHex(data, offset, offset + setup.length())));
                return setup.length();
            }
            sent.add(setup.toString());
            Object answer = answers.remove();
            if (answer instanceof UsbException e) {
                throw e;
            }
            byte[] bytes = HEX.parseHex((String) answer);
            System.arraycopy(bytes, 0, data, offset, bytes.length);
            return bytes.length;
        });
        UsbDevice device = FakeDfuSe.describe(
                0x0483, 0xdf11, 0x2200, null, 16, 0x011a, 2, List.of("@Internal Flash  /0x08000000/4*16Kg"));
        when(connection.device()).thenReturn(device);
        DfuInterface target = DfuInterface.of(device, QuirkTable.EMPTY).get(0);
        session = new DfuSeSession(new DfuSession(connection, target, time));
    }

    private void answer(Object... next) {
        answers.addAll(List.of(next));
    }

    private Deadline deadline() {
        return Deadline.in(time, Duration.ofSeconds(10));
    }

    @Test
    void set_address_sends_0x21_and_the_address_little_endian() throws Exception {
        answer(BUSY_4_MS, READY);
        session.setAddress(0x08012345L, deadline());
        assertThat(sent).containsExactly("21 01 0000 0000 5 > 21 45 23 01 08", GETSTATUS, GETSTATUS);
        assertThat(time.nanos()).isEqualTo(4_000_000);
    }

    @Test
    void erase_sends_0x41_and_the_address_and_asks_as_long_as_the_device_is_busy() throws Exception {
        answer("00 e8 03 00 04 00", "00 01 00 00 04 00", READY);
        session.erase(0x90040000L, deadline());
        assertThat(sent).containsExactly("21 01 0000 0000 5 > 41 00 00 04 90", GETSTATUS, GETSTATUS, GETSTATUS);
        assertThat(time.nanos()).isEqualTo(1_001_000_000L);
    }

    @Test
    void mass_erase_sends_0x41_alone() throws Exception {
        answer(BUSY_4_MS, READY);
        session.massErase(deadline());
        assertThat(sent).containsExactly("21 01 0000 0000 1 > 41", GETSTATUS, GETSTATUS);
    }

    @Test
    void read_unprotect_sends_0x92_and_finds_the_device_gone() throws Exception {
        for (UsbException.Kind kind :
                List.of(UsbException.Kind.GONE, UsbException.Kind.TIMEOUT, UsbException.Kind.STALL)) {
            sent.clear();
            answer(BUSY_4_MS, new UsbException(kind, "x"));
            session.readUnprotect(deadline());
            assertThat(sent).containsExactly("21 01 0000 0000 1 > 92", GETSTATUS, GETSTATUS);
        }
    }

    @Test
    void read_unprotect_is_not_said_to_be_done_by_a_device_that_stays_or_refuses_it() {
        answer(BUSY_4_MS, READY);
        assertThatThrownBy(() -> session.readUnprotect(deadline()))
                .isInstanceOf(DfuProtocolException.class)
                .hasMessageContaining("did not restart");
        answer(BUSY_4_MS, new UsbException(UsbException.Kind.BUSY, "x"));
        assertThatThrownBy(() -> session.readUnprotect(deadline())).isInstanceOf(DfuTransferException.class);
        answer(BUSY_4_MS, "0e 00 00 00 0a 00");
        assertThatThrownBy(() -> session.readUnprotect(deadline())).isInstanceOf(DfuStatusException.class);
    }

    @Test
    void data_blocks_count_from_2() throws Exception {
        byte[] data = new byte[40];
        for (int i = 0; i < data.length; i++) {
            data[i] = (byte) i;
        }
        answer(BUSY_4_MS, READY, BUSY_4_MS, READY, BUSY_4_MS, READY);
        session.writeBlock(0, 0x08000000L, data, 0, 16, deadline());
        session.writeBlock(1, 0x08000010L, data, 16, 16, deadline());
        session.writeBlock(0, 0x08000020L, data, 32, 8, deadline());
        assertThat(sent)
                .containsExactly(
                        "21 01 0002 0000 16 > 00 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f",
                        GETSTATUS,
                        GETSTATUS,
                        "21 01 0003 0000 16 > 10 11 12 13 14 15 16 17 18 19 1a 1b 1c 1d 1e 1f",
                        GETSTATUS,
                        GETSTATUS,
                        "21 01 0002 0000 8 > 20 21 22 23 24 25 26 27",
                        GETSTATUS,
                        GETSTATUS);
    }

    @Test
    void a_short_block_must_have_an_address_of_its_own() {
        assertThatThrownBy(() -> session.writeBlock(1, 0, new byte[16], 0, 8, deadline()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> session.writeBlock(0, 0, new byte[32], 0, 17, deadline()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> session.writeBlock(0xfffe, 0, new byte[32], 0, 16, deadline()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> session.writeBlock(-1, 0, new byte[32], 0, 16, deadline()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThat(sent).isEmpty();
    }

    @Test
    void reading_aborts_the_download_first_and_then_counts_from_2_without_a_status() throws Exception {
        answer(BUSY_4_MS, READY, IDLE, "00 11 22 33 44 55 66 77 88 99 aa bb cc dd ee ff");
        answer("ff 11 22 33 44 55 66 77 88 99 aa bb cc dd ee 00");
        session.setAddress(0x08000000L, deadline());
        session.readyToUpload(deadline());
        byte[] into = new byte[32];
        session.readBlock(0, 0x08000000L, into, 0, 16);
        session.readBlock(1, 0x08000010L, into, 16, 16);
        assertThat(sent.subList(3, sent.size()))
                .containsExactly(ABORT, GETSTATUS, "a1 02 0002 0000 16", "a1 02 0003 0000 16");
        assertThat(into[15]).isEqualTo((byte) 0xff);
        assertThat(into[16]).isEqualTo((byte) 0xff);
        assertThat(session.dfu().state()).contains(DfuState.UPLOAD_IDLE);
    }

    @Test
    void a_block_that_comes_short_is_an_error() throws Exception {
        answer(IDLE, "00 11");
        session.readyToUpload(deadline());
        assertThatThrownBy(() -> session.readBlock(0, 0x08000000L, new byte[16], 0, 16))
                .isInstanceOf(DfuProtocolException.class)
                .hasMessageContaining("read 16 bytes at 0x08000000")
                .hasMessageContaining("only 2 bytes came");
    }

    @Test
    void get_is_an_upload_of_block_0() throws Exception {
        answer(IDLE, "00 21 41 92", IDLE);
        assertThat(HEX.formatHex(session.getCommands(deadline()))).isEqualTo("00 21 41 92");
        assertThat(sent).containsExactly(GETSTATUS, "a1 02 0000 0000 16", GETSTATUS);
    }

    @Test
    void leave_sets_the_address_sends_nothing_and_asks_once() throws Exception {
        answer(BUSY_4_MS, READY, "00 01 00 00 07 00");
        assertThat(session.leave(0x08000000L, deadline())).isEqualTo(DfuSeSession.Left.ANNOUNCED);
        assertThat(sent)
                .containsExactly(
                        "21 01 0000 0000 5 > 21 00 00 00 08", GETSTATUS, GETSTATUS, "21 01 0000 0000 0", GETSTATUS);
    }

    @Test
    void a_device_that_is_gone_after_leave_has_left() throws Exception {
        answer(BUSY_4_MS, READY, new UsbException(UsbException.Kind.GONE, "gone"));
        assertThat(session.leave(0x08000000L, deadline())).isEqualTo(DfuSeSession.Left.SILENTLY);
        assertThat(sent).hasSize(5);
    }

    @Test
    void a_device_that_stalls_after_leave_and_is_silent_then_has_left() throws Exception {
        answer(BUSY_4_MS, READY, new UsbException(UsbException.Kind.STALL, "stall"));
        answer(new UsbException(UsbException.Kind.TIMEOUT, "silence"));
        assertThat(session.leave(0x08000000L, deadline())).isEqualTo(DfuSeSession.Left.SILENTLY);
    }

    @Test
    void a_device_that_still_answers_after_leave_has_not_left() throws Exception {
        answer(BUSY_4_MS, READY, "00 00 00 00 05 00");
        assertThat(session.leave(0x08000000L, deadline())).isEqualTo(DfuSeSession.Left.NOT);
        answer(BUSY_4_MS, READY, new UsbException(UsbException.Kind.STALL, "stall"), "0f 00 00 00 0a 00");
        assertThat(session.leave(0x08000000L, deadline())).isEqualTo(DfuSeSession.Left.NOT);
    }

    @Test
    void a_device_in_use_by_another_has_not_left() {
        answer(BUSY_4_MS, READY, new UsbException(UsbException.Kind.ACCESS_DENIED, "no"));
        assertThatThrownBy(() -> session.leave(0x08000000L, deadline())).isInstanceOf(DfuTransferException.class);
    }

    @Test
    void option_bytes_go_as_one_block_and_the_device_resets() throws Exception {
        answer(BUSY_4_MS, READY, BUSY_4_MS, new UsbException(UsbException.Kind.GONE, "gone"));
        assertThat(session.writeOptionBytes(0x1fffc000L, new byte[16], deadline()))
                .isTrue();
        assertThat(sent.get(3)).startsWith("21 01 0002 0000 16 > 00 00");
        assertThat(sent).hasSize(6);
    }

    @Test
    void an_address_that_the_device_refuses_is_reported_with_step_address_and_status() {
        answer(BUSY_4_MS, "01 00 00 00 0a 00");
        assertThatThrownBy(() -> session.erase(0x08000000L, deadline()))
                .isInstanceOfSatisfying(DfuStatusException.class, e -> {
                    assertThat(e.step().address()).hasValue(0x08000000L);
                    assertThat(e.status()).isPresent();
                })
                .hasMessageContaining("erase the sector at 0x08000000")
                .hasMessageContaining("errTARGET in dfuERROR");
    }

    @Test
    void read_protection_is_named() {
        answer(BUSY_4_MS, "0b 00 00 00 0a 00");
        assertThatThrownBy(() -> session.erase(0x08000000L, deadline()))
                .isInstanceOf(DfuStatusException.class)
                .hasMessageContaining("read protection");
    }

    @Test
    void a_first_status_other_than_busy_is_an_error_since_nothing_has_been_done() {
        answer(READY);
        assertThatThrownBy(() -> session.setAddress(0x08000000L, deadline()))
                .isInstanceOf(DfuProtocolException.class)
                .hasMessageContaining("should be in dfuDNBUSY");
    }

    @Test
    void a_device_that_is_busy_beyond_the_deadline_is_given_up_without_waiting_for_it() {
        answer("00 ff ff ff 04 00");
        assertThatThrownBy(() -> session.erase(0x08000000L, deadline())).isInstanceOf(DfuTimeoutException.class);
        assertThat(time.nanos()).isZero();
    }

    @Test
    void addresses_have_32_bits() {
        assertThatThrownBy(() -> session.setAddress(0x1_0000_0000L, deadline()))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> session.setAddress(-1, deadline())).isInstanceOf(IllegalArgumentException.class);
    }

    private static final String FAILED = "04 00 00 00 0a 00";

    private interface Operation {
        void run() throws Exception;
    }

    private void fails(Operation operation, String step) {
        assertThatThrownBy(operation::run).isInstanceOf(DfuException.class).hasMessageContaining("Could not " + step);
        answers.clear();
    }

    @Test
    void each_operation_is_named_when_it_fails() throws Exception {
        byte[] data = new byte[16];
        answer(new UsbException(UsbException.Kind.GONE, "gone"));
        fails(() -> session.toIdle(deadline()), "bring the device to dfuIDLE");
        answer(BUSY_4_MS, FAILED);
        fails(() -> session.setAddress(0x08000000L, deadline()), "set the address pointer at 0x08000000");
        answer(FAILED, IDLE, BUSY_4_MS, FAILED);
        session.toIdle(deadline());
        fails(() -> session.massErase(deadline()), "erase all memory");
        answer(FAILED, IDLE, FAILED);
        session.toIdle(deadline());
        fails(() -> session.readUnprotect(deadline()), "remove the read protection");
        answer(FAILED, IDLE, BUSY_4_MS, FAILED);
        session.toIdle(deadline());
        fails(() -> session.writeBlock(0, 0x08000010L, data, 0, 16, deadline()), "write 16 bytes at 0x08000010");
        answer(FAILED, IDLE, BUSY_4_MS, READY, BUSY_4_MS, FAILED);
        session.toIdle(deadline());
        fails(() -> session.writeOptionBytes(0x1fffc000L, data, deadline()), "write the option bytes at 0x1FFFC000");
        answer(FAILED, IDLE, BUSY_4_MS, READY, new UsbException(UsbException.Kind.BUSY, "in use"));
        session.toIdle(deadline());
        fails(() -> session.leave(0x08000000L, deadline()), "leave DFU mode for the program at 0x08000000");
        answer(IDLE, new UsbException(UsbException.Kind.TIMEOUT, "silence"));
        session.toIdle(deadline());
        fails(() -> session.getCommands(deadline()), "get the list of commands");
    }

    @Test
    void option_bytes_of_a_part_that_needs_no_reset_leave_the_session_as_it_is() throws Exception {
        answer(BUSY_4_MS, READY, BUSY_4_MS, READY);
        assertThat(session.writeOptionBytes(0x1fffc000L, new byte[16], deadline()))
                .isFalse();
        answer(BUSY_4_MS, READY);
        assertThatThrownBy(() -> session.writeOptionBytes(0x1fffc000L, new byte[17], deadline()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void blocks_and_addresses_at_the_ends_of_their_ranges_are_taken() throws Exception {
        answer(BUSY_4_MS, READY, BUSY_4_MS, READY, BUSY_4_MS, READY);
        session.setAddress(0, deadline());
        session.setAddress(0xffffffffL, deadline());
        session.writeBlock(0, 0, new byte[1], 0, 1, deadline());
        assertThat(sent).contains("21 01 0000 0000 5 > 21 00 00 00 00", "21 01 0000 0000 5 > 21 ff ff ff ff");
        for (int[] block : new int[][] {{0, 0}, {1, 8}, {0, 17}, {-1, 16}, {0xfffe, 16}}) {
            assertThatThrownBy(() -> session.readBlock(block[0], 0, new byte[32], 0, block[1]))
                    .isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> session.writeBlock(0, 0, new byte[16], 0, 0, deadline()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    private DfuSeSession saying(Trait trait, long number) {
        QuirkTable table = QuirkTable.EMPTY.plus(List.of(Quirk.row("test", "any")
                .when("always", i -> true)
                .says(trait, number)
                .because("the test wants it")
                .source("this test")));
        DfuInterface target = DfuInterface.of(connection.device(), table).get(0);
        return new DfuSeSession(new DfuSession(connection, target, time));
    }

    @Test
    void an_erase_that_may_never_end_is_ended_after_five_seconds_from_the_address_on_where_that_is_known()
            throws Exception {
        DfuSeSession stuck = saying(Trait.STUCK_BUSY_AFTER_ERASE, 0x08010000L);
        answer(BUSY_4_MS, READY);
        stuck.erase(0x0800c000L, deadline());
        assertThat(time.nanos()).isEqualTo(4_000_000);

        answer("00 00 00 01 04 00", "0e 00 00 00 0a 00", IDLE); // it announces 65 seconds
        stuck.erase(0x08010000L, deadline());
        assertThat(time.nanos()).isEqualTo(5_004_000_000L);
        assertThat(sent)
                .endsWith(
                        "21 01 0000 0000 5 > 41 00 00 01 08",
                        GETSTATUS,
                        "21 04 0000 0000 0",
                        GETSTATUS,
                        "21 04 0000 0000 0",
                        GETSTATUS);

        answer(BUSY_4_MS, FAILED);
        assertThatThrownBy(() -> stuck.erase(0x08010000L, deadline())).isInstanceOf(DfuStatusException.class);
    }

    @Test
    void an_erase_that_may_never_end_is_not_taken_for_done_by_who_is_in_a_hurry() {
        DfuSeSession stuck = saying(Trait.STUCK_BUSY_AFTER_ERASE, 0);
        answer("00 88 13 00 04 00");
        assertThatThrownBy(() -> stuck.erase(0x08010000L, Deadline.in(time, Duration.ofSeconds(2))))
                .isInstanceOf(DfuTimeoutException.class);
        assertThat(sent).hasSize(2);
    }

    @Test
    void a_mass_erase_that_announces_too_little_is_given_its_time() throws Exception {
        answer(BUSY_4_MS, READY);
        saying(Trait.MASS_ERASE_TIME, 7000).massErase(deadline());
        assertThat(time.nanos()).isEqualTo(7_000_000_000L);
    }
}
