package io.github.dfu4j.cli;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.usb.Deadline;
import io.github.dfu4j.usb.DeviceWatch;
import io.github.dfu4j.usb.Reenumeration;
import java.time.Duration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Resets a device's bus port. */
@Command(
        name = "reset",
        description =
                "Reset the bus port of a device, and say what became of the device. Status 75 says that it did not come back.")
final class ResetCommand extends UsbSubcommand {

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            converter = Seconds.class,
            defaultValue = "5",
            description = "How long the device may take to leave and come back (default: ${DEFAULT-VALUE}).")
    private Duration timeout = Duration.ofSeconds(5);

    @Override
    public Integer call() throws Exception {
        try (Usb usb = Usb.open(root())) {
            DfuInterface device = usb.selector().one(usb.interfaces());
            DeviceWatch watch = new DeviceWatch(usb.bus(), device.device(), usb.time());
            boolean same;
            try (DfuSession session = usb.session(device)) {
                same = session.reset();
            }
            if (same) {
                console().print(device.device() + " was reset and stayed what it is.");
                return ExitCode.OK;
            }
            return result(console(), watch.await(Deadline.in(usb.time(), timeout)));
        }
    }

    /** Says what became of a device that was to leave the bus and come back. */
    static int result(Console console, Reenumeration what) {
        String words = Failures.sentence(what.words());
        if (what instanceof Reenumeration.NotBack || what instanceof Reenumeration.Ambiguous) {
            console.error(words);
            return ExitCode.TRY_AGAIN;
        }
        console.print(words);
        return ExitCode.OK;
    }
}
