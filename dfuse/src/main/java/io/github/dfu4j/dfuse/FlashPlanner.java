package io.github.dfu4j.dfuse;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.dfu.Quirk;
import io.github.dfu4j.dfu.Quirks;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.dfuse.FlashPlan.Erase;
import io.github.dfu4j.dfuse.FlashPlan.Readback;
import io.github.dfu4j.dfuse.FlashPlan.SectorPlan;
import io.github.dfu4j.dfuse.FlashPlan.TargetPlan;
import io.github.dfu4j.dfuse.FlashPlanException.Problem;
import io.github.dfu4j.dfuse.FlashPlanException.Reason;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * Makes plans: lays an image over the memory layouts of a device and decides what is erased, written, kept and read back. It works on
 * what the device's descriptors say, and never touches the device.
 */
public final class FlashPlanner {

    /** The widest flash word of an STM32 (H7: 256 bits). A block that ends within one leaves the word unwritten on some parts. */
    private static final int WIDEST_FLASH_WORD = 32;

    private static final long LAST_ADDRESS = 0xffff_ffffL;

    private final DfuInterface device;
    private final Quirks quirks;
    private final List<FlashTarget> targets;
    private final FlashOptions options;
    private final int blockSize;
    private final List<Problem> problems = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();

    private FlashPlanner(DfuInterface device, FlashOptions options) {
        this.device = device;
        this.quirks = device.quirks();
        this.targets = FlashTarget.of(device).stream()
                .filter(t ->
                        !options.alternate().isPresent() || options.alternate().getAsInt() == t.alternate())
                .collect(Collectors.toList());
        this.options = options;
        this.blockSize = DfuSession.blockSize(device, 4096);
    }

    /**
     * Plans to flash an image.
     *
     * @param device a DfuSe device
     * @param image what is to be in its memory afterwards
     * @param options how
     * @throws FlashPlanException if the image does not fit the device; says which bytes and why
     */
    public static FlashPlan plan(DfuInterface device, FirmwareImage image, FlashOptions options)
            throws FlashPlanException {
        return new FlashPlanner(device, options).flash(image);
    }

    /**
     * Plans to erase ranges of memory: every sector that a range touches.
     *
     * @param device a DfuSe device
     * @param ranges what is to be blank afterwards
     * @param options how; with {@link FlashOptions#massErase()} the ranges only choose the target
     * @throws FlashPlanException if a range lies outside the device's memory or cannot be erased
     */
    public static FlashPlan planErase(DfuInterface device, List<AddressRange> ranges, FlashOptions options)
            throws FlashPlanException {
        return new FlashPlanner(device, options).erase(ranges);
    }

    /**
     * Plans to remove the read protection of a part (AN3156 §5.4), which erases all of its flash; the device then resets itself.
     *
     * @param device a DfuSe device
     * @param options how; must allow it, see {@link FlashOptions#readUnprotect()}
     * @throws FlashPlanException if it is not allowed, or the device cannot do it
     */
    public static FlashPlan planReadUnprotect(DfuInterface device, FlashOptions options) throws FlashPlanException {
        return new FlashPlanner(device, options).readUnprotect();
    }

    private FlashPlan readUnprotect() throws FlashPlanException {
        String effect =
                "Removing the read protection erases all flash of the part, resets its option bytes, and restarts it.";
        if (!options.readUnprotect()) {
            fail(new Problem(
                    Reason.READ_UNPROTECT, new AddressRange(0, 0), effect + " It needs to be allowed explicitly."));
        }
        if (quirks.has(Trait.NO_READ_UNPROTECT)) {
            fail(new Problem(
                    Reason.UNSUPPORTED,
                    new AddressRange(0, 0),
                    "This bootloader accepts the command to remove read protection and does nothing."));
        }
        warnings.add(effect);
        return finish("", Collections.emptyList(), OptionalLong.empty());
    }

