package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.simulator.Fault;
import io.github.dfu4j.simulator.Stm32Rom;
import io.github.dfu4j.usb.Transcript;
import io.github.dfu4j.usb.TranscriptReplay;
import io.github.dfu4j.usb.UsbBus;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

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
        DfuInterface device = it.target();
        FlashReport report = flash(transcript.of(it.bus), it, bytes);

        assertThat(lines.get(0)).contains(" open 0483:df11");
        assertThat(lines.get(1)).endsWith(" claim 0");
        assertThat(lines.get(2)).endsWith(" alternate 0 0");
        assertThat(lines.get(3)).endsWith(" a1 03 0000 0000 6 < 0a 00 00 00 0a 00");
        assertThat(lines.get(4)).endsWith(" 21 04 0000 0000 0");
        assertThat(lines).anyMatch(l -> l.endsWith(" 21 01 0000 0000 5 > 21 00 00 00 08"));
        assertThat(lines).anyMatch(l -> l.endsWith(" ! GONE"));
        assertThat(lines.stream().filter(l -> l.matches(" *[0-9.]+ \\p{XDigit}{2} .*")))
                .hasSize((int) it.board.ledger().transfers() - 1); // SET_INTERFACE has words
        assertThat(transcript.last()).isEqualTo(lines.subList(lines.size() - 4, lines.size()));

        TranscriptReplay replay = new TranscriptReplay(device.device(), lines);
        FlashReport again = flash(replay, it, bytes);
        assertThat(replay.left()).isZero();
        assertThat(again.verified()).isEqualTo(report.verified());
        assertThat(again.left()).isEqualTo(report.left());
    }

    @Test
    void a_failure_stands_in_the_transcript_and_fails_again_when_it_is_replayed() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32g474"));
        DfuInterface device = it.target();
        it.board.inject(new Fault.Stall(), Fault.Trigger.at(20));
        List<String> lines = new ArrayList<>();
        Transcript transcript = new Transcript(it.bus.time(), 100, lines::add);
        byte[] bytes = Boards.program(FLASH, 5000, 32);
        String[] messages = new String[2];
        try {
            flash(transcript.of(it.bus), it, bytes);
        } catch (FlashException e) {
            messages[0] = e.getMessage();
        }
        assertThat(lines).anyMatch(l -> l.endsWith(" ! STALL"));
        try {
            flash(new TranscriptReplay(device.device(), lines), it, bytes);
        } catch (FlashException e) {
            messages[1] = e.getMessage();
        }
        assertThat(messages[0]).isNotNull().isEqualTo(messages[1]);
    }

    @Test
    void a_host_that_does_something_else_is_told_the_line() throws Exception {
        Boards<Stm32Rom> it = new Boards<>(new Stm32Rom("stm32g474"));
        DfuInterface device = it.target();
        List<String> lines = new ArrayList<>();
        flash(new Transcript(it.bus.time(), 0, lines::add).of(it.bus), it, Boards.program(FLASH, 5000, 33));
        assertThatThrownBy(
                        () -> flash(new TranscriptReplay(device.device(), lines), it, Boards.program(FLASH, 5000, 34)))
                .isInstanceOf(FlashException.class)
                .hasStackTraceContaining("of the transcript has");
    }
}
