package io.github.dfu4j.trust;

import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.trust.SignatureResult.Invalid;
import io.github.dfu4j.trust.SignatureResult.Unsigned;
import io.github.dfu4j.trust.internal.Ed25519;
import io.github.dfu4j.trust.internal.Minisign;
import io.github.dfu4j.trust.internal.OpenPgp;
import io.github.dfu4j.trust.internal.Pem;
import java.time.Clock;
import java.util.List;
import org.bouncycastle.util.io.pem.PemObject;
import org.jspecify.annotations.Nullable;

/**
 * Checks detached signatures over a manifest or any other file against the caller's keys.
 *
 * <p>It never throws for what a signature holds: a file that is no signature at all is {@link Invalid}.
 */
public final class SignatureVerifier {

    /** The most bytes that a signature file may have. */
    public static final int MAX_SIGNATURE_SIZE = 1 << 18;

    private final TrustedKeys keys;
    private final Clock clock;

    /**
     * A verifier.
     *
     * @param keys whom to trust
     * @param clock tells whether a key, a certificate or a signature is past its time
     */
    public SignatureVerifier(TrustedKeys keys, Clock clock) {
        this.keys = keys;
        this.clock = clock;
    }

    /**
     * Checks a signature; which format it has is seen from its bytes.
     *
     * @param content exactly what was signed
     * @param signature the signature file, or null if there is none
     */
    public SignatureResult verify(byte[] content, byte @Nullable [] signature) {
        if (signature == null) {
            return new Unsigned();
        }
        if (signature.length > MAX_SIGNATURE_SIZE) {
            return new Invalid(
                    "its file holds " + signature.length + " bytes, more than the " + MAX_SIGNATURE_SIZE + " allowed");
        }
        if (signature.length == Ed25519.SIGNATURE_SIZE) {
            return verify(SignatureFormat.ED25519, content, signature);
        }
        if (Minisign.looksLikeOne(signature)) {
            return verify(SignatureFormat.MINISIGN, content, signature);
        }
        if (OpenPgp.looksLikeOne(signature)) {
            return verify(SignatureFormat.OPENPGP, content, signature);
        }
        if (signature.length > 0 && signature[0] == 0x30) {
            return verify(SignatureFormat.CMS, content, signature);
        }
        if (Pem.looksLikeOne(signature)) {
            return verifyPem(content, signature);
        }
        return new Invalid("expected Ed25519 (64 bytes), minisign, OpenPGP or CMS, found " + signature.length
                + " bytes that are none of them");
    }

    private SignatureResult verifyPem(byte[] content, byte[] signature) {
        try {
            List<PemObject> blocks = Pem.blocks("signature", signature);
            if (blocks.size() == 1
                    && List.of("CMS", "PKCS7").contains(blocks.get(0).getType())) {
                return verify(SignatureFormat.CMS, content, blocks.get(0).getContent());
            }
            return new Invalid("expected one PEM block, CMS or PKCS7");
        } catch (FirmwareFormatException e) {
            return new Invalid(String.valueOf(e.getMessage()));
        }
    }

    private SignatureResult verify(SignatureFormat format, byte[] content, byte[] signature) {
        return keys.verify(format, content, signature, clock.instant());
    }
}
