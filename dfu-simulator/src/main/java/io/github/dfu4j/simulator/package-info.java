/** Virtual DFU devices behind the USB device abstraction. */
@NullMarked
package io.github.dfu4j.simulator;

import org.jspecify.annotations.NullMarked;
