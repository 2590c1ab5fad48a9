package io.github.dfu4j.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Map;
import org.junit.jupiter.api.Test;

class FaultSweepTest {

    @Test
    void the_samples_have_every_kind_of_fault_and_none_twice() {
        assertThat(Fault.samples()).doesNotHaveDuplicates();
        assertThat(Fault.samples())
                .extracting(Object::getClass)
                .containsAll(Arrays.asList(Fault.class.getPermittedSubclasses()));
    }

    @Test
    void each_fault_is_tried_at_each_transfer_and_the_outcomes_are_counted() {
        FaultSweep sweep = FaultSweep.of("a job", 5, (fault, trigger) -> {
            boolean last = trigger.due(4, null) && !trigger.due(3, null);
            return last ? "late" : "early";
        });
        long faults = Fault.samples().size();
        assertThat(sweep.runs()).isEqualTo(faults * 5);
        assertThat(sweep.outcomes()).isEqualTo(Map.of("early", faults * 4, "late", faults));
        assertThat(sweep).hasToString("a job: 85 runs with a fault at one of 5 transfers: {early=68, late=17}");
    }

    @Test
    void a_sweep_over_no_transfers_is_refused_since_it_would_prove_nothing() {
        assertThatThrownBy(() -> FaultSweep.of("a job", 0, (fault, trigger) -> "fine"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("a job takes 0 transfers");
    }

    @Test
    void a_run_that_must_not_end_as_it_does_is_named() {
        IllegalStateException unexpected = new IllegalStateException("what is this");
        assertThatThrownBy(() -> FaultSweep.of("a job", 3, (fault, trigger) -> {
                    if (fault instanceof Fault.BusError && trigger.due(1, null) && !trigger.due(0, null)) {
                        throw unexpected;
                    }
                    return "fine";
                }))
                .isInstanceOf(AssertionError.class)
                .hasMessageContaining("a job, BusError[] at transfer 1: ")
                .hasCause(unexpected);
    }
}
