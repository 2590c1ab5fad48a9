package io.github.dfu4j.usbip;

import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.UsbDevice;
import java.net.SocketAddress;

/**
 * Is told what the clients of a {@link UsbIpServer} do to its devices. Calls come from the threads of the server; every method does
 * nothing unless overridden.
 */
public interface UsbIpServerListener {

    /** A client asked for the list of devices. */
    default void listed(SocketAddress client, int devices) {}

    /** A client got nothing: it asked for a device that is not there or is in use, or did not speak USB/IP. */
    default void refused(SocketAddress client, String why) {}

    /** A client imported a device and has it for itself now. */
    default void imported(SocketAddress client, UsbDevice device) {}

    /**
     * A control transfer succeeded.
     *
     * @param device the device
     * @param setup its setup stage
     * @param data the bytes of its data stage that were transferred
     */
    default void transferred(UsbDevice device, ControlSetup setup, byte[] data) {}

    /** A control transfer failed, or is not answered by the device. */
    default void failed(UsbDevice device, ControlSetup setup, String why) {}

    /** A client took back a transfer which the device had not answered. */
    default void unlinked(UsbDevice device, ControlSetup setup) {}

    /** A client's host reset the bus. */
    default void reset(UsbDevice device) {}

    /** An import ended, because the client left or the device did. */
    default void released(SocketAddress client, UsbDevice device, String why) {}
}
