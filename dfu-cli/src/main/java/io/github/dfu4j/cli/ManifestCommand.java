package io.github.dfu4j.cli;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareVerifier.Target;
import io.github.dfu4j.trust.DigestAlgorithm;
import io.github.dfu4j.trust.FirmwareVersion;
import io.github.dfu4j.trust.Manifest;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** Makes and shows manifests. */
@Command(
        name = "manifest",
        description = "Say which bytes belong at which addresses of which device, in a file that can be signed.",
        subcommands = {
            ManifestCommand.CreateCommand.class,
            ManifestCommand.ShowCommand.class,
            ManifestCommand.CheckCommand.class
        })
final class ManifestCommand extends Subcommand {

    /** What is appended to a firmware file's name to name its manifest. */
    static final String ENDING = ".manifest.json";

    @Override
    public Integer call() throws CommandException {
        throw usage("Say create, show or check.");
    }

    /** Makes the manifest of a firmware file. */
    @Command(name = "create", description = "Make the manifest of a firmware file.")
    static final class CreateCommand extends Subcommand {

        @Parameters(paramLabel = "FILE", description = "The firmware.")
        private String file = "";

        @Option(names = "--name", paramLabel = "NAME", required = true, description = "The firmware's name.")
        private String name = "";

        @Option(
                names = "--release",
                paramLabel = "VERSION",
                required = true,
                converter = Versions.class,
                description = "The firmware's version, such as 1.12.0 or 1.12.0-rc.2.")
        private FirmwareVersion version = new FirmwareVersion("0");

        @Option(
                names = "--target",
                paramLabel = "VID:PID",
                required = true,
                converter = Ids.class,
                description = "The ids of the device in DFU mode, such as 0483:df11.")
        private Target target = new Target(0, 0, List.of());

        @Option(
                names = "--layout",
                paramLabel = "NAME",
                description =
                        "The name of a memory layout that may be written to, such as \"Internal Flash\". May be given several"
                                + " times; not at all for a plain DFU device.")
        private List<String> layouts = new ArrayList<>();

        @Option(
                names = "--algorithm",
                paramLabel = "NAME",
                converter = Algorithm.class,
                description = "sha256 (default), sha512, sha3-256 or blake2b-512.")
        private DigestAlgorithm algorithm = DigestAlgorithm.SHA_256;

        @Mixin
        private BaseOption base = new BaseOption();

        @Option(
                names = {"-o", "--output"},
                paramLabel = "FILE",
                description = "Where the manifest goes; FILE" + ENDING + " if not said, - for the output.")
        private @Nullable String output;

        @Option(names = "--force", description = "Write over a file that exists.")
        private boolean force;

        @Override
        public Integer call() throws Exception {
            FirmwareImage image = base.read(file).image();
            Manifest manifest;
            try {
                manifest = Manifest.of(
                        image, name, version, new Target(target.vendorId(), target.productId(), layouts), algorithm);
            } catch (IllegalArgumentException e) {
                throw new CommandException(ExitCode.DATA, Failures.sentence(e.getMessage()));
            }
            String to = output == null ? file + ENDING : output;
            if (to.equals("-")) {
                console().out().write(new String(manifest.toJson(), StandardCharsets.UTF_8));
            } else {
                TrustFiles.write(to, manifest.toJson(), force);
                console().note("Wrote " + to + ".");
            }
            return ExitCode.OK;
        }
    }

    /** Shows a manifest. */
    @Command(name = "show", description = "Show what a manifest says. Whether it is signed is not looked at.")
    static final class ShowCommand extends Subcommand {

        @Parameters(paramLabel = "MANIFEST", description = "The manifest.")
        private String file = "";

        @Override
        public Integer call() throws Exception {
            Manifest manifest = read(file);
            console().print(manifest.name() + " " + manifest.version());
            console()
                    .print(String.format(
                            Locale.ROOT,
                            "  for %04x:%04x%s",
                            manifest.target().vendorId(),
                            manifest.target().productId(),
                            manifest.target().layoutNames().isEmpty()
                                    ? ""
                                    : ", " + String.join(", ", manifest.target().layoutNames())));
            for (Manifest.Range range : manifest.ranges()) {
                console()
                        .print(String.format(
                                Locale.ROOT,
                                "  %-24s %16s  %s",
                                range.addresses(),
                                Numbers.bytes(range.addresses().size()),
                                range.digest()));
            }
            return ExitCode.OK;
        }
    }

    /** Checks a firmware file against a manifest. */
    @Command(
            name = "check",
            description =
                    "Check that a firmware file holds what a manifest says. Whether it is signed is not looked at.")
    static final class CheckCommand extends Subcommand {

        @Parameters(index = "0", paramLabel = "MANIFEST", description = "The manifest.")
        private String manifest = "";

        @Parameters(index = "1", paramLabel = "FILE", description = "The firmware.")
        private String file = "";

        @Mixin
        private BaseOption base = new BaseOption();

        @Override
        public Integer call() throws Exception {
            Manifest expected = read(manifest);
            expected.check(base.read(file).image());
            console()
                    .print(file + " is " + expected.name() + " " + expected.version() + ": "
                            + Numbers.bytes(expected.ranges().stream()
                                    .map(Manifest.Range::addresses)
                                    .mapToLong(AddressRange::size)
                                    .sum())
                            + " as the manifest says.");
            return ExitCode.OK;
        }
    }

    private static Manifest read(String file) throws IOException, CommandException {
        return Manifest.parse(file, TrustFiles.read(file, Manifest.MAX_SIZE));
    }

    /** Reads a version. */
    static final class Versions implements ITypeConverter<FirmwareVersion> {
        @Override
        public FirmwareVersion convert(String text) {
            try {
                return new FirmwareVersion(text);
            } catch (IllegalArgumentException e) {
                throw new TypeConversionException(String.valueOf(e.getMessage()));
            }
        }
    }

    /** Reads the name of one digest. */
    static final class Algorithm implements ITypeConverter<DigestAlgorithm> {
        @Override
        public DigestAlgorithm convert(String name) {
            return DigestCommand.algorithm(name);
        }
    }

    /** Reads a pair of USB ids. */
    static final class Ids implements ITypeConverter<Target> {
        private static final Pattern IDS = Pattern.compile("([0-9a-fA-F]{4}):([0-9a-fA-F]{4})");

        @Override
        public Target convert(String text) {
            Matcher ids = IDS.matcher(text);
            if (!ids.matches()) {
                throw new TypeConversionException("expected VID:PID such as 0483:df11, found \"" + text + "\"");
            }
            return new Target(Integer.parseInt(ids.group(1), 16), Integer.parseInt(ids.group(2), 16), List.of());
        }
    }
}