    private FlashPlan flash(FirmwareImage image) throws FlashPlanException {
        requireTargets();
        if (image.isEmpty()) {
            fail(new Problem(
                    Reason.EMPTY,
                    new AddressRange(0, 0),
                    image.name() + " holds no bytes, so there is nothing to flash."));
        }
        Map<Integer, FirmwareImage.Builder> parts = new TreeMap<>();
        for (Segment segment : image.segments()) {
            distribute(image, segment, parts);
        }
        long start = options.leaveAddress().orElse(0);
        if (start < 0 || start > LAST_ADDRESS) {
            problems.add(new Problem(
                    Reason.OUTSIDE,
                    new AddressRange(0, 0),
                    "No program can be started at " + AddressRange.hex(start) + ": DfuSe addresses have 32 bits."));
        }
        stopIfProblems();
        List<TargetPlan> plans = new ArrayList<>();
        for (FlashTarget target : targets) {
            FirmwareImage.Builder part = parts.get(target.alternate());
            if (part != null) {
                plans.add(
                        target(target, part.origin(image.name(), image.format()).build()));
            }
        }
        stopIfProblems();
        // What a program starts from comes last, but for option bytes, after which the device resets itself.
        plans.sort(Comparator.comparing(TargetPlan::optionBytes)
                .thenComparing(plan -> plan.vectorTable().isPresent()));
        OptionalLong leave = OptionalLong.empty();
        if (options.leave() && !plans.get(plans.size() - 1).optionBytes()) {
            leave = options.leaveAddress().isPresent()
                    ? options.leaveAddress()
                    : plans.stream()
                            .map(TargetPlan::vectorTable)
                            .filter(OptionalLong::isPresent)
                            .findFirst()
                            .orElse(OptionalLong.of(
                                    plans.get(0).image().segments().get(0).start()));
        }
        return finish(image.name(), plans, leave);
    }

    private FlashPlan erase(List<AddressRange> ranges) throws FlashPlanException {
        requireTargets();
        List<TargetPlan> plans = new ArrayList<>();
        List<AddressRange> wanted = Ranges.joined(ranges);
        for (FlashTarget target : targets) {
            List<AddressRange> here = new ArrayList<>();
            for (AddressRange range : wanted) {
                for (AddressRange region : target.layout().regions()) {
                    range.intersection(region).ifPresent(here::add);
                }
            }
            if (!here.isEmpty()) {
                refuseOptionBytes(target, here.get(0));
                plans.add(erasePlan(target, here));
                wanted = Ranges.without(wanted, here);
            }
        }
        for (AddressRange left : wanted) {
            problems.add(outside(left, "There"));
        }
        stopIfProblems();
        return finish("", plans, OptionalLong.empty());
    }

    private FlashPlan finish(String image, List<TargetPlan> plans, OptionalLong leave) {
        return new FlashPlan(
                device.toString(),
                image,
                plans,
                leave,
                warnings,
                Estimate.of(plans, leave.isPresent(), quirks, options),
                options);
    }

    private void requireTargets() throws FlashPlanException {
        if (!targets.isEmpty()) {
            return;
        }
        List<String> why = FlashTarget.problems(device);
        String alternate = options.alternate().isPresent()
                ? "The device has no alternate setting " + options.alternate().getAsInt() + " with a memory layout."
                : "The device names no memory.";
        fail(new Problem(
                Reason.NO_LAYOUT,
                new AddressRange(0, 0),
                why.isEmpty() ? alternate : alternate + " " + String.join(" ", why)));
    }

    /** Gives each part of a segment to the target that holds it; what is left over does not fit. */
    private void distribute(FirmwareImage image, Segment segment, Map<Integer, FirmwareImage.Builder> parts) {
        if (isSea(image, segment)) {
            problems.add(flatBinary(image, segment));
            return;
        }
        List<AddressRange> left = new ArrayList<>();
        left.add(segment.range());
        for (FlashTarget target : targets) {
            List<AddressRange> taken = new ArrayList<>();
            for (AddressRange region : target.layout().regions()) {
                for (AddressRange range : left) {
                    range.intersection(region).ifPresent(taken::add);
                }
            }
            for (AddressRange range : taken) {
                if (refuseOptionBytes(target, range)) {
                    parts.computeIfAbsent(target.alternate(), a -> FirmwareImage.builder())
                            .add(segment.slice(range));
                }
            }
            left = Ranges.without(left, taken);
        }
        left.forEach(range -> problems.add(outside(range, image.name())));
    }

