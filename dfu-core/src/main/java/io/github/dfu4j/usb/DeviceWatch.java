package io.github.dfu4j.usb;

import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Follows one physical board over re-enumeration: made before the board is told to leave, asked afterwards what became of it.
 *
 * <p>The board is found again
 * <ol>
 *   <li>by its <em>port path</em>: whatever is attached at its port is the board, whatever its ids and serial number say. Bootloaders
 *       of one board differ in serial number, and the same bootloader on two boards often shows the same one;
 *   <li>else, among the devices that were not attached before, by its <em>serial number</em>, if only one attached device has it;
 *   <li>else, where the platform knows no port paths, by its <em>ids</em>, if only one newcomer has them.
 * </ol>
 * Where a port path is known the board has until the deadline to appear there before the others are considered. What could be the
 * board by a serial number that is not unique, or by its ids alone at another port, makes the result
 * {@linkplain Reenumeration.Ambiguous ambiguous}.
 *
 * <p>The bus is polled: no platform's notice of arrivals can be relied on everywhere.
 */
public final class DeviceWatch {

    private static final Duration POLL = Duration.ofMillis(100);
    /** How long a newcomer may be closed to us before it counts as it is: udev sets permissions shortly after the arrival. */
    private static final Duration SETTLE = Duration.ofSeconds(2);

    private final UsbBus bus;
    private final UsbDevice before;
    private final Timebase time;
    private final List<UsbDevice> neighbours;
    private boolean left;

    /**
     * Notes what else is attached, so that no neighbour is taken for the board later.
     *
     * @param bus the bus that listed the device
     * @param before the board, still attached
     * @param time the clock to poll by
     * @throws UsbException if the bus cannot be read
     */
    public DeviceWatch(UsbBus bus, UsbDevice before, Timebase time) throws UsbException {
        this.bus = bus;
        this.before = before;
        this.time = time;
        this.neighbours = bus.devices().stream()
                .filter(d ->
                        !isBefore(d) && !(before.port().isPresent() && d.port().equals(before.port())))
                .collect(Collectors.toList());
    }

    /**
     * Waits until the device is no longer attached as it was.
     *
     * @param deadline when to give up
     * @return whether it left; false says that it is still there
     * @throws UsbException if the bus cannot be read
     * @throws InterruptedException if the thread is interrupted while it waits
     */
    public boolean awaitDeparture(Deadline deadline) throws UsbException, InterruptedException {
        while (!left) {
            boolean last = deadline.passed();
            left = bus.devices().stream().noneMatch(this::isBefore);
            if (last) {
                break;
            }
            if (!left) {
                pause(deadline);
            }
        }
        return left;
    }

    /**
     * Waits until the board has left and is back, or until it is certain that nobody can tell.
     *
     * <p>A board that answers "access denied" right after its arrival is given two seconds to become accessible.
     *
     * @param deadline when to give up; both leaving and coming back must happen before it
     * @return what became of the board
     * @throws UsbException if the bus cannot be read
     * @throws InterruptedException if the thread is interrupted while it waits
     */
    public Reenumeration await(Deadline deadline) throws UsbException, InterruptedException {
        Deadline settled = null;
        while (true) {
            boolean last = deadline.passed();
            List<UsbDevice> attached = bus.devices();
            Optional<UsbDevice> unmoved =
                    attached.stream().filter(this::isBefore).findFirst();
            left |= !unmoved.isPresent();
            if (last && unmoved.isPresent()) {
                return new Reenumeration.NeverLeft(before, unmoved.get(), deadline.allowed());
            }
            Reenumeration found = unmoved.isPresent() ? null : judge(attached, last);
            if (found != null && closed(found)) {
                settled = settled == null ? Deadline.in(time, SETTLE) : settled;
                found = settled.passed() || last ? found : null;
            }
            if (found != null) {
                return found;
            }
            if (last) {
                return new Reenumeration.NotBack(before, deadline.allowed());
            }
            pause(deadline);
        }
    }

