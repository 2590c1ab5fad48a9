package io.github.dfu4j.cli;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** The user's wish to stop: once Ctrl-C is pressed it answers true, and the process stays until the command has ended in good order. */
final class Cancellation implements BooleanSupplier {

    /** The longest that one transfer with a device takes, and bringing it to dfuIDLE after that. */
    private static final int PATIENCE_SECONDS = 40;

    private final Console console;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile boolean requested;
    private @Nullable Thread hook;

    Cancellation(Console console) {
        this.console = console;
    }

    /** From now on Ctrl-C asks the command to stop instead of ending the process at once. */
    synchronized Cancellation arm() {
        if (hook == null) {
            hook = new Thread(this::stop, "dfu-stop");
            Runtime.getRuntime().addShutdownHook(hook);
        }
        return this;
    }

    /** Asks the command to stop and waits until it has. */
    void stop() {
        requested = true;
        console.note("dfu: stopping …");
        try {
            if (!ended.await(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
                console.error("The device does not answer; reset it.");
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The command has ended and has said all it has to say. */
    synchronized void ended() {
        ended.countDown();
        if (hook != null && !requested) {
            try {
                Runtime.getRuntime().removeShutdownHook(hook);
            } catch (IllegalStateException e) {
                // the process is ending already, by Ctrl-C at the last moment
            }
        }
    }

    @Override
    public boolean getAsBoolean() {
        return requested;
    }
}
