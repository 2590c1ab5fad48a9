package io.github.dfu4j.simulator;

import io.github.dfu4j.usb.ControlSetup;
import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;

/**
 * Something that goes wrong with one control transfer, as a test scripts it with {@link VirtualBoard#inject}.
 *
 * <p>A fault happens once, at the first transfer that its {@link Trigger} names and to which it can apply: a wrong state needs a
 * GETSTATUS or GETSTATE, a short reply needs data.
 */
public sealed interface Fault {

    /** Faults of every kind, some kinds with several parameters: what a job should come through at any of its transfers. */
    static List<Fault> samples() {
        return List.of(
                new Stall(),
                new Silence(false),
                new Silence(true),
                new Disconnect(Duration.ofMillis(300)),
                new ShortReply(0),
                new ShortReply(3),
                new StuckBusy(1, 5),
                new StuckBusy(40, 20),
                new WrongState(2, 0),
                new WrongState(5, 0),
                new WrongState(7, 0),
                new WrongState(9, 0),
                new WrongState(10, 3),
                new WrongState(200, 0),
                new PowerCut(Duration.ofMillis(300)),
                new Late(Duration.ofSeconds(1)),
                new BusError());
    }

    /** The device refuses the transfer with a STALL and does nothing. */
    record Stall() implements Fault {}

    /**
     * The host gets no answer and the transfer times out.
     *
     * @param acted whether the device has done what was asked, and only its answer was lost
     */
    record Silence(boolean acted) implements Fault {}

    /**
     * The device drops off the bus before it acts, without losing power, and comes back in the same bootloader.
     *
     * @param away how long it is gone
     */
    record Disconnect(Duration away) implements Fault {}

    /**
     * Less is transferred than was asked or sent; on a download the device acts on nothing.
     *
     * @param bytes how many bytes are transferred, 0 or more
     */
    record ShortReply(int bytes) implements Fault {}

    /**
     * The device says dfuDNBUSY to this GETSTATUS and the following ones, and acts on none of them.
     *
     * @param polls how many answers
     * @param pollTimeout the bwPollTimeout it says, in milliseconds
     */
    record StuckBusy(int polls, int pollTimeout) implements Fault {}

    /**
     * A GETSTATUS or GETSTATE is answered with this state, and the device is in it from then on.
     *
     * @param state the bState, 0 to 255
     * @param status the bStatus, 0 to 255
     */
    record WrongState(int state, int status) implements Fault {}

    /**
     * The power fails in mid-transfer and in mid-operation, and comes back; what runs then is decided by buttons and flash.
     *
     * @param off how long there is no power
     */
    record PowerCut(Duration off) implements Fault {}

    /**
     * The answer comes late.
     *
     * @param by how much
     */
    record Late(Duration by) implements Fault {}

    /** The transfer fails and the host cannot tell how; the device has not seen it. */
    record BusError() implements Fault {}

    /** Which transfer a fault hits. */
    @FunctionalInterface
    interface Trigger {

        /**
         * Whether the fault is due.
         *
         * @param number the transfer's number since the fault was injected, from 0
         * @param setup its setup stage
         */
        boolean due(long number, ControlSetup setup);

        /** The nth transfer from now on, counted from 0, or the next after it that the fault can apply to. */
        static Trigger at(long n) {
            return (number, setup) -> number >= n;
        }

        /** The next transfer whose setup stage satisfies a condition. */
        static Trigger when(Predicate<ControlSetup> condition) {
            return (number, setup) -> condition.test(setup);
        }
    }
}
