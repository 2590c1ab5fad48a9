/**
 * The USB device abstraction: what a DFU host needs of a USB stack, and no more.
 *
 * <p>A {@link io.github.dfu4j.usb.UsbBus bus} lists devices and opens one. A {@link io.github.dfu4j.usb.UsbDevice device} is a
 * snapshot of what was attached when it was listed. A {@link io.github.dfu4j.usb.UsbConnection connection} does control transfers,
 * each with its own timeout. Implementations exist over libusb, over USB/IP and over simulated boards; an embedder can bring its own.
 *
 * <p>A <em>timeout</em> bounds one transfer. A {@link io.github.dfu4j.usb.Deadline deadline} bounds a job of many. Time itself is
 * passed in as a {@link io.github.dfu4j.usb.Timebase}, so that tests and simulations run at their own pace.
 */
@NullMarked
package io.github.dfu4j.usb;

import org.jspecify.annotations.NullMarked;
