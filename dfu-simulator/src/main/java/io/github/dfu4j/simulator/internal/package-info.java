/** The parts of the simulator that know nothing of boards. */
@NullMarked
package io.github.dfu4j.simulator.internal;

import org.jspecify.annotations.NullMarked;
