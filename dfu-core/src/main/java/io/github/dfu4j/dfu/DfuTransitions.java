package io.github.dfu4j.dfu;

import static io.github.dfu4j.dfu.DfuState.APP_DETACH;
import static io.github.dfu4j.dfu.DfuState.APP_IDLE;
import static io.github.dfu4j.dfu.DfuState.DNBUSY;
import static io.github.dfu4j.dfu.DfuState.DNLOAD_IDLE;
import static io.github.dfu4j.dfu.DfuState.DNLOAD_SYNC;
import static io.github.dfu4j.dfu.DfuState.ERROR;
import static io.github.dfu4j.dfu.DfuState.IDLE;
import static io.github.dfu4j.dfu.DfuState.MANIFEST;
import static io.github.dfu4j.dfu.DfuState.MANIFEST_SYNC;
import static io.github.dfu4j.dfu.DfuState.MANIFEST_WAIT_RESET;
import static io.github.dfu4j.dfu.DfuState.UPLOAD_IDLE;

import java.util.Collections;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/**
 * The state machine of DFU as data: for a state and an event, the states in which the device may be afterwards, or that it stalls
 * (DFU 1.1 §A.2).
 *
 * <p>It is the host's view. Where the next state depends on what only the device knows (is the block programmed yet, was the upload's
 * last frame short), there are several. An event with no entry is one that a conforming device stalls, so a host does not send it.
 */
public final class DfuTransitions {

    /** DFU 1.1 as its specification has it. */
    public static final DfuTransitions DFU_1_1 = new DfuTransitions(dfu11());

    /**
     * DfuSe: as DFU 1.1, and a download of length 0 is accepted in dfuIDLE (AN3156 §5.5). DFU_ABORT is listed only where every
     * device accepts it.
     */
    public static final DfuTransitions DFUSE = new DfuTransitions(dfuSe());

    private final Map<DfuState, Map<DfuEvent, Set<DfuState>>> table;

    private DfuTransitions(Map<DfuState, Map<DfuEvent, Set<DfuState>>> table) {
        this.table = table;
    }

    /**
     * The states in which a device may be after an event.
     *
     * @return empty if the device stalls the event
     */
    public Set<DfuState> next(DfuState state, DfuEvent event) {
        Set<DfuState> next = table.getOrDefault(state, Collections.emptyMap()).get(event);
        return next == null ? Collections.emptySet() : Collections.unmodifiableSet(next);
    }

    /** Whether a device in a state takes an event, rather than stalling it. */
    public boolean accepts(DfuState state, DfuEvent event) {
        return !next(state, event).isEmpty();
    }

    private static Map<DfuState, Map<DfuEvent, Set<DfuState>>> dfu11() {
        Map<DfuState, Map<DfuEvent, Set<DfuState>>> t = new EnumMap<>(DfuState.class);
        put(t, APP_IDLE, DfuEvent.DETACH, APP_DETACH, APP_IDLE, IDLE);
        put(t, APP_IDLE, DfuEvent.GETSTATUS, APP_IDLE);
        put(t, APP_IDLE, DfuEvent.GETSTATE, APP_IDLE);

        put(t, APP_DETACH, DfuEvent.GETSTATUS, APP_DETACH);
        put(t, APP_DETACH, DfuEvent.GETSTATE, APP_DETACH);

        put(t, IDLE, DfuEvent.DNLOAD, DNLOAD_SYNC);
        put(t, IDLE, DfuEvent.UPLOAD, UPLOAD_IDLE, IDLE);
        put(t, IDLE, DfuEvent.GETSTATUS, IDLE);
        put(t, IDLE, DfuEvent.GETSTATE, IDLE);
        put(t, IDLE, DfuEvent.ABORT, IDLE);

        put(t, DNLOAD_SYNC, DfuEvent.GETSTATUS, DNBUSY, DNLOAD_IDLE, ERROR);
        put(t, DNLOAD_SYNC, DfuEvent.GETSTATE, DNLOAD_SYNC);

        put(t, DNBUSY, DfuEvent.GETSTATUS, DNBUSY, DNLOAD_IDLE, ERROR);

        put(t, DNLOAD_IDLE, DfuEvent.DNLOAD, DNLOAD_SYNC);
        put(t, DNLOAD_IDLE, DfuEvent.DNLOAD_ZERO, MANIFEST_SYNC);
        put(t, DNLOAD_IDLE, DfuEvent.GETSTATUS, DNLOAD_IDLE);
        put(t, DNLOAD_IDLE, DfuEvent.GETSTATE, DNLOAD_IDLE);
        put(t, DNLOAD_IDLE, DfuEvent.ABORT, IDLE);

        put(t, MANIFEST_SYNC, DfuEvent.GETSTATUS, MANIFEST, IDLE, ERROR);
        put(t, MANIFEST_SYNC, DfuEvent.GETSTATE, MANIFEST_SYNC);

        put(t, MANIFEST, DfuEvent.GETSTATUS, MANIFEST, IDLE, MANIFEST_WAIT_RESET, ERROR);

        put(t, MANIFEST_WAIT_RESET, DfuEvent.GETSTATUS, MANIFEST_WAIT_RESET);

        put(t, UPLOAD_IDLE, DfuEvent.UPLOAD, UPLOAD_IDLE, IDLE);
        put(t, UPLOAD_IDLE, DfuEvent.GETSTATUS, UPLOAD_IDLE);
        put(t, UPLOAD_IDLE, DfuEvent.GETSTATE, UPLOAD_IDLE);
        put(t, UPLOAD_IDLE, DfuEvent.ABORT, IDLE);

        put(t, ERROR, DfuEvent.GETSTATUS, ERROR);
        put(t, ERROR, DfuEvent.GETSTATE, ERROR);
        put(t, ERROR, DfuEvent.CLRSTATUS, IDLE);
        return t;
    }

    private static Map<DfuState, Map<DfuEvent, Set<DfuState>>> dfuSe() {
        Map<DfuState, Map<DfuEvent, Set<DfuState>>> t = dfu11();
        put(t, IDLE, DfuEvent.DNLOAD_ZERO, MANIFEST_SYNC);
        return t;
    }

    private static void put(
            Map<DfuState, Map<DfuEvent, Set<DfuState>>> table,
            DfuState state,
            DfuEvent event,
            DfuState first,
            DfuState... more) {
        table.computeIfAbsent(state, s -> new EnumMap<>(DfuEvent.class)).put(event, EnumSet.of(first, more));
    }
}
