package io.github.dfu4j.usb4java;

import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbBusProvider;

/** The name {@code libusb:}, the USB devices of this machine. */
public final class Usb4JavaBusProvider implements UsbBusProvider {

    /** For {@link java.util.ServiceLoader}. */
    public Usb4JavaBusProvider() {}

    @Override
    public String scheme() {
        return "libusb";
    }

    @Override
    public String usage() {
        return "libusb:  the USB devices of this machine";
    }

    @Override
    public UsbBus open(String name) {
        if (!name.equals("libusb:")) {
            throw new IllegalArgumentException("expected libusb: and nothing after it, found \"" + name + "\"");
        }
        return new Usb4JavaBus();
    }
}
