package io.github.dfu4j.trust;

import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.trust.internal.Cms;
import io.github.dfu4j.trust.internal.Ed25519;
import io.github.dfu4j.trust.internal.Minisign;
import io.github.dfu4j.trust.internal.OpenPgp;
import io.github.dfu4j.trust.internal.Pem;
import io.github.dfu4j.trust.internal.Text;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.util.io.pem.PemObject;

/**
 * The public keys and certificates that the caller trusts, and none besides: there is no key store of this library, the system or the
 * JVM behind them.
 */
public final class TrustedKeys {

    /** No keys: every signature is by an unknown one. */
    public static final TrustedKeys NONE = new TrustedKeys(List.of(), List.of(), List.of(), List.of());

    /** The most bytes that a key file may have. */
    public static final int MAX_FILE_SIZE = 1 << 20;

    private final List<Ed25519.Key> ed25519;
    private final List<Minisign.Key> minisign;
    private final List<OpenPgp.Key> openPgp;
    private final List<X509Certificate> anchors;

    private TrustedKeys(
            List<Ed25519.Key> ed25519,
            List<Minisign.Key> minisign,
            List<OpenPgp.Key> openPgp,
            List<X509Certificate> anchors) {
        this.ed25519 = List.copyOf(ed25519);
        this.minisign = List.copyOf(minisign);
        this.openPgp = List.copyOf(openPgp);
        this.anchors = List.copyOf(anchors);
    }

    /**
     * These keys and those of a file.
     *
     * <p>The file holds one of: an Ed25519 public key, as PEM ({@code openssl pkey -pubout}) or its 32 bytes; a minisign public key
     * ({@code minisign.pub}, or its second line alone); OpenPGP public keys ({@code gpg --export}, armoured or not); X.509
     * certificates as PEM or one as DER, each of which is trusted as the end of a path.
     *
     * @param name what to call the keys in results and messages, such as the file's name
     * @param file the file's bytes
     * @throws FirmwareFormatException if it holds none of these
     */
    public TrustedKeys with(String name, byte[] file) throws FirmwareFormatException {
        if (file.length > MAX_FILE_SIZE) {
            throw new FirmwareFormatException(
                    name, "", "holds " + file.length + " bytes, more than the " + MAX_FILE_SIZE + " allowed for keys");
        }
        List<Ed25519.Key> newEd25519 = new ArrayList<>(ed25519);
        List<Minisign.Key> newMinisign = new ArrayList<>(minisign);
        List<OpenPgp.Key> newOpenPgp = new ArrayList<>(openPgp);
        List<X509Certificate> newAnchors = new ArrayList<>(anchors);
        if (file.length == Ed25519.KEY_SIZE) {
            newEd25519.add(Ed25519.rawKey(name, file));
        } else if (Minisign.looksLikeOne(file) || Minisign.looksLikeABareKey(file)) {
            newMinisign.add(Minisign.publicKey(name, file));
        } else if (OpenPgp.looksLikeOne(file)) {
            newOpenPgp.addAll(OpenPgp.keys(name, file));
        } else if (file.length > 0 && file[0] == 0x30) {
            newAnchors.add(Cms.certificate(name, file));
        } else if (Pem.looksLikeOne(file)) {
            for (PemObject block : Pem.blocks(name, file)) {
                switch (block.getType()) {
                    case "PUBLIC KEY" -> newEd25519.add(Ed25519.key(name, block.getContent()));
                    case "CERTIFICATE" -> newAnchors.add(Cms.certificate(name, block.getContent()));
                    default ->
                        throw new FirmwareFormatException(
                                name,
                                "",
                                "expected a PUBLIC KEY or a CERTIFICATE, found a " + Text.shown(block.getType()));
                }
            }
        }
        TrustedKeys result = new TrustedKeys(newEd25519, newMinisign, newOpenPgp, newAnchors);
        if (result.size() == size()) {
            throw new FirmwareFormatException(
                    name,
                    "",
                    "expected a public key of minisign, OpenPGP or Ed25519 (PEM), or an X.509 certificate; found none of them");
        }
        return result;
    }

    /** How many keys and certificates these are. */
    public int size() {
        return ed25519.size() + minisign.size() + openPgp.size() + anchors.size();
    }

    SignatureResult verify(SignatureFormat format, byte[] content, byte[] signature, Instant now) {
        return switch (format) {
            case ED25519 -> Ed25519.verify(content, signature, ed25519);
            case MINISIGN -> Minisign.verify(content, signature, minisign);
            case OPENPGP -> OpenPgp.verify(content, signature, openPgp, now);
            case CMS -> Cms.verify(content, signature, anchors, now);
        };
    }
}
