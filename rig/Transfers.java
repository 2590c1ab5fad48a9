import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import io.github.dfu4j.usb4java.Usb4JavaBus;

/**
 * What a connection by libusb says to a device that stalls, is silent, answers short, is claimed, reset and unplugged, a line each. The
 * argument is a command that unplugs the device. A Daisy bootloader must be attached, and nothing else of its ids.
 */
public final class Transfers {
    private static final ControlSetup DEVICE_DESCRIPTOR = new ControlSetup(0x80, 6, 0x0100, 0, 18);
    private static final ControlSetup QUALIFIER = new ControlSetup(0x80, 6, 0x0600, 0, 10);
    private static final ControlSetup STRING_THAT_IS_NOT_THERE = new ControlSetup(0x80, 6, 0x03ee, 0x0409, 255);
    private static final ControlSetup GETSTATUS_OF_64 = new ControlSetup(0xa1, 3, 0, 0, 64);

    private Transfers() {}

    private interface Step {
        Object run() throws Exception;
    }

    public static void main(String[] args) throws Exception {
        try (UsbBus bus = new Usb4JavaBus();
                UsbBus other = new Usb4JavaBus()) {
            UsbDevice device = find(bus);
            UsbConnection connection = bus.open(device);
            connection.claim(0);
            say("stall", () -> connection.control(QUALIFIER, new byte[10], 0, 1000));
            say("silence", () -> connection.control(STRING_THAT_IS_NOT_THERE, new byte[255], 0, 400));
            say("after silence", () -> connection.control(DEVICE_DESCRIPTOR, new byte[18], 0, 1000));
            say("short", () -> connection.control(GETSTATUS_OF_64, new byte[64], 0, 1000));
            say("claimed", () -> {
                try (UsbConnection second = other.open(find(other))) {
                    second.claim(0);
                    return "twice";
                }
            });
            say("reset", connection::reset);
            connection.close();
            say("after reset", () -> {
                try (UsbConnection again = bus.open(find(bus))) {
                    return again.control(DEVICE_DESCRIPTOR, new byte[18], 0, 1000) + " at the same port: "
                            + again.device().port().equals(device.port());
                }
            });
            UsbDevice listed = find(bus);
            UsbConnection last = bus.open(listed);
            if (new ProcessBuilder("sh", "-c", args[0]).inheritIO().start().waitFor() != 0) {
                throw new IllegalStateException("could not unplug: " + args[0]);
            }
            say("transfer after unplugging", () -> last.control(DEVICE_DESCRIPTOR, new byte[18], 0, 1000));
            last.close();
            say("open after unplugging", () -> bus.open(listed));
            say("devices after unplugging", () -> bus.devices().stream()
                    .filter(d -> d.vendorId() == 0x0483)
                    .count());
        }
    }

    private static UsbDevice find(UsbBus bus) throws Exception {
        for (int i = 0; i < 100; i++) {
            for (UsbDevice device : bus.devices()) {
                if (device.vendorId() == 0x0483 && device.productId() == 0xdf11) {
                    return device;
                }
            }
            Thread.sleep(100);
        }
        throw new IllegalStateException("no device 0483:df11 within 10 seconds");
    }

    private static void say(String what, Step step) throws Exception {
        long start = System.nanoTime();
        Object result;
        try {
            result = step.run();
        } catch (UsbException e) {
            result = e.kind();
        }
        System.out.printf("%s: %s (%d ms)%n", what, result, (System.nanoTime() - start) / 1_000_000);
    }
}
