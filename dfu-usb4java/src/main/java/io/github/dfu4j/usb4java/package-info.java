/**
 * USB devices of this machine, by libusb through usb4java.
 *
 * <p>usb4java works on the class path only; this module is therefore an automatic one.
 */
@NullMarked
package io.github.dfu4j.usb4java;

import org.jspecify.annotations.NullMarked;
