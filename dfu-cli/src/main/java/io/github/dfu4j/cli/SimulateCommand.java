package io.github.dfu4j.cli;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.simulator.Ledger;
import io.github.dfu4j.simulator.SimulatorBusProvider;
import io.github.dfu4j.simulator.VirtualBoard;
import io.github.dfu4j.simulator.VirtualBus;
import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.PortPath;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import io.github.dfu4j.usbip.UsbIpServer;
import io.github.dfu4j.usbip.UsbIpServerListener;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Serves a simulated board by USB/IP until it is stopped. */
@Command(
        name = "simulate",
        description = {
            "Serve a simulated board by USB/IP, and show what hosts do to it, until stopped by \"quit\" or Ctrl-C.",
            "USB/IP has no password: the server listens on the loopback address alone unless --listen says otherwise.",
            "On standard input it takes: boot (BOOT is held for 3 s: type reset meanwhile to enter the bootloader in ROM), reset,"
                    + " unplug, plug, quit."
        })
final class SimulateCommand extends Subcommand {

    private static final Duration BOOT_HELD = Duration.ofSeconds(3);
    private static final int LOOK_MILLIS = 50;

    @Parameters(
            paramLabel = "BOARD",
            description =
                    "daisy-seed, stm32f407, dfu11 …, several with + between, options behind ?, as in --usb sim:BOARD.")
    private String board = "";

    @Option(
            names = "--usbip",
            paramLabel = "PORT",
            defaultValue = "3240",
            description = "The TCP port; 0 is any free one (default: ${DEFAULT-VALUE}).")
    private int port = UsbIpServer.DEFAULT_PORT;

    @Option(
            names = "--listen",
            paramLabel = "ADDRESS",
            description = "Listen on this address, for hosts that may do to the board what they like.")
    private @Nullable String listen;

    @Option(names = "--state", paramLabel = "FILE", description = "Keep the board in a file between calls.")
    private @Nullable String state;

    @Option(
            names = "--real-time",
            description = "Let erasing and writing take as long as on the real board; otherwise the waits are skipped.")
    private boolean realTime;

    private final BlockingQueue<String> typed = new LinkedBlockingQueue<>();

    @Override
    public Integer call() throws Exception {
        InetSocketAddress address = address();
        VirtualBus bus = open();
        try (bus) {
            Map<PortPath, VirtualBoard> boards = bus.boards();
            boards.forEach((at, one) -> one.ledger().onEntry(entry -> show(boards.size() > 1 ? at + " " : "", entry)));
            try (UsbIpServer server = start(bus, address)) {
                greet(boards, server.address());
                serve(bus, boards);
            }
            boards.forEach(this::sum);
        }
        Usb.checkSaved(bus);
        return ExitCode.OK;
    }

    private UsbIpServer start(VirtualBus bus, InetSocketAddress address) throws CommandException {
        try {
            return UsbIpServer.exporting(bus)
                    .address(address)
                    .listener(new Clients())
                    .start();
        } catch (IOException e) {
            throw new CommandException(
                    ExitCode.UNAVAILABLE,
                    Failures.message(e) + " --usbip PORT chooses another port, --usbip 0 any free one.");
        }
    }

    private VirtualBus open() throws IOException, CommandException {
        if (state != null && state.contains("&")) {
            throw usage("--state " + state + ": the name of a state file cannot contain \"&\".");
        }
        StringBuilder name = new StringBuilder("sim:").append(board).append(board.contains("?") ? "&" : "?");
        name.append(realTime ? "real-time" : "fast-forward");
        if (state != null) {
            name.append("&state=").append(state);
        }
        try {
            return new SimulatorBusProvider().open(name.toString());
        } catch (IllegalArgumentException e) {
            throw new CommandException(ExitCode.USAGE, Failures.sentence(e.getMessage()));
        }
    }

    private InetSocketAddress address() throws CommandException {
        if (port < 0 || port > 0xffff) {
            throw usage("--usbip: a TCP port is 0 to 65535, not " + port + ".");
        }
        if (listen == null) {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        }
        InetSocketAddress address = new InetSocketAddress(listen, port);
        if (address.isUnresolved()) {
            throw usage("--listen " + listen + ": there is no host of this name.");
        }
        return address;
    }

    private void greet(Map<PortPath, VirtualBoard> boards, InetSocketAddress address) {
        String host = address.getAddress().getHostAddress();
        String tcp = address.getPort() == UsbIpServer.DEFAULT_PORT ? "" : " --tcp-port " + address.getPort();
        boards.forEach((at, one) -> {
            console()
                    .print("Serving " + one.name() + " at port " + at + " by USB/IP on " + host + ", port "
                            + address.getPort() + ". To attach it to a Linux machine:");
            console().print("  sudo modprobe vhci-hcd && sudo usbip" + tcp + " attach -r " + host + " -b " + at);
        });
        String named = host.contains(":") ? "[" + host + "]" : host;
        console().print("Or without any driver: dfu --usb usbip://" + named + ":" + address.getPort() + " list");
        console().print("Type boot, reset, unplug, plug or quit.");
        console().flush();
    }

