package io.github.dfu4j.daisy;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfuse.FlashOptions;
import io.github.dfu4j.dfuse.FlashPlan;
import io.github.dfu4j.dfuse.FlashPlanException;
import io.github.dfu4j.dfuse.FlashPlanner;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
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
        Builder route = new Builder(from, options);
        boolean wantsQspi = !image.qspi().isEmpty();
        boolean wantsInternal = !image.internal().isEmpty();
        boolean bootloaderThere = from == DaisyMode.DAISY_BOOTLOADER
                || from == DaisyMode.OTHER_BOOTLOADER
                || internal == Internal.BOOTLOADER;
        // Without a look into internal flash only the ROM gets one for sure; for QSPI alone the bootloader is taken to
        // be there.
        boolean mayInstall = wantsQspi
                && !bootloaderThere
                && (internal == Internal.OTHER || from == DaisyMode.ROM || wantsInternal || bootloader.isPresent());
        if (mayInstall) {
            if (!bootloader.isPresent()) {
                throw new DaisyImageException(
                        image.name(),
                        "Its " + image.qspi().size() + " bytes for QSPI flash need the Daisy bootloader, which "
                                + (internal == Internal.OTHER ? "is not on the board." : "may not be on the board."),
                        "Give its binary with --bootloader: core/dsy_bootloader_v6_4-intdfu-2000ms.bin of libDaisy"
                                + " (found by itself if LIBDAISY_DIR is set).");
            }
            route.need(DaisyMode.ROM, "The ROM bootloader installs the Daisy bootloader.");
            route.flash(
                    DaisyMode.ROM,
                    Stage.Content.BOOTLOADER,
                    bootloader.get().image(),
                    !options.replaceBootloader() && internal == Internal.UNKNOWN,
                    false);
            route.warnings.add("The Daisy bootloader takes the place of the program in internal flash.");
        }
        if (wantsQspi) {
            route.need(DaisyMode.DAISY_BOOTLOADER, "The Daisy bootloader writes QSPI flash.");
            boolean program = image.startsFromQspi();
            route.flash(
                    DaisyMode.DAISY_BOOTLOADER,
                    program ? Stage.Content.QSPI_PROGRAM : Stage.Content.DATA,
                    image.qspi(),
                    false,
                    program && options.start() && !wantsInternal);
            if (program && wantsInternal) {
                route.warnings.add("The program in QSPI flash is not started: code for internal flash follows.");
            }
        }
        if (wantsInternal) {
            route.need(DaisyMode.ROM, "The ROM bootloader writes internal flash.");
            route.flash(
                    DaisyMode.ROM,
                    image.isDaisyBootloader() ? Stage.Content.BOOTLOADER : Stage.Content.CODE,
                    image.internal(),
                    false,
                    options.start());
            if (!image.isDaisyBootloader()) {
                route.warnings.add(
                        "The code takes the place of the Daisy bootloader in internal flash: to write QSPI flash again, it has"
                                + " to be installed again.");
            }
        }
        route.warnings.addAll(image.warnings());
        return route.build(image.name(), image.advice());
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
        Builder route = new Builder(from, options);
        route.need(DaisyMode.ROM, "The ROM bootloader installs the Daisy bootloader.");
        route.flash(
                DaisyMode.ROM,
                Stage.Content.BOOTLOADER,
                bootloader.image(),
                !options.replaceBootloader(),
                options.start());
        route.warnings.add("The Daisy bootloader takes the place of the program in internal flash.");
        return route.build("Daisy bootloader " + bootloader.version(), Collections.emptyList());
    }

    /**
     * The route that erases parts of QSPI flash.
     *
     * @param from the mode in which the board is now
     * @param ranges what is to be blank afterwards
     * @param options how
     * @throws FlashPlanException if a range lies outside what the Daisy bootloader offers
     */
    public static DaisyRoute erase(DaisyMode from, List<AddressRange> ranges, RouteOptions options)
            throws FlashPlanException {
        Builder route = new Builder(from, options);
        route.need(DaisyMode.DAISY_BOOTLOADER, "The Daisy bootloader erases QSPI flash.");
        FlashPlan plan = FlashPlanner.planErase(
                ExpectedBoard.daisyBootloader(), ranges, flashOptions(DaisyMode.DAISY_BOOTLOADER, false));
        route.stages.add(new Stage.Erase(ranges, plan));
        route.warnOfNeighbours(plan, ranges);
        return route.build("erase", Collections.emptyList());
    }

    /**
     * The route to a bootloader, without writing anything.
     *
     * @param from the mode in which the board is now
     * @param to {@link DaisyMode#ROM} or {@link DaisyMode#DAISY_BOOTLOADER}
     */
    public static DaisyRoute to(DaisyMode from, DaisyMode to) {
        Builder route = new Builder(from, RouteOptions.DEFAULT);
        route.need(to, "");
        return route.build("to " + to.words(), Collections.emptyList());
    }

    /** How often a person has to press something. */
    public int presses() {
        return (int) stages.stream().filter(s -> s instanceof Stage.Press).count();
    }

    /** Roughly how long it takes without the presses. */
    public Duration estimate() {
        Duration sum = Duration.ZERO;
        for (Stage stage : stages) {
            if (stage instanceof Stage.Flash flash) {
                sum = sum.plus(flash.plan().estimate());
            } else if (stage instanceof Stage.Erase erase) {
                sum = sum.plus(erase.plan().estimate());
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
        private final RouteOptions options;
        private final List<Stage> stages = new ArrayList<>();
        private final List<String> warnings = new ArrayList<>();
        private DaisyMode now;

        private Builder(DaisyMode from, RouteOptions options) {
            this.from = from;
            this.options = options;
            this.now = from;
        }

        private void need(DaisyMode mode, String why) {
            boolean there = now == mode || (mode.reachesQspi() && now.reachesQspi());
            if (!there) {
                stages.add(new Stage.Press(Presses.to(mode), why));
                now = mode;
            }
        }

        private void flash(
                DaisyMode mode, Stage.Content content, FirmwareImage image, boolean unlessPresent, boolean leave)
                throws FlashPlanException {
            DfuInterface device = mode == DaisyMode.ROM ? ExpectedBoard.rom() : ExpectedBoard.daisyBootloader();
            FlashPlan plan = FlashPlanner.plan(device, image, flashOptions(mode, leave));
            stages.add(new Stage.Flash(mode, content, image, plan, unlessPresent));
            if (mode != DaisyMode.ROM) {
                warnOfNeighbours(plan, Ranges.of(image));
            }
        }

        /** Says in words what the erase blocks take along that may matter to somebody. */
        private void warnOfNeighbours(FlashPlan plan, List<AddressRange> wanted) {
            FlashPlan.TargetPlan target = plan.targets().get(0);
            List<AddressRange> lost = Ranges.without(target.erased(), wanted);
            for (AddressRange range : lost) {
                List<String> uses = DaisyMemory.usesOf(range);
                boolean replacesProgram = wanted.stream().anyMatch(w -> w.contains(DaisyMemory.APPLICATION));
                uses = new ArrayList<>(uses);
                if (replacesProgram) {
                    uses.removeIf(u -> u.startsWith("the program"));
                }
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
