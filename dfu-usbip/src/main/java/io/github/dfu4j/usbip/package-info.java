/**
 * USB devices over TCP by the USB/IP protocol 1.1.1, as the Linux kernel documents it (Documentation/usb/usbip_protocol).
 *
 * <p>A {@link io.github.dfu4j.usbip.UsbIpServer server} exports the devices of any bus, simulated ones among them, to any USB/IP client:
 * with {@code usbip attach} a Linux machine sees them as its own. A {@link io.github.dfu4j.usbip.UsbIpBus bus} imports the devices that
 * any usbipd exports, without native code and without a kernel module on this side. An <em>import</em> is exclusive: a device serves
 * one client at a time.
 *
 * <p>The protocol knows neither users nor encryption. Whoever reaches the port has the devices.
 */
@NullMarked
package io.github.dfu4j.usbip;

import org.jspecify.annotations.NullMarked;
