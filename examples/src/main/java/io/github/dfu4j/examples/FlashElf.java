package io.github.dfu4j.examples;

import io.github.dfu4j.daisy.DaisyQuirks;
import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuSelector;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.dfuse.DfuSeQuirks;
import io.github.dfu4j.dfuse.DfuSeSession;
import io.github.dfu4j.dfuse.FlashEvent;
import io.github.dfu4j.dfuse.FlashException;
import io.github.dfu4j.dfuse.FlashOptions;
import io.github.dfu4j.dfuse.FlashPlan;
import io.github.dfu4j.dfuse.FlashPlanner;
import io.github.dfu4j.dfuse.FlashReport;
import io.github.dfu4j.dfuse.Flasher;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareReader;
import io.github.dfu4j.image.FirmwareSource;
import io.github.dfu4j.simulator.DaisySeed;
import io.github.dfu4j.simulator.VirtualBus;
import io.github.dfu4j.usb.Timebase;
import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb4java.Usb4JavaBus;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

/**
 * Flashes an ELF file: shows the plan before anything is sent, then the progress, and stops in good order at Ctrl-C. Arguments: the file,
 * and {@code usb} for a real device instead of a simulated Daisy Seed in its bootloader.
 */
public final class FlashElf {

    private FlashElf() {}

    /** Flashes the file. */
    public static void main(String[] args) throws IOException, InterruptedException {
        AtomicBoolean cancelled = new AtomicBoolean();
        CountDownLatch ended = new CountDownLatch(1);
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            cancelled.set(true);
            await(ended); // the device is brought to dfuIDLE before the process ends
        }));
        FirmwareImage image;
        try (FirmwareSource file = FirmwareSource.of(Path.of(args[0]))) {
            image = FirmwareReader.standard().read(file);
        }
        try (VirtualBus simulated = new VirtualBus();
                UsbBus real = args.length > 1 ? new Usb4JavaBus() : null) {
            simulated.plug(new DaisySeed().withBootloader(DaisySeed.Bootloader.V6_4));
            simulated.time().sleep(Duration.ofSeconds(1));
            if (real != null) {
                flash(real, Timebase.system(), image, cancelled::get, System.out);
            } else {
                flash(simulated, simulated.time(), image, cancelled::get, System.out);
            }
        } finally {
            ended.countDown();
        }
    }

    static FlashReport flash(UsbBus bus, Timebase time, FirmwareImage image, BooleanSupplier cancelled, PrintStream out)
            throws IOException {
        DfuInterface device = DfuSelector.DFU_MODE.one(
                DfuInterface.of(bus.devices(), DfuSeQuirks.table().plus(DaisyQuirks.rows())));
        FlashPlan plan = FlashPlanner.plan(device, image, FlashOptions.DEFAULT);
        for (FlashPlan.TargetPlan target : plan.targets()) {
            out.println(target.target() + ": erase " + target.erased() + ", write " + target.written());
        }
        plan.warnings().forEach(out::println);
        try (DfuSeSession session = new DfuSeSession(DfuSession.open(bus, device, time))) {
            FlashReport report = new Flasher(session, event -> show(event, out), cancelled).flash(plan);
            out.println("Verified: " + report.verified() + ", not verified: " + report.unverified());
            return report;
        } catch (FlashException e) {
            out.println(e.getMessage()); // what went wrong, what was done until then, and what helps
            return e.report();
        }
    }

    private static void show(FlashEvent event, PrintStream out) {
        if (event instanceof FlashEvent.Progress progress && progress.done() % (64 << 10) == 0) {
            out.println(progress.phase() + " " + progress.done() + " of " + progress.total() + " bytes");
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
