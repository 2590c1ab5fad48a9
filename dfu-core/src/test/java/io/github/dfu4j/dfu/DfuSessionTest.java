package io.github.dfu4j.dfu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.Deadline;
import io.github.dfu4j.usb.Timebase;
import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;

class DfuSessionTest {

    private static final HexFormat HEX = HexFormat.ofDelimiter(" ");
    private static final String STATUS = "a1 03 0000 0000 6";
    private static final String CLEAR = "21 04 0000 0000 0";
    private static final String ABORT = "21 06 0000 0000 0";

    /** Answers what it is told to, on a clock that stands unless somebody waits. */
    private static final class Script implements UsbConnection, Timebase {
        private final Deque<Object> answers = new ArrayDeque<>();
        private final List<String> sent = new ArrayList<>();
        private long nanos;
        private int timeout;
        private boolean interrupted;
        private boolean staysAtReset;

        @Override
        public int control(ControlSetup setup, byte[] data, int offset, int timeoutMillis) throws UsbException {
            sent.add(setup.toString());
            timeout = timeoutMillis;
            Object answer = setup.in() || answers.peek() instanceof UsbException ? answers.remove() : "";
            if (answer instanceof UsbException e) {
                throw e;
            }
            if (answer instanceof Integer taken) {
                return taken;
            }
            byte[] bytes = ((String) answer).isEmpty() ? new byte[0] : HEX.parseHex((String) answer);
            System.arraycopy(bytes, 0, data, offset, bytes.length);
            return setup.in() ? bytes.length : setup.length();
        }

        @Override
        public UsbDevice device() {
            return Snapshots.dfu11().device();
        }

        @Override
        public void claim(int interfaceNumber) {}

        @Override
        public void selectAlternate(int interfaceNumber, int alternateSetting) throws UsbException {
            if (alternateSetting > 1) {
                throw new UsbException(UsbException.Kind.STALL, "no such alternate");
            }
        }

        @Override
        public boolean reset() {
            return staysAtReset;
        }

        @Override
        public void close() {}

        @Override
        public long nanos() {
            return nanos;
        }

        @Override
        public void sleep(Duration duration) throws InterruptedException {
            if (interrupted) {
                throw new InterruptedException();
            }
            nanos += duration.toNanos();
        }
    }

    private final Script script = new Script();

    private DfuSession session(Trait... traits) {
        Quirk.Builder row = Quirk.row("test", "any").when("always", i -> true);
        for (Trait trait : traits) {
            row.says(trait, trait == Trait.POLL_TIMEOUT ? 5 : trait == Trait.STATUS_STALLS_WHILE_BUSY ? 2 : 0);
        }
        QuirkTable table = QuirkTable.EMPTY.plus(List.of(row.because("x").source("y")));
        DfuInterface target = DfuInterface.of(
                        Snapshots.device(0x1209, 1, 0, 2, Snapshots.functional(0x0f, 64, 0x0110)), table)
                .get(0);
        return new DfuSession(script, target, script);
    }

    private void answer(Object... next) {
        script.answers.addAll(List.of(next));
    }

    private Deadline deadline() {
        return Deadline.in(script, Duration.ofSeconds(20));
    }

    private static UsbException stall() {
        return new UsbException(UsbException.Kind.STALL, "stall");
    }

    @Test
    void the_error_at_first_contact_is_cleared_without_a_word() throws Exception {
        answer("0a 00 00 00 0a 00", "00 00 00 00 02 00");
        session().toIdle(deadline());
        assertThat(script.sent).containsExactly(STATUS, CLEAR, STATUS);
    }

    @Test
    void a_left_over_download_or_upload_is_aborted() throws Exception {
        for (String state : List.of("05", "09")) {
            script.sent.clear();
            answer("00 00 00 00 " + state + " 00", "00 00 00 00 02 00");
            session().toIdle(deadline());
            assertThat(script.sent).containsExactly(STATUS, ABORT, STATUS);
        }
    }

    @Test
    void a_busy_device_is_waited_for_exactly_as_long_as_it_says() throws Exception {
        answer("00 2c 01 00 04 00", "00 0a 00 00 07 00", "00 00 00 00 02 00");
        session().toIdle(deadline());
        assertThat(script.nanos).isEqualTo(310_000_000L);
        assertThat(script.sent).containsExactly(STATUS, STATUS, STATUS);
    }

    @Test
    void what_a_device_says_to_wait_is_not_added_to_the_deadline() throws Exception {
        answer("00 28 23 00 04 00", "00 00 00 00 02 00"); // busy for 9 of the 10 seconds
        session().toIdle(Deadline.in(script, Duration.ofSeconds(10)));
        assertThat(script.timeout).isEqualTo(1000);

        answer("00 28 23 00 04 00", "00 00 00 00 05 00");
        session().settle(Deadline.in(script, Duration.ofSeconds(10)));
        assertThat(script.timeout).isEqualTo(1000);
    }

