package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.DaisyQuirks;
import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuMode;
import io.github.dfu4j.dfu.DfuSelectionException;
import io.github.dfu4j.dfu.DfuSelector;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.dfu.QuirkTable;
import io.github.dfu4j.dfuse.DfuSeQuirks;
import io.github.dfu4j.simulator.VirtualBus;
import io.github.dfu4j.usb.PortPath;
import io.github.dfu4j.usb.Timebase;
import io.github.dfu4j.usb.Transcript;
import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbBusProvider;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.function.Function;

/** The USB that a command uses: an open bus of the name given with {@code --usb}, its time, and the choice of a device on it. */
final class Usb implements AutoCloseable {

    private final UsbBus opened;
    private final UsbBus bus;
    private final Timebase time;
    private final Function<UsbDevice, Timebase> timeOf;
    private final List<String> wanted;
    private final QuirkTable quirks;

    private Usb(
            UsbBus opened,
            UsbBus bus,
            Timebase time,
            Function<UsbDevice, Timebase> timeOf,
            List<String> wanted,
            QuirkTable quirks) {
        this.opened = opened;
        this.bus = bus;
        this.time = time;
        this.timeOf = timeOf;
        this.wanted = wanted;
        this.quirks = quirks;
    }

    /** Opens the USB that the command line asks for; what goes over it is written down as the user wants it. */
    static Usb open(DfuCommand root) throws UsbException, CommandException {
        Usb usb = open(root.usb(), root.device());
        QuirkTable known = knownQuirks();
        QuirkTable quirks = root.flashSize().isPresent()
                ? known.plus(List.of(DfuSeQuirks.flashSize(root.flashSize().getAsLong())))
                : known;
        return new Usb(usb.opened, usb.bus, usb.time, usb.timeOf, usb.wanted, quirks)
                .written(root.transcript(usb.time));
    }

    /** A USB that has been opened already. */
    static Usb of(UsbBus bus, Timebase time) {
        return new Usb(bus, bus, time, device -> time, List.of(), knownQuirks());
    }

    /** The same USB, with what goes over it from now on written down. */
    Usb written(Transcript transcript) {
        return new Usb(opened, transcript.of(bus), time, timeOf, wanted, quirks);
    }

    /** Opens a USB by its name, for devices of which some words must be true. */
    static Usb open(String name, List<String> wanted) throws UsbException, CommandException {
        TreeMap<String, UsbBusProvider> providers = new TreeMap<>();
        ServiceLoader.load(UsbBusProvider.class).forEach(p -> providers.put(p.scheme(), p));
        String scheme = name.contains(":") ? name.substring(0, name.indexOf(':')) : name;
        UsbBusProvider provider = providers.get(scheme);
        if (provider == null) {
            StringBuilder known = new StringBuilder();
            providers.values().forEach(p -> known.append("\n  ").append(p.usage()));
            throw new CommandException(
                    ExitCode.USAGE, "--usb " + name + ": there is no such kind of USB here. There are:" + known);
        }
        try {
            UsbBus bus = provider.open(name);
            return new Usb(
                    bus, bus, provider.timebase(bus), device -> provider.timebase(bus, device), wanted, knownQuirks());
        } catch (IllegalArgumentException e) {
            throw new CommandException(ExitCode.USAGE, "--usb " + name + ": " + Failures.sentence(e.getMessage()));
        }
    }

    /** The bus, for jobs that open devices themselves. */
    UsbBus bus() {
        return bus;
    }

    /** The simulated bus behind it, if it is one, for those who press a board's buttons. */
    Optional<VirtualBus> simulator() {
        return opened instanceof VirtualBus simulated ? Optional.of(simulated) : Optional.empty();
    }

    /** The time that jobs on this bus are measured and slept by. */
    Timebase time() {
        return time;
    }

    /** The time of a job on one device that runs side by side with others. */
    Timebase time(DfuInterface device) {
        return timeOf.apply(device.device());
    }

    /** All that is known of odd devices, with what the user says of this one. */
    QuirkTable quirks() {
        return quirks;
    }

    /** All that is known of odd devices. */
    static QuirkTable knownQuirks() {
        return DfuSeQuirks.table().plus(DaisyQuirks.rows());
    }

    /** All DFU interfaces attached. */
    List<DfuInterface> interfaces() throws UsbException {
        return DfuInterface.of(bus.devices(), quirks);
    }

    /** What the command line says of the device. */
    DfuSelector selector() throws CommandException {
        return selector(wanted);
    }

