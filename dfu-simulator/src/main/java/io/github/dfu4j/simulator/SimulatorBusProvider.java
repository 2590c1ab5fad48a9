package io.github.dfu4j.simulator;

import io.github.dfu4j.simulator.VirtualBoard.Running;
import io.github.dfu4j.usb.PortPath;
import io.github.dfu4j.usb.Timebase;
import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbBusProvider;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Opens simulated boards by name: {@code sim:daisy-seed}, {@code sim:stm32f407?count=4&real-time},
 * {@code sim:daisy-seed+stm32f407?state=FILE}.
 *
 * <p>Options, after {@code ?} and with {@code &} between them, are for all boards of the name:
 *
 * <table>
 * <caption>Options</caption>
 * <tr><td>{@code state=FILE}</td><td>keeps one board in a file between calls; what the other options say counts only while there is no
 *     such file</td></tr>
 * <tr><td>{@code mode=rom|bootloader|app}</td><td>what runs first</td></tr>
 * <tr><td>{@code bootloader=v6.4}</td><td>which Daisy bootloader is installed</td></tr>
 * <tr><td>{@code serial=TEXT}</td><td>the serial number</td></tr>
 * <tr><td>{@code port=1-2}</td><td>where the first board is plugged in</td></tr>
 * <tr><td>{@code count=N}</td><td>so many of each board</td></tr>
 * <tr><td>{@code read-protected}</td><td>STM32 boards have their read protection on</td></tr>
 * <tr><td>{@code habits=-A,+B}</td><td>switches {@link Habit}s off and on</td></tr>
 * <tr><td>{@code fault=stall@17,power-cut@30}</td><td>lets faults happen at transfers counted from 0: stall, silence, disconnect,
 *     power-cut, bus-error</td></tr>
 * <tr><td>{@code real-time}, {@code fast-forward}</td><td>lets time go with the real clock, with or without the waits; see
 *     {@link VirtualTime}</td></tr>
 * </table>
 */
public final class SimulatorBusProvider implements UsbBusProvider {

    private static final String DAISY = "daisy-seed";
    private static final Set<String> OPTIONS = new TreeSet<>(List.of(
            "state",
            "mode",
            "bootloader",
            "serial",
            "port",
            "count",
            "read-protected",
            "habits",
            "fault",
            "real-time",
            "fast-forward"));
    private static final int MOST_BOARDS = 256;

    /** For {@link java.util.ServiceLoader}, and for programs that have none. */
    public SimulatorBusProvider() {}

    /** The names of all boards there are. */
    public static Set<String> boardNames() {
        Set<String> names = new TreeSet<>(Stm32Rom.families());
        names.addAll(PlainDfu.kinds());
        names.add(DAISY);
        return names;
    }

    @Override
    public String scheme() {
        return "sim";
    }

    @Override
    public String usage() {
        return "sim:BOARD[+BOARD...][?OPTION&...]  simulated boards, such as sim:daisy-seed?state=FILE";
    }

    @Override
    public Timebase timebase(UsbBus bus) {
        return bus instanceof VirtualBus virtual ? virtual.time() : UsbBusProvider.super.timebase(bus);
    }

    @Override
    public Timebase timebase(UsbBus bus, UsbDevice device) {
        return bus instanceof VirtualBus virtual ? virtual.time(device) : timebase(bus);
    }

    @Override
    public VirtualBus open(String name) throws UsbException {
        if (!name.startsWith("sim:")) {
            throw new IllegalArgumentException("\"" + name + "\" does not start with \"sim:\"");
        }
        int mark = name.indexOf('?');
        String boards = name.substring(4, mark < 0 ? name.length() : mark);
        Map<String, String> options = options(mark < 0 ? "" : name.substring(mark + 1));
        VirtualBus bus = new VirtualBus(time(options));
        List<VirtualBoard> made = new ArrayList<>();
        int count = count(options);
        for (String board : boards.split("\\+", -1)) {
            for (int i = 0; i < count; i++) {
                made.add(make(board, options));
            }
        }
        String state = options.get("state");
        if (state != null && made.size() > 1) {
            throw new IllegalArgumentException("a state file keeps one board, not " + made.size());
        }
        plug(bus, made, options);
        if (state != null) {
            keep(bus, made.get(0), state);
        }
        awaitArrival(bus);
        return bus;
    }