    private void pause(Deadline deadline) throws InterruptedException {
        Duration remaining = deadline.remaining();
        time.sleep(remaining.compareTo(POLL) < 0 ? remaining : POLL);
    }

    private @Nullable Reenumeration judge(List<UsbDevice> attached, boolean last) {
        if (before.port().isPresent()) {
            List<UsbDevice> here = select(attached, d -> d.port().equals(before.port()));
            if (!here.isEmpty()) {
                return found(here.get(0));
            }
            if (!last) {
                return null; // it has until the deadline to appear at its own port
            }
        }
        List<UsbDevice> newcomers = select(attached, this::isNewcomer);
        List<UsbDevice> sameSerial = select(newcomers, this::hasSerial);
        if (!sameSerial.isEmpty()) {
            // A neighbour with the serial number proves that it names no single board.
            return sameSerial.size() == 1 && neighbours.stream().noneMatch(this::hasSerial)
                    ? found(sameSerial.get(0))
                    : new Reenumeration.Ambiguous(before, select(attached, this::hasSerial));
        }
        List<UsbDevice> alike = select(newcomers, this::hasIds);
        if (alike.isEmpty()) {
            // A run-time device and its DFU mode have the vendor in common, seldom the product.
            alike = select(newcomers, this::isDfuOfSameVendor);
        }
        if (alike.isEmpty()) {
            return null;
        }
        // Another port speaks against it, and a neighbour alike that left meanwhile may be the newcomer just as well.
        boolean certain = alike.size() == 1
                && !before.port().isPresent()
                && neighbours.stream().noneMatch(n -> (hasIds(n) || isDfuOfSameVendor(n)) && !stillThere(attached, n));
        return certain ? found(alike.get(0)) : new Reenumeration.Ambiguous(before, alike);
    }

    private Reenumeration found(UsbDevice now) {
        return sameMake(now)
                ? new Reenumeration.BackAsItWas(before, now)
                : new Reenumeration.BackAsAnother(before, now);
    }

    private boolean isBefore(UsbDevice device) {
        return device.key().equals(before.key()) && device.port().equals(before.port()) && sameDescriptors(device);
    }

    private boolean sameDescriptors(UsbDevice device) {
        return device.deviceDescriptor().equals(before.deviceDescriptor())
                && Arrays.equals(device.configuration(), before.configuration());
    }

    private boolean sameMake(UsbDevice device) {
        return sameDescriptors(device)
                && StringDescriptors.named(device).stream()
                        .allMatch(i -> device.rawString(i).equals(before.rawString(i)));
    }

    /** Whether it was not attached when the watch began. A device that re-enumerated since is a newcomer too. */
    private boolean isNewcomer(UsbDevice device) {
        return !isBefore(device)
                && neighbours.stream()
                        .noneMatch(n -> n.key().equals(device.key())
                                || (n.port().isPresent() && n.port().equals(device.port())));
    }

    private static boolean stillThere(List<UsbDevice> attached, UsbDevice neighbour) {
        return attached.stream().anyMatch(d -> d.key().equals(neighbour.key()));
    }

    private boolean hasSerial(UsbDevice device) {
        return device.vendorId() == before.vendorId()
                && before.serialNumber().filter(s -> !s.isEmpty()).isPresent()
                && device.serialNumber().equals(before.serialNumber());
    }

    private boolean hasIds(UsbDevice device) {
        return device.vendorId() == before.vendorId() && device.productId() == before.productId();
    }

    private boolean isDfuOfSameVendor(UsbDevice device) {
        return device.vendorId() == before.vendorId()
                && device.alternates().stream().anyMatch(AlternateSetting::isDfu);
    }

    private static boolean closed(Reenumeration found) {
        return found.device().flatMap(UsbDevice::accessProblem).isPresent();
    }

    private static List<UsbDevice> select(List<UsbDevice> devices, Predicate<UsbDevice> which) {
        return devices.stream().filter(which).collect(Collectors.toList());
    }
}
