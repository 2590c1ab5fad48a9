package io.github.dfu4j.cli;

import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.image.FirmwareSource;
import io.github.dfu4j.trust.SignatureVerifier;
import io.github.dfu4j.trust.TrustedKeys;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Optional;

/** Reads and writes manifests, signatures and keys. */
final class TrustFiles {

    /** The most bytes of a file that is signed whole; larger firmware is signed by its manifest. */
    static final int MAX_SIGNED_SIZE = 256 << 20;

    /** What the tools append to the name of what they sign. */
    private static final List<String> SIGNATURE_ENDINGS = List.of(".minisig", ".sig", ".asc", ".p7s");

    private TrustFiles() {}

    /** Reads a whole file that may not be larger than a limit. */
    static byte[] read(String name, int limit) throws IOException, CommandException {
        try (FirmwareSource source = Inputs.open(name)) {
            if (source.size() > limit) {
                throw new FirmwareFormatException(
                        name, "", "holds " + source.size() + " bytes, more than the " + limit + " allowed here");
            }
            byte[] bytes = new byte[(int) source.size()];
            int read = source.read(0, bytes, 0, bytes.length);
            if (read != bytes.length) {
                throw new FirmwareFormatException(name, "", "became shorter while it was read");
            }
            return bytes;
        }
    }

    /** Reads the keys and certificates of all files named. */
    static TrustedKeys keys(List<String> names) throws IOException, CommandException {
        TrustedKeys keys = TrustedKeys.NONE;
        for (String name : names) {
            keys = keys.with(name, read(name, TrustedKeys.MAX_FILE_SIZE));
        }
        return keys;
    }

    /** The name of the signature that lies beside a file, as the tools name it; empty if there is none. */
    static Optional<String> signatureBeside(String name) throws CommandException {
        for (String ending : SIGNATURE_ENDINGS) {
            if (Files.exists(Inputs.path(name + ending))) {
                return Optional.of(name + ending);
            }
        }
        return Optional.empty();
    }

    /** Reads a signature. */
    static byte[] signature(String name) throws IOException, CommandException {
        return read(name, SignatureVerifier.MAX_SIGNATURE_SIZE);
    }

    /**
     * Writes a file, as a whole or not at all.
     *
     * @param overwrite whether one that is there already is replaced
     * @throws CommandException if there is one and it is not to be replaced, or it cannot be made
     */
    static void write(String name, byte[] bytes, boolean overwrite) throws IOException, CommandException {
        try (Output output = Output.open(name, overwrite)) {
            output.stream().write(bytes);
            output.keep();
        }
    }
}
