/** Virtual DFU boards behind dfu4j's USB device abstraction. */
module io.github.dfu4j.simulator {
    requires transitive io.github.dfu4j.core;
    requires static transitive org.jspecify;

    exports io.github.dfu4j.simulator;

    provides io.github.dfu4j.usb.UsbBusProvider with
            io.github.dfu4j.simulator.SimulatorBusProvider;
}
