package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.RouteOptions;
import java.time.Duration;
import java.util.HashSet;
import java.util.Set;

/** A command for a Daisy: has a table to work on, and stops in good order at Ctrl-C. */
abstract class DaisySubcommand extends UsbSubcommand {

    /** What the command does at the table. */
    interface Work {
        int at(DaisyTable table) throws Exception;
    }

    /** A Daisy's flashes have the sizes that are known of it. */
    @Override
    final Set<String> usbOptions() {
        Set<String> options = new HashSet<>(super.usbOptions());
        options.remove("--flash-size");
        return options;
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
