package io.github.dfu4j.simulator;

import io.github.dfu4j.simulator.internal.Descriptors;
import io.github.dfu4j.usb.ControlSetup;

/** What a board shows on the bus at a time: a USB device with its descriptors, its standard requests and a class of its own. */
abstract class Gadget {

    static final int APP_IDLE = 0;
    static final int APP_DETACH = 1;
    static final int DFU_IDLE = 2;
    static final int DNLOAD_SYNC = 3;
    static final int DNBUSY = 4;
    static final int DNLOAD_IDLE = 5;
    static final int MANIFEST_SYNC = 6;
    static final int MANIFEST = 7;
    static final int MANIFEST_WAIT_RESET = 8;
    static final int UPLOAD_IDLE = 9;
    static final int ERROR = 10;

    static final int OK = 0;
    static final int ERR_TARGET = 1;
    static final int ERR_NOTDONE = 9;
    static final int ERR_FIRMWARE = 0x0a;
    static final int ERR_VENDOR = 0x0b;
    static final int ERR_UNKNOWN = 0x0e;
    static final int ERR_STALLEDPKT = 0x0f;

    static final int DETACH = 0;
    static final int DNLOAD = 1;
    static final int UPLOAD = 2;
    static final int GETSTATUS = 3;
    static final int CLRSTATUS = 4;
    static final int GETSTATE = 5;
    static final int ABORT = 6;

    final VirtualBoard board;
    final Descriptors descriptors;
    int state = DFU_IDLE;
    int status = OK;
    /** Nothing is answered any more, until a reset or a loss of power starts another. */
    boolean hangs;

    private int configuration = 1;
    private int alternate;

    Gadget(VirtualBoard board, Descriptors descriptors) {
        this.board = board;
        this.descriptors = descriptors;
    }

    /** What it is, in words for the ledger. */
    abstract String words();

    /** Answers a class request to its interface. */
    abstract Reply classRequest(ControlSetup setup, byte[] out);

    /** The bus was reset, or the device taken out of its configuration. */
    abstract void busReset();

    /** The same device as it is after it left the bus and came back without losing power. */
    abstract Gadget again();

    final Reply control(ControlSetup setup, byte[] out) {
        int type = setup.requestType() & 0x60;
        int recipient = setup.requestType() & 0x1f;
        if (hangs) {
            return Reply.SILENCE;
        }
        if (type == 0) {
            return standard(setup);
        }
        int index = setup.request() == DETACH && board.has(Habit.DETACH_WANTS_BIT_8) ? 0x100 : 0;
        if (type != 0x20 || recipient != 1 || setup.index() != index || setup.request() > ABORT) {
            return Reply.STALL;
        }
        if (configuration == 0) {
            return Reply.SILENCE;
        }
        boolean in = setup.request() == UPLOAD || setup.request() == GETSTATUS || setup.request() == GETSTATE;
        return in == setup.in() ? classRequest(setup, out) : Reply.STALL;
    }

    final Reply statusReply(int pollTimeout) {
        int poll = board.has(Habit.ZERO_POLL_TIMEOUT)
                ? 0
                : board.has(Habit.BOGUS_POLL_TIMEOUT) && pollTimeout > 0 ? 0x3f_ffff : pollTimeout;
        return Reply.data(status, poll, poll >> 8, poll >> 16, state, 0);
    }

    final void enumerated() {
        configuration = 1;
        alternate = 0;
    }

    private Reply standard(ControlSetup s) {
        return switch (s.request()) {
            case 0 -> s.in() ? Reply.data(s.requestType() == 0x80 ? 1 : 0, 0) : Reply.STALL;
            case 1, 3, 5 -> s.in() ? Reply.STALL : Reply.ACK;
            case 6 -> s.in() ? descriptor(s.value() >> 8, s.value() & 0xff) : Reply.STALL;
            case 8 -> s.in() ? Reply.data(configuration) : Reply.STALL;
            case 9 -> setConfiguration(s.value());
            case 10 -> s.in() && configuration != 0 && s.index() == 0 ? Reply.data(alternate) : Reply.STALL;
            case 11 -> setInterface(s);
            default -> Reply.STALL;
        };
    }

    private Reply setConfiguration(int value) {
        if (value > 1) {
            return Reply.STALL;
        }
        if (value == 0 && configuration != 0) {
            busReset();
        }
        configuration = value;
        return Reply.ACK;
    }

    private Reply setInterface(ControlSetup s) {
        if (s.in() || configuration == 0 || s.index() != 0 || s.value() >= descriptors.alternates()) {
            return Reply.STALL;
        }
        alternate = s.value();
        return Reply.ACK;
    }

    private Reply descriptor(int type, int index) {
        return switch (type) {
            case 1 -> Reply.data(descriptors.device());
            case 2 -> index == 0 ? Reply.data(descriptors.configuration()) : Reply.STALL;
            case 3 -> {
                byte[] string = descriptors.strings().get(index);
                yield string != null
                        ? Reply.data(string)
                        : board.has(Habit.SILENT_ON_UNKNOWN_STRING) ? Reply.SILENCE : Reply.STALL;
            }
            case 0x21 ->
                board.has(Habit.NO_STANDALONE_FUNCTIONAL_DESCRIPTOR)
                        ? Reply.SILENCE
                        : descriptors.functional().length == 0 ? Reply.STALL : Reply.data(descriptors.functional());
            default -> Reply.STALL;
        };
    }
}
