/** The calls into libusb, what their failures mean, and what can be done about them. */
@NullMarked
package io.github.dfu4j.usb4java.internal;

import org.jspecify.annotations.NullMarked;