    @Test
    void a_device_that_is_busy_for_ever_is_given_up_or_forced_where_that_is_known_to_work() throws Exception {
        for (int i = 0; i < 30; i++) {
            answer("00 e8 03 00 04 00");
        }
        assertThatThrownBy(() -> session().toIdle(deadline()))
                .isInstanceOf(DfuTimeoutException.class)
                .hasMessageContaining("20.0 s")
                .hasMessageContaining("dfuDNBUSY");
        script.answers.clear();
        script.sent.clear();
        for (int i = 0; i < 9; i++) {
            answer("00 e8 03 00 04 00");
        }
        answer("0e 00 00 00 0a 00", "00 00 00 00 02 00");
        session(Trait.CLRSTATUS_ENTERS_ERROR).toIdle(deadline());
        assertThat(script.sent.subList(9, script.sent.size())).containsExactly(CLEAR, STATUS, CLEAR, STATUS);
    }

    @Test
    void a_device_that_stays_in_error_is_given_up() {
        for (int i = 0; i < 20; i++) {
            answer("0e 00 00 00 0a 00");
        }
        assertThatThrownBy(() -> session().toIdle(deadline()))
                .isInstanceOf(DfuProtocolException.class)
                .hasMessageContaining("does not leave dfuERROR");
        assertThat(script.sent).filteredOn(CLEAR::equals).hasSize(7);
    }

    @Test
    void the_state_is_what_the_table_says_until_the_device_is_asked() throws Exception {
        DfuSession session = session();
        assertThat(session.state()).isEmpty();
        answer("00 00 00 00 02 00");
        session.getStatus();
        session.download(0, new byte[8], 0, 8);
        assertThat(session.state()).contains(DfuState.DNLOAD_SYNC);
        answer("00 00 00 00 05 00");
        session.getStatus();
        assertThat(session.lastStatus()).map(DfuStatus::state).contains(DfuState.DNLOAD_IDLE);
        session.abort();
        assertThat(session.state()).contains(DfuState.IDLE);
        answer("00 11 22 33");
        assertThat(session.upload(0, new byte[64], 0, 64)).isEqualTo(4);
        assertThat(session.state()).as("a short frame ends an upload").contains(DfuState.IDLE);
        script.staysAtReset = true;
        assertThat(session.reset()).isTrue();
        assertThat(session.state()).isEmpty();
        script.staysAtReset = false;
        assertThat(session.reset()).isFalse();
    }

    @Test
    void a_pause_between_questions_is_kept_and_does_not_outlast_the_deadline() throws Exception {
        answer("00 01 00 00 04 00", "00 01 00 00 04 00", "00 00 00 00 05 00");
        session().settle(deadline(), 1000, Duration.ofMillis(50));
        assertThat(script.nanos).isEqualTo(150_000_000L);
        answer("00 01 00 00 04 00", "00 01 00 00 04 00");
        assertThatThrownBy(() ->
                        session().settle(Deadline.in(script, Duration.ofMillis(120)), 1000, Duration.ofMillis(50)))
                .isInstanceOf(DfuTimeoutException.class);
        assertThat(script.nanos).isEqualTo(250_000_000L);
    }

    @Test
    void a_wait_that_is_interrupted_is_a_cancel_and_the_thread_stays_interrupted() {
        script.interrupted = true;
        assertThatThrownBy(() -> session().waitFor(Duration.ofMillis(1))).isInstanceOf(DfuCancelledException.class);
        assertThat(Thread.interrupted()).isTrue();
    }

    @Test
    void a_connection_whose_interface_cannot_be_claimed_is_closed() {
        boolean[] closed = {false};
        UsbConnection taken = new Partial(script) {
            @Override
            public void claim(int interfaceNumber) throws UsbException {
                throw new UsbException(UsbException.Kind.BUSY, "a driver has it");
            }

            @Override
            public void close() {
                closed[0] = true;
            }
        };
        UsbBus bus = new UsbBus() {
            @Override
            public List<UsbDevice> devices() {
                return List.of(script.device());
            }

            @Override
            public UsbConnection open(UsbDevice device) {
                return taken;
            }

            @Override
            public void close() {}
        };
        assertThatThrownBy(() -> DfuSession.open(bus, Snapshots.dfu11(), script))
                .isInstanceOf(UsbException.class)
                .hasMessageContaining("a driver has it");
        assertThat(closed[0]).isTrue();
    }

