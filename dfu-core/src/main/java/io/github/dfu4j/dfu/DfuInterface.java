package io.github.dfu4j.dfu;

import io.github.dfu4j.usb.AlternateSetting;
import io.github.dfu4j.usb.RawDescriptor;
import io.github.dfu4j.usb.UsbDevice;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A DFU interface of a device, with its alternate settings, its functional descriptor and the quirks known of it.
 *
 * <p>What the descriptors say wrongly has been put right by the quirks already.
 */
public final class DfuInterface {

    private final UsbDevice device;
    private final int number;
    private final int protocol;
    private final List<DfuAlternate> alternates;
    private final DfuFunctionalDescriptor reported;
    private final boolean hasFunctional;
    private final Quirks quirks;

    private DfuInterface(
            UsbDevice device,
            int number,
            int protocol,
            List<DfuAlternate> alternates,
            DfuFunctionalDescriptor reported,
            boolean hasFunctional,
            Quirks quirks) {
        this.device = device;
        this.number = number;
        this.protocol = protocol;
        this.alternates = Collections.unmodifiableList(alternates);
        this.reported = reported;
        this.hasFunctional = hasFunctional;
        this.quirks = quirks;
    }

    /**
     * Finds the DFU interfaces of a device.
     *
     * @param device any USB device
     * @param table the quirks to look up
     * @return none if the device has no interface of class 0xFE, subclass 0x01
     */
    public static List<DfuInterface> of(UsbDevice device, QuirkTable table) {
        Map<Integer, List<AlternateSetting>> byNumber = new TreeMap<>();
        for (AlternateSetting alternate : device.alternates()) {
            if (alternate.isDfu()) {
                byNumber.computeIfAbsent(alternate.interfaceNumber(), n -> new ArrayList<>())
                        .add(alternate);
            }
        }
        List<DfuInterface> result = new ArrayList<>();
        byNumber.forEach((number, settings) -> {
            DfuInterface plain = plain(device, number, settings);
            Quirks quirks = table.resolve(plain);
            if (!quirks.has(Trait.NOT_DFU)) {
                result.add(plain.with(quirks));
            }
        });
        return result;
    }

    /** Finds the DFU interfaces of several devices, in their order. */
    public static List<DfuInterface> of(List<UsbDevice> devices, QuirkTable table) {
        List<DfuInterface> result = new ArrayList<>();
        devices.forEach(device -> result.addAll(of(device, table)));
        return result;
    }

    private static DfuInterface plain(UsbDevice device, int number, List<AlternateSetting> settings) {
        List<DfuAlternate> alternates = new ArrayList<>();
        Optional<RawDescriptor> functional = Optional.empty();
        for (AlternateSetting setting : settings) {
            alternates.add(new DfuAlternate(
                    setting.number(), device.string(setting.nameIndex()).orElse(null)));
            for (RawDescriptor extra : setting.extra()) {
                if (DfuFunctionalDescriptor.isFunctional(extra)) {
                    functional = Optional.of(extra); // usually behind the last alternate setting
                }
            }
        }
        return new DfuInterface(
                device,
                number,
                settings.get(0).protocol(),
                alternates,
                functional.map(DfuFunctionalDescriptor::parse).orElse(DfuFunctionalDescriptor.ABSENT),
                functional.isPresent(),
                Quirks.NONE);
    }

    private DfuInterface with(Quirks resolved) {
        return new DfuInterface(device, number, protocol, alternates, reported, hasFunctional, resolved);
    }

    /** The device that has it. */
    public UsbDevice device() {
        return device;
    }

    /** {@code bInterfaceNumber}. */
    public int number() {
        return number;
    }

    /** {@code bInterfaceProtocol} as reported: 1 in run-time mode, 2 in DFU mode, other numbers on some devices. */
    public int protocol() {
        return protocol;
    }

    /** Whether the bootloader or the application answers. */
    public DfuMode mode() {
        return protocol == 2 || quirks.has(Trait.DFU_MODE) ? DfuMode.DFU : DfuMode.RUN_TIME;
    }

    /** The alternate settings in the order of the descriptors. */
    public List<DfuAlternate> alternates() {
        return alternates;
    }

    /** The alternate setting of a number. */
    public Optional<DfuAlternate> alternate(int alternate) {
        return alternates.stream().filter(a -> a.number() == alternate).findFirst();
    }

    /** The functional descriptor, corrected by the quirks. */
    public DfuFunctionalDescriptor functional() {
        int attributes = reported.attributes();
        attributes = quirks.has(Trait.MANIFESTATION_TOLERANT) ? attributes | 0x04 : attributes;
        attributes = quirks.has(Trait.WILL_DETACH) ? attributes | 0x08 : attributes;
        attributes = quirks.has(Trait.NO_UPLOAD) ? attributes & ~0x02 : attributes;
        return new DfuFunctionalDescriptor(
                attributes,
                reported.detachTimeout(),
                (int) quirks.value(Trait.TRANSFER_SIZE, reported.transferSize()),
                (int) quirks.value(Trait.DFU_VERSION, reported.version()));
    }

    /** Whether the device has a functional descriptor at all; if not, {@link #functional()} is what is assumed. */
    public boolean hasFunctional() {
        return hasFunctional;
    }

    /** Whether it speaks DfuSe. */
    public boolean isDfuSe() {
        return functional().isDfuSe();
    }

    /** What is odd about it. */
    public Quirks quirks() {
        return quirks;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof DfuInterface i && device.equals(i.device) && number == i.number;
    }

    @Override
    public int hashCode() {
        return Objects.hash(device, number);
    }

    @Override
    public String toString() {
        return device + ", interface " + number + (mode() == DfuMode.DFU ? " in DFU mode" : " in run-time mode");
    }
}