    /** Whether a segment is fill between islands of data that reaches beyond any one memory: nobody meant those bytes. */
    private boolean isSea(FirmwareImage image, Segment segment) {
        return segment.isFill()
                && image.segments().size() > 1
                && targets.stream().noneMatch(t -> t.layout().contains(segment.range()));
    }

    private static Problem flatBinary(FirmwareImage image, Segment sea) {
        return new Problem(
                Reason.FLAT_BINARY,
                sea.range(),
                image.name() + " is a flat binary: between its islands of data lie " + sea.size() + " bytes of fill (0x"
                        + String.format("%02X", sea.fill().getAsInt()) + ") at " + sea.range()
                        + ", which no memory of this device holds.");
    }

    private Problem outside(AddressRange range, String whose) {
        String regions = targets.stream()
                .flatMap(t -> t.layout().regions().stream().map(r -> t.layout().name() + " " + r))
                .collect(Collectors.joining(", "));
        return new Problem(
                Reason.OUTSIDE,
                range,
                (whose.equals("There") ? "The " : whose + " has ") + range.size() + " bytes at " + range
                        + (whose.equals("There") ? " lie" : ", which lie")
                        + " outside every region of this bootloader (" + regions + ").");
    }

    private boolean refuseOptionBytes(FlashTarget target, AddressRange range) {
        if (target.layout().isOptionBytes() && !options.optionBytes()) {
            problems.add(new Problem(
                    Reason.OPTION_BYTES,
                    range,
                    "The bytes at " + range
                            + " are option bytes. Writing them changes how the chip starts and protects itself,"
                            + " and can lock it for good; it needs to be allowed explicitly."));
            return false;
        }
        return true;
    }

    private TargetPlan target(FlashTarget target, FirmwareImage image) {
        if (target.layout().isOptionBytes()) {
            return optionBytes(target, image);
        }
        warnOfSmallerPart(target, image);
        Readback readback = readback(target);
        boolean massErase = options.massErase();
        boolean keep = options.keepNeighbours() && readback != Readback.IMPOSSIBLE && !massErase;
        List<SectorPlan> sectors = new ArrayList<>();
        for (AddressRange sector : sectors(target, image.runs())) {
            SectorRun run = target.layout().runAt(sector.start()).orElseThrow(IllegalStateException::new);
            boolean erasable = run.erasable() || (!run.writable() && options.bootloaderRegion());
            if (!run.writable() && !allowedByWord(target, run, sector)) {
                continue;
            }
            List<AddressRange> part = image.within(sector).runs();
            List<AddressRange> kept = keep && run.readable() && erasable
                    ? Ranges.without(Collections.singletonList(sector), part)
                    : Collections.emptyList();
            List<AddressRange> written;
            if (!kept.isEmpty()) {
                written = Collections.singletonList(sector);
            } else {
                // What is not erased is not widened: the bytes around it may hold something.
                written = erasable ? Ranges.aligned(part, sector, writeAlignment()) : part;
            }
            sectors.add(new SectorPlan(sector, erasable, written, kept));
        }
        List<AddressRange> toErase = sectors.stream()
                .filter(SectorPlan::erasable)
                .map(SectorPlan::sector)
                .collect(Collectors.toList());
        List<Erase> erases = massErase ? Collections.emptyList() : erases(toErase);
        warnOfLoss(target, image, erases, sectors, massErase);
        if (readback == Readback.TO_BE_PROVED
                && sectors.stream().anyMatch(s -> !s.kept().isEmpty())) {
            warnings.add(
                    "The bytes around the image in " + target.layout().name()
                            + " are kept if this bootloader proves to return its memory when it is read, and are lost otherwise.");
        }
        return new TargetPlan(
                target,
                image,
                sectors,
                erases,
                massErase,
                readback,
                writeAlignment(),
                erasedByte(),
                blockSize,
                VectorTable.find(image, target.layout().regions()));
    }

