package io.github.dfu4j.daisy;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.dfu.DfuTransferException;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.dfuse.DfuSeSession;
import io.github.dfu4j.dfuse.FlashEvent;
import io.github.dfu4j.dfuse.FlashException;
import io.github.dfu4j.dfuse.FlashOptions;
import io.github.dfu4j.dfuse.FlashPlan;
import io.github.dfu4j.dfuse.FlashPlanner;
import io.github.dfu4j.dfuse.FlashReport;
import io.github.dfu4j.dfuse.FlashTarget;
import io.github.dfu4j.dfuse.Flasher;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareVerifier;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.usb.Deadline;
import io.github.dfu4j.usb.DeviceWatch;
import io.github.dfu4j.usb.Timebase;
import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.BooleanSupplier;

/** Does what one stage asks of one bootloader: finds out whether it reads back, plans for it as it is, flashes, and starts the program. */
final class StageFlasher {

    /** How often a stage is begun again after the board left its bootloader before anything was written. */
    private static final int ATTEMPTS = 3;

    /** No healthy flash takes so long for a block: 4 KB take 27 ms. In write protection each operation runs into a time-out of 5 s. */
    private static final Duration STUCK = Duration.ofSeconds(2);

    private static final String WHY_STUCK =
            "QSPI flash takes seconds to write 4 KB or less, where 0.03 s are usual. It is likely to be stuck in write protection, and then"
                    + " nothing is erased or written though all is accepted. The Daisy bootloader v6.3 or later mends that: install it"
                    + " (\"dfu daisy bootloader\"), and do this again.";

    private final UsbBus bus;
    private final Timebase time;
    private final BoardFollower follower;
    private final RouteListener listener;
    private final BooleanSupplier cancelled;
    private final boolean keepNeighbours;

    StageFlasher(
            UsbBus bus,
            Timebase time,
            BoardFollower follower,
            RouteListener listener,
            BooleanSupplier cancelled,
            boolean keepNeighbours) {
        this.bus = bus;
        this.time = time;
        this.follower = follower;
        this.listener = listener;
        this.cancelled = cancelled;
        this.keepNeighbours = keepNeighbours;
    }

    /** What a stage came to, filled in as it goes so that a failure leaves what is known. */
    static final class Outcome {
        RouteReport.Result result = RouteReport.Result.FAILED;
        Optional<FlashReport> flash = Optional.empty();
        ReadBack readBack = ReadBack.UNKNOWN;
        boolean settled;
        Optional<RouteReport.Ending> ending = Optional.empty();
        /** What is asked for, with the neighbours that were read for it: all that is left of them once an erase has begun. */
        private Optional<FirmwareImage> withNeighbours = Optional.empty();

        private OptionalLong lastBlock = OptionalLong.empty();
        private int blocks;
        private int slowBlocks;

        /** Whether most blocks took too long; a computer that sleeps in between makes one slow. What reads back needs no guess. */
        boolean isStuck() {
            return slowBlocks * 2 > blocks && (readBack == ReadBack.UNTRUE || readBack == ReadBack.UNPROVED);
        }
    }

    /**
     * What a stage asks of one bootloader.
     *
     * @param mode the bootloader
     * @param image the bytes to be written; empty if {@code wanted} is to be erased
     * @param wanted what is asked to change
     * @param plan what was printed
     * @param unlessPresent whether it is left out if a Daisy bootloader is in internal flash
     * @param verifier what the image has to pass
     */
    private record Job(
            DaisyMode mode,
            FirmwareImage image,
            List<AddressRange> wanted,
            FlashPlan plan,
            boolean unlessPresent,
            Optional<FirmwareVerifier> verifier) {

        private boolean erases() {
            return image.isEmpty();
        }

        private boolean leaves() {
            return plan.leaveAddress().isPresent();
        }
    }

    /** Flashes a stage. */
    void flash(Stage.Flash stage, Outcome outcome) throws IOException, InterruptedException {
        flash(
                new Job(
                        stage.mode(),
                        stage.image(),
                        Ranges.of(stage.image()),
                        stage.plan(),
                        stage.unlessPresent(),
                        stage.verifier()),
                outcome);
    }

    /** Erases what a stage says. */
    void erase(Stage.Erase stage, Outcome outcome) throws IOException, InterruptedException {
        FirmwareImage nothing = FirmwareImage.builder().build();
        flash(
                new Job(DaisyMode.DAISY_BOOTLOADER, nothing, stage.ranges(), stage.plan(), false, Optional.empty()),
                outcome);
    }

