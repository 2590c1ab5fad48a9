package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.DaisyRoute;
import io.github.dfu4j.daisy.RouteException;
import picocli.CommandLine.Option;

/** A command that takes a Daisy over a route: prints it first, and nothing but that in a dry run. */
abstract class DaisyRouteCommand extends DaisyPressCommand {

    @Option(
            names = {"-n", "--dry-run"},
            description = "Print the route and touch nothing.")
    private boolean dryRun;

    final boolean isDryRun() {
        return dryRun;
    }

    /** Prints a route and takes it, unless it is a dry run. */
    final int follow(DaisyTable table, DaisyRoute route) throws RouteException {
        table.printer().print(route);
        return dryRun ? ExitCode.OK : table.take(route);
    }
}
