package io.github.dfu4j.usb;

import java.io.Closeable;
import java.util.List;

/**
 * A USB bus, or several seen as one: lists the devices attached and opens one of them.
 *
 * <p>Implementations must allow {@link #devices()} while connections are open, and must notice arrivals and departures between calls.
 * They need not be safe for use by several threads unless they say so.
 */
public interface UsbBus extends Closeable {

    /**
     * Lists the devices attached now, as snapshots in a stable order (by port where ports are known).
     *
     * <p>A device that is present but cannot be opened is listed too, with the reason in {@link UsbDevice#accessProblem()}. Strings
     * are read only for devices with a DFU interface, and only those which their descriptors name.
     *
     * @throws UsbException if the bus itself cannot be read
     */
    List<UsbDevice> devices() throws UsbException;

    /**
     * Opens a device for control transfers. Nothing is claimed yet.
     *
     * @param device a device which this bus has listed
     * @throws UsbException {@link UsbException.Kind#GONE} if it is no longer attached, {@link UsbException.Kind#ACCESS_DENIED},
     *     {@link UsbException.Kind#NO_DRIVER} or {@link UsbException.Kind#BUSY} with a remedy if it cannot be opened
     */
    UsbConnection open(UsbDevice device) throws UsbException;

    /** Releases what the bus holds. Connections still open are closed. Never throws. */
    @Override
    void close();
}
