package io.github.dfu4j.cli;

import java.util.Set;

/** A command that uses a bus, and so takes all options about USB. */
abstract class UsbSubcommand extends Subcommand {

    @Override
    Set<String> usbOptions() {
        return DfuCommand.USB_OPTIONS;
    }
}