    @Test
    void run_time_mode_and_a_missing_reset_are_named() {
        answer("00 00 00 00 00 00");
        assertThatThrownBy(() -> session().toIdle(deadline())).hasMessageContaining("run-time mode (appIDLE)");
        answer("00 00 00 00 08 00");
        assertThatThrownBy(() -> session().toIdle(deadline())).hasMessageContaining("waits for a reset");
    }

    @Test
    void a_state_outside_the_specification_is_left_by_way_of_error() throws Exception {
        answer("00 00 00 00 0f 00", "0e 00 00 00 0a 00", "00 00 00 00 02 00");
        session().toIdle(deadline());
        assertThat(script.sent).containsExactly(STATUS, CLEAR, STATUS, CLEAR, STATUS);

        script.sent.clear();
        answer("00 00 00 00 0f 00", stall(), "0f 00 00 00 0a 00", "00 00 00 00 02 00");
        session().toIdle(deadline());
        assertThat(script.sent).containsExactly(STATUS, CLEAR, STATUS, CLEAR, STATUS);
        answer("00 00 00 00 0f 00", new UsbException(UsbException.Kind.GONE, "gone"));
        assertThatThrownBy(() -> session().toIdle(deadline())).isInstanceOf(DfuTransferException.class);
    }

    @Test
    void an_interrupted_thread_cancels_before_the_next_transfer_and_stays_interrupted() {
        Thread.currentThread().interrupt();
        assertThatThrownBy(() -> session().getStatus()).isInstanceOf(DfuCancelledException.class);
        assertThat(Thread.interrupted()).isTrue();
        assertThat(script.sent).isEmpty();
    }

    @Test
    void one_stall_at_first_contact_is_forgiven_and_a_second_is_not() throws Exception {
        answer(stall(), "00 00 00 00 02 00");
        session().toIdle(deadline());
        answer(stall(), stall());
        assertThatThrownBy(() -> session().toIdle(deadline())).isInstanceOf(DfuTransferException.class);
    }

    @Test
    void what_the_device_would_stall_is_not_sent() throws Exception {
        DfuSession session = session();
        answer("00 00 00 00 02 00");
        session.getStatus();
        assertThatThrownBy(session::clearStatus)
                .isInstanceOf(DfuProtocolException.class)
                .hasMessageContaining("dfuIDLE, where DFU_CLRSTATUS cannot be sent");
        assertThatThrownBy(() -> session.download(0, new byte[0], 0, 0)).isInstanceOf(DfuProtocolException.class);
        assertThat(script.sent).containsExactly(STATUS);
    }

    @Test
    void a_stalled_block_is_asked_about_and_the_answer_is_the_error() throws Exception {
        DfuSession session = session();
        answer("00 00 00 00 02 00");
        session.getStatus();
        answer(stall(), "03 00 00 00 0a 00");
        assertThatThrownBy(() -> session.download(0, new byte[64], 0, 64))
                .isInstanceOf(DfuStatusException.class)
                .hasMessageContaining("errWRITE");
        answer("00 00 00 00 02 00");
        session.clearStatus();
        session.getStatus();
        answer(stall(), "00 00 00 00 02 00");
        assertThatThrownBy(() -> session.upload(0, new byte[64], 0, 64)).isInstanceOf(DfuTransferException.class);
    }

    @Test
    void a_block_that_is_taken_in_part_is_an_error() throws Exception {
        DfuSession session = session();
        answer("00 00 00 00 02 00");
        session.getStatus();
        UsbConnection part = new Partial(script);
        DfuSession over = new DfuSession(part, session.target(), script);
        assertThatThrownBy(() -> over.download(0, new byte[64], 0, 64)).hasMessageContaining("only 10 of 64 bytes");
    }

    private static class Partial implements UsbConnection {
        private final Script script;

        Partial(Script script) {
            this.script = script;
        }

        @Override
        public UsbDevice device() {
            return script.device();
        }

        @Override
        public void claim(int interfaceNumber) throws UsbException {}

        @Override
        public void selectAlternate(int interfaceNumber, int alternateSetting) {}

        @Override
        public int control(ControlSetup setup, byte[] data, int offset, int timeoutMillis) {
            return 10;
        }

        @Override
        public boolean reset() {
            return true;
        }

        @Override
        public void close() {}
    }

    @Test
    void an_answer_of_the_wrong_length_is_an_error() {
        answer("00 00 00");
        assertThatThrownBy(() -> session().getStatus()).hasMessageContaining("3 bytes instead of 6");
        answer("");
        assertThatThrownBy(() -> session().getState()).hasMessageContaining("0 bytes instead of 1");
    }

