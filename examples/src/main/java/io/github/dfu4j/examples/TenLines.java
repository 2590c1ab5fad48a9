package io.github.dfu4j.examples;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuSelector;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.dfuse.DfuSeFormat;
import io.github.dfu4j.dfuse.DfuSeQuirks;
import io.github.dfu4j.dfuse.DfuSeSession;
import io.github.dfu4j.dfuse.FlashListener;
import io.github.dfu4j.dfuse.FlashOptions;
import io.github.dfu4j.dfuse.FlashPlan;
import io.github.dfu4j.dfuse.FlashPlanner;
import io.github.dfu4j.dfuse.FlashReport;
import io.github.dfu4j.dfuse.Flasher;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareSource;
import io.github.dfu4j.usb.Timebase;
import io.github.dfu4j.usb.UsbBus;
import java.io.IOException;
import java.nio.file.Path;

/** The least that flashes a file: what README.md shows. */
public final class TenLines {

    private TenLines() {}

    /**
     * Flashes a file and starts it.
     *
     * @param bus such as {@code new Usb4JavaBus()}
     * @param time {@link Timebase#system()} outside simulations
     */
    public static FlashReport flash(UsbBus bus, Timebase time, Path file) throws IOException {
        // README begins
        try (FirmwareSource source = FirmwareSource.of(file)) {
            FirmwareImage image = DfuSeFormat.reader().read(source);
            DfuInterface device = DfuSelector.DFU_MODE.one(DfuInterface.of(bus.devices(), DfuSeQuirks.table()));
            FlashPlan plan = FlashPlanner.plan(device, image, FlashOptions.DEFAULT.withLeave(true));
            try (DfuSeSession session = new DfuSeSession(DfuSession.open(bus, device, time))) {
                return new Flasher(session, FlashListener.NONE).flash(plan);
            }
        }
        // README ends
    }
}
