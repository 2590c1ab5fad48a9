package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.RouteOptions;
import java.time.Duration;

/** A command for a Daisy: has a table to work on, and stops in good order at Ctrl-C. */
abstract class DaisySubcommand extends UsbSubcommand {

    /** What the command does at the table. */
    interface Work {
        int at(DaisyTable table) throws Exception;
    }

    /** How long a press is waited for. */
    Duration pressDeadline() {
        return RouteOptions.DEFAULT.pressDeadline();
    }

    /** Opens the USB and does some work there. */
    final int atTable(RouteOptions options, Work work) throws Exception {
        try (Usb usb = Usb.open(root())) {
            return work.at(new DaisyTable(
                    console(),
                    usb,
                    usb.port(),
                    options.withPressDeadline(pressDeadline()),
                    root().cancellation().arm()));
        }
    }
}
