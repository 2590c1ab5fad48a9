package io.github.dfu4j.cli;

import io.github.dfu4j.dfuse.FlashEvent;
import io.github.dfu4j.dfuse.FlashListener;
import io.github.dfu4j.usb.Timebase;
import java.util.Locale;

/**
 * Shows how far a job is: bytes, rate and time left, by the clock of the job and not of this machine, so that it is right in simulated
 * time too. On a terminal one line is written over; elsewhere there is a line for each quarter.
 */
final class FlashProgress implements FlashListener {

    private static final long REDRAW = 100_000_000;

    private final Console console;
    private final Timebase time;
    private long started;
    private long shown;
    private long quarter;
    private boolean open;

    FlashProgress(Console console, Timebase time) {
        this.console = console;
        this.time = time;
    }

    @Override
    public void on(FlashEvent event) {
        if (event instanceof FlashEvent.PhaseStarted) {
            end();
            started = time.nanos();
            shown = started - REDRAW;
            quarter = 0;
        } else if (event instanceof FlashEvent.Progress progress) {
            show(progress);
        } else if (event instanceof FlashEvent.Note note) {
            end();
            console.note("   " + Failures.sentence(note.text()));
        } else if (event instanceof FlashEvent.Finished) {
            end();
        }
    }

    private void show(FlashEvent.Progress progress) {
        long now = time.nanos();
        boolean last = progress.done() >= progress.total();
        if (console.isTerminal()) {
            if (last || now - shown >= REDRAW) {
                shown = now;
                open = true;
                console.err().print("\r" + line(progress, now) + "\u001b[K");
                console.err().flush();
                if (last) {
                    end();
                }
            }
            return;
        }
        long reached = progress.total() == 0 ? 4 : progress.done() * 4 / progress.total();
        if (reached > quarter) {
            quarter = reached;
            console.note(line(progress, now));
        }
    }

    private String line(FlashEvent.Progress progress, long now) {
        double seconds = Math.max(1e-6, (now - started) / 1e9);
        double rate = progress.done() / seconds;
        long left = progress.total() - progress.done();
        String word = progress.phase().name().toLowerCase(Locale.ROOT);
        String text = String.format(
                Locale.ROOT,
                "   %-6s %9s of %s, %.1f KB/s",
                word,
                Numbers.grouped(progress.done()),
                Numbers.bytes(progress.total()),
                rate / 1000);
        return left == 0
                ? text + String.format(Locale.ROOT, ", %.1f s", seconds)
                : text + String.format(Locale.ROOT, ", %.1f s left", left / Math.max(rate, 1e-6));
    }

    private void end() {
        if (open) {
            console.err().println();
            open = false;
        }
    }
}
