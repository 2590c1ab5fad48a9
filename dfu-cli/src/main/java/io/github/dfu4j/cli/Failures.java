package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.DaisyImageException;
import io.github.dfu4j.daisy.RouteException;
import io.github.dfu4j.dfu.DfuCancelledException;
import io.github.dfu4j.dfu.DfuException;
import io.github.dfu4j.dfu.DfuSelectionException;
import io.github.dfu4j.dfu.DfuStatusCode;
import io.github.dfu4j.dfu.DfuStatusException;
import io.github.dfu4j.dfu.DfuTransferException;
import io.github.dfu4j.dfu.DownloadException;
import io.github.dfu4j.dfu.DownloadReport;
import io.github.dfu4j.dfuse.FlashException;
import io.github.dfu4j.dfuse.FlashPlanException;
import io.github.dfu4j.dfuse.LayoutFormatException;
import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.image.FirmwareRejectedException;
import io.github.dfu4j.usb.UsbException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The one place where a failure becomes a message and an exit status. */
final class Failures {

    /** How many transfers are shown with a failure; the report and the trace have more. */
    private static final int TRANSFERS_SHOWN = 5;

    private final DfuCommand root;
    private final Console console;

    Failures(DfuCommand root) {
        this.root = root;
        this.console = root.console();
    }

    /** Explains a command line that was not understood. */
    int explainUsage(ParameterException e) {
        CommandLine command = e.getCommandLine();
        List<String> unmatched = e instanceof UnmatchedArgumentException u ? u.getUnmatched() : List.of();
        boolean noSuchCommand = !unmatched.isEmpty()
                && !unmatched.get(0).startsWith("-")
                && !command.getSubcommands().isEmpty();
        console.error(noSuchCommand ? "There is no command " + unmatched.get(0) + "." : sentence(e.getMessage()));
        List<String> suggestions = e instanceof UnmatchedArgumentException u ? u.getSuggestions() : List.of();
        if (!suggestions.isEmpty()) {
            console.error("Did you mean " + String.join(" or ", suggestions) + "?");
        }
        console.note("Usage: " + command.getHelp().synopsis("Usage: ".length()).strip());
        console.note("\"" + command.getCommandSpec().qualifiedName() + " --help\" says more.");
        return ExitCode.USAGE;
    }

    /** Explains why a command did not do what it was asked to. */
    int explain(Throwable failure) {
        if (failure instanceof OutOfMemoryError) {
            console.error("Java's memory is not enough for this ("
                    + Runtime.getRuntime().maxMemory() / (1 << 20) + " MiB). Give it more: DFU_JAVA_OPTS=-Xmx2g dfu …");
            return ExitCode.SOFTWARE;
        }
        Throwable cause = failure.getCause();
        if (failure instanceof UncheckedIOException && cause != null) {
            return explain(cause);
        }
        int status = status(failure);
        if (status == ExitCode.SOFTWARE) {
            console.error(
                    "This is a fault of dfu itself: " + failure
                            + ". Please report it with what \"dfu --version\" says and the output of the same command with -v.");
            if (root.isVerbose()) {
                failure.printStackTrace(console.err());
            }
        } else {
            console.error(message(failure).replace("\n", "\n     "));
            if (status == ExitCode.IO && isOfTheWire(failure)) {
                showTransfers(lastTransfers(failure).orElseGet(root::lastTransfers));
            }
        }
        return status;
    }

    /** Explains why what a command printed is not where it should be, if it is not, and returns the status to end with. */
    int explainLostOutput(int status) {
        console.flush();
        if (console.lost().isEmpty()) {
            return status;
        }
        console.error("What it printed could not be written: "
                + message(console.lost().get()));
        return status == ExitCode.OK ? ExitCode.IO : status;
    }

