package io.github.dfu4j.simulator;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.simulator.internal.Spans;
import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.UsbException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The record of what hosts did to a board: what was erased, programmed and over-programmed, and when; how many control transfers it
 * took; where the time went.
 *
 * <p>Transfers are counted and shown to listeners but not kept; everything else is kept in order.
 */
public final class Ledger {

    /** One thing that happened. */
    public sealed interface Entry {
        /** When, in the board's time. */
        Duration at();
    }

    /**
     * A range was erased.
     *
     * @param at when the erase was done
     * @param range what is erased
     */
    public record Erased(Duration at, AddressRange range) implements Entry {}

    /**
     * A range was programmed.
     *
     * @param at when it was done
     * @param range what was programmed
     */
    public record Programmed(Duration at, AddressRange range) implements Entry {}

    /**
     * Flash words that were not erased were programmed again.
     *
     * @param at when it was done
     * @param range one word or more
     */
    public record OverProgrammed(Duration at, AddressRange range) implements Entry {}

    /**
     * An erase or a programming was cut off by a reset or a loss of power; the range holds rubbish.
     *
     * @param at when it was cut off
     * @param range where
     */
    public record Torn(Duration at, AddressRange range) implements Entry {}

    /**
     * A range was read by upload.
     *
     * @param at when
     * @param range what was read
     */
    public record Read(Duration at, AddressRange range) implements Entry {}

    /**
     * Something that is neither memory nor transfer: attached, left the bus, a button, an application started.
     *
     * @param at when
     * @param what it, in words
     */
    public record Happened(Duration at, String what) implements Entry {}

    /**
     * A control transfer.
     *
     * @param at when it ended
     * @param setup its setup stage
     * @param transferred how many bytes the data stage had
     * @param failure how it failed, or null
     * @param took from the host's request to the end
     */
    public record Transfer(
            Duration at, ControlSetup setup, int transferred, UsbException.@Nullable Kind failure, Duration took)
            implements Entry {}

    /**
     * Where the time of a run went. The parts may overlap; {@code host} is what none of them explains.
     *
     * @param elapsed the whole time
     * @param operating how long flash operations were running
     * @param deviceBusy the same with the waits that the device asked for in bwPollTimeout
     * @param wire how long transfers took on a full-speed bus, without the device's own delays
     * @param host the time in which neither the device was busy nor a transfer on the wire: the host's own
     */
    public record TimeUse(Duration elapsed, Duration operating, Duration deviceBusy, Duration wire, Duration host) {}

    private final LongSupplier clock;
    private final Runnable look;
    private final List<Consumer<Entry>> listeners = new CopyOnWriteArrayList<>();
    private final List<Entry> entries = new ArrayList<>();
    private final Map<Integer, Long> byRequest = new TreeMap<>();
    private final Spans operating = new Spans();
    private final Spans announced = new Spans();
    private final Spans wire = new Spans();
    private long transfers;
    private long since;

    Ledger(LongSupplier clock, Runnable look) {
        this.clock = clock;
        this.look = look;
    }

    /** Calls a listener for each entry from now on, transfers among them, on the thread that causes it. */
    public void onEntry(Consumer<Entry> listener) {
        look.run();
        listeners.add(listener);
    }

    /** What happened so far, transfers left out, in order. */
    public List<Entry> entries() {
        look.run();
        synchronized (this) {
            return List.copyOf(entries);
        }
    }

    /** The entries of one kind, in order. */
    public <T extends Entry> List<T> entries(Class<T> kind) {
        return entries().stream().filter(kind::isInstance).map(kind::cast).toList();
    }

    /** All that was erased, as disjoint ranges in ascending order. */
    public List<AddressRange> erased() {
        return merged(entries(Erased.class).stream().map(Erased::range).toList());
    }

    /** All that was programmed, as disjoint ranges in ascending order. */
    public List<AddressRange> programmed() {
        return merged(entries(Programmed.class).stream().map(Programmed::range).toList());
    }

    /** All words that were programmed without having been erased, as disjoint ranges in ascending order. */
    public List<AddressRange> overProgrammed() {
        return merged(entries(OverProgrammed.class).stream()
                .map(OverProgrammed::range)
                .toList());
    }

