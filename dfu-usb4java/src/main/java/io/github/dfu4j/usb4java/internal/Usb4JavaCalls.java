package io.github.dfu4j.usb4java.internal;

import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.PortPath;
import io.github.dfu4j.usb.RawDescriptor;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.usb4java.ConfigDescriptor;
import org.usb4java.Context;
import org.usb4java.Device;
import org.usb4java.DeviceDescriptor;
import org.usb4java.DeviceHandle;
import org.usb4java.DeviceList;
import org.usb4java.EndpointDescriptor;
import org.usb4java.Interface;
import org.usb4java.InterfaceDescriptor;
import org.usb4java.LibUsb;

/** The calls as usb4java does them. */
public final class Usb4JavaCalls implements LibUsbCalls {

    private static final int MAX_DEPTH = 7;
    private static final byte[] UNCONFIGURED = {0, 0};

    @Override
    public int init(Context context) {
        return LibUsb.init(context);
    }

    @Override
    public void exit(Context context) {
        LibUsb.exit(context);
    }

    @Override
    public int list(Context context, List<Attached> devices) {
        DeviceList list = new DeviceList();
        int count = LibUsb.getDeviceList(context, list);
        if (count < 0) {
            return count;
        }
        try {
            for (Device device : list) {
                Attached attached = describe(device);
                if (attached != null) {
                    LibUsb.refDevice(device);
                    devices.add(attached);
                }
            }
        } finally {
            LibUsb.freeDeviceList(list, true);
        }
        return count;
    }

    private static @Nullable Attached describe(Device device) {
        DeviceDescriptor d = new DeviceDescriptor();
        if (LibUsb.getDeviceDescriptor(device, d) < 0) {
            return null;
        }
        ByteBuffer numbers = ByteBuffer.allocateDirect(MAX_DEPTH);
        int depth = LibUsb.getPortNumbers(device, numbers);
        List<Integer> ports = new ArrayList<>();
        for (int i = 0; i < depth; i++) {
            ports.add(numbers.get(i) & 0xff);
        }
        byte[] descriptor = {
            d.bLength(),
            d.bDescriptorType(),
            (byte) d.bcdUSB(),
            (byte) (d.bcdUSB() >> 8),
            d.bDeviceClass(),
            d.bDeviceSubClass(),
            d.bDeviceProtocol(),
            d.bMaxPacketSize0(),
            (byte) d.idVendor(),
            (byte) (d.idVendor() >> 8),
            (byte) d.idProduct(),
            (byte) (d.idProduct() >> 8),
            (byte) d.bcdDevice(),
            (byte) (d.bcdDevice() >> 8),
            d.iManufacturer(),
            d.iProduct(),
            d.iSerialNumber(),
            d.bNumConfigurations()
        };
        return new Attached(
                device,
                LibUsb.getDeviceAddress(device),
                new PortPath(LibUsb.getBusNumber(device), ports),
                new RawDescriptor(descriptor),
                new RawDescriptor(configuration(device)));
    }

    private static byte[] configuration(Device device) {
        ConfigDescriptor c = new ConfigDescriptor();
        if (LibUsb.getActiveConfigDescriptor(device, c) < 0 && LibUsb.getConfigDescriptor(device, (byte) 0, c) < 0) {
            return UNCONFIGURED;
        }
        try {
            return serialise(c);
        } finally {
            LibUsb.freeConfigDescriptor(c);
        }
    }

    /** libusb has parsed the descriptors; this puts them back into the order of USB 2.0 §9.4.3. */
    private static byte[] serialise(ConfigDescriptor c) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        put(out, c.bLength(), c.bDescriptorType(), c.wTotalLength(), c.wTotalLength() >> 8, c.bNumInterfaces());
        put(out, c.bConfigurationValue(), c.iConfiguration(), c.bmAttributes(), c.bMaxPower());
        put(out, c.extra());
        for (Interface i : c.iface()) {
            for (InterfaceDescriptor a : i.altsetting()) {
                put(out, a.bLength(), a.bDescriptorType(), a.bInterfaceNumber(), a.bAlternateSetting());
                put(out, a.bNumEndpoints(), a.bInterfaceClass(), a.bInterfaceSubClass(), a.bInterfaceProtocol());
                put(out, a.iInterface());
                put(out, a.extra());
                for (EndpointDescriptor e : a.endpoint()) {
                    put(out, e.bLength(), e.bDescriptorType(), e.bEndpointAddress(), e.bmAttributes());
                    put(out, e.wMaxPacketSize(), e.wMaxPacketSize() >> 8, e.bInterval());
                    if (e.bLength() >= 9) {
                        put(out, e.bRefresh(), e.bSynchAddress());
                    }
                    put(out, e.extra());
                }
            }
        }
        return out.toByteArray();
    }

    private static void put(ByteArrayOutputStream out, int... bytes) {
        for (int b : bytes) {
            out.write(b);
        }
    }

    private static void put(ByteArrayOutputStream out, @Nullable ByteBuffer extra) {
        for (int i = 0; extra != null && i < extra.capacity(); i++) {
            out.write(extra.get(i));
        }
    }

    @Override
    public void unref(Device device) {
        LibUsb.unrefDevice(device);
    }

    @Override
    public int open(Device device, DeviceHandle handle) {
        return LibUsb.open(device, handle);
    }

    @Override
    public void close(DeviceHandle handle) {
        LibUsb.close(handle);
    }

    @Override
    public int claimInterface(DeviceHandle handle, int interfaceNumber) {
        return LibUsb.claimInterface(handle, interfaceNumber);
    }

    @Override
    public int releaseInterface(DeviceHandle handle, int interfaceNumber) {
        return LibUsb.releaseInterface(handle, interfaceNumber);
    }

    @Override
    public int detachKernelDriver(DeviceHandle handle, int interfaceNumber) {
        return LibUsb.detachKernelDriver(handle, interfaceNumber);
    }

    @Override
    public int attachKernelDriver(DeviceHandle handle, int interfaceNumber) {
        return LibUsb.attachKernelDriver(handle, interfaceNumber);
    }

    @Override
    public int setInterfaceAltSetting(DeviceHandle handle, int interfaceNumber, int alternateSetting) {
        return LibUsb.setInterfaceAltSetting(handle, interfaceNumber, alternateSetting);
    }

    @Override
    public int resetDevice(DeviceHandle handle) {
        return LibUsb.resetDevice(handle);
    }

    @Override
    public int controlTransfer(DeviceHandle handle, ControlSetup setup, ByteBuffer buffer, int timeoutMillis) {
        return LibUsb.controlTransfer(
                handle,
                (byte) setup.requestType(),
                (byte) setup.request(),
                (short) setup.value(),
                (short) setup.index(),
                buffer,
                timeoutMillis);
    }

    @Override
    public String errorName(int code) {
        return LibUsb.errorName(code);
    }
}
