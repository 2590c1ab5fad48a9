/** The core of dfu4j: a USB device abstraction, the DFU 1.1 protocol, and firmware images. */
module io.github.dfu4j.core {
    requires static transitive org.jspecify;

    exports io.github.dfu4j.usb;
    exports io.github.dfu4j.dfu;
    exports io.github.dfu4j.image;
}
