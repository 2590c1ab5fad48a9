package io.github.dfu4j.cli;

import io.github.dfu4j.image.FirmwareRejectedException;
import io.github.dfu4j.image.FirmwareRejectedException.Reason;
import io.github.dfu4j.image.FirmwareVerifier;
import io.github.dfu4j.trust.Manifest;
import io.github.dfu4j.trust.ManifestVerifier;
import io.github.dfu4j.trust.VersionRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of a command that flashes, to have the firmware checked before its first byte is sent. */
final class TrustOptions {

    @Option(
            names = "--require-signature",
            description = "Flash only what a signed manifest says, byte for byte, on the device and memory it names.")
    private boolean required;

    @Option(
            names = "--key",
            paramLabel = "FILE",
            description =
                    "A public key or certificate whose signature counts: minisign, OpenPGP, Ed25519 in PEM, X.509. May be given"
                            + " several times; no other is trusted.")
    private List<String> keys = new ArrayList<>();

    @Option(
            names = "--manifest",
            paramLabel = "FILE",
            description = "The manifest; FILE" + ManifestCommand.ENDING + " if not said.")
    private @Nullable String manifest;

    @Option(
            names = "--signature",
            paramLabel = "FILE",
            description =
                    "The manifest's signature; the manifest's name with .minisig, .sig, .asc or .p7s if not said.")
    private @Nullable String signature;

    @Option(
            names = "--version-record",
            paramLabel = "FILE",
            description = "Where the highest version flashed is remembered; a lower one is refused.")
    private @Nullable String recordFile;

    @Option(names = "--allow-older", description = "Flash a lower version than the one in the version record too.")
    private boolean older;

    /** Whether a signature is required. */
    boolean required() {
        return required;
    }

    /**
     * The check of a file other than the firmware that goes to the device along with it, such as a bootloader: by a manifest beside it,
     * the same keys and the same record of versions. A missing manifest is found when the check is made.
     */
    FirmwareVerifier beside(String file) {
        return (image, target) -> {
            try {
                if (Files.notExists(Inputs.path(file + ManifestCommand.ENDING))) {
                    throw unsigned(file + ManifestCommand.ENDING, "Put it beside " + file + ".");
                }
                TrustOptions own = new TrustOptions();
                own.required = true;
                own.keys = keys;
                own.recordFile = recordFile;
                own.older = older;
                return own.verifier(file, false).orElseThrow().verify(image, target);
            } catch (CommandException e) {
                throw new IOException(e.getMessage(), e);
            }
        };
    }

    /**
     * The check that was asked for.
     *
     * @param firmware the firmware file's name
     * @param inParts whether the firmware goes to the device in parts, so that the check sees only one at a time
     * @throws CommandException if the options do not go together
     * @throws FirmwareRejectedException if there is no manifest, or no valid signature over it
     */
    Optional<ManifestVerifier> verifier(String firmware, boolean inParts) throws IOException, CommandException {
        if (!required) {
            if (!keys.isEmpty() || manifest != null || signature != null || recordFile != null || older) {
                throw new CommandException(
                        ExitCode.USAGE,
                        "--key, --manifest, --signature, --version-record and --allow-older mean something only with"
                                + " --require-signature.");
            }
            return Optional.empty();
        }
        if (keys.isEmpty()) {
            throw new CommandException(
                    ExitCode.USAGE, "--require-signature needs the key to trust: --key FILE. There is no default.");
        }
        if (recordFile != null) {
            // what was flashed and cannot be remembered would leave the way open for what is older
            Output.open(recordFile, true).close();
        }
        String name = manifest == null ? firmware + ManifestCommand.ENDING : manifest;
        if (manifest == null && Files.notExists(Inputs.path(name))) {
            throw unsigned(name, "Name it by --manifest.");
        }
        byte[] bytes = TrustFiles.read(name, Manifest.MAX_SIZE);
        Optional<String> signedBy = signature != null ? Optional.of(signature) : TrustFiles.signatureBeside(name);
        ManifestVerifier.Builder builder = ManifestVerifier.of(
                        name,
                        bytes,
                        signedBy.isPresent() ? TrustFiles.signature(signedBy.get()) : null,
                        TrustFiles.keys(keys))
                .record(record());
        if (older) {
            builder.allowOlder();
        }
        ManifestVerifier verifier = (inParts ? builder.allowPart() : builder).build();
        // before a device is looked for: no device can make a bad signature good
        verifier.manifest();
        return Optional.of(verifier);
    }

    private static FirmwareRejectedException unsigned(String manifest, String remedy) {
        return new FirmwareRejectedException(
                Reason.UNSIGNED, "A signature is required, and there is no manifest " + manifest + ". " + remedy);
    }

    private VersionRecord record() throws IOException, CommandException {
        return recordFile == null || Files.notExists(Inputs.path(recordFile))
                ? VersionRecord.EMPTY
                : VersionRecord.parse(recordFile, TrustFiles.read(recordFile, VersionRecord.MAX_SIZE));
    }

    /** Remembers that the firmware was flashed, if there is a version record to do it in. */
    void flashed(ManifestVerifier verifier) throws IOException, CommandException {
        if (recordFile != null) {
            Manifest done = verifier.manifest();
            TrustFiles.write(
                    recordFile, record().with(done.name(), done.version()).toJson(), true);
        }
    }
}
