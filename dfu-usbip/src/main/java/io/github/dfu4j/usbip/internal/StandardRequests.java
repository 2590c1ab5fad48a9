package io.github.dfu4j.usbip.internal;

import io.github.dfu4j.usb.AlternateSetting;
import io.github.dfu4j.usb.UsbDevice;
import java.util.List;

/** Requests of USB 2.0 §9.4 and §11.24, as bmRequestType × 256 + bRequest, and what their values mean. */
final class StandardRequests {

    static final int SET_ADDRESS = 0x0005;
    static final int GET_DESCRIPTOR = 0x8006;
    static final int SET_CONFIGURATION = 0x0009;
    static final int SET_INTERFACE = 0x010b;
    /** A hub's request; addressed to the device itself it asks a USB/IP server of Linux for a reset. */
    static final int SET_PORT_FEATURE = 0x2303;

    static final int PORT_RESET = 4;

    static final int DEVICE_DESCRIPTOR = 0x0100;
    static final int CONFIGURATION_DESCRIPTOR = 0x0200;

    private StandardRequests() {}

    static List<Integer> interfacesWithAlternates(UsbDevice device) {
        return device.alternates().stream()
                .filter(a -> a.number() != 0)
                .map(AlternateSetting::interfaceNumber)
                .distinct()
                .toList();
    }
}
