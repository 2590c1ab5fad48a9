/**
 * The Electro-Smith Daisy Seed, an STM32H750 with 128 KB of internal flash and 8 MB of QSPI flash.
 *
 * <p>No one bootloader reaches both. The one in ROM writes internal flash alone; the Daisy bootloader writes QSPI flash alone and itself
 * fills internal flash, so that a program with code in one and data in the other needs both, one after the other, and a person's hands
 * on BOOT and RESET between them. A {@link io.github.dfu4j.daisy.DaisyImage} is a firmware file sorted by where its parts go; a
 * {@link io.github.dfu4j.daisy.DaisyRoute} is the way to get it there, printed before anything is sent; a
 * {@link io.github.dfu4j.daisy.RouteRunner} takes it. {@link io.github.dfu4j.daisy.QspiLoader} is the short way for QSPI flash alone.
 *
 * <p>The two bootloaders have the same ids. They are told apart by the memory that they describe.
 */
@NullMarked
package io.github.dfu4j.daisy;

import org.jspecify.annotations.NullMarked;
