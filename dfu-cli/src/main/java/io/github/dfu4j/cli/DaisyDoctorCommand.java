package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.BootloaderImage;
import io.github.dfu4j.daisy.DaisyBoard;
import io.github.dfu4j.daisy.DaisyMode;
import io.github.dfu4j.daisy.Presses;
import io.github.dfu4j.daisy.ReadBack;
import io.github.dfu4j.daisy.RouteOptions;
import io.github.dfu4j.usb.AlternateSetting;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Finds out what is wrong with a Daisy, or what a message means. */
@Command(
        name = "doctor",
        description =
                "Say what is connected, what is missing (driver, udev rule, cable), what an error message of dfu-util means, and what to do"
                        + " next.")
final class DaisyDoctorCommand extends DaisySubcommand {

    private static final Pattern LAST_PAGE = Pattern.compile("(?i)last page at 0x([0-9a-f]+) is not writ");

    /** As dfu itself prints it where it may not open a device. */
    private static final String UDEV_RULE =
            "/etc/udev/rules.d/70-dfu-0483-df11.rules: SUBSYSTEM==\"usb\", ATTR{idVendor}==\"0483\", ATTR{idProduct}==\"df11\","
                    + " MODE=\"0660\", TAG+=\"uaccess\"";

    private static final Map<Pattern, String> MEANINGS = meanings();
    private static final int HUB = 9;

    @Option(
            names = "--error",
            paramLabel = "MESSAGE",
            description = "A message of dfu-util, to be explained. Needs no board.")
    private @Nullable String error;

    @Override
    public Integer call() throws Exception {
        if (error != null) {
            console().print(explain(error));
            return ExitCode.OK;
        }
        return atTable(RouteOptions.DEFAULT, this::examine);
    }

    private int examine(DaisyTable table) throws Exception {
        List<UsbDevice> devices = table.devices();
        List<DaisyBoard> boards = devices.stream()
                .map(DaisyBoard::of)
                .filter(board -> board.dfu().isPresent())
                .toList();
        Optional<UsbDevice> closed = devices.stream()
                .filter(d ->
                        d.accessProblem().isPresent() && d.alternates().stream().anyMatch(AlternateSetting::isDfu))
                .findFirst();
        if (closed.isPresent()) {
            UsbException problem = closed.get().accessProblem().get();
            console().print(closed.get() + " is there and cannot be used: " + Failures.message(problem));
            return Failures.status(problem);
        }
        if (boards.isEmpty()) {
            console().print("No Daisy shows itself in a bootloader.");
            sayWhatElseIsThere(devices);
            console()
                    .print(
                            "  1. Is the cable in the Seed's own USB socket? Carrier boards have others. Many cables only carry power:"
                                    + " try one that moves data.");
            console().print("  2. ROM bootloader: " + Presses.ENTER_ROM.words() + " " + Presses.ENTER_ROM.sign());
            console()
                    .print("  3. Daisy bootloader: " + Presses.ENTER_BOOTLOADER.words() + " "
                            + Presses.ENTER_BOOTLOADER.sign());
            console().print("     A new board has no Daisy bootloader: go by way of 2 and \"dfu daisy bootloader\".");
            console()
                    .print(
                            "  4. Still nothing: another port, no hub; on Windows the WinUSB driver (Zadig), on Linux a udev rule in "
                                    + UDEV_RULE);
            Presses.picture().lines().forEach(console()::print);
            return ExitCode.UNAVAILABLE;
        }
        for (DaisyBoard board : boards) {
            console().print("The board shows " + DaisyPrinter.describe(board) + ".");
        }
        if (boards.size() > 1) {
            console().print("Name one by its port, with -d. Their serial numbers do not tell boards in ROM apart.");
            return ExitCode.OK;
        }
        advise(table, boards.get(0));
        return ExitCode.OK;
    }

    /** A Daisy whose program speaks USB is a device like any other, with ids and names of the program's own: shown, not guessed. */
    private void sayWhatElseIsThere(List<UsbDevice> devices) {
        List<UsbDevice> others = devices.stream()
                .filter(device -> device.deviceDescriptor().u8(4) != HUB)
                .toList();
        if (!others.isEmpty()) {
            console()
                    .print(
                            "Attached is something else. It may be a Daisy that runs a program with USB of its own (those of libDaisy call"
                                    + " themselves \"Daisy Seed Built In\" unless told otherwise); then the presses below get it into a bootloader:");
            others.forEach(device -> console().print("  " + device));
        }
    }

    private void advise(DaisyTable table, DaisyBoard board) throws Exception {
        if (board.mode() == DaisyMode.ROM) {
            Optional<BootloaderImage> installed = table.runner().installedBootloader(board);
            console()
                    .print("It writes internal flash, which holds "
                            + installed
                                    .map(there -> "a Daisy bootloader, " + there.version())
                                    .orElse("no Daisy bootloader")
                            + ", and cannot reach QSPI flash.");
            installed.ifPresent(there -> there.remarks().forEach(console()::print));
            console()
                    .print(
                            "Next: "
                                    + (installed.isPresent()
                                            ? "\"dfu daisy flash FILE\" or \"dfu daisy load FILE\": the way to QSPI flash is found from here."
                                            : "for QSPI flash, \"dfu daisy bootloader\" first; or \"dfu daisy flash FILE\", which does all of it."));
            return;
        }
        ReadBack readBack = table.loader().readBack();
        console().print("It writes QSPI flash and cannot reach internal flash. " + DaisyInfoCommand.words(readBack));
        if (board.versionFamily().startsWith("v4") || board.versionFamily().startsWith("v5 ")) {
            console()
                    .print(
                            "It is old: from v6 on programs run from QSPI flash properly, and v6.3 mends boards that start slowly or refuse to"
                                    + " erase (a stuck write protection). Next: \"dfu daisy bootloader FILE\" with a newer one.");
        } else {
            console()
                    .print(
                            "If erasing takes seconds and fails, the flash is stuck in write protection: v6.3 or later mends it.");
        }
        console()
                .print(
                        "A program that was not asked for may come from an SD card or a USB stick with a .bin on it: the bootloader loads"
                                + " the first one it finds.");
    }

