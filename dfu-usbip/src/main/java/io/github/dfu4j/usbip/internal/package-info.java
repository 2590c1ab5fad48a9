/** USB/IP on the wire: messages, the TCP channel, and the two ends of an import. */
@NullMarked
package io.github.dfu4j.usbip.internal;

import org.jspecify.annotations.NullMarked;
