/** Small programs that embed the library. */
@NullMarked
package io.github.dfu4j.examples;

import org.jspecify.annotations.NullMarked;
