package io.github.dfu4j.usb4java.internal;

import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import io.github.dfu4j.usb.UsbException.Kind;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.usb4java.LibUsb;

/** Makes exceptions of libusb's error codes, with what the user can do about them. */
public final class Failures {

    private final Platform platform;

    /** What failures mean on a platform. */
    public Failures(Platform platform) {
        this.platform = platform;
    }

    /**
     * A failure to open a device or to claim an interface.
     *
     * @param device the device
     * @param what what was tried, such as {@code open}
     * @param code libusb's error code
     * @param name the code's name
     * @param holder who holds the device, if known
     */
    public UsbException access(UsbDevice device, String what, int code, String name, Optional<String> holder) {
        Kind kind = accessKind(code);
        String message = "cannot " + what + " " + device + ": " + kind.words() + " (" + name + ")";
        if (kind == Kind.BUSY && holder.isPresent()) {
            message += "; it is held by " + holder.get();
        }
        return new UsbException(kind, message, remedy(kind, device, holder), null);
    }

    /** A failed transfer, change of the alternate setting, or reset. */
    public UsbException transfer(UsbDevice device, String what, int code, String name) {
        Kind kind = switch (code) {
            case LibUsb.ERROR_PIPE -> Kind.STALL;
            case LibUsb.ERROR_TIMEOUT -> Kind.TIMEOUT;
            case LibUsb.ERROR_NO_DEVICE -> Kind.GONE;
            case LibUsb.ERROR_ACCESS -> Kind.ACCESS_DENIED;
            case LibUsb.ERROR_BUSY -> Kind.BUSY;
            case LibUsb.ERROR_NOT_SUPPORTED -> Kind.UNSUPPORTED;
            default -> Kind.UNKNOWN;
        };
        String words = switch (code) {
            case LibUsb.ERROR_IO -> "the answer was garbled or missing, as when a device leaves the bus";
            case LibUsb.ERROR_OVERFLOW -> "the device sent more than was asked for";
            default -> kind.words();
        };
        return new UsbException(
                kind,
                what + " on " + device + ": " + words + " (" + name + ")",
                remedy(kind, device, Optional.empty()),
                null);
    }

    private Kind accessKind(int code) {
        return switch (code) {
            case LibUsb.ERROR_ACCESS -> Kind.ACCESS_DENIED;
            case LibUsb.ERROR_BUSY -> Kind.BUSY;
            case LibUsb.ERROR_NO_DEVICE -> Kind.GONE;
            // Windows: another driver than WinUSB is bound, or none at all.
            case LibUsb.ERROR_NOT_SUPPORTED -> platform == Platform.WINDOWS ? Kind.NO_DRIVER : Kind.UNSUPPORTED;
            case LibUsb.ERROR_NOT_FOUND -> platform == Platform.WINDOWS ? Kind.NO_DRIVER : Kind.GONE;
            default -> Kind.UNKNOWN;
        };
    }

    private @Nullable String remedy(Kind kind, UsbDevice device, Optional<String> holder) {
        return switch (kind) {
            case ACCESS_DENIED -> permission(device);
            case NO_DRIVER -> winUsb(device);
            case BUSY ->
                holder.isPresent()
                        ? "End what holds the device (" + holder.get() + ") and try again."
                        : "End other programs that use the device and try again.";
            default -> null;
        };
    }

    private String permission(UsbDevice device) {
        return switch (platform) {
            case LINUX -> {
                String vendor = hex(device.vendorId());
                String product = hex(device.productId());
                yield "Allow the user at this machine to use the device. Write this line into /etc/udev/rules.d/70-dfu-"
                        + vendor + "-" + product + ".rules:\n"
                        + "  SUBSYSTEM==\"usb\", ATTR{idVendor}==\"" + vendor + "\", ATTR{idProduct}==\"" + product
                        + "\", MODE=\"0660\", TAG+=\"uaccess\"\n"
                        + "then run\n"
                        + "  sudo udevadm control --reload && sudo udevadm trigger --subsystem-match=usb\n"
                        + "and plug the device in again.";
            }
            case WINDOWS -> "Another program may have the device open: end it and try again.";
            case MACOS ->
                "A driver of the system may hold the device: end programs that use it, or run this one with sudo.";
            case OTHER -> "Run this program as a user who may open USB devices.";
        };
    }

    private static String winUsb(UsbDevice device) {
        return "Bind the WinUSB driver to the device: start Zadig (https://zadig.akeo.ie), choose Options > List All Devices,"
                + " choose the entry with USB ID " + hex(device.vendorId()).toUpperCase(Locale.ROOT) + " "
                + hex(device.productId()).toUpperCase(Locale.ROOT)
                + device.product().map(p -> " (" + p + ")").orElse("")
                + ", choose WinUSB and press Install Driver or Replace Driver. Programs that need the previous driver, such as"
                + " ST's DfuSe Demonstration, will no longer find the device.";
    }

    private static String hex(int id) {
        return String.format(Locale.ROOT, "%04x", id);
    }
}
