package io.github.dfu4j.daisy;

import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import java.util.List;

/** A bus whose devices the operating system does not let this user open: they are listed, with their descriptors and no strings. */
final class ClosedBus implements UsbBus {

    private final UsbBus bus;

    private ClosedBus(UsbBus bus) {
        this.bus = bus;
    }

    static UsbBus over(UsbBus bus) {
        return new ClosedBus(bus);
    }

    private static UsbException denied() {
        return new UsbException(UsbException.Kind.ACCESS_DENIED, "access denied", null, null);
    }

    @Override
    public List<UsbDevice> devices() throws UsbException {
        return bus.devices().stream()
                .map(d -> UsbDevice.builder(d.key(), d.deviceDescriptor().toBytes(), d.configuration())
                        .port(d.port().orElseThrow())
                        .accessProblem(denied())
                        .build())
                .toList();
    }

    @Override
    public UsbConnection open(UsbDevice device) throws UsbException {
        throw denied();
    }

    @Override
    public void close() {
        bus.close();
    }
}