    /** What a message of dfu-util, or of this command, means. */
    static String explain(String message) {
        Matcher page = LAST_PAGE.matcher(message);
        if (page.find()) {
            long address = Long.parseUnsignedLong(page.group(1), 16);
            if (address >= 0xf000_0000L || message.contains("size = -")) {
                return flatBinary();
            }
            if (address >= 0x907c_0000L && address < 0x9080_0000L) {
                return "The file reaches the last 256 KB of QSPI flash, which the Daisy bootloader does not offer (it ends at 0x907BFFFF);"
                        + " or the board was in its ROM bootloader, which reaches internal flash alone. \"dfu daisy plan FILE\" tells which.";
            }
            if (address >= 0x9000_0000L && address < 0x907c_0000L) {
                return "The file has bytes for QSPI flash, and the board was in its ROM bootloader, which reaches internal flash alone."
                        + (address >= 0x9008_0000L
                                ? " If the file is a .bin of gigabytes, it is also the wrong kind: flash the ELF."
                                : "")
                        + " Next: " + Presses.ENTER_BOOTLOADER.words()
                        + " Or let \"dfu daisy flash FILE\" find the way.";
            }
            if (address >= 0x0800_0000L && address < 0x0900_0000L) {
                return "The file is for internal flash, and the board was in the Daisy bootloader, which reaches QSPI flash alone. Next: "
                        + Presses.ENTER_ROM.words();
            }
            return flatBinary();
        }
        for (Map.Entry<Pattern, String> meaning : MEANINGS.entrySet()) {
            if (meaning.getKey().matcher(message).find()) {
                return meaning.getValue();
            }
        }
        return "This message is not known here. \"dfu daisy doctor\" without --error looks at the board.";
    }

    private static String flatBinary() {
        return "The file is a flat .bin with a hole: code and data lie gigabytes apart, and a .bin fills what is between. Next: give \"dfu"
                + " daisy flash\" the ELF or HEX file the .bin was made from.";
    }

    private static Map<Pattern, String> meanings() {
        Map<String, String> words = new LinkedHashMap<>();
        words.put(
                "get_status|error 74|exit.* 74",
                "After a leave (\":leave\") this is harmless: the board was gone before it could answer, which is what leaving means. If it came"
                        + " while erasing, the board was still busy: QSPI flash erases slowly and dfu-util gives up after 5 s, or the flash is"
                        + " stuck in write protection, which bootloader v6.3 or later mends.");
        words.put("size = -", flatBinary());
        words.put(
                "lost device|no such device|no_device",
                "The board was gone in the middle: it was reset, or the cable or a hub let go, or the Daisy bootloader started the program"
                        + " because two seconds were over before the first erase. Next: "
                        + Presses.ENTER_BOOTLOADER.words() + " Then run the same command again.");
        words.put(
                "file id .* does not match|does not match device",
                "The file's DFU suffix names another device. Check that it is the right file; \"dfu inspect FILE\" shows what is in it.");
        words.put(
                "cannot claim|busy",
                "Another program holds the board: a second dfu-util, a browser tab with the web programmer, or a virtual machine. Close it.");
        words.put(
                "descriptor request failed|unknown usb device|device not recogni[sz]ed",
                "The board does not even say what it is. Mostly that is the cable, a hub, or too little power: try another cable, directly in"
                        + " the computer, with nothing else wired to the board. If it stays so in the ROM bootloader on a second computer, the"
                        + " board is defective.");
        words.put(
                "dfu-util.*(not found|no such file)|(not found|no such file).*dfu-util",
                "dfu-util is not installed. The folder compat of dfu has one that does the same: put it first in PATH.");
        words.put(
                "no dfu capable usb device",
                "No bootloader shows itself. " + Presses.ENTER_ROM.words()
                        + " A charge-only cable, another USB socket of a carrier board"
                        + " and a missing driver look the same: \"dfu daisy doctor\" without --error looks.");
        words.put(
                "access|permission",
                "Linux does not let this user open the device. It takes a udev rule, and plugging the board in again. In "
                        + UDEV_RULE);
        words.put(
                "not_supported|not supported|driver",
                "Windows has no WinUSB driver bound to the device. Install it with Zadig, for \"DFU in FS Mode\" and for \"Daisy Bootloader\".");
        words.put(
                "more than one dfu",
                "Several devices, or several memories of one board, fit. Name the board by its port: \"dfu -d PORT …\".");
        words.put(
                "unkn?own app type",
                "APP_TYPE in the Makefile is none of BOOT_NONE, BOOT_SRAM and BOOT_QSPI; a blank at the end of the line counts too.");
        words.put(
                "will not fit|overflowed by|region.*flash",
                "The code is larger than 128 KB of internal flash. Rebuild with APP_TYPE=BOOT_SRAM (up to 480 KB) or BOOT_QSPI.");
        Map<Pattern, String> result = new LinkedHashMap<>();
        words.forEach((pattern, text) -> result.put(Pattern.compile(pattern, Pattern.CASE_INSENSITIVE), text));
        return result;
    }
}
