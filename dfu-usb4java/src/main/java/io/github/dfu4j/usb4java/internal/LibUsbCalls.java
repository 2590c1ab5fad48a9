package io.github.dfu4j.usb4java.internal;

import io.github.dfu4j.usb.ControlSetup;
import java.nio.ByteBuffer;
import java.util.List;
import org.usb4java.Context;
import org.usb4java.Device;
import org.usb4java.DeviceHandle;

/** What is used of libusb. Every {@code int} answered is libusb's: an error code if negative. */
public interface LibUsbCalls {

    int init(Context context);

    void exit(Context context);

    /**
     * Adds the attached devices to a list, each with a reference that {@link #unref} gives back. A device whose descriptors cannot be
     * read is left out: it is on its way off the bus.
     */
    int list(Context context, List<Attached> devices);

    void unref(Device device);

    int open(Device device, DeviceHandle handle);

    void close(DeviceHandle handle);

    int claimInterface(DeviceHandle handle, int interfaceNumber);

    int releaseInterface(DeviceHandle handle, int interfaceNumber);

    int detachKernelDriver(DeviceHandle handle, int interfaceNumber);

    int attachKernelDriver(DeviceHandle handle, int interfaceNumber);

    int setInterfaceAltSetting(DeviceHandle handle, int interfaceNumber, int alternateSetting);

    int resetDevice(DeviceHandle handle);

    /**
     * Does a control transfer.
     *
     * @param buffer a direct buffer whose capacity is {@code wLength}: usb4java sends the capacity, not the limit
     */
    int controlTransfer(DeviceHandle handle, ControlSetup setup, ByteBuffer buffer, int timeoutMillis);

    /** The name of an error code, such as LIBUSB_ERROR_PIPE. */
    String errorName(int code);
}
