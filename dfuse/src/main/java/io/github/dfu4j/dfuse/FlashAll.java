package io.github.dfu4j.dfuse;

import io.github.dfu4j.dfu.DfuDownloader;
import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.dfu.DownloadPlan;
import io.github.dfu4j.dfu.DownloadReport;
import io.github.dfu4j.dfu.QuirkTable;
import io.github.dfu4j.usb.Timebase;
import io.github.dfu4j.usb.UsbBus;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Flashes many boards side by side, whether they speak DfuSe or plain DFU: one plan and one thread for each, so that a board that fails
 * or hangs does not disturb the others.
 */
public final class FlashAll {

    /** A board and what is to be done with it. */
    public sealed interface Job {
        /** The board's DFU interface. */
        DfuInterface target();
    }

    /**
     * A board that speaks DfuSe.
     *
     * @param target the board's DFU interface
     * @param plan the plan, made for it
     * @param listener is told what happens, on the thread of the board
     */
    public record DfuSeJob(DfuInterface target, FlashPlan plan, FlashListener listener) implements Job {}

    /**
     * A board that speaks plain DFU.
     *
     * @param target the board's DFU interface, in run-time or in DFU mode
     * @param plan the plan, made for it
     * @param progress is told how far it is, on the thread of the board
     */
    public record PlainJob(DfuInterface target, DownloadPlan plan, DfuDownloader.Progress progress) implements Job {}

    /** What became of a board. */
    public sealed interface Outcome {
        /** What went wrong; empty if the plan was carried out. */
        default Optional<Exception> failure() {
            return this instanceof Failed failed ? Optional.of(failed.cause()) : Optional.empty();
        }
    }

    /**
     * A plan for a board that speaks DfuSe was carried out.
     *
     * @param report what was done
     */
    public record Flashed(FlashReport report) implements Outcome {}

    /**
     * A plan for a board that speaks plain DFU was carried out.
     *
     * @param report what was done
     */
    public record Downloaded(DownloadReport report) implements Outcome {}

    /**
     * A plan was not carried out.
     *
     * @param cause a {@link FlashException} or {@link io.github.dfu4j.dfu.DownloadException} with the report of what was done, or another
     *     failure before the first transfer
     */
    public record Failed(Exception cause) implements Outcome {}

    /**
     * A job and what became of it.
     *
     * @param job the job
     * @param outcome what became of the board
     */
    public record Result(Job job, Outcome outcome) {

        /** What went wrong; empty if the plan was carried out. */
        public Optional<Exception> failure() {
            return outcome.failure();
        }

        /** Whether the plan was carried out. */
        public boolean succeeded() {
            return !(outcome instanceof Failed);
        }
    }

    private final UsbBus bus;
    private final QuirkTable quirks;
    private final Function<DfuInterface, Timebase> time;
    private final BooleanSupplier cancelled;

    /**
     * A worker on one bus.
     *
     * @param bus opens the boards, from several threads at once
     * @param quirks what is known of devices, for boards that come back as another one on the way
     * @param time the clock of the job with a board; one for all, or the board's own where it has one, as simulated boards do
     * @param cancelled answers true once all jobs are to end; asked from several threads
     */
    public FlashAll(UsbBus bus, QuirkTable quirks, Function<DfuInterface, Timebase> time, BooleanSupplier cancelled) {
        this.bus = bus;
        this.quirks = quirks;
        this.time = time;
        this.cancelled = cancelled;
    }

    /**
     * Carries out all jobs and waits for the last one. Interrupting the caller cancels all.
     *
     * @param jobs one for each board
     * @param done is told each result as soon as it is known, on the thread of the board
     * @return a result for each job, in their order
     */
    public List<Result> run(List<Job> jobs, Consumer<Result> done) {
        if (jobs.isEmpty()) {
            return Collections.emptyList();
        }
        ExecutorService threads = Executors.newFixedThreadPool(jobs.size(), task -> {
            Thread thread = new Thread(task, "dfu4j-flash");
            thread.setDaemon(true);
            return thread;
        });
        try {
            List<Future<Result>> running = new ArrayList<>();
            for (Job job : jobs) {
                running.add(threads.submit(() -> {
                    Result result = new Result(job, outcome(job));
                    done.accept(result);
                    return result;
                }));
            }
            List<Result> results = new ArrayList<>();
            boolean interrupted = false;
            for (int i = 0; i < jobs.size(); i++) {
                while (results.size() == i) {
                    try {
                        results.add(running.get(i).get());
                    } catch (InterruptedException e) {
                        // Each job ends in dfuIDLE and with its report; to be interrupted again would disturb it.
                        if (!interrupted) {
                            threads.shutdownNow();
                        }
                        interrupted = true;
                    } catch (ExecutionException e) {
                        results.add(new Result(jobs.get(i), new Failed(new IllegalStateException(e.getCause()))));
                    }
                }
            }
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
            return Collections.unmodifiableList(results);
        } finally {
            threads.shutdownNow();
        }
    }

    private Outcome outcome(Job job) {
        try {
            return job instanceof DfuSeJob dfuSe ? flash(dfuSe) : download((PlainJob) job);
        } catch (IOException | RuntimeException e) { // unchecked: a mistake of the job's listener, or of the bus
            return new Failed(e);
        }
    }

    private Outcome flash(DfuSeJob job) throws IOException {
        try (DfuSeSession session = new DfuSeSession(DfuSession.open(bus, job.target(), time.apply(job.target())))) {
            return new Flashed(new Flasher(session, job.listener(), cancelled).flash(job.plan()));
        }
    }

    private Outcome download(PlainJob job) throws IOException {
        return new Downloaded(new DfuDownloader(bus, quirks, time.apply(job.target()), job.progress(), cancelled)
                .download(job.target(), job.plan()));
    }
}
