package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.dfu.DfuEvent;
import io.github.dfu4j.dfu.DfuState;
import io.github.dfu4j.dfu.DfuTransitions;
import io.github.dfu4j.simulator.Habit;
import io.github.dfu4j.simulator.PlainDfu;
import io.github.dfu4j.simulator.Stm32Rom;
import io.github.dfu4j.simulator.VirtualBoard;
import io.github.dfu4j.simulator.VirtualBus;
import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/** The host's table of states and requests against the simulated devices', which were written from the specification on their own. */
class StateTableTest {

    /** A device, and the state that it is in as far as its answers say. */
    private static final class Conversation {
        private final VirtualBus bus = new VirtualBus();
        private final UsbConnection connection;
        private final int block;
        private final boolean dfuSe;

        Conversation(VirtualBoard board, int block, boolean dfuSe) throws Exception {
            this.block = block;
            this.dfuSe = dfuSe;
            bus.plug(board);
            bus.time().sleep(Duration.ofSeconds(1));
            connection = bus.open(bus.devices().get(0));
            connection.claim(0);
        }

        /** Sends a request; answers whether the device took it. */
        boolean send(DfuEvent event, byte[] answer) throws UsbException, InterruptedException {
            boolean upload = event == DfuEvent.UPLOAD;
            int length = switch (event) {
                case DNLOAD, UPLOAD -> block;
                case GETSTATUS -> 6;
                case GETSTATE -> 1;
                default -> 0;
            };
            byte[] data = new byte[Math.max(6, length)];
            if (event == DfuEvent.DNLOAD && dfuSe) {
                data[0] = 0x21;
                data[4] = 0x08;
                length = 5;
            }
            // A data block of a DfuSe device is read from 2 on; 0 holds commands.
            ControlSetup setup = event.request().setup(upload && dfuSe ? 2 : 0, 0, length);
            try {
                connection.control(setup, data, 0, 30_000);
            } catch (UsbException e) {
                assertThat(e.kind()).isEqualTo(UsbException.Kind.STALL);
                return false;
            }
            System.arraycopy(data, 0, answer, 0, 6);
            if (event == DfuEvent.GETSTATUS) {
                bus.time().sleep(Duration.ofMillis((data[1] & 0xff) | (data[2] & 0xff) << 8));
            }
            return true;
        }
    }

    private static void agree(Conversation device, DfuTransitions table, List<DfuEvent> events) throws Exception {
        byte[] answer = new byte[6];
        assertThat(device.send(DfuEvent.GETSTATUS, answer)).isTrue();
        DfuState state = DfuState.of(answer[4]);
        for (DfuEvent event : events) {
            if (state == DfuState.MANIFEST_WAIT_RESET || (device.dfuSe && event == DfuEvent.DNLOAD_ZERO)) {
                continue; // leads off the bus
            }
            if ((state == DfuState.DNBUSY || state == DfuState.MANIFEST) && event != DfuEvent.GETSTATUS) {
                continue; // the poll time is over, and only the device knows whether it has moved on
            }
            Set<DfuState> next = table.next(state, event);
            boolean taken = device.send(event, answer);
            if (next.isEmpty()) {
                // ST's class takes requests that the specification wants stalled; a host that keeps to the table never
                // sees that.
                assertThat(taken && !device.dfuSe)
                        .as("%s in %s is stalled", event, state)
                        .isFalse();
                state = where(device, answer);
                continue;
            }
            assertThat(taken).as("%s in %s is taken", event, state).isTrue();
            DfuState before = state;
            if (event == DfuEvent.GETSTATUS) {
                state = DfuState.of(answer[4]);
            } else if (event == DfuEvent.GETSTATE) {
                state = DfuState.of(answer[0]);
            } else if (next.size() == 1) {
                state = next.iterator().next();
                continue; // whether it is there shows in the next answer, which must fit the table from here
            } else {
                state = where(device, answer);
            }
            assertThat(next).as("%s in %s", event, before).contains(state);
        }
        if (table.accepts(state, DfuEvent.GETSTATE)) {
            assertThat(where(device, answer)).isEqualTo(state);
        }
    }

    /** Asks without changing anything; in the busy states a plain device must be asked by GETSTATUS. */
    private static DfuState where(Conversation device, byte[] answer) throws Exception {
        if (!device.send(DfuEvent.GETSTATE, answer)) {
            assertThat(device.send(DfuEvent.GETSTATUS, answer)).isTrue();
            return DfuState.of(answer[4]);
        }
        return DfuState.of(answer[0]);
    }

    @Property(tries = 200)
    void a_plain_dfu_device_is_where_the_table_says_after_any_requests(@ForAll("requests") List<DfuEvent> events)
            throws Exception {
        for (String kind : List.of("dfu11", "dfu11-intolerant")) {
            agree(new Conversation(new PlainDfu(kind).inDfuMode(), 1024, false), DfuTransitions.DFU_1_1, events);
        }
    }

    @Property(tries = 100)
    void a_run_time_device_is_where_the_table_says_after_any_requests(@ForAll("requests") List<DfuEvent> events)
            throws Exception {
        List<DfuEvent> staying =
                events.stream().filter(e -> e != DfuEvent.DETACH).toList();
        agree(new Conversation(new PlainDfu("dfu11"), 1024, false), DfuTransitions.DFU_1_1, staying);
    }

    @Property(tries = 200)
    void a_dfuse_device_is_where_the_table_says_after_any_requests(@ForAll("requests") List<DfuEvent> events)
            throws Exception {
        List<DfuEvent> staying =
                events.stream().filter(e -> e != DfuEvent.DETACH).toList();
        for (String family : List.of("stm32f407", "stm32h743", "stm32c5")) {
            Stm32Rom board = new Stm32Rom(family);
            board.habit(Habit.UPLOAD_PAST_END_CRASHES, false);
            agree(new Conversation(board, 1024, true), DfuTransitions.DFUSE, staying);
        }
    }

    @Provide
    static Arbitrary<List<DfuEvent>> requests() {
        return Arbitraries.of(DfuEvent.values()).list().ofMinSize(1).ofMaxSize(40);
    }
}
