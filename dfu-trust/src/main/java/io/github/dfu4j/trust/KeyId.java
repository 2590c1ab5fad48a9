package io.github.dfu4j.trust;

import io.github.dfu4j.trust.internal.Text;

/**
 * The identity of a key.
 *
 * @param format the kind of key
 * @param id Ed25519: the SHA-256 of the 32 bytes of the public key; minisign: the key number as the tool prints it; OpenPGP: the
 *     fingerprint of the key that signed; CMS: the SHA-256 of the signer's certificate. Hexadecimal digits
 * @param owner whose key it is, as far as the key itself says: an OpenPGP user id, the subject of a certificate; else the name that
 *     the caller gave the key
 */
public record KeyId(SignatureFormat format, String id, String owner) {

    /** Replaces control characters in the owner. */
    public KeyId {
        owner = Text.visible(owner);
    }

    /** The format, the id and in brackets the owner. */
    @Override
    public String toString() {
        return format.words() + " key " + id + (owner.isEmpty() ? "" : " (" + owner + ")");
    }
}
