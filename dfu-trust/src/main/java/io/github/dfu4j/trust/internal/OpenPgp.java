package io.github.dfu4j.trust.internal;

import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.trust.KeyId;
import io.github.dfu4j.trust.SignatureFormat;
import io.github.dfu4j.trust.SignatureResult;
import io.github.dfu4j.trust.SignatureResult.Expired;
import io.github.dfu4j.trust.SignatureResult.Invalid;
import io.github.dfu4j.trust.SignatureResult.UnknownKey;
import io.github.dfu4j.trust.SignatureResult.Valid;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import org.bouncycastle.bcpg.ArmoredInputStream;
import org.bouncycastle.openpgp.PGPException;
import org.bouncycastle.openpgp.PGPSignature;
import org.bouncycastle.openpgp.PGPSignatureList;
import org.bouncycastle.openpgp.PGPUtil;
import org.bouncycastle.openpgp.api.OpenPGPCertificate;
import org.bouncycastle.openpgp.api.OpenPGPCertificate.OpenPGPComponentKey;
import org.bouncycastle.openpgp.api.OpenPGPDefaultPolicy;
import org.bouncycastle.openpgp.api.OpenPGPDetachedSignatureProcessor;
import org.bouncycastle.openpgp.api.OpenPGPImplementation;
import org.bouncycastle.openpgp.api.OpenPGPKeyReader;
import org.bouncycastle.openpgp.api.OpenPGPSignature.OpenPGPDocumentSignature;
import org.bouncycastle.openpgp.api.bc.BcOpenPGPImplementation;
import org.bouncycastle.openpgp.bc.BcPGPObjectFactory;
import org.bouncycastle.util.encoders.Hex;
import org.jspecify.annotations.Nullable;

/** Detached OpenPGP signatures, by Bouncy Castle's rules for which algorithms still count. */
public final class OpenPgp {

    private static final OpenPGPImplementation IMPLEMENTATION = new BcOpenPGPImplementation();
    private static final int MAX_SIGNATURES = 16;

    private OpenPgp() {}

    /** A trusted certificate: a primary key with its user ids and subkeys. */
    public record Key(String name, OpenPGPCertificate certificate) {}

    /** Whether a file looks like OpenPGP, armoured or as packets: only a packet's first byte has its highest bit set. */
    public static boolean looksLikeOne(byte[] file) {
        return file.length > 0 && !isArmoured(file)
                || new String(file, 0, Math.min(64, file.length), StandardCharsets.ISO_8859_1)
                        .stripLeading()
                        .startsWith("-----BEGIN PGP ");
    }

    private static boolean isArmoured(byte[] file) {
        return (file[0] & 0x80) == 0;
    }

    /** Reads a file of public keys, as {@code gpg --export} writes it. */
    public static List<Key> keys(String source, byte[] file) throws FirmwareFormatException {
        try {
            List<Key> keys = new ArrayList<>();
            for (OpenPGPCertificate certificate : new OpenPGPKeyReader(IMPLEMENTATION).parseCertificates(file)) {
                keys.add(new Key(source, certificate));
            }
            if (!keys.isEmpty()) {
                return keys;
            }
        } catch (IOException | RuntimeException e) {
            throw new FirmwareFormatException(
                    source, "", "expected OpenPGP public keys, as gpg --export writes them: " + e.getMessage());
        }
        throw new FirmwareFormatException(source, "", "expected OpenPGP public keys, found none");
    }

    /** Checks a signature file; of several signatures in it, one that is valid is enough. */
    public static SignatureResult verify(byte[] content, byte[] signature, List<Key> keys, Instant now) {
        try {
            List<SignatureResult> results = new ArrayList<>();
            for (PGPSignature one : read(signature)) {
                results.add(verifyOne(content, one, keys, now));
            }
            return Results.best(results);
        } catch (IOException | RuntimeException e) {
            // anything may begin with a byte over 0x7F, half of the bare Ed25519 signatures that were cut off among it
            return new Invalid("it cannot be read as OpenPGP: " + e.getMessage()
                    + (isArmoured(signature)
                            ? ""
                            : "; a bare Ed25519 signature has 64 bytes, this file has " + signature.length));
        }
    }

    private static SignatureResult verifyOne(byte[] content, PGPSignature signature, List<Key> keys, Instant now) {
        try {
            return verify(content, signature, keys, now);
        } catch (IOException | PGPException | RuntimeException e) {
            return new Invalid("it cannot be checked: " + e.getMessage());
        }
    }

