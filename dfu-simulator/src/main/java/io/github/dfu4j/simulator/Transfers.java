package io.github.dfu4j.simulator;

import io.github.dfu4j.simulator.internal.WireTime;
import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.UsbException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The control transfers to a board: how long each takes, what becomes of it, and the faults that a test has scripted.
 *
 * <p>The device acts on a transfer when it is free to. The answer is out when the device's own time and that on the wire are over, or
 * never, if the device has left the bus before that.
 */
final class Transfers {

    private static final long MILLI = 1_000_000;
    private static final int PACKET = 64; // bMaxPacketSize0 of all boards

    private record Injected(Fault fault, Fault.Trigger trigger, long since) {}

    /** What will have become of a transfer when it ends. */
    private static final class Outcome {
        final long end;
        final UsbException.@Nullable Kind failure;
        int transferred;
        boolean delivered;

        Outcome(long end, UsbException.@Nullable Kind failure) {
            this.end = end;
            this.failure = failure;
        }
    }

    private final VirtualBoard board;
    private final List<Injected> faults = new ArrayList<>();
    private long count;
    private int stuckPolls;
    private int stuckPollTimeout;

    Transfers(VirtualBoard board) {
        this.board = board;
    }

    void inject(Fault fault, Fault.Trigger trigger) {
        faults.add(new Injected(fault, trigger, count));
    }

    /** The board was reset or lost its power: a device that was stuck is so no more. */
    void restarted() {
        stuckPolls = 0;
    }

    /** Does one control transfer with the device that was attached as {@code mine}. */
    int transfer(long mine, ControlSetup setup, byte[] data, int offset, int timeoutMillis) throws UsbException {
        long begin = board.time().nanos();
        long deadline = begin + timeoutMillis * MILLI;
        Outcome outcome = submit(mine, setup, data, offset, deadline);
        board.await(Math.min(outcome.end, deadline), () -> outcome.delivered || board.attachment() != mine);
        Ledger.Transfer done = board.inside(() -> {
            UsbException.Kind failure = failure(outcome, deadline, board.attachment() != mine);
            Ledger.Transfer ended = new Ledger.Transfer(
                    Duration.ofNanos(board.now()),
                    setup,
                    failure == null ? outcome.transferred : 0,
                    failure,
                    Duration.ofNanos(board.time().nanos() - begin));
            board.ledger().transfer(ended);
            return ended;
        });
        UsbException.Kind failure = done.failure();
        if (failure != null) {
            throw new UsbException(
                    failure, "control transfer " + setup + " to " + board.name() + ": " + failure.words());
        }
        return done.transferred();
    }

    private static UsbException.@Nullable Kind failure(Outcome outcome, long deadline, boolean left) {
        if (outcome.failure != null) {
            return outcome.failure == UsbException.Kind.TIMEOUT && left ? UsbException.Kind.GONE : outcome.failure;
        }
        if (outcome.delivered) {
            return outcome.end > deadline ? UsbException.Kind.TIMEOUT : null;
        }
        return !left && outcome.end > deadline ? UsbException.Kind.TIMEOUT : UsbException.Kind.GONE;
    }

    /** Gives a transfer to the device once it is free. */
    private Outcome submit(long mine, ControlSetup setup, byte[] data, int offset, long deadline) {
        while (true) {
            Outcome outcome = board.inside(() -> {
                long now = board.now();
                Gadget shown = board.gadget();
                if (board.attachment() != mine || shown == null) {
                    return new Outcome(now, UsbException.Kind.GONE);
                }
                if (board.blockedUntil() <= now) {
                    return act(shown, setup, data, offset, deadline);
                }
                return now < deadline ? null : new Outcome(deadline, UsbException.Kind.TIMEOUT);
            });
            if (outcome != null) {
                return outcome;
            }
            long free = board.inside(board::blockedUntil);
            board.await(Math.min(free, deadline), () -> board.attachment() != mine);
        }
    }

    private Outcome act(Gadget shown, ControlSetup setup, byte[] data, int offset, long deadline) {
        long now = board.now();
        byte[] out = setup.in() ? new byte[0] : Arrays.copyOfRange(data, offset, offset + setup.length());
        Fault fault = takeFault(setup);
        if (fault instanceof Fault.BusError) {
            return new Outcome(now, UsbException.Kind.UNKNOWN);
        }
        if (fault instanceof Fault.Disconnect d) {
            board.reattach(d.away());
            return new Outcome(now, UsbException.Kind.GONE);
        }
        if (fault instanceof Fault.PowerCut p) {
            Reply lost = shown.control(setup, out);
            if (shown == board.gadget()) {
                afterwards(lost);
            }
            return new Outcome(board.cutPowerInMidJob(p.off()), UsbException.Kind.GONE);
        }
        if (fault instanceof Fault.ShortReply s && !setup.in()) {
            Outcome cutShort = new Outcome(now, null);
            cutShort.transferred = Math.min(s.bytes(), out.length);
            cutShort.delivered = true;
            return cutShort;
        }
        return answer(setup, data, offset, deadline, reply(shown, setup, out, fault), fault);
    }