    private static VirtualTime time(Map<String, String> options) {
        return options.containsKey("real-time")
                ? VirtualTime.realTime()
                : options.containsKey("fast-forward") ? VirtualTime.fastForward() : new VirtualTime();
    }

    private static void plug(VirtualBus bus, List<VirtualBoard> boards, Map<String, String> options) {
        for (VirtualBoard board : boards) {
            String port = options.get("port");
            if (port != null && board == boards.get(0)) {
                bus.plug(board, PortPath.parse(port));
            } else {
                bus.plug(board);
            }
        }
    }

    /** Whoever opens a bus by name wants to find the boards on it, not on their way. */
    private static void awaitArrival(VirtualBus bus) {
        for (int i = 0; i < 50 && !bus.boards().values().stream().allMatch(VirtualBoard::attached); i++) {
            try {
                bus.time().sleep(Duration.ofMillis(10));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    private static Map<String, String> options(String text) {
        Map<String, String> result = new LinkedHashMap<>();
        for (String option : text.isEmpty() ? new String[0] : text.split("&")) {
            int equals = option.indexOf('=');
            String key = equals < 0 ? option : option.substring(0, equals);
            if (!OPTIONS.contains(key)) {
                throw new IllegalArgumentException(
                        "simulated boards have no option \"" + key + "\"; there are " + String.join(", ", OPTIONS));
            }
            result.put(key, equals < 0 ? "" : option.substring(equals + 1));
        }
        return result;
    }

    private static int count(Map<String, String> options) {
        String text = options.getOrDefault("count", "1");
        if (!text.matches("[0-9]{1,3}") || Integer.parseInt(text) < 1 || Integer.parseInt(text) > MOST_BOARDS) {
            throw new IllegalArgumentException("count is 1 to " + MOST_BOARDS + ", not \"" + text + "\"");
        }
        return Integer.parseInt(text);
    }

    private static VirtualBoard make(String name, Map<String, String> options) {
        String serial = options.get("serial");
        String mode = options.getOrDefault("mode", "");
        VirtualBoard board;
        Running first = mode.isEmpty() ? null : running(mode);
        if (name.equals(DAISY)) {
            DaisySeed seed = new DaisySeed();
            String version = options.get("bootloader");
            if (version != null || first == Running.BOOTLOADER) {
                seed.withBootloader(DaisySeed.Bootloader.of(version == null ? "v6.4" : version));
            }
            if (first == Running.ROM || (first == null && version != null)) {
                seed.startInRom();
            } else if (first == Running.APPLICATION) {
                seed.withInternalFlash(standInApplication());
            }
            board = serial == null ? seed : seed.serial(serial);
        } else if (Stm32Rom.families().contains(name)) {
            Stm32Rom rom = new Stm32Rom(name);
            rom.readProtect(options.containsKey("read-protected"));
            if (first == Running.APPLICATION) {
                rom.memory(Stm32Rom.FLASH).load(RomProfile.FLASH_START, standInApplication());
                rom.startInFlash();
            } else if (first == Running.BOOTLOADER) {
                throw new IllegalArgumentException(name + " has mode rom and mode app");
            }
            board = serial == null ? rom : rom.serial(serial);
        } else if (PlainDfu.kinds().contains(name)) {
            PlainDfu plain = new PlainDfu(name);
            if (first == Running.BOOTLOADER) {
                plain.inDfuMode();
            } else if (first == Running.ROM) {
                throw new IllegalArgumentException(name + " has mode bootloader and mode app");
            }
            board = serial == null ? plain : plain.serial(serial);
        } else {
            throw new IllegalArgumentException(
                    "no simulated board \"" + name + "\"; there are " + String.join(", ", boardNames()));
        }
        habits(board, options.getOrDefault("habits", ""));
        faults(board, options.getOrDefault("fault", ""));
        return board;
    }

    private static Running running(String mode) {
        return switch (mode) {
            case "rom" -> Running.ROM;
            case "bootloader" -> Running.BOOTLOADER;
            case "app" -> Running.APPLICATION;
            default -> throw new IllegalArgumentException("mode is rom, bootloader or app, not \"" + mode + "\"");
        };
    }

    /** The smallest thing that starts: a stack pointer and a reset vector. */
    private static byte[] standInApplication() {
        byte[] image = new byte[512];
        image[1] = 0x40;
        image[3] = 0x20;
        image[4] = 9;
        image[7] = 8;
        return image;
    }

    private static void habits(VirtualBoard board, String text) {
        for (String word : text.isEmpty() ? new String[0] : text.split(",")) {
            char sign = word.isEmpty() ? ' ' : word.charAt(0);
            String habit = word.isEmpty() ? "" : word.substring(1).toUpperCase(Locale.ROOT);
            boolean known = Arrays.stream(Habit.values()).anyMatch(h -> h.name().equals(habit));
            if (!known || (sign != '+' && sign != '-')) {
                throw new IllegalArgumentException("habits are switched by +NAME and -NAME, not \"" + word
                        + "\"; there are " + Arrays.toString(Habit.values()));
            }
            board.habit(Habit.valueOf(habit), sign == '+');
        }
    }

    private static void faults(VirtualBoard board, String text) {
        for (String word : text.isEmpty() ? new String[0] : text.split(",")) {
            String[] parts = word.split("@", -1);
            if (parts.length != 2 || !parts[1].matches("[0-9]{1,9}")) {
                throw new IllegalArgumentException("a fault is KIND@TRANSFER, not \"" + word + "\"");
            }
            Fault fault = switch (parts[0]) {
                case "stall" -> new Fault.Stall();
                case "silence" -> new Fault.Silence(false);
                case "disconnect" -> new Fault.Disconnect(Duration.ofSeconds(1));
                case "power-cut" -> new Fault.PowerCut(Duration.ofSeconds(1));
                case "bus-error" -> new Fault.BusError();
                default ->
                    throw new IllegalArgumentException("no fault \"" + parts[0]
                            + "\"; there are stall, silence, disconnect, power-cut, bus-error");
            };
            board.inject(fault, Fault.Trigger.at(Long.parseLong(parts[1])));
        }
    }

    private static void keep(VirtualBus bus, VirtualBoard board, String name) throws UsbException {
        try {
            BoardFile file = new BoardFile(Path.of(name));
            FileChannel lock = file.lock()
                    .orElseThrow(() -> new UsbException(
                            UsbException.Kind.BUSY, "no simulated board: " + name + " is in use by another program"));
            try {
                if (file.exists()) {
                    file.load(board);
                } else {
                    file.save(board);
                }
            } catch (IOException e) {
                lock.close();
                throw e;
            }
            PortPath port = bus.boards().keySet().iterator().next();
            bus.beforeListing(() -> carryOut(bus, port, board, file));
            bus.atClose(() -> {
                try (lock) {
                    file.save(board);
                }
            });
        } catch (UsbException e) {
            throw e;
        } catch (IOException e) {
            throw new UsbException(UsbException.Kind.UNKNOWN, "no simulated board: " + e.getMessage(), null, e);
        }
    }

    private static void carryOut(VirtualBus bus, PortPath port, VirtualBoard board, BoardFile file)
            throws UsbException {
        List<BoardFile.Press> presses;
        try {
            presses = file.takePresses();
        } catch (IOException e) {
            throw new UsbException(
                    UsbException.Kind.UNKNOWN, "presses left for the board were not read: " + e.getMessage(), null, e);
        }
        for (BoardFile.Press press : presses) {
            switch (press) {
                case BOOT_DOWN -> board.pressBoot();
                case BOOT_UP -> board.releaseBoot();
                case BOOT_TAP -> board.tapBoot();
                case RESET -> board.tapReset();
                case UNPLUG -> bus.unplug(board);
                case PLUG -> {
                    if (!bus.boards().containsValue(board)) {
                        bus.plug(board, port);
                    }
                }
            }
        }
    }
}
