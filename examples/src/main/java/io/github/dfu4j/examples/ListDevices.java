package io.github.dfu4j.examples;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfuse.DfuSeQuirks;
import io.github.dfu4j.dfuse.FlashTarget;
import io.github.dfu4j.dfuse.SectorRun;
import io.github.dfu4j.simulator.DaisySeed;
import io.github.dfu4j.simulator.Stm32Rom;
import io.github.dfu4j.simulator.VirtualBus;
import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbException;
import io.github.dfu4j.usb4java.Usb4JavaBus;
import java.io.PrintStream;
import java.time.Duration;

/**
 * Lists the DFU devices attached, with their memories: those of this machine with the argument {@code usb}, else two simulated boards.
 */
public final class ListDevices {

    private ListDevices() {}

    /** Lists the devices. */
    public static void main(String[] args) throws UsbException, InterruptedException {
        try (UsbBus bus = args.length == 0 ? simulated() : new Usb4JavaBus()) {
            list(bus, System.out);
        }
    }

    private static UsbBus simulated() throws InterruptedException {
        VirtualBus bus = new VirtualBus();
        bus.plug(new Stm32Rom("stm32f407"));
        bus.plug(new DaisySeed());
        bus.time().sleep(Duration.ofSeconds(1)); // a board needs a moment to appear after it has got power
        return bus;
    }

    static void list(UsbBus bus, PrintStream out) throws UsbException {
        for (DfuInterface device : DfuInterface.of(bus.devices(), DfuSeQuirks.table())) {
            out.println(device);
            for (FlashTarget target : FlashTarget.of(device)) {
                out.println("  " + target);
                for (SectorRun run : target.layout().runs()) {
                    out.println(
                            "    " + run.range() + ": " + run.count() + " sectors of " + run.sectorSize() + " bytes");
                }
            }
            // A device that this user may not open is listed too, with the reason and what helps.
            device.device()
                    .accessProblem()
                    .ifPresent(problem -> out.println(
                            "  " + problem.getMessage() + " " + problem.remedy().orElse("")));
        }
    }
}