    /** All that was erased, programmed or torn, as disjoint ranges in ascending order. */
    public List<AddressRange> changed() {
        List<AddressRange> all = new ArrayList<>();
        for (Entry entry : entries()) {
            if (entry instanceof Erased e) {
                all.add(e.range());
            } else if (entry instanceof Programmed p) {
                all.add(p.range());
            } else if (entry instanceof Torn t) {
                all.add(t.range());
            }
        }
        return merged(all);
    }

    /** What was changed outside some ranges: empty if a host kept to them. */
    public List<AddressRange> changedOutside(List<AddressRange> allowed) {
        List<AddressRange> left = new ArrayList<>(changed());
        for (AddressRange a : allowed) {
            List<AddressRange> next = new ArrayList<>();
            for (AddressRange r : left) {
                if (!r.overlaps(a)) {
                    next.add(r);
                    continue;
                }
                if (r.start() < a.start()) {
                    next.add(new AddressRange(r.start(), a.start()));
                }
                if (a.end() < r.end()) {
                    next.add(new AddressRange(a.end(), r.end()));
                }
            }
            left = next;
        }
        return left;
    }

    /** How often sectors that overlap a range were erased. */
    public long eraseCount(AddressRange range) {
        return entries(Erased.class).stream()
                .filter(e -> e.range().overlaps(range))
                .count();
    }

    /** How many control transfers hosts did, those that failed among them. */
    public synchronized long transfers() {
        return transfers;
    }

    /**
     * How many control transfers of one DFU request hosts did.
     *
     * @param request the bRequest, such as 1 for DFU_DNLOAD
     */
    public synchronized long transfers(int request) {
        return byRequest.getOrDefault(request, 0L);
    }

    /** Where the time went since the board was first plugged in or the ledger was cleared. */
    public TimeUse timeUse() {
        look.run();
        return timeUse(clock.getAsLong());
    }

    private synchronized TimeUse timeUse(long now) {
        Spans busy = operating.plus(announced);
        Spans all = busy.plus(wire);
        return new TimeUse(
                Duration.ofNanos(now - since),
                Duration.ofNanos(operating.within(since, now)),
                Duration.ofNanos(busy.within(since, now)),
                Duration.ofNanos(wire.within(since, now)),
                Duration.ofNanos(now - since - all.within(since, now)));
    }

    /** Forgets everything so far; listeners stay. */
    public void clear() {
        look.run();
        forget();
    }

    private synchronized void forget() {
        entries.clear();
        byRequest.clear();
        operating.clear();
        announced.clear();
        wire.clear();
        transfers = 0;
        since = clock.getAsLong();
    }

    void add(Entry entry) {
        synchronized (this) {
            entries.add(entry);
        }
        listeners.forEach(l -> l.accept(entry));
    }

    void transfer(Transfer transfer) {
        synchronized (this) {
            transfers++;
            if ((transfer.setup().requestType() & 0x60) == 0x20) {
                byRequest.merge(transfer.setup().request(), 1L, Long::sum);
            }
        }
        listeners.forEach(l -> l.accept(transfer));
    }

    synchronized void operating(long from, long to) {
        operating.add(from, to);
    }

    synchronized void announced(long from, long to) {
        announced.add(from, to);
    }

    /** Whatever operated is cut off, and nobody waits any more for what was announced. */
    synchronized void cutOff(long now) {
        operating.endAt(now);
        announced.endAt(now);
    }

    synchronized void onWire(long from, long to) {
        wire.add(from, to);
    }

    private static List<AddressRange> merged(List<AddressRange> ranges) {
        List<AddressRange> result = new ArrayList<>();
        ranges.stream().sorted().forEach(r -> {
            AddressRange last = result.isEmpty() ? null : result.get(result.size() - 1);
            if (last != null && r.start() <= last.end()) {
                result.set(result.size() - 1, new AddressRange(last.start(), Math.max(last.end(), r.end())));
            } else {
                result.add(r);
            }
        });
        return result;
    }
}