    /** What some words say of a device: all must fit. */
    static DfuSelector selector(List<String> words) throws CommandException {
        DfuSelector selector = DfuSelector.ANY;
        for (String word : words) {
            try {
                selector = selector.with(word);
            } catch (IllegalArgumentException e) {
                throw new CommandException(ExitCode.USAGE, "-d " + word + ": " + Failures.sentence(e.getMessage()));
            }
        }
        return selector;
    }

    /**
     * The one device in DFU mode that the command line means.
     *
     * @throws DfuSelectionException if there is none, or more than one
     */
    DfuInterface device() throws UsbException, DfuSelectionException, CommandException {
        DfuInterface chosen = selector().inMode(DfuMode.DFU).one(interfaces());
        mustBeUsable(chosen);
        return chosen;
    }

    /**
     * The port of the board that the command line means, for jobs that follow it from one mode to another; empty if the command line does
     * not say which. A port may have nothing in it yet; what has ids or a serial number must be there, as those change with the mode.
     *
     * @throws DfuSelectionException if it says more than a port, and not exactly one device in DFU mode fits
     */
    Optional<PortPath> port() throws UsbException, DfuSelectionException, CommandException {
        DfuSelector selector = selector();
        return wanted.stream().allMatch(Usb::isPort)
                ? selector.port()
                : selector.inMode(DfuMode.DFU).one(interfaces()).device().port();
    }

    /** Throws why a device may not be opened, if it may not. */
    static void mustBeUsable(DfuInterface device) throws UsbException {
        if (device.device().accessProblem().isPresent()) {
            throw device.device().accessProblem().get();
        }
    }

    /**
     * The devices that a command for several boards means: all in DFU mode that fit, or one at each of several ports, or the only one. A
     * device that speaks plain DFU may be in its application, if it is named and nothing else fits. Some may not be usable.
     *
     * @param all whether all that fit are meant
     * @throws DfuSelectionException if there is none, or it is not clear which
     */
    List<DfuInterface> devices(boolean all) throws UsbException, DfuSelectionException, CommandException {
        List<DfuInterface> attached = interfaces();
        List<String> ports = wanted.stream().filter(Usb::isPort).toList();
        List<DfuInterface> chosen = new ArrayList<>();
        if (all) {
            chosen.addAll(selector().inMode(DfuMode.DFU).all(attached));
        } else if (ports.size() > 1) {
            DfuSelector others =
                    selector(wanted.stream().filter(word -> !isPort(word)).toList());
            for (String port : ports) {
                chosen.add(one(others.atPort(PortPath.parse(port)), attached));
            }
        }
        if (chosen.isEmpty()) {
            chosen.add(all ? selector().inMode(DfuMode.DFU).one(attached) : one(selector(), attached));
        }
        return chosen;
    }

    /** The one device in DFU mode, or the one that speaks plain DFU and is in its application. */
    private static DfuInterface one(DfuSelector selector, List<DfuInterface> attached) throws DfuSelectionException {
        List<DfuInterface> running = selector.inMode(DfuMode.RUN_TIME).all(attached);
        boolean onlyRunning = running.size() == 1
                && !running.get(0).isDfuSe()
                && selector.inMode(DfuMode.DFU).all(attached).isEmpty();
        return onlyRunning ? running.get(0) : selector.inMode(DfuMode.DFU).one(attached);
    }

    private static boolean isPort(String word) {
        return !word.startsWith("serial=") && word.indexOf(':') < 0;
    }

    /**
     * The one device in DFU mode that the command line means, which must speak DfuSe.
     *
     * @throws CommandException if it speaks plain DFU
     */
    DfuInterface dfuSeDevice() throws UsbException, DfuSelectionException, CommandException {
        DfuInterface chosen = device();
        if (!chosen.isDfuSe()) {
            throw new CommandException(
                    ExitCode.UNAVAILABLE,
                    chosen + " speaks plain DFU, which has no addresses; this command is for DfuSe devices alone.");
        }
        return chosen;
    }

    /** Opens a conversation with a device. */
    DfuSession session(DfuInterface device) throws UsbException {
        return DfuSession.open(bus, device, time);
    }

    /**
     * Closes the bus.
     *
     * @throws UncheckedIOException if a simulated board that is kept in a file could not be saved
     */
    @Override
    public void close() {
        bus.close();
        simulator().ifPresent(Usb::checkSaved);
    }

    /**
     * Checks that a closed bus has saved what it keeps in a file.
     *
     * @throws UncheckedIOException if it has not
     */
    static void checkSaved(VirtualBus closed) {
        closed.notSaved().ifPresent(failure -> {
            throw new UncheckedIOException(failure);
        });
    }
}