    private void serve(VirtualBus bus, Map<PortPath, VirtualBoard> boards) throws UsbException, InterruptedException {
        Cancellation stopped = root().cancellation().arm();
        Thread reader = new Thread(this::readInput, "dfu-input");
        reader.setDaemon(true);
        reader.start();
        Map<VirtualBoard, Long> held = new HashMap<>();
        while (!stopped.getAsBoolean()) {
            bus.devices(); // time goes on for the boards whether or not a host looks at them
            String line = typed.poll(LOOK_MILLIS, TimeUnit.MILLISECONDS);
            if (line != null && line.strip().equals("quit")) {
                return;
            }
            if (line != null) {
                act(line.strip(), bus, boards, held);
            }
            held.entrySet().removeIf(press -> {
                boolean over = System.nanoTime() - press.getValue() > BOOT_HELD.toNanos();
                if (over) {
                    press.getKey().releaseBoot();
                }
                return over;
            });
        }
    }

    private void readInput() {
        try {
            for (String line = console().in().readLine();
                    line != null;
                    line = console().in().readLine()) {
                typed.add(line);
            }
        } catch (IOException e) {
            console().warn("standard input cannot be read any more: " + Failures.message(e));
        }
    }

    /** Does to a board what a line says: a word, and the board's port if there are several boards. */
    private void act(String line, VirtualBus bus, Map<PortPath, VirtualBoard> boards, Map<VirtualBoard, Long> held) {
        String[] words = line.split("\\s+", -1);
        Map<PortPath, VirtualBoard> meant = words.length < 2
                ? boards
                : boards.entrySet().stream()
                        .filter(e -> e.getKey().toString().equals(words[1]))
                        .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue));
        if (meant.isEmpty()) {
            console().note("There is no board at port " + words[1] + ".");
        }
        meant.forEach((at, one) -> {
            switch (words[0]) {
                case "" -> {}
                case "boot" -> {
                    one.pressBoot();
                    held.put(one, System.nanoTime());
                }
                case "reset" -> one.tapReset();
                case "unplug" -> {
                    if (bus.boards().containsKey(at)) {
                        bus.unplug(one);
                    }
                }
                case "plug" -> {
                    if (!bus.boards().containsKey(at)) {
                        bus.plug(one, at);
                    }
                }
                default -> console().note("\"" + words[0] + "\" is none of boot, reset, unplug, plug, quit.");
            }
        });
    }

    private void show(String prefix, Ledger.Entry entry) {
        String what;
        if (entry instanceof Ledger.Erased e) {
            what = "erased " + e.range();
        } else if (entry instanceof Ledger.Programmed p) {
            what = "programmed " + p.range();
        } else if (entry instanceof Ledger.OverProgrammed o) {
            what = "written over without an erase: " + o.range();
        } else if (entry instanceof Ledger.Torn t) {
            what = "cut off, holds rubbish now: " + t.range();
        } else if (entry instanceof Ledger.Read r) {
            what = "read " + r.range();
        } else if (entry instanceof Ledger.Happened h) {
            what = h.what();
        } else if (root().isVerbose() && entry instanceof Ledger.Transfer t) {
            what = t.setup()
                    + (t.failure() == null
                            ? " " + t.transferred() + " bytes"
                            : " failed: " + t.failure().words());
        } else {
            return;
        }
        say(prefix + String.format(Locale.ROOT, "%9.3f s  ", entry.at().toNanos() / 1e9) + what);
    }

    private synchronized void say(String line) {
        console().print(line);
        console().flush();
    }

    private void sum(PortPath at, VirtualBoard one) {
        Ledger ledger = one.ledger();
        console()
                .print(at + ": " + Numbers.grouped(ledger.transfers()) + " control transfers; erased "
                        + ranges(ledger.erased()) + "; programmed " + ranges(ledger.programmed())
                        + (ledger.overProgrammed().isEmpty()
                                ? ""
                                : "; written over without an erase " + ranges(ledger.overProgrammed()))
                        + ".");
    }

    private static String ranges(List<AddressRange> ranges) {
        return ranges.isEmpty()
                ? "nothing"
                : ranges.stream().map(AddressRange::toString).collect(Collectors.joining(", "));
    }

    /** Tells what the clients of the server do. */
    private final class Clients implements UsbIpServerListener {
        @Override
        public void refused(SocketAddress client, String why) {
            say(client + " was refused: " + Failures.sentence(why));
        }

        @Override
        public void imported(SocketAddress client, UsbDevice device) {
            say(client + " has taken " + device);
        }

        @Override
        public void failed(UsbDevice device, ControlSetup setup, String why) {
            if (root().isVerbose()) {
                say(setup + " failed: " + why);
            }
        }

        @Override
        public void reset(UsbDevice device) {
            say("bus reset of " + device);
        }

        @Override
        public void released(SocketAddress client, UsbDevice device, String why) {
            say(client + " has let go of " + device + ": " + why);
        }
    }
}
