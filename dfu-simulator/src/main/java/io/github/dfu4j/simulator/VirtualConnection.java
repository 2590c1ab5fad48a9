package io.github.dfu4j.simulator;

import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;

/** An open simulated device. */
final class VirtualConnection implements UsbConnection {

    private static final int SET_INTERFACE = 11;
    private static final int SET_INTERFACE_MILLIS = 1000;

    private final VirtualBus bus;
    private final VirtualBoard board;
    private final UsbDevice device;
    private final long attachment;
    private volatile boolean closed;

    VirtualConnection(VirtualBus bus, VirtualBoard board, UsbDevice device, long attachment) {
        this.bus = bus;
        this.board = board;
        this.device = device;
        this.attachment = attachment;
    }

    @Override
    public UsbDevice device() {
        return device;
    }

    @Override
    public void claim(int interfaceNumber) throws UsbException {
        checkOpen();
        if (!board.claim(this)) {
            throw new UsbException(
                    UsbException.Kind.BUSY,
                    "interface " + interfaceNumber + " of " + device + " is claimed by another");
        }
    }

    @Override
    public void selectAlternate(int interfaceNumber, int alternateSetting) throws UsbException {
        control(
                new ControlSetup(0x01, SET_INTERFACE, alternateSetting, interfaceNumber, 0),
                new byte[0],
                0,
                SET_INTERFACE_MILLIS);
    }

    @Override
    public int control(ControlSetup setup, byte[] data, int offset, int timeoutMillis) throws UsbException {
        checkOpen();
        if (timeoutMillis < 1 || offset < 0 || offset + setup.length() > data.length) {
            throw new IllegalArgumentException(
                    "timeout " + timeoutMillis + ", offset " + offset + " in " + data.length + " bytes for " + setup);
        }
        return board.transfer(attachment, setup, data, offset, timeoutMillis);
    }

    @Override
    public int maxControlLength() {
        return 0xffff;
    }

    @Override
    public boolean reset() throws UsbException {
        checkOpen();
        return board.resetPort(attachment);
    }

    @Override
    public void close() {
        closed = true;
        board.release(this);
        bus.closed(this);
    }

    private void checkOpen() throws UsbException {
        if (closed) {
            throw new UsbException(UsbException.Kind.GONE, "the connection to " + device + " is closed");
        }
    }
}
