package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.DaisyQuirks;
import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuMode;
import io.github.dfu4j.dfu.DfuSelectionException;
import io.github.dfu4j.dfu.DfuSelector;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.dfu.QuirkTable;
import io.github.dfu4j.dfuse.DfuSeQuirks;
import io.github.dfu4j.usb.PortPath;
import io.github.dfu4j.usb.Timebase;
import io.github.dfu4j.usb.Transcript;
import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbBusProvider;
import io.github.dfu4j.usb.UsbException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.function.Consumer;

/** The USB that a command uses: an open bus of the name given with {@code --usb}, its time, and the choice of a device on it. */
final class Usb implements AutoCloseable {

    private final UsbBus bus;
    private final UsbBus recorded;
    private final Timebase time;
    private final List<String> wanted;

    private Usb(UsbBus bus, Timebase time, List<String> wanted, Optional<Consumer<String>> transcript) {
        this.bus = bus;
        this.time = time;
        this.wanted = wanted;
        this.recorded =
                transcript.map(sink -> new Transcript(time, 0, sink).of(bus)).orElse(bus);
    }

    /** Opens the USB that the command line asks for. */
    static Usb open(DfuCommand root) throws UsbException, CommandException {
        return open(root.usb(), root.device(), root.transcript());
    }

    /** Opens a USB by its name, for devices of which some words must be true. */
    static Usb open(String name, List<String> wanted) throws UsbException, CommandException {
        return open(name, wanted, Optional.empty());
    }

    private static Usb open(String name, List<String> wanted, Optional<Consumer<String>> transcript)
            throws UsbException, CommandException {
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
            return new Usb(bus, provider.timebase(bus), wanted, transcript);
        } catch (IllegalArgumentException e) {
            throw new CommandException(ExitCode.USAGE, "--usb " + name + ": " + Failures.sentence(e.getMessage()));
        }
    }

    /** The bus, for jobs that open devices themselves and have to see what kind of bus it is. */
    UsbBus bus() {
        return bus;
    }

    /** The bus, with all that goes over it written down if the user wants a transcript. */
    UsbBus recorded() {
        return recorded;
    }

    /** The time that jobs on this bus are measured and slept by. */
    Timebase time() {
        return time;
    }

    /** All that is known of odd devices. */
    static QuirkTable quirks() {
        return DfuSeQuirks.table().plus(DaisyQuirks.rows());
    }

    /** All DFU interfaces attached. */
    List<DfuInterface> interfaces() throws UsbException {
        return DfuInterface.of(bus.devices(), quirks());
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
        if (chosen.device().accessProblem().isPresent()) {
            throw chosen.device().accessProblem().get();
        }
        return chosen;
    }

    /**
     * The devices that a command for several boards means: all that fit, or one at each of several ports, or the only one. A device that
     * speaks plain DFU may be in its application, if nothing else fits.
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
                chosen.add(
                        others.atPort(PortPath.parse(port)).inMode(DfuMode.DFU).one(attached));
            }
        }
        if (chosen.isEmpty()) {
            List<DfuInterface> running = selector().inMode(DfuMode.RUN_TIME).all(attached);
            boolean onlyRunning = running.size() == 1
                    && !running.get(0).isDfuSe()
                    && selector().inMode(DfuMode.DFU).all(attached).isEmpty();
            chosen.add(
                    onlyRunning && !all
                            ? running.get(0)
                            : selector().inMode(DfuMode.DFU).one(attached));
        }
        for (DfuInterface device : chosen) {
            if (device.device().accessProblem().isPresent()) {
                throw device.device().accessProblem().get();
            }
        }
        return chosen;
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
        return DfuSession.open(recorded, device, time);
    }

    @Override
    public void close() {
        bus.close();
    }
}
