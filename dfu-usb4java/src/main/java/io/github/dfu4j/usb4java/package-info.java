/** The USB device abstraction over usb4java and libusb. */
@NullMarked
package io.github.dfu4j.usb4java;

import org.jspecify.annotations.NullMarked;
