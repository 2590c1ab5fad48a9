package io.github.dfu4j.usb4java.internal;

import io.github.dfu4j.usb.PortPath;
import io.github.dfu4j.usb.RawDescriptor;
import io.github.dfu4j.usb.UsbDevice;
import org.usb4java.Device;

/**
 * A device in libusb's list.
 *
 * @param device libusb's handle for it
 * @param address its address on the bus
 * @param port where it is plugged in
 * @param deviceDescriptor the device descriptor
 * @param configuration the active configuration's descriptors in one piece, or two zero bytes if it has none
 */
public record Attached(
        Device device, int address, PortPath port, RawDescriptor deviceDescriptor, RawDescriptor configuration) {

    /** The name of this attachment: Linux counts the address up with every one. */
    public String key() {
        return "libusb:" + port + "#" + address;
    }

    /** Starts the snapshot. */
    public UsbDevice.Builder snapshot() {
        return UsbDevice.builder(key(), deviceDescriptor.toBytes(), configuration.toBytes())
                .port(port)
                .address(address);
    }
}
