package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.RouteOptions;
import java.time.Duration;
import picocli.CommandLine.Option;

/** A command for a Daisy: has a table to work on, and stops in good order at Ctrl-C. */
abstract class DaisySubcommand extends Subcommand {

    @Option(
            names = "--wait",
            paramLabel = "SECONDS",
            defaultValue = "300",
            description = "How long to wait for each press (default: ${DEFAULT-VALUE}).")
    private long wait = 300;

    /** What the command does at the table. */
    interface Work {
        int at(DaisyTable table) throws Exception;
    }

    /** Opens the USB and does some work there. */
    final int atTable(RouteOptions options, Work work) throws Exception {
        try (Usb usb = Usb.open(root())) {
            return work.at(new DaisyTable(
                    console(),
                    usb,
                    usb.selector().port(),
                    options.withPressDeadline(Duration.ofSeconds(Math.max(1, wait))),
                    root().cancellation().arm()));
        }
    }
}