    /** Whether it happened on the bus; a full disk did not. */
    private static boolean isOfTheWire(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof UsbException
                    || cause instanceof DfuException
                    || cause instanceof FlashException
                    || cause instanceof DownloadException) {
                return true;
            }
        }
        return false;
    }

    /** Shows the transfers up to one that failed, as a report of a fault needs them. */
    void showTransfers(List<String> transfers) {
        int end = transfers.size();
        for (int i = 0; i < transfers.size(); i++) {
            end = transfers.get(i).contains(" ! ") ? i + 1 : end;
        }
        if (end > 0) {
            console.note(
                    "The last transfers" + (root.isTraced() ? ":" : " (--trace FILE writes all of them to a file):"));
            transfers.subList(Math.max(0, end - TRANSFERS_SHOWN), end).forEach(console::note);
        }
    }

    /** The transfers that a failed job carries. */
    static Optional<List<String>> lastTransfers(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof FlashException flash) {
                return Optional.of(flash.lastTransfers());
            }
            if (cause instanceof DownloadException download) {
                return Optional.of(download.lastTransfers());
            }
        }
        return Optional.empty();
    }

    /** What happened and what the user can do, without the status. */
    static String message(Throwable failure) {
        if (failure instanceof UsbException usb) {
            return withRemedy(sentence(usb.getMessage()), usb);
        }
        if (failure instanceof DfuTransferException transfer && transfer.getCause() instanceof UsbException usb) {
            return withRemedy(sentence(transfer.getMessage()), usb);
        }
        if (failure instanceof FlashException flash) {
            return flash.getCause() instanceof DfuTransferException transfer
                            && transfer.getCause() instanceof UsbException usb
                    ? withRemedy(sentence(flash.getMessage()), usb)
                    : sentence(flash.getMessage()) + protection(flash.getCause());
        }
        if (failure instanceof DfuStatusException) {
            return sentence(failure.getMessage()) + protection(failure);
        }
        if (failure instanceof DfuSelectionException selection) {
            String ports = selection.candidates().stream()
                    .flatMap(c -> c.device().port().stream())
                    .distinct()
                    .map(port -> "-d " + port)
                    .collect(Collectors.joining(" or "));
            return sentence(selection.getMessage()) + (ports.isEmpty() ? "" : " Here: " + ports + ".");
        }
        if (failure instanceof NoSuchFileException missing) {
            return "There is no file " + missing.getFile() + ".";
        }
        if (failure instanceof AccessDeniedException denied) {
            return "You may not use the file " + denied.getFile() + ": permission denied.";
        }
        if (failure instanceof FileAlreadyExistsException existing) {
            return existing.getFile() + " exists already.";
        }
        if (failure instanceof FileSystemException file) {
            return sentence(file.getFile() + ": " + (file.getReason() == null ? "cannot be used" : file.getReason()));
        }
        return sentence(failure.getMessage());
    }

    /** What the command offers for a device that answers as a read-protected one does. */
    private static String protection(@Nullable Throwable failure) {
        return failure instanceof DfuStatusException reported
                        && reported.status()
                                .filter(status -> status.code() == DfuStatusCode.ERR_VENDOR)
                                .isPresent()
                ? " \"dfu erase --read-unprotect\" removes read protection."
                : "";
    }

    private static String withRemedy(String message, UsbException usb) {
        return usb.remedy()
                .filter(remedy -> !message.contains(remedy))
                .map(remedy -> message + " " + sentence(remedy))
                .orElse(message);
    }

    /** The exit status of a failure. */
    static int status(Throwable failure) {
        if (failure instanceof CommandException command) {
            return command.status();
        }
        if (failure instanceof UsbException usb) {
            return switch (usb.kind()) {
                case ACCESS_DENIED -> ExitCode.NO_PERMISSION;
                case BUSY -> ExitCode.TRY_AGAIN;
                case GONE, NO_DRIVER, UNREACHABLE, UNSUPPORTED -> ExitCode.UNAVAILABLE;
                case STALL, TIMEOUT, UNKNOWN -> ExitCode.IO;
            };
        }
        if (failure instanceof DfuSelectionException selection) {
            return selection.candidates().isEmpty() ? ExitCode.UNAVAILABLE : ExitCode.USAGE;
        }
        if (failure instanceof DfuTransferException transfer) {
            return switch (transfer.kind()) {
                case ACCESS_DENIED -> ExitCode.NO_PERMISSION;
                case BUSY -> ExitCode.TRY_AGAIN;
                default -> ExitCode.IO;
            };
        }
        if (failure instanceof FlashException flash) {
            return flash.isCancelled() ? ExitCode.TRY_AGAIN : causeStatus(flash.getCause());
        }
        if (failure instanceof RouteException route) {
            return switch (route.reason()) {
                case CANCELLED, NOT_PRESSED -> ExitCode.TRY_AGAIN;
                case SEVERAL_BOARDS -> ExitCode.USAGE;
                case FAILED -> causeStatus(route.getCause());
            };
        }
        if (failure instanceof DownloadException download) {
            return download.report().outcome() == DownloadReport.Outcome.CANCELLED
                    ? ExitCode.TRY_AGAIN
                    : causeStatus(download.getCause());
        }
        if (failure instanceof DfuCancelledException) {
            return ExitCode.TRY_AGAIN;
        }
        if (failure instanceof DfuException) {
            return ExitCode.IO;
        }
        if (failure instanceof FirmwareFormatException
                || failure instanceof FirmwareRejectedException
                || failure instanceof LayoutFormatException
                || failure instanceof FlashPlanException
                || failure instanceof DaisyImageException) {
            return ExitCode.DATA;
        }
        if (failure instanceof NoSuchFileException) {
            return ExitCode.NO_INPUT;
        }
        if (failure instanceof AccessDeniedException) {
            return ExitCode.NO_PERMISSION;
        }
        if (failure instanceof FileAlreadyExistsException) {
            return ExitCode.CANNOT_CREATE;
        }
        return failure instanceof java.io.IOException ? ExitCode.IO : ExitCode.SOFTWARE;
    }

    private static int causeStatus(@Nullable Throwable cause) {
        return cause == null ? ExitCode.IO : status(cause);
    }

    /** A message as a sentence: with a capital where a word starts it, and a full stop. */
    static String sentence(@Nullable String message) {
        String text = message == null || message.isBlank() ? "unknown failure" : message.strip();
        return text.matches("(?s).*[.?!)…\"]") ? text : text + ".";
    }
}
