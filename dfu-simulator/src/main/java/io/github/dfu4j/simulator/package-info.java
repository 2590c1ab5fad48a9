/**
 * Virtual DFU boards behind the USB device abstraction, for tests and for trying things out without hardware.
 *
 * <p>A {@link io.github.dfu4j.simulator.VirtualBus} is a {@link io.github.dfu4j.usb.UsbBus} with boards on its ports. A
 * {@link io.github.dfu4j.simulator.VirtualBoard board} has memories that behave like flash, buttons, and a bootloader with the
 * {@linkplain io.github.dfu4j.simulator.Habit habits} of the real one: {@link io.github.dfu4j.simulator.Stm32Rom},
 * {@link io.github.dfu4j.simulator.DaisySeed}, {@link io.github.dfu4j.simulator.PlainDfu}. It keeps a
 * {@link io.github.dfu4j.simulator.Ledger} of all that hosts did to it. A test presses the buttons itself or lets an
 * {@link io.github.dfu4j.simulator.Operator} do it as a person would, and scripts {@linkplain io.github.dfu4j.simulator.Fault faults}.
 * Everything happens in a {@link io.github.dfu4j.simulator.VirtualTime}, which is to be passed to whatever drives the boards.
 *
 * <pre>{@code
 * VirtualBus bus = new VirtualBus();
 * Stm32Rom board = new Stm32Rom("stm32f407");
 * bus.plug(board);
 * board.inject(new Fault.Stall(), Fault.Trigger.at(17));
 * ... drive bus.devices() with bus.time() ...
 * assertThat(board.ledger().changedOutside(List.of(expected))).isEmpty();
 * }</pre>
 *
 * <p>The state machines are written from DFU 1.1 and AN3156 and share nothing with those that drive devices.
 */
@NullMarked
package io.github.dfu4j.simulator;

import org.jspecify.annotations.NullMarked;
