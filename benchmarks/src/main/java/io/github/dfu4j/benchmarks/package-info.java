/** Measurements of the library with JMH. */
@NullMarked
package io.github.dfu4j.benchmarks;

import org.jspecify.annotations.NullMarked;
