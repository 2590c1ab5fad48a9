package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.DaisyImage;
import io.github.dfu4j.daisy.DaisyRoute;
import io.github.dfu4j.daisy.RouteException;
import io.github.dfu4j.daisy.RouteOptions;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.trust.ManifestVerifier;
import java.io.IOException;
import java.util.Optional;
import picocli.CommandLine.Option;

/** A command that takes a Daisy over a route: prints it first, and nothing but that in a dry run. */
abstract class DaisyRouteCommand extends DaisySubcommand {

    @Option(
            names = {"-n", "--dry-run"},
            description = "Print the route and touch nothing.")
    private boolean dryRun;

    /** Prints a route and takes it, unless it is a dry run. */
    final int follow(DaisyTable table, DaisyRoute route) throws RouteException {
        table.printer().print(route);
        return dryRun ? ExitCode.OK : table.take(route);
    }

    /** Prints the route for firmware and takes it; then remembers its version, if it is signed and that was asked for. */
    final int follow(DaisyTable table, DaisyRoute route, TrustOptions trust, Optional<ManifestVerifier> verifier)
            throws IOException, CommandException {
        int status = follow(table, route);
        if (verifier.isPresent() && !dryRun && status == ExitCode.OK) {
            trust.flashed(verifier.get());
        }
        return status;
    }

    /** How a command plans the route of some bytes. */
    interface Planning {
        DaisyRoute plan(DaisyTable table, DaisyImage image) throws IOException;
    }

    /** Writes bytes into QSPI flash, and starts nothing. */
    final int load(TrustOptions trust, String name, long at, byte[] bytes) throws Exception {
        return load(trust, name, at, bytes, (table, image) -> table.loader().plan(image));
    }

    /** Writes bytes at an address, and starts nothing. */
    final int load(TrustOptions trust, String name, long at, byte[] bytes, Planning planning) throws Exception {
        FirmwareImage image = FirmwareImage.builder()
                .origin(name, "")
                .add(Segment.wrap(at, bytes, 0, bytes.length))
                .build();
        DaisyImage sorted = DaisyImage.of(image);
        Optional<ManifestVerifier> verifier = trust.verifier(name, false);
        RouteOptions options = RouteOptions.DEFAULT.withStart(false);
        return atTable(verifier.map(options::withVerifier).orElse(options), table -> {
            return follow(table, planning.plan(table, sorted), trust, verifier);
        });
    }
}
