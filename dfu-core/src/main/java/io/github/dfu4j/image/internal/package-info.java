/** The readers and writers of the formats, and what they share. */
@NullMarked
package io.github.dfu4j.image.internal;

import org.jspecify.annotations.NullMarked;
