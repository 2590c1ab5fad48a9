package io.github.dfu4j.cli;

import io.github.dfu4j.dfuse.FlashEvent;
import io.github.dfu4j.dfuse.FlashListener;
import io.github.dfu4j.usb.Timebase;
import java.time.Duration;
import java.util.Locale;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;
import org.jspecify.annotations.Nullable;

/**
 * Shows how far a job is: bytes, rate and time left. On a terminal a bar does; elsewhere, and in the end, there are lines, whose times are
 * by the clock of the job and so are right in simulated time too.
 */
final class FlashProgress implements FlashListener, AutoCloseable {

    /** How long nothing need be said. */
    private static final long SILENCE = 2_000_000_000L;

    private final Console console;
    private final Timebase time;
    private @Nullable ProgressBar bar;
    private String task = "";
    private long total;
    private long started;
    private long done;
    private long told;
    /** Whether some of what is done is only passed over, so that a rate would say nothing. */
    private boolean skips;

    /**
     * Progress of a job.
     *
     * @param time the clock by which the device works, which in a simulation is not the real one
     */
    FlashProgress(Console console, Timebase time) {
        this.console = console;
        this.time = time;
    }

    @Override
    public void on(FlashEvent event) {
        if (event instanceof FlashEvent.PhaseStarted phase) {
            begin(words(phase.phase()) + " " + phase.target(), phase.total());
            skips = phase.phase() == FlashEvent.Phase.SURVEY;
        } else if (event instanceof FlashEvent.Progress progress) {
            reach(progress.done());
        } else if (event instanceof FlashEvent.Note note) {
            note(note.text());
        } else if (event instanceof FlashEvent.Finished) {
            close();
        }
    }

    private static String words(FlashEvent.Phase phase) {
        return switch (phase) {
            case SURVEY -> "looking at";
            case READ -> "reading";
            case ERASE -> "erasing";
            case WRITE -> "writing";
            case VERIFY -> "verifying";
        };
    }

    /** A phase begins; the one before has ended. */
    void begin(String what, long bytes) {
        close();
        task = what;
        skips = false;
        total = bytes;
        started = time.nanos();
        told = started;
        done = 0;
        if (console.isTerminal()) {
            bar = new ProgressBarBuilder()
                    .setTaskName(what)
                    .setInitialMax(bytes)
                    .setUnit(" KiB", 1024)
                    .showSpeed()
                    .setStyle(ProgressBarStyle.ASCII)
                    .setUpdateIntervalMillis(100)
                    .setConsumer(new DelegatingProgressBarConsumer(console::overwrite, console.columns() - 1))
                    .build();
        }
    }

    /** So many bytes of the phase are done. */
    void reach(long bytes) {
        done = bytes;
        if (bar != null) {
            bar.stepTo(bytes);
        } else if (time.nanos() - told >= SILENCE && done < total) {
            told = time.nanos();
            console.note("   " + task + ": " + Numbers.grouped(done) + " of " + Numbers.bytes(total)
                    + rate(done, elapsed()) + ", "
                    + seconds(elapsed().multipliedBy(total - done).dividedBy(Math.max(1, done)))
                    + " left");
        }
    }

    /** Says something. */
    void note(String text) {
        console.note("   " + Failures.sentence(text));
    }

    /** The phase has ended. */
    @Override
    public void close() {
        if (bar != null) {
            bar.close();
            bar = null;
            console.overwrite("");
        }
        if (!task.isEmpty()) {
            console.note(
                    "   " + task + ": " + Numbers.bytes(done) + " in " + seconds(elapsed()) + rate(done, elapsed()));
            task = "";
        }
    }

    private Duration elapsed() {
        return Duration.ofNanos(time.nanos() - started);
    }

    private String rate(long bytes, Duration took) {
        long millis = took.toMillis();
        return skips || millis < 10 || bytes == 0
                ? ""
                : String.format(Locale.ROOT, ", %.1f KB/s", (double) bytes / millis);
    }

    /** A duration as {@code 12.3 s} or {@code 2 min 5 s}. */
    static String seconds(Duration duration) {
        return duration.toMinutes() > 1
                ? duration.toMinutes() + " min " + duration.toSecondsPart() + " s"
                : String.format(Locale.ROOT, "%.1f s", duration.toMillis() / 1000.0);
    }
}
