package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.simulator.Fault;
import io.github.dfu4j.simulator.Stm32Rom;
import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.Transcript;
import io.github.dfu4j.usb.TranscriptReplay;
import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TranscriptTest {

    private static final long FLASH = 0x08000000L;

    private static FlashReport flash(UsbBus bus, Boards<Stm32Rom> it, byte[] bytes) throws Exception {
        DfuInterface target =
                DfuInterface.of(bus.devices().get(0), DfuSeQuirks.table()).get(0);
        try (DfuSeSession session = new DfuSeSession(DfuSession.open(bus, target, it.bus.time()))) {
            FlashPlan plan =
                    FlashPlanner.plan(target, Boards.image(FLASH, bytes), FlashOptions.DEFAULT.withLeave(true));
            return new Flasher(session, FlashListener.NONE).flash(plan);
        }
    }

    @Test
    void a_transcript_has_a_line_for_each_transfer_and_replays_as_a_test() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f405"));
        byte[] bytes = Boards.program(FLASH, 5000, 31);
        List<String> lines = new ArrayList<>();
        Transcript transcript = new Transcript(it.bus.time(), 4, lines::add);
        FlashReport report = flash(transcript.of(it.bus), it, bytes);

        assertThat(lines.get(0)).endsWith(" 0 devices 1");
        assertThat(lines.get(1)).endsWith(" 0 device sim:1-1#1 at 1-1");
        assertThat(lines.get(2)).contains(" 0 80 06 0100 0000 18 < 12 01 00 02 ");
        assertThat(lines).filteredOn(l -> l.contains(" 0 80 06 03")).hasSize(7);
        List<String> work =
                lines.stream().filter(l -> !l.matches(" *[0-9.]+ 0 .*")).toList();
        assertThat(work.get(0)).endsWith(" 1 open sim:1-1#1");
        assertThat(work.get(1)).endsWith(" 1 claim 0");
        assertThat(work.get(2)).endsWith(" 1 alternate 0 0");
        assertThat(work.get(3)).endsWith(" 1 a1 03 0000 0000 6 < 0a 00 00 00 0a 00");
        assertThat(work.get(4)).endsWith(" 1 21 04 0000 0000 0");
        assertThat(work).anyMatch(l -> l.endsWith(" 1 21 01 0000 0000 5 > 21 00 00 00 08"));
        assertThat(work).anyMatch(l -> l.endsWith(" ! GONE"));
        assertThat(work.stream().filter(l -> l.matches(" *[0-9.]+ 1 \\p{XDigit}{2} .*")))
                .hasSize((int) it.board.ledger().transfers() - 1); // SET_INTERFACE has words
        assertThat(transcript.last()).isEqualTo(lines.subList(lines.size() - 4, lines.size()));

        TranscriptReplay replay = new TranscriptReplay(lines);
        FlashReport again = flash(replay, it, bytes);
        assertThat(replay.left()).isZero();
        assertThat(again.verified()).isEqualTo(report.verified());
        assertThat(again.left()).isEqualTo(report.left());
    }

    @Test
    void a_replay_lists_the_devices_as_they_were_and_refuses_a_connection_that_was_refused() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f427"));
        List<String> lines = new ArrayList<>();
        UsbBus recorded = new Transcript(it.bus.time(), 0, lines::add).of(it.bus);
        UsbDevice device = recorded.devices().get(0);
        recorded.devices();
        it.bus.unplug(it.board);
        assertThat(recorded.devices()).isEmpty();
        assertThatThrownBy(() -> recorded.open(device)).isInstanceOf(UsbException.class);

        TranscriptReplay replay = new TranscriptReplay(lines);
        assertThat(replay.devices()).containsExactly(device);
        assertThat(replay.devices()).isEmpty();
        assertThatThrownBy(() -> replay.open(device))
                .isInstanceOf(UsbException.class)
                .hasMessageContaining("as in line " + lines.size() + " of the transcript");
        assertThat(replay.left()).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"firmware", "0.000 0", "0.000 x devices 0", "chapter 7 of a text"})
    void what_is_no_transcript_is_not_replayed(String line) {
        assertThatThrownBy(() -> new TranscriptReplay(List.of("     0.000 0 devices 0", line)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("line 2 is not of a transcript");
    }

    @Test
    void a_failure_carries_the_last_transfers_and_fails_again_when_its_transcript_is_replayed() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32g474"));
        it.board.inject(new Fault.Stall(), Fault.Trigger.at(20));
        List<String> lines = new ArrayList<>();
        Transcript transcript = new Transcript(it.bus.time(), 100, lines::add);
        byte[] bytes = Boards.program(FLASH, 5000, 32);

        FlashException failure =
                catchThrowableOfType(FlashException.class, () -> flash(transcript.of(it.bus), it, bytes));

        List<String> last = failure.lastTransfers();
        assertThat(last).hasSize(16);
        assertThat(last.get(15))
                .endsWith(" 1 a1 03 0000 0000 6 ! STALL"); // and nothing of how it was brought to dfuIDLE
        assertThat(last).allMatch(l -> l.length() < 120);
        assertThat(lines).anyMatch(l -> l.endsWith(" ! STALL"));
        FlashException again =
                catchThrowableOfType(FlashException.class, () -> flash(new TranscriptReplay(lines), it, bytes));
        assertThat(again).hasMessage(failure.getMessage());
    }

    @Test
    void a_host_that_does_something_else_is_told_the_line() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32g474"));
        List<String> lines = new ArrayList<>();
        flash(new Transcript(it.bus.time(), 0, lines::add).of(it.bus), it, Boards.program(FLASH, 5000, 33));
        assertThatThrownBy(() -> flash(new TranscriptReplay(lines), it, Boards.program(FLASH, 5000, 34)))
                .isInstanceOf(FlashException.class)
                .hasStackTraceContaining("of the transcript has");
    }

    @Test
    void a_host_that_asks_for_less_than_was_recorded_is_told_the_line_too() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32f407"));
        List<String> lines = new ArrayList<>();
        byte[] descriptor = new byte[18];
        UsbBus recorded = new Transcript(it.bus.time(), 0, lines::add).of(it.bus);
        recorded.open(recorded.devices().get(0)).control(new ControlSetup(0x80, 6, 0x0100, 0, 18), descriptor, 0, 1000);
        UsbBus replay = new TranscriptReplay(lines);
        UsbConnection connection = replay.open(replay.devices().get(0));
        assertThatThrownBy(() -> connection.control(new ControlSetup(0x80, 6, 0x0100, 0, 1), descriptor, 0, 1000))
                .isInstanceOf(UsbException.class)
                .hasMessageContaining("of the transcript has \"80 06 0100 0000 18 < 12");
    }
}