    /**
     * What internal flash holds, read through the ROM.
     *
     * @return the Daisy bootloader, or empty if something else is there
     */
    Optional<BootloaderImage> installed(DfuSeSession session, DfuInterface rom) throws IOException {
        AddressRange internal = DaisyMemory.INTERNAL_FLASH.range();
        return BootloaderImage.recognise(read(session, rom, internal));
    }

    private byte[] read(DfuSeSession session, DfuInterface dfu, AddressRange range) throws IOException {
        FlashTarget target = FlashTarget.of(dfu).stream()
                .filter(t -> t.layout().runAt(range.start()).isPresent())
                .findFirst()
                .orElseThrow(() -> new IOException(dfu + " has no memory at " + AddressRange.hex(range.start()) + "."));
        ByteArrayOutputStream bytes = new ByteArrayOutputStream((int) range.size());
        new Flasher(session, event -> {}, cancelled).read(target, range, bytes);
        return bytes.toByteArray();
    }

    private void flash(Job job, Outcome outcome) throws IOException, InterruptedException {
        String noticed = "";
        boolean erased = false;
        for (int attempt = 1; ; attempt++) {
            DaisyBoard board = follower.look();
            if (!board.mode().serves(job.mode)) {
                board = follower.reach(job.mode, "", noticed);
            }
            try {
                flash(job, board, outcome);
                return;
            } catch (IOException e) {
                // The window was missed, or somebody pressed RESET late: the board is not lost.
                if (attempt == ATTEMPTS || outcome.flash.isPresent() || !isGoneBeforeWriting(e)) {
                    throw e;
                }
                erased |= e instanceof FlashException failed
                        && !failed.report().erased().isEmpty();
                if (!erased) {
                    outcome.withNeighbours = Optional.empty();
                }
                noticed = "The board left its bootloader before anything was written.";
                listener.on(new RouteEvent.Note(noticed));
                follower.lookAgain();
            }
        }
    }

    private static boolean isGoneBeforeWriting(IOException failure) {
        if (failure instanceof FlashException flash) {
            return flash.report().written().isEmpty()
                    && flash.getCause() instanceof DfuTransferException lost
                    && lost.kind() == UsbException.Kind.GONE;
        }
        return (failure instanceof DfuTransferException lost && lost.kind() == UsbException.Kind.GONE)
                || (failure instanceof UsbException usb && usb.kind() == UsbException.Kind.GONE);
    }

    private void flash(Job job, DaisyBoard board, Outcome outcome) throws IOException, InterruptedException {
        UsbDevice device = board.device().orElseThrow(IllegalStateException::new);
        DeviceWatch watch = follower.watch(device);
        DfuInterface dfu = board.dfu().orElseThrow(IllegalStateException::new);
        try (UsbConnection connection = bus.open(device)) {
            connection.claim(dfu.number());
            if (board.mode() == DaisyMode.DAISY_BOOTLOADER) {
                if (!outcome.withNeighbours.isPresent()) {
                    outcome.readBack =
                            probe(connection, device, job, keepNeighbours ? takenAlong(job) : Collections.emptyList());
                }
                dfu = DaisyBoard.of(device, outcome.readBack).dfu().orElseThrow(IllegalStateException::new);
            }
            DfuSeSession session = new DfuSeSession(new DfuSession(connection, dfu, time));
            if (job.unlessPresent) {
                Optional<BootloaderImage> there = installed(session, dfu);
                if (there.isPresent()) {
                    outcome.result = RouteReport.Result.NOT_NEEDED;
                    listener.on(new RouteEvent.Note("A Daisy bootloader is in internal flash already ("
                            + there.get().version() + "); it stays."));
                    return;
                }
            }
            authenticate(job, dfu);
            FlashPlan plan = replan(job, dfu, session, outcome);
            FlashReport report = flasher(session, outcome).flash(plan);
            outcome.flash = Optional.of(report);
            if (!plan.leaveAddress().isPresent() && dfu.quirks().has(Trait.ONE_BEHIND)) {
                Fence.settle(session, plan.targets().get(0), report);
                if (job.erases()) {
                    // the time that an erase takes tells little, so one more byte is timed
                    outcome.lastBlock = OptionalLong.of(time.nanos());
                    Fence.settle(session, plan.targets().get(0), report);
                }
                mindThePace(outcome);
            }
            outcome.settled = true;
            if (job.erases() && outcome.readBack != ReadBack.TRUTHFUL) {
                outcome.flash = Optional.of(
                        with(
                                report,
                                Collections.emptyList(),
                                job.wanted,
                                Collections.singletonList(
                                        outcome.readBack == ReadBack.UNPROVED
                                                ? "All that this bootloader returns on DFU_UPLOAD is blank, which proves nothing."
                                                : "This bootloader does not return flash on DFU_UPLOAD, so it cannot be seen whether it is blank.")));
            } else if (outcome.readBack == ReadBack.UNPROVED) {
                outcome.flash = Optional.of(proved(connection, device, job, report, outcome));
                if (job.leaves()) {
                    session.leave(DaisyMemory.APPLICATION, Deadline.in(time, BoardFollower.LEAVING));
                }
            }
        }
        if (outcome.isStuck()) {
            outcome.flash =
                    outcome.flash.map(flash -> with(flash, flash.verified(), flash.unverified(), andStuck(flash)));
        }
        outcome.result = RouteReport.Result.DONE;
        if (job.leaves()) {
            outcome.ending = Optional.of(follower.afterLeave(watch, job.mode));
        }
    }

