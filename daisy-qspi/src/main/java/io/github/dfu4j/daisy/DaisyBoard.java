package io.github.dfu4j.daisy;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuMode;
import io.github.dfu4j.usb.PortPath;
import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * A Daisy Seed as it shows itself on the bus now, recognised by the memory that it describes.
 *
 * @param mode what answers
 * @param device the USB device, if there is one
 * @param dfu its DFU interface, in the two bootloaders
 */
public record DaisyBoard(DaisyMode mode, Optional<UsbDevice> device, Optional<DfuInterface> dfu) {

    /** No board on the bus. */
    public static final DaisyBoard NONE = new DaisyBoard(DaisyMode.NOTHING, Optional.empty(), Optional.empty());

    /** Recognises a device. Anything that is neither bootloader counts as an application. */
    public static DaisyBoard of(UsbDevice device) {
        return of(device, ReadBack.UNKNOWN);
    }

    static DaisyBoard of(UsbDevice device, ReadBack readBack) {
        for (DfuInterface dfu : DfuInterface.of(device, DaisyQuirks.table(readBack))) {
            if (dfu.mode() == DfuMode.DFU && dfu.isDfuSe()) {
                if (DaisyQuirks.isRom(dfu)) {
                    return new DaisyBoard(DaisyMode.ROM, Optional.of(device), Optional.of(dfu));
                }
                if (DaisyQuirks.isDaisyBootloader(dfu)) {
                    return new DaisyBoard(DaisyMode.DAISY_BOOTLOADER, Optional.of(device), Optional.of(dfu));
                }
                if (DaisyQuirks.offersQspi(dfu)) {
                    return new DaisyBoard(DaisyMode.OTHER_BOOTLOADER, Optional.of(device), Optional.of(dfu));
                }
            }
        }
        return new DaisyBoard(DaisyMode.APPLICATION, Optional.of(device), Optional.empty());
    }

    /** Why a device that speaks DfuSe cannot be used, and so not be recognised, if that is so. */
    static Optional<UsbException> closed(UsbDevice device) {
        boolean speaksDfuSe = DfuInterface.of(device, DaisyQuirks.table(ReadBack.UNKNOWN)).stream()
                .anyMatch(dfu -> dfu.mode() == DfuMode.DFU && dfu.isDfuSe());
        return speaksDfuSe ? device.accessProblem() : Optional.empty();
    }

    /**
     * The boards on a bus that are in one of the bootloaders. A board that runs an application is not known for a Daisy.
     *
     * @throws UsbException if the bus cannot be read
     */
    public static List<DaisyBoard> find(UsbBus bus) throws UsbException {
        List<DaisyBoard> result = new ArrayList<>();
        for (UsbDevice device : bus.devices()) {
            DaisyBoard board = of(device);
            if (board.dfu().isPresent()) {
                result.add(board);
            }
        }
        return Collections.unmodifiableList(result);
    }

    /**
     * What is plugged in at a port.
     *
     * @throws UsbException if the bus cannot be read
     */
    public static DaisyBoard at(UsbBus bus, PortPath port) throws UsbException {
        for (UsbDevice device : bus.devices()) {
            if (device.port().equals(Optional.of(port))) {
                return of(device);
            }
        }
        return NONE;
    }

    /** Where it is plugged in, where the platform says. */
    public Optional<PortPath> port() {
        return device.flatMap(UsbDevice::port);
    }

    /**
     * What can be told of the version of a Daisy bootloader: it is not in its descriptors, so only families can be told apart, by the
     * strings of v4 and the product id of v5.
     */
    public String versionFamily() {
        if (mode != DaisyMode.DAISY_BOOTLOADER || !device.isPresent()) {
            return "";
        }
        UsbDevice usb = device.get();
        if (usb.productId() == 0xa360) {
            return "v5 (product id a360)";
        }
        if (usb.manufacturer().filter("STMicroelectronics"::equals).isPresent()) {
            return "v4 (ST's names)";
        }
        return usb.product().filter("Daisy Bootloader"::equals).isPresent()
                ? "v5.4 or later (they look alike on the bus)"
                : "one with names of its own";
    }

    /** The mode and the device on one line. */
    @Override
    public String toString() {
        return mode.words() + device.map(d -> ", " + d).orElse("");
    }
}