    private void warnOfSmallerPart(FlashTarget target, FirmwareImage image) {
        Optional<Quirk> row = quirks.row(Trait.SMALLEST_FLASH);
        if (!row.isPresent()
                || quirks.has(Trait.FLASH_SIZE)
                || !target.layout().runAt(FlashTarget.INTERNAL_FLASH).isPresent()) {
            return;
        }
        long size = quirks.value(Trait.SMALLEST_FLASH, 0);
        if (image.runs().stream().anyMatch(r -> r.end() > FlashTarget.INTERNAL_FLASH + size)) {
            warnings.add("The image goes beyond the first " + size
                    + " bytes of internal flash, where some parts end, whatever their bootloader says. "
                    + row.get().reason());
        }
    }

    private int writeAlignment() {
        return (int) Math.max(1, quirks.value(Trait.WRITE_ALIGNMENT, WIDEST_FLASH_WORD));
    }

    private int erasedByte() {
        return (int) quirks.value(Trait.ERASED_BYTE, 0xff);
    }

    private boolean allowedByWord(FlashTarget target, SectorRun run, AddressRange sector) {
        if (options.bootloaderRegion()) {
            warnings.add("The sector " + sector + " of " + target.layout().name()
                    + " is not meant to be written by the host: if it holds the bootloader, what is in it is lost, and a"
                    + " device that is interrupted there can no longer be flashed over USB.");
            return true;
        }
        problems.add(new Problem(
                Reason.NOT_WRITABLE,
                sector,
                "The sector " + sector + " of " + target.layout().name() + " cannot be written by the host (type '"
                        + run.typeLetter() + "'): it is the bootloader's own, or protected."));
        return false;
    }

    /** Option bytes go as one block: what the image leaves out is read before and written back as it is. */
    private TargetPlan optionBytes(FlashTarget target, FirmwareImage image) {
        Readback readback = readback(target);
        List<SectorPlan> blocks = new ArrayList<>();
        for (AddressRange block : sectors(target, image.runs())) {
            List<AddressRange> kept = Ranges.without(
                    Collections.singletonList(block), image.within(block).runs());
            if (block.size() > blockSize || (!kept.isEmpty() && readback != Readback.TRUSTED)) {
                problems.add(
                        new Problem(
                                Reason.OPTION_BYTES,
                                block,
                                "Option bytes are written as one block, here " + block + "; "
                                        + (block.size() > blockSize
                                                ? "a transfer of this device holds " + blockSize + " bytes only."
                                                : "the image must hold all of it, since this device is not known to read it back.")));
            }
            blocks.add(new SectorPlan(block, false, Collections.singletonList(block), kept));
            warnings.add(
                    "The option bytes " + block + " are replaced. They decide how the chip starts and protects itself;"
                            + " wrong ones can lock it for good. The device resets itself afterwards, and they cannot be verified"
                            + " before it is back.");
        }
        return new TargetPlan(
                target,
                image,
                blocks,
                Collections.emptyList(),
                false,
                readback,
                1,
                erasedByte(),
                blockSize,
                OptionalLong.empty());
    }

    private TargetPlan erasePlan(FlashTarget target, List<AddressRange> ranges) {
        List<AddressRange> sectors = sectors(target, ranges);
        for (AddressRange sector : sectors) {
            SectorRun run = target.layout().runAt(sector.start()).orElseThrow(IllegalStateException::new);
            if (!run.writable() && !run.erasable()) {
                allowedByWord(target, run, sector);
            } else if (!run.erasable()) {
                problems.add(new Problem(
                        Reason.UNSUPPORTED,
                        sector,
                        "The sector " + sector + " of " + target.layout().name() + " cannot be erased by the host."));
            }
        }
        FirmwareImage nothing = FirmwareImage.builder().build();
        List<Erase> erases = options.massErase() ? Collections.emptyList() : erases(sectors);
        List<SectorPlan> plans = sectors.stream()
                .map(s -> new SectorPlan(s, true, Collections.emptyList(), Collections.emptyList()))
                .collect(Collectors.toList());
        warnOfLoss(target, nothing, erases, plans, options.massErase());
        return new TargetPlan(
                target,
                nothing,
                plans,
                erases,
                options.massErase(),
                readback(target),
                writeAlignment(),
                erasedByte(),
                blockSize,
                OptionalLong.empty());
    }

