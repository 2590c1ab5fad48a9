/**
 * The {@code dfu} command.
 *
 * <p>Each subcommand is a class that extends {@link io.github.dfu4j.cli.Subcommand} and is named in {@link io.github.dfu4j.cli.DfuCommand}. It
 * prints through {@link io.github.dfu4j.cli.Console}, reaches devices through {@link io.github.dfu4j.cli.Usb}, and throws what goes wrong:
 * {@link io.github.dfu4j.cli.Failures} turns that into a message and an {@linkplain io.github.dfu4j.cli.ExitCode exit status}.
 */
@NullMarked
package io.github.dfu4j.cli;

import org.jspecify.annotations.NullMarked;
