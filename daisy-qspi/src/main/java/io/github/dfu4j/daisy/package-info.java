/** The Electro-Smith Daisy Seed: its memory map and its two bootloaders. */
@NullMarked
package io.github.dfu4j.daisy;

import org.jspecify.annotations.NullMarked;
