package io.github.dfu4j.dfuse;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuSession;
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
import java.util.function.Function;

/**
 * Flashes many boards side by side: one plan and one thread for each, so that a board that fails or hangs does not disturb the others.
 */
public final class FlashAll {

    /**
     * A board and what is to be done with it.
     *
     * @param target the board's DFU interface
     * @param plan the plan, made for it
     */
    public record Job(DfuInterface target, FlashPlan plan) {}

    /**
     * What became of a board.
     *
     * @param target the board's DFU interface
     * @param completed the report, if the plan was carried out
     * @param failure what went wrong, if it was not: a {@link FlashException} with the report of what was done, or another failure before
     *     the first transfer
     */
    public record Result(DfuInterface target, Optional<FlashReport> completed, Optional<Exception> failure) {

        /** Whether the plan was carried out. */
        public boolean succeeded() {
            return completed.isPresent();
        }
    }

    private final UsbBus bus;
    private final Function<DfuInterface, Timebase> time;
    private final BooleanSupplier cancelled;

    /**
     * A worker on one bus.
     *
     * @param bus opens the boards, from several threads at once
     * @param time the clock of all sessions
     * @param cancelled answers true once all jobs are to end; asked from several threads
     */
    public FlashAll(UsbBus bus, Timebase time, BooleanSupplier cancelled) {
        this(bus, board -> time, cancelled);
    }

    /**
     * A worker on one bus, for boards that have clocks of their own, as simulated ones do.
     *
     * @param bus opens the boards, from several threads at once
     * @param time the clock of the session with a board
     * @param cancelled answers true once all jobs are to end; asked from several threads
     */
    public FlashAll(UsbBus bus, Function<DfuInterface, Timebase> time, BooleanSupplier cancelled) {
        this.bus = bus;
        this.time = time;
        this.cancelled = cancelled;
    }

    /**
     * Carries out all jobs and waits for the last one. Interrupting the caller cancels all.
     *
     * @param jobs one for each board
     * @param listeners makes the listener of a job; each is called on the thread of its board
     * @return a result for each job, in their order
     */
    public List<Result> run(List<Job> jobs, Function<Job, FlashListener> listeners) {
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
                running.add(threads.submit(() -> one(job, listeners.apply(job))));
            }
            List<Result> results = new ArrayList<>();
            boolean interrupted = false;
            for (int i = 0; i < jobs.size(); i++) {
                while (results.size() == i) {
                    try {
                        results.add(running.get(i).get());
                    } catch (InterruptedException e) {
                        interrupted = true;
                        threads.shutdownNow(); // each job ends in dfuIDLE and with its report
                    } catch (ExecutionException e) {
                        results.add(failed(jobs.get(i), new IllegalStateException(e.getCause())));
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

    private Result one(Job job, FlashListener listener) {
        try (DfuSeSession session = new DfuSeSession(DfuSession.open(bus, job.target(), time.apply(job.target())))) {
            FlashReport report = new Flasher(session, listener, cancelled).flash(job.plan());
            return new Result(job.target(), Optional.of(report), Optional.empty());
        } catch (IOException e) {
            return failed(job, e);
        }
    }

    private static Result failed(Job job, Exception failure) {
        return new Result(job.target(), Optional.empty(), Optional.of(failure));
    }
}
