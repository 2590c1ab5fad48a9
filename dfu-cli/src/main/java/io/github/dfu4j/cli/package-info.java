/** The {@code dfu} command. */
@NullMarked
package io.github.dfu4j.cli;

import org.jspecify.annotations.NullMarked;
