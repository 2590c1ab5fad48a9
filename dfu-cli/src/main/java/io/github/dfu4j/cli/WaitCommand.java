package io.github.dfu4j.cli;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuMode;
import io.github.dfu4j.dfu.DfuSelector;
import io.github.dfu4j.usb.Deadline;
import java.time.Duration;
import java.util.List;
import java.util.function.BooleanSupplier;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Waits for a device. */
@Command(
        name = "wait",
        description =
                "Wait until a device in DFU mode is attached that fits -d, and say which it is. Status 75 says that none came.")
final class WaitCommand extends UsbSubcommand {

    private static final Duration POLL = Duration.ofMillis(200);

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            converter = Seconds.class,
            defaultValue = "60",
            description = "How long to wait (default: ${DEFAULT-VALUE}).")
    private Duration timeout = Duration.ofSeconds(60);

    @Override
    public Integer call() throws Exception {
        try (Usb usb = Usb.open(root())) {
            DfuSelector wanted = usb.selector().inMode(DfuMode.DFU);
            BooleanSupplier stopped = root().cancellation().arm();
            Deadline deadline = Deadline.in(usb.time(), timeout);
            while (true) {
                boolean last = deadline.passed();
                List<DfuInterface> found = wanted.all(usb.interfaces());
                if (!found.isEmpty()) {
                    found.forEach(device -> console().print(device.toString()));
                    return ExitCode.OK;
                }
                if (stopped.getAsBoolean()) {
                    throw new CommandException(
                            ExitCode.TRY_AGAIN, "Cancelled. No " + wanted + " was attached until then.");
                }
                if (last) {
                    throw new CommandException(
                            ExitCode.TRY_AGAIN, "No " + wanted + " was attached within " + timeout.toSeconds() + " s.");
                }
                usb.time().sleep(POLL);
            }
        }
    }
}
