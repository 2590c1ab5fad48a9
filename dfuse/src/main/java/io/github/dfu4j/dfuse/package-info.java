/** ST's DfuSe extension of DFU 1.1: memory layouts, its commands, and flashing by plan. */
@NullMarked
package io.github.dfu4j.dfuse;

import org.jspecify.annotations.NullMarked;
