package io.github.dfu4j.cli;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfuse.DfuSeSession;
import io.github.dfu4j.dfuse.FlashOptions;
import io.github.dfu4j.dfuse.FlashPlan;
import io.github.dfu4j.dfuse.FlashPlanException;
import io.github.dfu4j.dfuse.FlashPlanner;
import io.github.dfu4j.dfuse.FlashReport;
import io.github.dfu4j.dfuse.FlashTarget;
import io.github.dfu4j.dfuse.Flasher;
import io.github.dfu4j.image.AddressRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Erases memory of a device. */
@Command(
        name = "erase",
        description =
                "Erase every sector that a range of addresses touches, with --mass-erase a whole memory by one command, or with"
                        + " --read-unprotect all flash together with its read protection.")
final class EraseCommand extends UsbSubcommand {

    @Mixin
    private final AlternateOption alternate = new AlternateOption();

    @Option(names = "--at", paramLabel = "ADDR", converter = Numbers.class, description = "The first address.")
    private @Nullable Long at;

    @Option(
            names = "--size",
            paramLabel = "BYTES",
            converter = Numbers.class,
            description = "How many bytes, such as 128K.")
    private @Nullable Long size;

    @Option(names = "--mass-erase", description = "Erase the whole memory of the alternate setting.")
    private boolean massErase;

    @Option(
            names = "--read-unprotect",
            description =
                    "Remove the read protection: all flash of the part is erased, its option bytes are reset, and it restarts.")
    private boolean readUnprotect;

    @Option(
            names = "--bootloader-region",
            description =
                    "Allow sectors to be erased that the device keeps from the host, usually the bootloader's own.")
    private boolean bootloaderRegion;

    @Mixin
    private final PlanOptions plans = new PlanOptions();

    @Override
    public Integer call() throws Exception {
        boolean range = at != null || size != null;
        boolean wholeRange = at != null && size != null;
        if (massErase && readUnprotect || (massErase || readUnprotect ? range : !wholeRange)) {
            throw usage("Say what to erase: --at and --size, or --mass-erase, or --read-unprotect.");
        }
        try (Usb usb = Usb.open(root())) {
            DfuInterface device = usb.dfuSeDevice();
            FlashPlan plan = plan(device);
            if (plans.isDryRun()) {
                plans.show(console(), List.of(Plans.shown(plan)), true);
                return ExitCode.OK;
            }
            PlanOptions.tell(console(), Plans.shown(plan));
            FlashReport report;
            try (DfuSeSession session = new DfuSeSession(usb.session(device));
                    FlashProgress progress = new FlashProgress(console(), usb.time())) {
                report = new Flasher(session, progress, root().cancellation().arm()).flash(plan);
            }
            plans.print(console(), Reports.shown(report));
        }
        return ExitCode.OK;
    }

    private FlashPlan plan(DfuInterface device) throws CommandException {
        OptionalInt chosen = alternate.on(device);
        FlashOptions options = FlashOptions.DEFAULT
                .withMassErase(massErase)
                .withReadUnprotect(readUnprotect)
                .withBootloaderRegion(bootloaderRegion);
        options = chosen.isPresent() ? options.withAlternate(chosen.getAsInt()) : options;
        try {
            return readUnprotect
                    ? FlashPlanner.planReadUnprotect(device, options)
                    : FlashPlanner.planErase(device, ranges(device, chosen), options);
        } catch (FlashPlanException e) {
            throw PlanHints.explain(e, device, Optional.empty(), PlanHints.Remedies.ERASE);
        } catch (IllegalArgumentException e) {
            throw usage(Failures.sentence(e.getMessage()));
        }
    }

    private List<AddressRange> ranges(DfuInterface device, OptionalInt chosen) throws CommandException {
        if (at != null && size != null) {
            if (size == 0) {
                throw usage("--size 0 is nothing to erase.");
            }
            return List.of(AddressRange.ofSize(at, size));
        }
        List<FlashTarget> targets = new ArrayList<>(FlashTarget.of(device));
        targets.removeIf(t -> t.layout().isOptionBytes()
                || (chosen.isPresent() && t.alternate() != chosen.getAsInt())
                || t.layout().runs().stream().noneMatch(r -> r.erasable()));
        if (targets.size() != 1) {
            throw usage("Say with --alt which memory to erase: " + device.device() + " has " + targets.size()
                    + " that can be: "
                    + targets.stream().map(FlashTarget::toString).collect(Collectors.joining(", ")) + ".");
        }
        return targets.get(0).layout().regions();
    }
}