    @Test
    void poll_times_that_are_nonsense_are_replaced() throws Exception {
        DfuSession session = session(Trait.POLL_TIMEOUT);
        answer("00 ff ff ff 04 00", "00 00 00 00 05 00");
        session.settle(deadline());
        assertThat(script.nanos).isEqualTo(5_000_000L);
    }

    @Test
    void a_poll_time_of_zero_twice_is_paced_unless_it_is_meant() throws Exception {
        answer("00 00 00 00 04 00", "00 00 00 00 04 00", "00 00 00 00 04 00", "00 00 00 00 05 00");
        session().settle(deadline());
        assertThat(script.nanos).isEqualTo(2_000_000L);
        answer("00 00 00 00 04 00", "00 00 00 00 04 00", "00 00 00 00 04 00", "00 00 00 00 05 00");
        session(Trait.ZERO_POLL_TIMEOUT).settle(deadline());
        assertThat(script.nanos).isEqualTo(2_000_000L);
    }

    @Test
    void stalls_while_busy_are_forgiven_as_often_as_the_device_is_known_to_stall() throws Exception {
        DfuSession session = session(Trait.STATUS_STALLS_WHILE_BUSY);
        answer("00 01 00 00 04 00", stall(), stall(), "00 00 00 00 05 00");
        assertThat(session.settle(deadline()).state()).isEqualTo(DfuState.DNLOAD_IDLE);
        assertThat(script.nanos).as("its poll time before each").isEqualTo(3_000_000L);
        answer("00 01 00 00 04 00", stall(), stall(), stall());
        assertThatThrownBy(() -> session(Trait.STATUS_STALLS_WHILE_BUSY).settle(deadline()))
                .isInstanceOf(DfuTransferException.class);
    }

    @Test
    void detach_names_the_interface_and_bit_8_where_it_is_wanted() throws Exception {
        session().detach(Duration.ofSeconds(100));
        session(Trait.DETACH_INDEX_BIT).detach(Duration.ofMillis(250));
        assertThat(script.sent).containsExactly("21 00 ffff 0000 0", "21 00 00fa 0100 0");
        assertThatThrownBy(() -> session(Trait.NO_DETACH).detach(Duration.ofMillis(250)))
                .hasMessageContaining("hangs on DFU_DETACH");
        assertThat(script.sent).hasSize(2);
    }

    @Test
    void detach_is_for_run_time_mode_unless_the_device_returns_to_its_application_by_it() throws Exception {
        DfuSession session = session();
        answer("00 00 00 00 02 00", "00 00 00 00 02 00");
        session.getStatus();
        assertThatThrownBy(() -> session.detach(Duration.ZERO))
                .hasMessageContaining("dfuIDLE, where DFU_DETACH cannot be sent");
        DfuSession returning = session(Trait.DETACH_TO_ATTACH);
        returning.getStatus();
        returning.detach(Duration.ZERO);
        assertThat(script.sent).endsWith("21 00 0000 0000 0");
    }

    @Test
    void a_cancel_stops_before_the_next_transfer_and_in_a_wait() throws Exception {
        DfuSession session = session();
        boolean[] stop = {false};
        session.cancelWhen(() -> stop[0]);
        answer("00 00 00 00 02 00");
        session.getStatus();
        stop[0] = true;
        assertThatThrownBy(session::getStatus).isInstanceOf(DfuCancelledException.class);
        assertThatThrownBy(() -> session.waitFor(Duration.ofSeconds(1))).isInstanceOf(DfuCancelledException.class);
        assertThat(script.sent).hasSize(1);
    }

    @Test
    void an_alternate_that_is_refused_is_reported_with_the_kind_of_failure() {
        assertThatThrownBy(() -> session().selectAlternate(2))
                .isInstanceOfSatisfying(
                        DfuTransferException.class, e -> assertThat(e.kind()).isEqualTo(UsbException.Kind.STALL))
                .hasMessageContaining("alternate setting 2")
                .hasMessageContaining("SET_INTERFACE");
    }

    @Test
    void sizes_that_cannot_be_meant_are_replaced() {
        for (int[] size : new int[][] {{0, 64}, {0xffff, 1024}, {4, 8}, {64, 64}, {8192, 4096}}) {
            DfuInterface target = DfuInterface.of(
                            Snapshots.device(0x1209, 1, 0, 2, Snapshots.functional(0x0f, size[0], 0x0110)),
                            QuirkTable.EMPTY)
                    .get(0);
            assertThat(DfuSession.blockSize(target, 4096)).isEqualTo(size[1]);
        }
        assertThatThrownBy(() -> session().download(0, new byte[65], 0, 65))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> session().upload(0, new byte[65], 0, 65)).isInstanceOf(IllegalArgumentException.class);
    }
}
