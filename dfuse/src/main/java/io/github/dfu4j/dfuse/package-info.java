/**
 * DfuSe (DFU 1.1a), ST's extension of DFU: what a device says of its memory, how it is erased and written, and the plan of a job.
 *
 * <p>The way of the data: a {@link io.github.dfu4j.dfuse.MemoryLayout} is read from the name of each alternate setting. The
 * {@link io.github.dfu4j.dfuse.FlashPlanner} lays an image over the layouts and makes a {@link io.github.dfu4j.dfuse.FlashPlan},
 * an immutable value that can be printed and compared, without touching the device. The {@link io.github.dfu4j.dfuse.Flasher} carries
 * the plan out over a {@link io.github.dfu4j.dfuse.DfuSeSession} and says in a {@link io.github.dfu4j.dfuse.FlashReport} what was done
 * and how that is known.
 */
@NullMarked
package io.github.dfu4j.dfuse;

import org.jspecify.annotations.NullMarked;
