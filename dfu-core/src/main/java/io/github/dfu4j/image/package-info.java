/**
 * Firmware images: what a firmware file holds, byte for byte and address for address.
 *
 * <p>A {@link io.github.dfu4j.image.FirmwareImage} is a set of disjoint {@link io.github.dfu4j.image.Segment segments}, each an
 * {@link io.github.dfu4j.image.AddressRange} of target memory with its bytes or its fill. It is read from
 * a {@link io.github.dfu4j.image.FirmwareSource}.
 */
@NullMarked
package io.github.dfu4j.image;

import org.jspecify.annotations.NullMarked;
