package io.github.dfu4j.simulator;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.UsbException;
import java.time.Duration;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Set;
import java.util.function.BooleanSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A simulated board: memories, buttons, and the USB device that it shows on the bus while a bootloader runs.
 *
 * <p>A board does nothing until it is {@linkplain VirtualBus#plug plugged in}. What it does by itself, such as starting an application
 * when a grace period is over, happens at its time and is seen at the next look. All methods may be called from any thread.
 */
public abstract sealed class VirtualBoard permits Stm32Rom, DaisySeed, PlainDfu {

    /** What a board's processor runs. */
    public enum Running {
        /** Nothing: no power, held in reset, starting, or crashed. */
        NOTHING,
        /** The bootloader in ROM. */
        ROM,
        /** A bootloader in flash. */
        BOOTLOADER,
        /** An application. */
        APPLICATION
    }

    private record Event(long at, long order, boolean outside, Runnable action) {}

    private static final long MILLI = 1_000_000;
    private static final int BUS_RESET_MILLIS = 100;
    private static final int LOOK_AGAIN_MILLIS = 20;
    private static final long OVER = -1;

    private final String name;
    private final Map<Habit, Boolean> habitSwitches = new EnumMap<>(Habit.class);
    private final Map<String, FlashMemory> memories = new LinkedHashMap<>();
    private final Object lock = new Object();
    private final PriorityQueue<Event> events =
            new PriorityQueue<>(Comparator.comparingLong(Event::at).thenComparingLong(Event::order));
    private final Transfers transfers = new Transfers(this);
    private final Ledger ledger = new Ledger(this::now, this::look);

    private VirtualTime time = new VirtualTime();
    private long eventTime = -1;
    private long eventCount;
    private @Nullable Gadget gadget;
    private long attachment;
    private long blockedUntil;
    private @Nullable FlashJob job;
    private boolean plugged;
    private boolean bootPressed;
    private Running running = Running.NOTHING;
    private Object claimant = this;

    VirtualBoard(String name) {
        this.name = name;
    }

    // ---- what a test or a program asks of it

    /** What kind of board it is, as {@code sim:} names it. */
    public final String name() {
        return name;
    }

    /** The record of what happened to it. */
    public final Ledger ledger() {
        return ledger;
    }

    /** What runs now. */
    public final Running running() {
        return inside(() -> running);
    }

    /** Whether a USB device of this board is on the bus. */
    public final boolean attached() {
        return inside(() -> gadget != null);
    }

    /** The habits of what runs now. */
    public final Set<Habit> habits() {
        return inside(() -> {
            Set<Habit> result = EnumSet.noneOf(Habit.class);
            EnumSet.allOf(Habit.class).stream().filter(this::has).forEach(result::add);
            return result;
        });
    }

    /**
     * Switches a habit on or off for everything that runs on this board. What the descriptors say changes when the device appears on the
     * bus the next time.
     */
    public final void habit(Habit habit, boolean on) {
        inside(() -> habitSwitches.put(habit, on));
    }

    /** Its memories, by name. */
    public final Map<String, FlashMemory> memories() {
        return inside(() -> new LinkedHashMap<>(memories));
    }

    /**
     * The memory that has an address.
     *
     * @throws IllegalArgumentException if none has
     */
    public final FlashMemory memoryAt(long address) {
        return inside(() -> find(address)
                .orElseThrow(
                        () -> new IllegalArgumentException(name + " has no memory at " + AddressRange.hex(address))));
    }

    /** Lets a fault happen once, at a transfer which the trigger names. Transfers are counted from now on. */
    public final void inject(Fault fault, Fault.Trigger trigger) {
        inside(() -> {
            transfers.inject(fault, trigger);
            return null;
        });
    }

    /** Presses BOOT and holds it. */
    public final void pressBoot() {
        inside(() -> {
            bootPressed = true;
            happened("BOOT pressed");
            bootChanged(true);
            return null;
        });
    }

    /** Lets BOOT go. */
    public final void releaseBoot() {
        inside(() -> {
            bootPressed = false;
            happened("BOOT released");
            bootChanged(false);
            return null;
        });
    }

    /** Presses RESET for a moment. Whether BOOT is held at this moment decides what starts. */
    public final void tapReset() {
        inside(() -> {
            happened("RESET");
            if (plugged) {
                restart(Start.RESET_PIN);
            }
            return null;
        });
    }

    /** Presses BOOT for a fifth of a second. */
    public final void tapBoot() {
        pressBoot();
        inside(() -> {
            outside(now() + 200 * MILLI, this::releaseBoot);
            return null;
        });
    }

    /**
     * Takes the power away, in the midst of whatever runs, and gives it back.
     *
     * @param off how long there is none
     */
    public final void powerCut(Duration off) {
        inside(() -> {
            cutPower(off);
            return null;
        });
    }

    @Override
    public final String toString() {
        Gadget shown = gadget; // once: another thread may take it off the bus
        return name + (shown == null ? "" : ", " + shown.words());
    }

    // ---- what kinds of boards are made of

    enum Start {
        POWER_ON,
        RESET_PIN,
        SOFTWARE
    }

    /** Decides what starts now; called after power-on and after every reset. */
    abstract void start(Start why);

    /** The habits which the software that runs now has by itself. */
    abstract Set<Habit> ownHabits();

    /** BOOT was pressed or released while the board has power. */
    void bootChanged(boolean pressed) {}

    /** Writes what runs into a saved state. */
    abstract void saveRunning(Map<String, String> fields);

    /** Puts back what a saved state says, on a board that has just got power. */
    abstract void restoreRunning(Map<String, String> fields);

    final void addMemory(FlashMemory memory) {
        memories.put(memory.name(), memory);
    }

    final FlashMemory memory(String memoryName) {
        FlashMemory memory = memories.get(memoryName);
        if (memory == null) {
            throw new IllegalArgumentException(name + " has no memory " + memoryName);
        }
        return memory;
    }

    final Optional<FlashMemory> find(long address) {
        return memories.values().stream()
                .filter(m -> m.range().contains(address))
                .findFirst();
    }

    final boolean has(Habit habit) {
        return habitSwitches.getOrDefault(habit, ownHabits().contains(habit));
    }

    final boolean bootPressed() {
        return bootPressed;
    }

    final long now() {
        return eventTime >= 0 ? eventTime : time.nanos();
    }

    final void run(Running what) {
        running = what;
    }

    final Running runs() {
        return running;
    }

    final @Nullable Gadget gadget() {
        return gadget;
    }

    final void happened(String what) {
        ledger.add(new Ledger.Happened(Duration.ofNanos(now()), what));
    }

    /** Does something later, unless the board is reset before. */
    final void later(long millis, Runnable action) {
        events.add(new Event(now() + millis * MILLI, eventCount++, false, action));
    }

    final void at(long when, Runnable action) {
        events.add(new Event(when, eventCount++, false, action));
    }

    /** Does something at a time, whatever happens to the board: a person does it. */
    final void outside(long when, Runnable action) {
        events.add(new Event(when, eventCount++, true, action));
    }

    final void attach(Gadget shown) {
        gadget = shown;
        attachment++;
        claimant = this;
        happened("on the bus as " + shown.words());
    }

    final void detach() {
        if (gadget != null) {
            happened("off the bus: " + gadget.words());
            gadget = null;
            attachment++;
        }
    }

    /** Takes the device off the bus and puts it back as it is after that, without a reset, unless something else runs by then. */
    final void reattach(Duration away) {
        Gadget shown = gadget;
        Running mode = running;
        if (shown != null) {
            detach();
            at(now() + away.toNanos(), () -> {
                if (running == mode) {
                    attach(shown.again());
                }
            });
        }
    }

    final void restart(Start why) {
        stop();
        start(why);
    }

    /** Holds every answer back until a time: the processor is busy in its interrupt. */
    final void blockUntil(long until) {
        blockedUntil = Math.max(blockedUntil, until);
    }

    /** Starts a flash operation, when the one that runs has ended. */
    final FlashJob startJob(List<FlashJob.Step> steps, long notBefore, long nanos) {
        FlashJob before = job;
        long start = Math.max(notBefore, before == null ? notBefore : before.end());
        FlashJob next = new FlashJob(List.copyOf(steps), start, start + nanos);
        if (before != null) {
            before.finish(ledger);
        }
        job = next;
        ledger.operating(next.start(), next.end());
        at(next.end(), () -> {
            if (next.equals(job)) {
                job = null;
                next.finish(ledger);
            }
        });
        return next;
    }

    /** When the flash operation that runs will have ended; 0 if none runs. */
    final long busyUntil() {
        return job == null ? 0 : job.end();
    }

    // ---- what the bus asks of it

    final void plugIn(VirtualTime busTime) {
        inside(() -> {
            if (plugged) {
                throw new IllegalStateException(name + " is plugged in already");
            }
            if (!time.isOn(busTime)) {
                time = busTime.ofBoard();
                ledger.clear();
            }
            plugged = true;
            happened("plugged in");
            restart(Start.POWER_ON);
            return null;
        });
    }

    final void pullOut() {
        inside(() -> {
            if (plugged) {
                happened("unplugged");
                stop();
                plugged = false;
            }
            return null;
        });
    }

    final void restore(Map<String, String> fields) {
        inside(() -> {
            events.removeIf(e -> !e.outside());
            detach();
            running = Running.NOTHING;
            bootPressed = Boolean.parseBoolean(fields.get("boot"));
            fields.forEach((key, value) -> {
                if (key.startsWith("habit.")) {
                    habitSwitches.put(Habit.valueOf(key.substring(6)), Boolean.valueOf(value));
                }
            });
            restoreRunning(fields);
            return null;
        });
    }

    /** What is to be kept of it. A flash operation that runs is brought to its end: it would go on without any host. */
    final Map<String, String> save() {
        return inside(() -> {
            FlashJob unfinished = job;
            job = null;
            if (unfinished != null) {
                unfinished.finish(ledger);
            }
            Map<String, String> fields = new LinkedHashMap<>();
            fields.put("boot", Boolean.toString(bootPressed));
            habitSwitches.forEach((habit, on) -> fields.put("habit." + habit, on.toString()));
            saveRunning(fields);
            return fields;
        });
    }

    final <T extends @Nullable Object> T inside(Supplier<T> action) {
        synchronized (lock) {
            catchUp();
            return action.get();
        }
    }

    final long attachment() {
        return attachment;
    }

    final VirtualTime time() {
        return time;
    }

    final boolean claim(Object who) {
        return inside(() -> {
            if (claimant != this && claimant != who) {
                return false;
            }
            claimant = who;
            return true;
        });
    }

    final void release(Object who) {
        inside(() -> {
            if (claimant == who) {
                claimant = this;
            }
            return null;
        });
    }

    /** Resets the port, when the device is free to see it; returns whether the same device is still there. */
    final boolean resetPort(long mine) throws UsbException {
        await(inside(() -> blockedUntil), () -> attachment != mine);
        inside(() -> {
            Gadget shown = gadget;
            if (shown != null && attachment == mine) {
                happened("bus reset");
                shown.enumerated();
                shown.busReset();
            }
            return null;
        });
        sleepUntil(time.nanos() + BUS_RESET_MILLIS * MILLI);
        return inside(() -> attachment == mine);
    }

    final int transfer(long mine, ControlSetup setup, byte[] data, int offset, int timeoutMillis) throws UsbException {
        return transfers.transfer(mine, setup, data, offset, timeoutMillis);
    }

    // ---- what its transfers ask of it

    /** Waits until a time, or until something is so before that; while the clock is real, somebody may make it so. */
    final void await(long until, BooleanSupplier so) {
        while (true) {
            long next = inside(() -> {
                long now = now();
                if (now >= until || so.getAsBoolean()) {
                    return OVER;
                }
                Event event = events.peek();
                long soonest = event == null ? until : Math.min(until, event.at());
                return time.isRealTime() ? Math.min(soonest, now + LOOK_AGAIN_MILLIS * MILLI) : soonest;
            });
            if (next == OVER) {
                return;
            }
            sleepUntil(next);
        }
    }

    /** The time up to which every answer is held back. */
    final long blockedUntil() {
        return blockedUntil;
    }

    /** Takes the power away in the midst of the flash operation that runs, or now; returns when that will be. */
    final long cutPowerInMidJob(Duration off) {
        FlashJob cut = job;
        long when = cut == null ? now() : Math.max(now(), cut.start() + (cut.end() - cut.start()) / 2);
        at(when, () -> cutPower(off));
        return when;
    }

    private void cutPower(Duration off) {
        if (plugged) {
            happened("power cut");
            stop();
            outside(now() + off.toNanos(), () -> {
                if (plugged) {
                    happened("power back");
                    restart(Start.POWER_ON);
                }
            });
        }
    }

    /** Stops whatever runs, in its midst: by a reset, or for want of power. */
    private void stop() {
        FlashJob cut = job;
        job = null;
        if (cut != null) {
            cut.cut(now(), ledger);
        }
        ledger.cutOff(now());
        events.removeIf(e -> !e.outside());
        blockedUntil = 0;
        transfers.restarted();
        detach();
        running = Running.NOTHING;
    }

    private void look() {
        synchronized (lock) {
            catchUp();
        }
    }

    /** Lets everything happen that was due up to now. */
    private void catchUp() {
        if (eventTime >= 0) {
            return; // called from an event
        }
        long now = time.nanos();
        for (Event e = events.peek(); e != null && e.at() <= now; e = events.peek()) {
            events.remove(e);
            eventTime = e.at();
            try {
                e.action().run();
            } finally {
                eventTime = -1;
            }
        }
    }

    /** An interrupt does not end a transfer that runs, as it does not with libusb; it stays for whoever looks next. */
    private void sleepUntil(long when) {
        boolean interrupted = false;
        for (boolean slept = false; !slept; ) {
            try {
                time.sleep(Duration.ofNanos(when - time.nanos()));
                slept = true;
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
