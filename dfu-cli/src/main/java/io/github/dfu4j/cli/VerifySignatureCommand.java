package io.github.dfu4j.cli;

import io.github.dfu4j.trust.SignatureResult;
import io.github.dfu4j.trust.SignatureResult.Expired;
import io.github.dfu4j.trust.SignatureResult.Invalid;
import io.github.dfu4j.trust.SignatureResult.UnknownKey;
import io.github.dfu4j.trust.SignatureResult.Unsigned;
import io.github.dfu4j.trust.SignatureResult.Valid;
import io.github.dfu4j.trust.SignatureVerifier;
import io.github.dfu4j.trust.TrustedKeys;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Checks a signature over a manifest or any other file. */
@Command(
        name = "verify-signature",
        description = {
            "Check a signature over a manifest or any other file: Ed25519, minisign, OpenPGP or CMS.",
            "Ends with status 0 if it is valid, 65 if it is invalid, by an unknown key or expired, and 66 if there is none."
        })
final class VerifySignatureCommand extends Subcommand {

    @Parameters(paramLabel = "FILE", description = "What was signed.")
    private String file = "";

    @Option(
            names = "--signature",
            paramLabel = "FILE",
            description = "The signature; if not said, FILE.minisig, FILE.sig, FILE.asc or FILE.p7s.")
    private @Nullable String signature;

    @Option(
            names = "--key",
            paramLabel = "FILE",
            required = true,
            description = "A public key or certificate to trust. May be given several times; no other is trusted.")
    private List<String> keys = new ArrayList<>();

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        TrustedKeys trusted = TrustFiles.keys(keys);
        byte[] content = TrustFiles.read(file, TrustFiles.MAX_SIGNED_SIZE);
        Optional<String> name = signature != null ? Optional.of(signature) : TrustFiles.signatureBeside(file);
        byte[] bytes = name.isPresent() ? TrustFiles.signature(name.get()) : null;
        SignatureResult result = new SignatureVerifier(trusted, Clock.systemUTC()).verify(content, bytes);
        if (json) {
            console().print(Json.write(json(result, name)));
        } else {
            console().print(kind(result) + ": " + file + ": " + result.words());
        }
        return result instanceof Valid ? ExitCode.OK : result instanceof Unsigned ? ExitCode.NO_INPUT : ExitCode.DATA;
    }

    private static String kind(SignatureResult result) {
        if (result instanceof Valid) {
            return "valid";
        }
        if (result instanceof UnknownKey) {
            return "unknown key";
        }
        if (result instanceof Expired) {
            return "expired";
        }
        return result instanceof Unsigned ? "unsigned" : "invalid";
    }

    private static Map<String, Object> json(SignatureResult result, Optional<String> name) {
        Map<String, Object> object = Json.object();
        object.put("result", kind(result));
        name.ifPresent(n -> object.put("signature", n));
        if (result instanceof Valid valid) {
            object.put("format", valid.key().format().words());
            object.put("key", valid.key().id());
            object.put("owner", valid.key().owner());
            object.put("comment", valid.comment());
        } else if (result instanceof Expired expired) {
            object.put("format", expired.key().format().words());
            object.put("key", expired.key().id());
            object.put("owner", expired.key().owner());
            object.put("since", expired.since().toString());
        } else if (result instanceof UnknownKey unknown) {
            object.put("signer", unknown.signer());
        } else if (result instanceof Invalid invalid) {
            object.put("reason", invalid.reason());
        }
        return object;
    }
}