    private Flasher flasher(DfuSeSession session, Outcome outcome) {
        return new Flasher(
                session,
                event -> {
                    if (event instanceof FlashEvent.PhaseStarted) {
                        outcome.lastBlock = OptionalLong.empty(); // the first block may wait for the last erase
                    } else if (event instanceof FlashEvent.Progress step && step.phase() == FlashEvent.Phase.WRITE) {
                        mindThePace(outcome);
                    }
                    listener.on(new RouteEvent.Flashing(event));
                },
                cancelled);
    }

    /** A block is done: says at once if it took too long, for a stuck flash is slow before it is anything else. */
    private void mindThePace(Outcome outcome) {
        long now = time.nanos();
        if (outcome.lastBlock.isPresent()) {
            boolean before = outcome.isStuck();
            outcome.blocks++;
            outcome.slowBlocks += now - outcome.lastBlock.getAsLong() > STUCK.toNanos() ? 1 : 0;
            if (!before && outcome.isStuck()) {
                listener.on(new RouteEvent.Note(WHY_STUCK));
            }
        }
        outcome.lastBlock = OptionalLong.of(now);
    }

    private static List<String> andStuck(FlashReport flash) {
        List<String> why = new ArrayList<>(flash.whyUnverified());
        why.add(WHY_STUCK);
        return why;
    }

    /** The check is made here and not by the flasher, which would also see the neighbours that are kept. */
    private void authenticate(Job job, DfuInterface dfu) throws IOException {
        if (job.verifier.isPresent()) {
            List<String> names = new ArrayList<>();
            job.plan.targets().forEach(t -> names.add(t.target().layout().name()));
            UsbDevice device = dfu.device();
            listener.on(new RouteEvent.Note(job.verifier
                    .get()
                    .verify(job.image, new FirmwareVerifier.Target(device.vendorId(), device.productId(), names))));
        }
    }

    /** What the erases of a job may take along of what the bootloader shows. */
    private static List<AddressRange> takenAlong(Job job) {
        List<AddressRange> shown = new ArrayList<>();
        Ranges.without(erased(job.plan), job.wanted)
                .forEach(
                        range -> range.intersection(DaisyMemory.QSPI_ADVERTISED).ifPresent(shown::add));
        return shown;
    }

    private ReadBack probe(UsbConnection connection, UsbDevice device, Job job, List<AddressRange> matters)
            throws IOException {
        DfuInterface open = DaisyBoard.of(device, ReadBack.UNPROVED).dfu().orElseThrow(IllegalStateException::new);
        ReadBack found = ReadBack.probe(
                new DfuSeSession(new DfuSession(connection, open, time)),
                Collections.singletonList(job.wanted.get(0).start()),
                matters);
        if (found == ReadBack.TRUTHFUL) {
            listener.on(
                    new RouteEvent.Note(
                            "This bootloader reads back truthfully, which no released version does: what is written will be verified."));
        }
        return found;
    }

