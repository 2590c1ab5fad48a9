package io.github.dfu4j.cli;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuMode;
import io.github.dfu4j.dfu.DfuSelector;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.dfu.Step;
import io.github.dfu4j.usb.Deadline;
import io.github.dfu4j.usb.DeviceWatch;
import java.time.Duration;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Takes a device from its application to DFU mode. */
@Command(
        name = "detach",
        description =
                "Take a device from its application to DFU mode by DFU_DETACH, and by a bus reset where the device wants one."
                        + " Status 75 says that it did not come back.")
final class DetachCommand extends UsbSubcommand {

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            converter = Seconds.class,
            defaultValue = "15",
            description = "How long the device may take to come back (default: ${DEFAULT-VALUE}).")
    private Duration timeout = Duration.ofSeconds(15);

    @Override
    public Integer call() throws Exception {
        try (Usb usb = Usb.open(root())) {
            List<DfuInterface> attached = usb.interfaces();
            DfuSelector applications = usb.selector().inMode(DfuMode.RUN_TIME);
            List<DfuInterface> bootloaders = usb.selector().inMode(DfuMode.DFU).all(attached);
            if (applications.all(attached).isEmpty() && !bootloaders.isEmpty()) {
                bootloaders.forEach(device -> console().print(device.device() + " is in DFU mode already."));
                return ExitCode.OK;
            }
            DfuInterface device = applications.one(attached);
            DeviceWatch watch = new DeviceWatch(usb.bus(), device.device(), usb.time());
            try (DfuSession session = usb.session(device)) {
                session.during(Step.of("detach from the application"));
                session.detach(device.functional().detachTimeout());
                if (!device.functional().willDetach()) {
                    session.reset();
                }
            }
            return ResetCommand.result(console(), watch.await(Deadline.in(usb.time(), timeout)));
        }
    }
}
