/** Digests and signatures of firmware. */
@NullMarked
package io.github.dfu4j.trust;

import org.jspecify.annotations.NullMarked;
