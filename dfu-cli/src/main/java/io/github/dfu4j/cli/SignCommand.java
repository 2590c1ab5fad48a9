package io.github.dfu4j.cli;

import io.github.dfu4j.trust.SignatureFormat;
import io.github.dfu4j.trust.SigningKey;
import io.github.dfu4j.trust.TrustedKeys;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Signs a manifest or any other file. */
@Command(
        name = "sign",
        description = {
            "Sign a manifest or any other file, by a minisign key or an Ed25519 key in PEM.",
            "OpenPGP and CMS signatures are made by gpg and openssl."
        })
final class SignCommand extends Subcommand {

    @Parameters(paramLabel = "FILE", description = "What to sign.")
    private String file = "";

    @Option(names = "--key", paramLabel = "FILE", required = true, description = "The secret key.")
    private String key = "";

    @Option(
            names = "--password-file",
            paramLabel = "FILE",
            description =
                    "The key's password is the first line of this file (- for standard input); asked for if not said.")
    private @Nullable String passwordFile;

    @Option(
            names = "--comment",
            paramLabel = "TEXT",
            description = "minisign's trusted comment, which is signed too; file: and the file's name if not said.")
    private @Nullable String comment;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "Where the signature goes; FILE.minisig or FILE.sig if not said.")
    private @Nullable String output;

    @Option(names = "--force", description = "Write over a file that exists.")
    private boolean force;

    @Override
    public Integer call() throws Exception {
        byte[] content = TrustFiles.read(file, TrustFiles.MAX_SIGNED_SIZE);
        byte[] keyFile = TrustFiles.read(key, TrustedKeys.MAX_FILE_SIZE);
        SigningKey signingKey;
        try {
            signingKey = SigningKey.parse(key, keyFile, this::password);
        } catch (NoPassword e) {
            throw e.failure;
        }
        boolean minisign = signingKey.format() == SignatureFormat.MINISIGN;
        String said = comment != null
                ? comment
                : minisign ? "file:" + Inputs.path(file).getFileName() : "";
        byte[] signature;
        try {
            signature = signingKey.sign(content, said);
        } catch (IllegalArgumentException e) {
            throw usage(Failures.sentence(e.getMessage()));
        }
        String to = output != null ? output : file + (minisign ? ".minisig" : ".sig");
        TrustFiles.write(to, signature, force);
        console().note("Signed by " + signingKey.id() + "; wrote " + to + ".");
        return ExitCode.OK;
    }

    /** Carries what went wrong through a callback that may throw nothing. */
    private static final class NoPassword extends RuntimeException {
        private static final long serialVersionUID = 1;
        private final transient Exception failure;

        NoPassword(Exception failure) {
            super(failure);
            this.failure = failure;
        }
    }

    private char[] password() {
        try {
            if (passwordFile != null) {
                String line = passwordFile.equals("-")
                        ? console().in().readLine()
                        : new String(TrustFiles.read(passwordFile, 4096), StandardCharsets.UTF_8)
                                .lines()
                                .findFirst()
                                .orElse("");
                return line == null ? new char[0] : line.toCharArray();
            }
            char[] typed = Optional.ofNullable(console().isTerminal() ? System.console() : null)
                    .map(terminal -> terminal.readPassword("Password of %s: ", key))
                    .orElse(null);
            if (typed == null) {
                throw usage(
                        key + " is encrypted, and there is no terminal to ask for the password: use --password-file.");
            }
            return typed;
        } catch (CommandException | IOException e) {
            throw new NoPassword(e);
        }
    }
}
