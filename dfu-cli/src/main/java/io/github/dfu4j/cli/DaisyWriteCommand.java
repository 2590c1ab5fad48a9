package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.BootloaderImage;
import io.github.dfu4j.daisy.DaisyImage;
import io.github.dfu4j.daisy.DaisyRoute;
import io.github.dfu4j.daisy.RouteOptions;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.trust.ManifestVerifier;
import java.io.IOException;
import java.util.Optional;
import picocli.CommandLine.Mixin;

/** A command that writes to a Daisy: what is written can have to be signed. */
abstract class DaisyWriteCommand extends DaisyRouteCommand {

    @Mixin
    private final TrustOptions trust = new TrustOptions();

    /** Whether what is written has to be signed. */
    final boolean signed() {
        return trust.required();
    }

    /** The check that was asked for, made of all the firmware at once before anybody has pressed anything. */
    final Optional<ManifestVerifier> verifier(String name, FirmwareImage whole) throws IOException, CommandException {
        Optional<ManifestVerifier> verifier = trust.verifier(name, true);
        if (verifier.isPresent()) {
            verifier.get().manifest().check(whole);
        }
        return verifier;
    }

    /** A bootloader that is installed along with the firmware has to be signed like that. */
    final BootloaderImage checked(BootloaderImage bootloader) {
        return trust.required()
                ? bootloader.checkedBy(trust.beside(bootloader.image().name()))
                : bootloader;
    }

    /** Prints the route for firmware and takes it; then remembers its version, if it is signed and that was asked for. */
    final int follow(DaisyTable table, DaisyRoute route, Optional<ManifestVerifier> verifier)
            throws IOException, CommandException {
        int status = follow(table, route);
        if (verifier.isPresent() && !isDryRun() && status == ExitCode.OK) {
            trust.flashed(verifier.get());
        }
        return status;
    }

    /** How a command plans the route of some bytes. */
    interface Planning {
        DaisyRoute plan(DaisyTable table, DaisyImage image) throws IOException;
    }

    /** Writes bytes into QSPI flash, and starts nothing. */
    final int load(String name, long at, byte[] bytes) throws Exception {
        return load(name, at, bytes, (table, image) -> table.loader().plan(image));
    }

    /** Writes bytes at an address, and starts nothing. */
    final int load(String name, long at, byte[] bytes, Planning planning) throws Exception {
        FirmwareImage image = FirmwareImage.builder()
                .origin(name, "")
                .add(Segment.wrap(at, bytes, 0, bytes.length))
                .build();
        DaisyImage sorted = DaisyImage.of(image);
        Optional<ManifestVerifier> verifier = verifier(name, image);
        RouteOptions options = RouteOptions.DEFAULT.withStart(false);
        return atTable(
                verifier.map(options::withVerifier).orElse(options),
                table -> follow(table, planning.plan(table, sorted), verifier));
    }
}