    /** What the device answers, or a fault in its place. */
    private Reply reply(Gadget shown, ControlSetup setup, byte[] out, @Nullable Fault fault) {
        if (fault instanceof Fault.Stall) {
            return Reply.STALL;
        }
        if (fault instanceof Fault.Silence s) {
            if (s.acted()) {
                afterwards(shown.control(setup, out));
            }
            return Reply.SILENCE;
        }
        if (fault instanceof Fault.WrongState w) {
            shown.state = w.state();
            shown.status = w.status();
            return setup.request() == Gadget.GETSTATE ? Reply.data(w.state()) : shown.statusReply(0);
        }
        if (fault instanceof Fault.StuckBusy b) {
            stuckPolls = b.polls();
            stuckPollTimeout = b.pollTimeout();
        }
        if (stuckPolls > 0 && isGetStatus(setup)) {
            stuckPolls--;
            return Reply.data(0, stuckPollTimeout, stuckPollTimeout >> 8, stuckPollTimeout >> 16, Gadget.DNBUSY, 0);
        }
        return shown.control(setup, out);
    }

    private Outcome answer(
            ControlSetup setup, byte[] data, int offset, long deadline, Reply reply, @Nullable Fault fault) {
        long now = board.now();
        int sent = setup.in() ? Math.min(reply.data().length, setup.length()) : setup.length();
        if (fault instanceof Fault.ShortReply s) {
            sent = Math.min(sent, s.bytes());
        }
        long wire = WireTime.of(setup, reply.kind() == Reply.Kind.STALL ? 0 : sent, PACKET);
        long end = Math.max(now, reply.notBefore()) + wire + (fault instanceof Fault.Late l ? l.by().toNanos() : 0);
        switch (reply.kind()) {
            case STALL -> {
                board.ledger().onWire(now, end);
                return new Outcome(end, UsbException.Kind.STALL);
            }
            case SILENCE -> {
                return new Outcome(deadline, UsbException.Kind.TIMEOUT);
            }
            case GONE -> {
                afterwards(reply);
                return new Outcome(now, UsbException.Kind.GONE);
            }
            case ANSWER -> {
                board.ledger().onWire(end - wire, end);
                noteAnnouncedWait(setup, reply.data(), end);
            }
        }
        Outcome outcome = new Outcome(end, null);
        outcome.transferred = sent;
        long mine = board.attachment();
        board.at(end, () -> {
            outcome.delivered = board.attachment() == mine;
            if (outcome.delivered) {
                afterwards(reply);
            }
            if (outcome.delivered && setup.in() && end <= deadline) {
                System.arraycopy(reply.data(), 0, data, offset, outcome.transferred);
            }
        });
        return outcome;
    }

    private void noteAnnouncedWait(ControlSetup setup, byte[] status, long from) {
        if (isGetStatus(setup) && status.length == 6 && isBusy(status[4])) {
            long poll = (status[1] & 0xff) | (status[2] & 0xff) << 8 | (status[3] & 0xff) << 16;
            board.ledger().announced(from, from + poll * MILLI);
        }
    }

    private static void afterwards(Reply reply) {
        if (reply.afterwards() != null) {
            reply.afterwards().run();
        }
    }

    private static boolean isGetStatus(ControlSetup setup) {
        return setup.requestType() == 0xa1 && setup.request() == Gadget.GETSTATUS;
    }

    private static boolean isBusy(int state) {
        return state == Gadget.DNBUSY || state == Gadget.DNLOAD_SYNC || state == Gadget.MANIFEST;
    }

    private @Nullable Fault takeFault(ControlSetup setup) {
        long number = count++;
        for (Iterator<Injected> i = faults.iterator(); i.hasNext(); ) {
            Injected injected = i.next();
            if (applies(injected.fault(), setup) && injected.trigger().due(number - injected.since(), setup)) {
                i.remove();
                board.happened("fault: " + injected.fault());
                return injected.fault();
            }
        }
        return null;
    }

    private static boolean applies(Fault fault, ControlSetup setup) {
        if (fault instanceof Fault.WrongState) {
            return isGetStatus(setup) || (setup.requestType() == 0xa1 && setup.request() == Gadget.GETSTATE);
        }
        if (fault instanceof Fault.StuckBusy) {
            return isGetStatus(setup);
        }
        return !(fault instanceof Fault.ShortReply s) || setup.length() > s.bytes();
    }
}
