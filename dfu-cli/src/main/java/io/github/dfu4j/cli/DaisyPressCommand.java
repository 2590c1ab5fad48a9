package io.github.dfu4j.cli;

import java.time.Duration;
import picocli.CommandLine.Option;

/** A command for a Daisy that may ask for presses of its buttons, and waits for each. */
abstract class DaisyPressCommand extends DaisySubcommand {

    @Option(
            names = "--wait",
            paramLabel = "SECONDS",
            converter = Seconds.class,
            defaultValue = "300",
            description = "How long to wait for each press (default: ${DEFAULT-VALUE}).")
    private Duration wait = Duration.ofMinutes(5);

    @Override
    final Duration pressDeadline() {
        return wait;
    }
}
