package io.github.dfu4j.usb;

import java.io.Closeable;

/**
 * An open USB device: control transfers on endpoint 0, claiming of interfaces, alternate settings, reset.
 *
 * <p>A connection belongs to one thread at a time.
 */
public interface UsbConnection extends Closeable {

    /** The device as it was when it was opened. */
    UsbDevice device();

    /**
     * Claims an interface for this host program, and detaches a kernel driver that holds it where the platform has such a thing.
     *
     * @param interfaceNumber {@code bInterfaceNumber}
     * @throws UsbException {@link UsbException.Kind#BUSY} if another program or driver holds the interface
     */
    void claim(int interfaceNumber) throws UsbException;

    /**
     * Selects an alternate setting of a claimed interface (SET_INTERFACE, USB 2.0 §9.4.10).
     *
     * @param interfaceNumber {@code bInterfaceNumber}
     * @param alternateSetting {@code bAlternateSetting}
     * @throws UsbException if the device refuses
     */
    void selectAlternate(int interfaceNumber, int alternateSetting) throws UsbException;

    /**
     * Does one control transfer on endpoint 0.
     *
     * @param setup the setup stage; its length says how many bytes of {@code data} are sent or may be received
     * @param data the data to send, or the place for the data received; may be empty when the length is 0
     * @param offset where in {@code data} they start
     * @param timeoutMillis how long the transfer may take, 1 to {@link Integer#MAX_VALUE} milliseconds; never endless
     * @return the number of bytes transferred in the data stage
     * @throws UsbException if the device stalls, does not answer in time or is gone, or the transfer fails in another way
     */
    int control(ControlSetup setup, byte[] data, int offset, int timeoutMillis) throws UsbException;

    /**
     * The longest data stage that this platform carries, in bytes. The Linux and Windows back ends of libusb stop at 4096.
     */
    default int maxControlLength() {
        return 4096;
    }

    /**
     * Resets the bus port of the device. The device may come back as another; this connection must then be closed.
     *
     * @return true if the device is the same as before and this connection still works; false if it re-enumerated
     * @throws UsbException {@link UsbException.Kind#UNSUPPORTED} where the platform cannot reset a port
     */
    boolean reset() throws UsbException;

    /** Releases the interfaces claimed and closes the device. Never throws; may be called again. */
    @Override
    void close();
}
