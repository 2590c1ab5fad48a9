package io.github.dfu4j.daisy;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfuse.FlashOptions;
import io.github.dfu4j.dfuse.FlashPlan;
import io.github.dfu4j.dfuse.FlashPlanException;
import io.github.dfu4j.dfuse.FlashPlanner;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareVerifier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * A route: the stages by which a Daisy Seed gets from where it is to where it should be, over one bootloader or both. It is a value, made
 * without touching the board, to be printed and confirmed before anything is sent.
 *
 * @param purpose what it is for, such as a file's name
 * @param from the mode in which the board is now
 * @param stages the stages in order
 * @param warnings what the user should know before, in whole sentences
 * @param advice what would make it easier next time, in whole sentences
 */
public record DaisyRoute(
        String purpose, DaisyMode from, List<Stage> stages, List<String> warnings, List<String> advice) {

    /** Copies the lists. */
    public DaisyRoute {
        stages = Collections.unmodifiableList(new ArrayList<>(stages));
        warnings = Collections.unmodifiableList(new ArrayList<>(warnings));
        advice = Collections.unmodifiableList(new ArrayList<>(advice));
    }

    /** What internal flash is known to hold. */
    public enum Internal {
        /** Not known. */
        UNKNOWN,
        /** A Daisy bootloader. */
        BOOTLOADER,
        /** Something else, or nothing. */
        OTHER
    }

    /**
     * The shortest route for an image.
     *
     * @param from the mode in which the board is now
     * @param internal what internal flash holds, as far as known
     * @param image what is to be on the board
     * @param bootloader the Daisy bootloader's own image, for the case that it has to be installed
     * @param options how
     * @throws DaisyImageException if the image cannot get there, with the remedy
     * @throws FlashPlanException if a part of it does not fit its bootloader
     */
    public static DaisyRoute plan(
            DaisyMode from,
            Internal internal,
            DaisyImage image,
            Optional<BootloaderImage> bootloader,
            RouteOptions options)
            throws DaisyImageException, FlashPlanException {
        Internal holds = options.from() == Stage.Part.QSPI ? Internal.BOOTLOADER : internal;
        Builder route = new Builder(from, holds, options);
        boolean wantsQspi = !image.qspi().isEmpty() && options.from() != Stage.Part.CODE;
        boolean wantsInternal = !image.internal().isEmpty();
        // Only a look through the ROM tells for sure; for QSPI alone the bootloader is taken to be there.
        boolean mayInstall = wantsQspi
                && !route.bootloaderThere
                && (holds == Internal.OTHER || from == DaisyMode.ROM || wantsInternal || bootloader.isPresent());
        if (mayInstall) {
            route.install(bootloader.orElseThrow(() -> withoutBootloader(image.name(), holds)), false);
        }
        if (wantsQspi) {
            route.need(DaisyMode.DAISY_BOOTLOADER, "The Daisy bootloader writes QSPI flash.");
            boolean program = image.startsFromQspi();
            route.flash(
                    program ? Stage.Content.QSPI_PROGRAM : Stage.Content.DATA,
                    image.qspi(),
                    program && options.start() && !wantsInternal,
                    false,
                    checked(image, options));
            if (program && wantsInternal) {
                route.warnings.add("The program in QSPI flash is not started: code for internal flash follows.");
            }
        }
        if (wantsInternal) {
            route.need(DaisyMode.ROM, "The ROM bootloader writes internal flash.");
            route.flash(
                    image.isDaisyBootloader() ? Stage.Content.BOOTLOADER : Stage.Content.CODE,
                    image.internal(),
                    options.start(),
                    false,
                    checked(image, options));
            if (!image.isDaisyBootloader()) {
                route.warnings.add(
                        "The code takes the place of the Daisy bootloader in internal flash: to write QSPI flash again, it has"
                                + " to be installed again.");
            }
        }
        route.warnings.addAll(image.warnings());
        return route.build(image.name(), image.advice());
    }

    /** The check of a part of an image, which speaks of the addresses in its file. */
    private static Optional<FirmwareVerifier> checked(DaisyImage image, RouteOptions options) {
        return options.verifier().map(check -> (part, target) -> check.verify(image.asInFile(part), target));
    }

    private static DaisyImageException withoutBootloader(String name, Internal internal) {
        return new DaisyImageException(
                name,
                "QSPI flash is written by the Daisy bootloader, which "
                        + (internal == Internal.OTHER ? "is not on the board." : "may not be on the board."),
                "\"dfu daisy bootloader FILE\" installs it, and \"dfu daisy flash\" does on its way if it is given with --bootloader:"
                        + " core/dsy_bootloader_v6_4-intdfu-2000ms.bin of libDaisy (found by itself if LIBDAISY_DIR is set)."
                        + (internal == Internal.UNKNOWN
                                ? " If it is on the board, get the board into it first: RESET, then BOOT."
                                : ""));
    }

    /**
     * The route that installs or updates the Daisy bootloader.
     *
     * @param from the mode in which the board is now
     * @param bootloader its image
     * @param options how
     * @throws FlashPlanException if it does not fit
     */
    public static DaisyRoute install(DaisyMode from, BootloaderImage bootloader, RouteOptions options)
            throws FlashPlanException {
        Builder route = new Builder(from, Internal.UNKNOWN, options);
        route.install(bootloader, options.start());
        return route.build("Daisy bootloader " + bootloader.version(), Collections.emptyList());
    }

    /**
     * The route that erases parts of QSPI flash.
     *
     * @param from the mode in which the board is now
     * @param internal what internal flash holds, as far as known
     * @param ranges what is to be blank afterwards
     * @param options how
     * @throws DaisyImageException if the Daisy bootloader is known not to be on the board
     * @throws FlashPlanException if a range lies outside what the Daisy bootloader offers
     */
    public static DaisyRoute erase(DaisyMode from, Internal internal, List<AddressRange> ranges, RouteOptions options)
            throws DaisyImageException, FlashPlanException {
        Builder route = new Builder(from, internal, options);
        if (internal == Internal.OTHER) {
            throw withoutBootloader("the board", internal);
        }
        route.need(DaisyMode.DAISY_BOOTLOADER, "The Daisy bootloader erases QSPI flash.");
        FlashPlan plan = Builder.planErase(ReadBack.UNKNOWN, ranges);
        Duration estimate = Builder.planErase(ReadBack.UNTRUE, ranges).estimate();
        route.stages.add(new Stage.Erase(ranges, plan, estimate));
        route.warnOfNeighbours(plan, ranges);
        return route.build("erase", Collections.emptyList());
    }

    /**
     * The route to a bootloader, without writing anything.
     *
     * @param from the mode in which the board is now
     * @param internal what internal flash holds, as far as known
     * @param to {@link DaisyMode#ROM} or {@link DaisyMode#DAISY_BOOTLOADER}
     * @throws DaisyImageException if it is the Daisy bootloader, and that is known not to be on the board
     */
    public static DaisyRoute to(DaisyMode from, Internal internal, DaisyMode to) throws DaisyImageException {
        if (to != DaisyMode.ROM && internal == Internal.OTHER) {
            throw withoutBootloader("the board", internal);
        }
        Builder route = new Builder(from, internal, RouteOptions.DEFAULT);
        route.need(to, "");
        return route.build("to " + to.words(), Collections.emptyList());
    }

    /** The same with more for the user to know. */
    DaisyRoute plus(List<String> more) {
        List<String> all = new ArrayList<>(warnings);
        all.addAll(more);
        return new DaisyRoute(purpose, from, stages, all, advice);
    }

    /** How often a person has to press something, if each handover works. */
    public int presses() {
        return (int) stages.stream().filter(s -> s instanceof Stage.Press).count();
    }

    /** Roughly how long it takes without the presses. */
    public Duration estimate() {
        Duration sum = Duration.ZERO;
        for (Stage stage : stages) {
            if (stage instanceof Stage.Flash flash) {
                sum = sum.plus(flash.estimate());
            } else if (stage instanceof Stage.Erase erase) {
                sum = sum.plus(erase.estimate());
            }
        }
        return sum;
    }

    /** The stages, numbered, one on a line. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < stages.size(); i++) {
            text.append(i + 1).append(". ").append(stages.get(i).words()).append('\n');
        }
        return text.toString();
    }

    private static final class Builder {
        private final DaisyMode from;
        private final Internal internal;
        private final RouteOptions options;
        private final List<Stage> stages = new ArrayList<>();
        private final List<String> warnings = new ArrayList<>();
        private DaisyMode now;
        private boolean bootloaderThere;

        private Builder(DaisyMode from, Internal internal, RouteOptions options) {
            this.from = from;
            this.internal = internal;
            this.options = options;
            this.now = from;
            this.bootloaderThere = from.reachesQspi() || internal == Internal.BOOTLOADER;
        }

        private void need(DaisyMode mode, String why) {
            if (now.serves(mode)) {
                return;
            }
            stages.add(
                    now == DaisyMode.ROM && bootloaderThere
                            ? new Stage.Handover(why)
                            : new Stage.Press(Presses.to(mode), why));
            now = mode;
        }

        private void install(BootloaderImage bootloader, boolean leave) throws FlashPlanException {
            need(DaisyMode.ROM, "The ROM bootloader installs the Daisy bootloader.");
            boolean unlessPresent = !options.replaceBootloader() && internal == Internal.UNKNOWN;
            flash(Stage.Content.BOOTLOADER, bootloader.image(), leave, unlessPresent, bootloader.verifier());
            bootloaderThere = true;
            warnings.add("The Daisy bootloader takes the place of the program in internal flash.");
            warnings.addAll(bootloader.remarks());
        }

        private void flash(
                Stage.Content content,
                FirmwareImage image,
                boolean leave,
                boolean unlessPresent,
                Optional<FirmwareVerifier> verifier)
                throws FlashPlanException {
            DaisyMode mode = content.part() == Stage.Part.QSPI ? DaisyMode.DAISY_BOOTLOADER : DaisyMode.ROM;
            FlashPlan plan = plan(mode, ReadBack.UNKNOWN, image, leave);
            Duration estimate = plan(mode, ReadBack.UNTRUE, image, leave).estimate();
            stages.add(new Stage.Flash(mode, content, image, plan, estimate, unlessPresent, verifier));
            if (mode != DaisyMode.ROM) {
                warnOfNeighbours(plan, Ranges.of(image));
            }
        }

        private static FlashPlan plan(DaisyMode mode, ReadBack readBack, FirmwareImage image, boolean leave)
                throws FlashPlanException {
            DfuInterface device = mode == DaisyMode.ROM ? ExpectedBoard.rom() : ExpectedBoard.daisyBootloader(readBack);
            return FlashPlanner.plan(device, image, flashOptions(mode, leave));
        }

        private static FlashPlan planErase(ReadBack readBack, List<AddressRange> ranges) throws FlashPlanException {
            return FlashPlanner.planErase(
                    ExpectedBoard.daisyBootloader(readBack), ranges, flashOptions(DaisyMode.DAISY_BOOTLOADER, false));
        }

        /** Says in words what the erase blocks take along that may matter to somebody. */
        private void warnOfNeighbours(FlashPlan plan, List<AddressRange> wanted) {
            FlashPlan.TargetPlan target = plan.targets().get(0);
            boolean replacesProgram = wanted.stream().anyMatch(w -> w.contains(DaisyMemory.APPLICATION));
            for (AddressRange range : Ranges.without(target.erased(), wanted)) {
                List<String> uses = DaisyMemory.usesOf(range, !replacesProgram);
                warnings.add("Erasing takes " + range + " along, " + range.size() + " bytes that were not asked for"
                        + (uses.isEmpty() ? "" : ", in " + String.join(" and ", uses))
                        + (options.keepNeighbours() ? "; they are kept only if the board can be read." : "."));
            }
        }

        private DaisyRoute build(String purpose, List<String> advice) {
            return new DaisyRoute(purpose, from, stages, warnings, advice);
        }
    }

    /** How a stage flashes. Neighbours are the runner's business, which knows whether the device can be read. */
    static FlashOptions flashOptions(DaisyMode mode, boolean leave) {
        FlashOptions options = FlashOptions.DEFAULT.withKeepNeighbours(false);
        long start = mode == DaisyMode.ROM ? DaisyMemory.INTERNAL_FLASH.range().start() : DaisyMemory.APPLICATION;
        return leave ? options.withLeaveAddress(start) : options;
    }
}
