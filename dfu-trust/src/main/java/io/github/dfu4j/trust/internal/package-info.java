/** How digests are computed and how the formats of signatures and keys are read. */
@NullMarked
package io.github.dfu4j.trust.internal;

import org.jspecify.annotations.NullMarked;
