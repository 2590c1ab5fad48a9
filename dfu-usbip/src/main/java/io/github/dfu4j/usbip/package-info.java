/** The USB device abstraction over the USB/IP protocol. */
@NullMarked
package io.github.dfu4j.usbip;

import org.jspecify.annotations.NullMarked;
