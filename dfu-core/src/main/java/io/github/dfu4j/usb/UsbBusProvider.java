package io.github.dfu4j.usb;

/**
 * A way to a bus that a user can name, such as {@code usbip://host} or {@code sim:daisy-seed}; found by {@link java.util.ServiceLoader}.
 *
 * <p>Programs that know which bus they want construct it themselves and need no provider. A program
 * that is a module and looks for providers says {@code uses io.github.dfu4j.usb.UsbBusProvider} in its descriptor.
 */
public interface UsbBusProvider {

    /** The word before the colon, in lower case. */
    String scheme();

    /** How to write a name of this kind and what it does, in one line. */
    String usage();

    /**
     * Opens the bus of a name.
     *
     * @param name the whole name with its scheme
     * @throws IllegalArgumentException if the name is not of the form that {@link #usage()} shows
     * @throws UsbException if the bus cannot be reached
     */
    UsbBus open(String name) throws UsbException;

    /** The time that a job on this bus is to be measured and slept by; a simulation brings its own. */
    default Timebase timebase(UsbBus bus) {
        return Timebase.system();
    }

    /** The time of one device, for a job that runs side by side with jobs on others. */
    default Timebase timebase(UsbBus bus, UsbDevice device) {
        return timebase(bus);
    }
}