    private static List<PGPSignature> read(byte[] file) throws IOException {
        InputStream in = new ByteArrayInputStream(file);
        if ((file[0] & 0x80) == 0) {
            in = ArmoredInputStream.builder().build(in);
        }
        BcPGPObjectFactory objects = new BcPGPObjectFactory(in);
        // nothing but signatures, and above all nothing compressed
        if (!(objects.nextObject() instanceof PGPSignatureList list) || objects.nextObject() != null) {
            throw new IOException("expected signatures and nothing else");
        }
        if (list.size() > MAX_SIGNATURES) {
            throw new IOException("expected at most " + MAX_SIGNATURES + " signatures, found " + list.size());
        }
        List<PGPSignature> signatures = new ArrayList<>();
        list.forEach(signatures::add);
        return signatures;
    }

    private static SignatureResult verify(byte[] content, PGPSignature signature, List<Key> keys, Instant now)
            throws IOException, PGPException {
        if (signature.getSignatureType() != PGPSignature.BINARY_DOCUMENT) {
            return new Invalid("expected a signature over binary data, found one of type 0x"
                    + Integer.toHexString(signature.getSignatureType()));
        }
        if (!new OpenPGPDefaultPolicy().hasAcceptableDocumentSignatureHashAlgorithm(signature)) {
            return new Invalid(
                    "it is by " + PGPUtil.getDigestName(signature.getHashAlgorithm()) + ", which is no longer safe");
        }
        SignatureResult result =
                new UnknownKey("the OpenPGP key " + String.format(Locale.ROOT, "%016X", signature.getKeyID()));
        for (Key key : keys) {
            OpenPGPComponentKey component = component(key.certificate(), signature);
            if (component != null) {
                result = verify(content, signature, key, component, now);
                if (result instanceof Valid || result instanceof Expired) {
                    return result;
                }
            }
        }
        return result;
    }

    private static @Nullable OpenPGPComponentKey component(OpenPGPCertificate certificate, PGPSignature signature) {
        for (OpenPGPComponentKey key : certificate.getKeys()) {
            if (signature.hasKeyIdentifier(key.getKeyIdentifier())) {
                return key;
            }
        }
        return null;
    }

    private static SignatureResult verify(
            byte[] content, PGPSignature signature, Key key, OpenPGPComponentKey component, Instant now)
            throws IOException, PGPException {
        List<PGPException> refused = new ArrayList<>();
        List<OpenPGPDocumentSignature> checked = new OpenPGPDetachedSignatureProcessor(IMPLEMENTATION)
                .addSignature(signature)
                .addVerificationCertificate(key.certificate())
                .setExceptionCallback(refused::add)
                .process(new ByteArrayInputStream(content));
        if (checked.size() != 1 || !checked.get(0).isTestedCorrect()) {
            return new Invalid(
                    refused.isEmpty()
                            ? "it is not over this content"
                            : refused.get(0).toString());
        }
        Date at = Date.from(now);
        KeyId id = new KeyId(
                SignatureFormat.OPENPGP,
                Hex.toHexString(component.getPGPPublicKey().getFingerprint()).toUpperCase(Locale.ROOT),
                owner(key, at));
        OpenPGPDocumentSignature one = checked.get(0);
        Instant made = one.getCreationTime().toInstant();
        if (made.isAfter(now)) {
            return new Invalid("it was made in the future, at " + made + ": is this clock right?");
        }
        Optional<Instant> end = earliest(
                one.getExpirationTime(),
                component.getKeyExpirationDateAt(at),
                key.certificate().getExpirationTime(at));
        if (component.getRevocation(at) != null || key.certificate().getRevocation(at) != null) {
            return new Invalid("the " + id + " was revoked");
        }
        if (!one.isValid()) {
            return new Invalid("the " + id + " may not sign, or did so by an algorithm that is no longer safe");
        }
        if (end.isPresent() && !end.get().isAfter(now)) {
            return new Expired(id, end.get());
        }
        return new Valid(id, "");
    }

    private static Optional<Instant> earliest(@Nullable Date... dates) {
        return Arrays.stream(dates)
                .filter(Objects::nonNull)
                .map(date -> date.toInstant())
                .min(Instant::compareTo);
    }

    private static String owner(Key key, Date at) {
        return key.certificate().getValidUserIds(at).stream()
                .findFirst()
                .map(id -> id.getUserId())
                .orElse(key.name());
    }
}
