package io.github.dfu4j.simulator;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.dfu.DfuEvent;
import io.github.dfu4j.dfu.DfuState;
import io.github.dfu4j.dfu.DfuTransitions;
import java.util.List;
import net.jqwik.api.EdgeCasesMode;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;

/** The host's table of states and the simulated devices were written apart from each other; they must agree. */
class AgreementTest {

    /** A plain device stalls exactly what the table does not have, and is afterwards in a state that the table names. */
    @Property(edgeCases = EdgeCasesMode.NONE)
    void a_plain_device_does_what_the_table_says(@ForAll @Size(max = 40) List<DfuEvent> events) {
        Host host = new Host(new PlainDfu("dfu11").inDfuMode());
        for (DfuEvent event : events) {
            DfuState from = settled(host);
            String answer = send(host, event);
            if (DfuTransitions.DFU_1_1.accepts(from, event)) {
                assertThat(answer).as("%s in %s", event, from).isNotEqualTo("STALL");
                assertThat(DfuTransitions.DFU_1_1.next(from, event)).contains(state(host));
            } else {
                assertThat(answer).as("%s in %s", event, from).isEqualTo("STALL");
                assertThat(state(host)).isEqualTo(DfuState.ERROR);
            }
        }
    }

    /** A ROM takes more than the table has, but whatever the table has it takes, and goes where the table says. */
    @Property(edgeCases = EdgeCasesMode.NONE)
    void a_rom_takes_what_the_table_has(@ForAll @Size(max = 40) List<DfuEvent> events) {
        Host host = new Host(new Stm32Rom("stm32f407"));
        for (DfuEvent event : events) {
            DfuState from = settled(host);
            boolean leaves = event == DfuEvent.DETACH || event == DfuEvent.DNLOAD_ZERO;
            if (!leaves && DfuTransitions.DFUSE.accepts(from, event)) {
                String answer = send(host, event);
                assertThat(answer).as("%s in %s", event, from).isNotEqualTo("STALL");
                // what a status says counts, not what the device has done by the time it is read
                DfuState now = event == DfuEvent.GETSTATUS
                        ? DfuState.of(Integer.parseInt(answer.substring(12, 14), 16))
                        : state(host);
                assertThat(DfuTransitions.DFUSE.next(from, event)).contains(now);
            }
        }
    }

    private static String send(Host host, DfuEvent event) {
        return switch (event) {
            case DETACH -> host.out("21 00 03e8 0000", "");
            case DNLOAD -> host.command("21 00 00 00 08");
            case DNLOAD_ZERO -> host.command("");
            case UPLOAD -> host.in("a1 02 0002 0000 64");
            case GETSTATUS -> host.status();
            case CLRSTATUS -> host.clearStatus();
            case GETSTATE -> host.in("a1 05 0000 0000 1");
            case ABORT -> host.abort();
        };
    }

    /** The state once the time is over that the device asked for: before that a host sends nothing. */
    private static DfuState settled(Host host) {
        DfuState now = state(host);
        if (now == DfuState.DNBUSY || now == DfuState.MANIFEST) {
            host.sleep(200);
        }
        return state(host);
    }

    private static DfuState state(Host host) {
        VirtualBoard board = host.bus.boards().values().iterator().next();
        int number = board.inside(() -> board.gadget() == null ? -1 : board.gadget().state);
        return DfuState.of(number);
    }
}
