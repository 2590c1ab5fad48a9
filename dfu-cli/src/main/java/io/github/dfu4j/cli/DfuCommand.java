package io.github.dfu4j.cli;

import io.github.dfu4j.usb.Timebase;
import io.github.dfu4j.usb.Transcript;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command above all others: holds what all of them share. */
@Command(
        name = "dfu",
        description =
                "Puts firmware into devices over USB DFU 1.1 and ST's DfuSe, and shows what is in files and devices.",
        versionProvider = DfuCommand.Version.class,
        scope = ScopeType.INHERIT,
        usageHelpAutoWidth = false,
        sortOptions = false,
        subcommands = {
            InspectCommand.class,
            LayoutCommand.class,
            ListCommand.class,
            FlashCommand.class,
            VerifyCommand.class,
            ReadCommand.class,
            EraseCommand.class,
            WaitCommand.class,
            DetachCommand.class,
            ResetCommand.class,
            SimulateCommand.class,
            ConvertCommand.class,
            SuffixCommand.class,
            QuirksCommand.class,
            DigestCommand.class,
            ManifestCommand.class,
            SignCommand.class,
            VerifySignatureCommand.class,
            DaisyCommand.class,
            DemoCommand.class
        },
        exitCodeListHeading = "%nExit status (sysexits.h):%n",
        exitCodeList = {
            " 0:done",
            "64:the command line is wrong, or does not say which of several devices",
            "65:a bad file, layout, plan or signature; nothing was touched",
            "66:no such file",
            "69:no such device, no USB, or a device that cannot do what is asked",
            "70:a fault of dfu itself",
            "73:the output file cannot be made",
            "74:a transfer, or reading or writing a file, failed; or the memory differs from the image",
            "75:try again",
            "77:no permission",
            "130:stopped by Ctrl-C"
        })
final class DfuCommand implements Runnable {

    /** The options that are only for commands which use a bus. */
    static final Set<String> USB_OPTIONS = Set.of("--usb", "--device", "--flash-size", "--trace");

    private static final int TRANSFERS_KEPT = 16;

    private final Console console;
    private final Cancellation cancellation;

    @Spec
    @SuppressWarnings("NullAway.Init") // set by picocli
    private CommandSpec spec;

    @Option(
            names = "--usb",
            paramLabel = "NAME",
            scope = ScopeType.INHERIT,
            defaultValue = "libusb:",
            description = "The USB to use: libusb: (default), usbip://HOST[:PORT], sim:BOARD[?OPTIONS].")
    private String usb = "libusb:";

    @Option(
            names = {"-d", "--device"},
            paramLabel = "WHICH",
            scope = ScopeType.INHERIT,
            description =
                    "The device: VID:PID (0483:df11), a port (1-2.3) or serial=TEXT. Given several times, all must fit"
                            + " (in \"flash\", several ports mean several boards).")
    private List<String> device = new ArrayList<>();

    @Option(
            names = "--flash-size",
            paramLabel = "BYTES",
            scope = ScopeType.INHERIT,
            converter = Numbers.class,
            description =
                    "The internal flash of the part ends after so many bytes, whatever its bootloader says; 128K for an STM32H750,"
                            + " whose bootloader shows 2 MB.")
    private @Nullable Long flashSize;

    @Option(
            names = "--trace",
            paramLabel = "FILE",
            scope = ScopeType.INHERIT,
            description =
                    "Write what goes over USB to a file, one readable line for each transfer. A trace of that name is replaced.")
    private @Nullable String trace;

    private @Nullable TraceFile traceFile;
    private @Nullable Transcript transcript;

    @Option(
            names = {"-v", "--verbose"},
            scope = ScopeType.INHERIT,
            description = "Say more; show where a fault of dfu itself comes from.")
    private boolean verbose;

    @Option(
            names = {"-h", "--help"},
            scope = ScopeType.INHERIT,
            usageHelp = true,
            description = "Show this help message and exit.")
    @SuppressWarnings("UnusedVariable") // picocli itself acts on it
    private boolean help;

    // Not inherited: --version of a command that writes DFU files is the device's.
    @Option(
            names = {"-V", "--version"},
            versionHelp = true,
            description = "Print version information and exit.")
    @SuppressWarnings("UnusedVariable") // picocli itself acts on it
    private boolean version;

    DfuCommand(Console console) {
        this.console = console;
        this.cancellation = new Cancellation(console);
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "Which command?");
    }

    /** The whole command line, with no option about USB in the help of a command to which it means nothing. */
    CommandLine commandLine() {
        CommandLine line = new CommandLine(this);
        hideUnused(line);
        return line;
    }

    private static void hideUnused(CommandLine line) {
        for (CommandLine below : line.getSubcommands().values()) {
            CommandSpec spec = below.getCommandSpec();
            Set<String> used = ((Subcommand) spec.userObject()).usbOptions();
            for (OptionSpec option : List.copyOf(spec.options())) {
                if (USB_OPTIONS.contains(option.longestName()) && !used.contains(option.longestName())) {
                    spec.remove(option);
                    spec.addOption(option.toBuilder()
                            .scopeType(ScopeType.LOCAL)
                            .hidden(true)
                            .build());
                }
            }
            hideUnused(below);
        }
    }

    Console console() {
        return console;
    }

    Cancellation cancellation() {
        return cancellation;
    }

    boolean isVerbose() {
        return verbose;
    }

    /** The name of the USB to use. */
    String usb() {
        return usb;
    }

    /** The size of the internal flash, if the user says it. */
    OptionalLong flashSize() {
        return flashSize == null ? OptionalLong.empty() : OptionalLong.of(flashSize);
    }

    /** Begins the transcript of what goes over the bus, in the file of {@code --trace} if the user wants one. */
    Transcript transcript(Timebase time) throws CommandException {
        if (trace == null) {
            transcript = new Transcript(time, TRANSFERS_KEPT);
            return transcript;
        }
        TraceFile file = new TraceFile(trace);
        traceFile = file;
        transcript = new Transcript(time, TRANSFERS_KEPT, file::add);
        return transcript;
    }

    /** The last lines of the transcript, the oldest first; none if no bus was opened. */
    List<String> lastTransfers() {
        return transcript == null ? List.of() : transcript.last();
    }

    /** Whether the user has the whole transcript. */
    boolean isTraced() {
        return trace != null;
    }

    /** The command has ended and has said all it has to say. */
    void ended() {
        String problem = traceFile == null ? null : traceFile.end();
        if (problem != null) {
            console.warn(problem);
        }
        cancellation.ended();
    }

    /** What the user said of the device wanted. */
    List<String> device() {
        return device;
    }

    /** The version in the jar's manifest. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            String version = DfuCommand.class.getPackage().getImplementationVersion();
            return new String[] {"dfu " + (version == null ? "(not from a jar)" : version)};
        }
    }
}
