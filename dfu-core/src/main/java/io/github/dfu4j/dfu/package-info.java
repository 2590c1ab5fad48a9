/**
 * USB Device Firmware Upgrade 1.1: descriptors, discovery, requests, and the state machine as the host sees it.
 *
 * <p>A <em>DFU device</em> is a USB device with an interface of class 0xFE, subclass 0x01. In <em>run-time mode</em> that interface
 * stands beside those of the application and takes little but DFU_DETACH; in <em>DFU mode</em> it is the only one, and its
 * <em>alternate settings</em> are the memories that can be downloaded to and uploaded from. A
 * {@link io.github.dfu4j.dfu.DfuSession} sends it the seven class requests.
 *
 * <p>What is odd about a device is said by {@link io.github.dfu4j.dfu.Quirks}, resolved once when the device is found from a
 * {@link io.github.dfu4j.dfu.QuirkTable}; no other code asks for a vendor or product id.
 */
@NullMarked
package io.github.dfu4j.dfu;

import org.jspecify.annotations.NullMarked;