    private Readback readback(FlashTarget target) {
        boolean readable = device.functional().canUpload()
                && !quirks.has(Trait.NO_UPLOAD)
                && target.layout().runs().stream().anyMatch(SectorRun::readable);
        return !readable
                ? Readback.IMPOSSIBLE
                : quirks.has(Trait.READS_TRUTHFULLY) ? Readback.TRUSTED : Readback.TO_BE_PROVED;
    }

    /** The sectors that ranges touch, in address order, each once. */
    private static List<AddressRange> sectors(FlashTarget target, List<AddressRange> ranges) {
        List<AddressRange> result = new ArrayList<>();
        long next = 0;
        for (AddressRange range : ranges) {
            long address = Math.max(next, range.start());
            while (address < range.end()) {
                Optional<AddressRange> sector = target.layout().sectorAt(address);
                if (!sector.isPresent()) {
                    throw new IllegalStateException(AddressRange.hex(address) + " is not in " + target);
                }
                result.add(sector.get());
                address = sector.get().end();
                next = address;
            }
        }
        return result;
    }

    /** The erase commands that clear some sectors, each at most once. */
    private List<Erase> erases(List<AddressRange> sectors) {
        List<Erase> result = new ArrayList<>();
        long span = quirks.value(Trait.ERASE_SPAN, 0);
        long reach = quirks.value(Trait.ERASE_REACH, 0);
        long cleared = -1;
        for (AddressRange sector : sectors) {
            if (span > 0) {
                // Small sectors share erases; one that an erase begun in smaller ones only reaches into gets its own,
                // at its start.
                long from = sector.size() < span ? Math.max(cleared, sector.start()) : sector.start();
                for (long address = from; cleared < sector.end(); address = cleared) {
                    cleared = address + span;
                    result.add(new Erase(address, new AddressRange(address, Math.max(cleared, address + reach))));
                }
            } else {
                long end = Math.max(sector.end(), sector.start() + reach);
                result.add(new Erase(sector.start(), new AddressRange(sector.start(), end)));
            }
        }
        return result;
    }

    private void warnOfLoss(
            FlashTarget target, FirmwareImage image, List<Erase> erases, List<SectorPlan> sectors, boolean massErase) {
        if (massErase) {
            warnings.add("All of " + target.layout().name() + " is erased"
                    + (image.isEmpty() ? "." : ", not only what the image needs."));
            if (quirks.has(Trait.NO_MASS_ERASE)) {
                problems.add(new Problem(
                        Reason.UNSUPPORTED,
                        target.layout().regions().get(0),
                        "This bootloader accepts a mass erase and does nothing; erase the sectors instead."));
            }
            return;
        }
        List<AddressRange> safe = new ArrayList<>(image.runs());
        sectors.forEach(s -> safe.addAll(s.kept()));
        if (image.isEmpty()) {
            sectors.forEach(s -> safe.add(s.sector()));
        }
        List<AddressRange> cleared =
                Ranges.joined(erases.stream().map(Erase::cleared).collect(Collectors.toList()));
        List<AddressRange> lost = Ranges.without(cleared, Ranges.joined(safe));
        if (!lost.isEmpty()) {
            warnings.add("Erasing also clears "
                    + lost.stream().map(AddressRange::toString).collect(Collectors.joining(", ")) + " in "
                    + target.layout().name() + (image.isEmpty() ? "." : ", which the image does not fill."));
        }
    }

    private void fail(Problem problem) throws FlashPlanException {
        problems.add(problem);
        stopIfProblems();
    }

    private void stopIfProblems() throws FlashPlanException {
        if (!problems.isEmpty()) {
            throw new FlashPlanException(problems);
        }
    }
}
