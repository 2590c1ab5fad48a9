package io.github.dfu4j.simulator;

import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * A sweep: a job is run once with each {@linkplain Fault#samples() fault} at each of its transfers, and what comes of it is counted.
 *
 * @param job what was run, in words
 * @param transfers how many transfers the job takes without a fault
 * @param runs how often it was run
 * @param outcomes how often it ended in which way
 */
public record FaultSweep(String job, int transfers, int runs, Map<String, Long> outcomes) {

    /** Copies the map. */
    public FaultSweep {
        outcomes = Collections.unmodifiableMap(new TreeMap<>(outcomes));
    }

    /** One run of the job. */
    @FunctionalInterface
    public interface Run {
        /**
         * Runs the job on a board of its own. Runs are made side by side, on several threads.
         *
         * @param fault what is to be injected
         * @param trigger when
         * @return in a word how it ended, if that is a way in which it may end
         * @throws Throwable if it is not
         */
        String with(Fault fault, Fault.Trigger trigger) throws Throwable;
    }

    /**
     * Makes all runs.
     *
     * @param job what is run, in words
     * @param transfers how many transfers the job takes without a fault
     * @param run the job
     * @throws IllegalArgumentException if it takes none: there is nothing to try
     * @throws AssertionError if a run does not end as it may; names fault and transfer, and has what the run threw as its cause
     */
    public static FaultSweep of(String job, long transfers, Run run) {
        if (transfers < 1) {
            throw new IllegalArgumentException(job + " takes " + transfers + " transfers; a sweep needs one at least");
        }
        List<Fault> faults = Fault.samples();
        int each = Math.toIntExact(transfers);
        // An exception that leaves a parallel stream may come out as a copy that has lost its message.
        Queue<AssertionError> failures = new ConcurrentLinkedQueue<>();
        Map<String, Long> outcomes = IntStream.range(0, faults.size() * each)
                .parallel()
                .mapToObj(i -> outcome(job, faults.get(i / each), i % each, run, failures))
                .collect(Collectors.groupingBy(outcome -> outcome, Collectors.counting()));
        AssertionError failure = failures.poll();
        if (failure != null) {
            throw failure;
        }
        return new FaultSweep(job, each, faults.size() * each, outcomes);
    }

    private static String outcome(String job, Fault fault, int transfer, Run run, Queue<AssertionError> failures) {
        try {
            return run.with(fault, Fault.Trigger.at(transfer));
        } catch (Throwable e) {
            failures.add(new AssertionError(job + ", " + fault + " at transfer " + transfer + ": " + e, e));
            return "failed";
        }
    }

    /** The counts, on one line. */
    @Override
    public String toString() {
        return job + ": " + runs + " runs with a fault at one of " + transfers + " transfers: " + outcomes;
    }
}
