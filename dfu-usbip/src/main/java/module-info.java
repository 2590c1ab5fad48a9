import io.github.dfu4j.usb.UsbBusProvider;
import io.github.dfu4j.usbip.UsbIpBusProvider;

/** USB devices over TCP: a server that exports the devices of any bus, and a bus of the devices that a server exports. */
module io.github.dfu4j.usbip {
    requires static org.jspecify;
    requires transitive io.github.dfu4j.core;

    exports io.github.dfu4j.usbip;

    provides UsbBusProvider with
            UsbIpBusProvider;
}