    /** Looks once more whether a bootloader returns its flash, now that there is something in it, and compares if it does. */
    private FlashReport proved(UsbConnection connection, UsbDevice device, Job job, FlashReport done, Outcome outcome)
            throws IOException {
        outcome.readBack = probe(connection, device, job, job.wanted);
        if (outcome.readBack != ReadBack.TRUTHFUL) {
            return with(
                    done,
                    Collections.emptyList(),
                    done.written(),
                    Collections.singletonList(
                            "What this bootloader returns on DFU_UPLOAD is not what was written, or too uniform to tell."));
        }
        DfuInterface dfu = DaisyBoard.of(device, ReadBack.TRUTHFUL).dfu().orElseThrow(IllegalStateException::new);
        DfuSeSession session = new DfuSeSession(new DfuSession(connection, dfu, time));
        FlashPlan plan = FlashPlanner.plan(dfu, job.image, DaisyRoute.flashOptions(job.mode, false));
        FlashReport compared = flasher(session, outcome).verify(plan);
        return with(
                done,
                compared.unchanged(),
                Ranges.without(done.written(), compared.unchanged()),
                compared.whyUnverified());
    }

    private static FlashReport with(
            FlashReport done, List<AddressRange> verified, List<AddressRange> unverified, List<String> why) {
        return new FlashReport(
                done.outcome(),
                done.erased(),
                done.written(),
                done.unchanged(),
                verified,
                done.digests(),
                unverified,
                unverified.isEmpty() ? Collections.emptyList() : why,
                done.left(),
                done.idle(),
                done.took());
    }

    /** The plan for the device as it really is; it must not erase what the printed one leaves alone. */
    private FlashPlan replan(Job job, DfuInterface dfu, DfuSeSession session, Outcome outcome) throws IOException {
        boolean unproved = outcome.readBack == ReadBack.UNPROVED;
        FlashOptions options = DaisyRoute.flashOptions(job.mode, job.leaves() && !unproved);
        if (unproved) {
            // proved() looks again once there is something to see
            options = options.withSkipUnchanged(false).withVerify(false);
        }
        FlashPlan plan = job.erases()
                ? FlashPlanner.planErase(dfu, job.wanted, options)
                : FlashPlanner.plan(dfu, job.image, options);
        List<AddressRange> more = Ranges.without(erased(plan), erased(job.plan));
        if (!more.isEmpty()) {
            throw new IOException("The board describes its memory otherwise than planned for: " + more
                    + " would be erased too. Nothing was touched. Plan again with the board connected in this mode.");
        }
        List<AddressRange> lost = keepNeighbours ? Ranges.without(erased(plan), job.wanted) : Collections.emptyList();
        if (outcome.readBack == ReadBack.TRUTHFUL && (job.erases() || !lost.isEmpty())) {
            // what is erased is planned as bytes 0xFF, so that it is looked at afterwards
            if (!outcome.withNeighbours.isPresent()) {
                outcome.withNeighbours = Optional.of(withNeighbours(job, lost, dfu, session));
            }
            plan = withErasesOf(plan, FlashPlanner.plan(dfu, outcome.withNeighbours.get(), options));
            if (!lost.isEmpty()) {
                listener.on(
                        new RouteEvent.Note(
                                "Kept " + Ranges.size(lost)
                                        + " bytes beside what was asked for that its erases take along: they are read before and written back."));
            }
        }
        return plan;
    }

    /** What an erase takes along is written back and needs no erase of its own, which would take along more. */
    private static FlashPlan withErasesOf(FlashPlan plan, FlashPlan all) {
        FlashPlan.TargetPlan target = all.targets().get(0);
        FlashPlan.TargetPlan less = new FlashPlan.TargetPlan(
                target.target(),
                target.image(),
                target.sectors(),
                plan.targets().get(0).erases(),
                target.massErase(),
                target.readback(),
                target.writeAlignment(),
                target.erasedByte(),
                target.blockSize(),
                target.vectorTable());
        return new FlashPlan(
                all.device(),
                all.image(),
                Collections.singletonList(less),
                all.leaveAddress(),
                all.warnings(),
                all.estimate(),
                all.options());
    }

    private FirmwareImage withNeighbours(Job job, List<AddressRange> lost, DfuInterface dfu, DfuSeSession session)
            throws IOException {
        FirmwareImage.Builder all = FirmwareImage.builder()
                .origin(job.image.name(), job.image.format())
                .add(job.image);
        if (job.erases()) {
            job.wanted.forEach(range -> all.add(Segment.filled(range, 0xff)));
        }
        for (AddressRange range : lost) {
            Optional<AddressRange> shown = range.intersection(DaisyMemory.QSPI_ADVERTISED);
            if (shown.isPresent()) {
                all.add(Segment.of(shown.get().start(), read(session, dfu, shown.get())));
            }
        }
        return all.build();
    }

    private static List<AddressRange> erased(FlashPlan plan) {
        List<AddressRange> all = new ArrayList<>();
        plan.targets().forEach(t -> all.addAll(t.erased()));
        Collections.sort(all);
        return all;
    }
}
