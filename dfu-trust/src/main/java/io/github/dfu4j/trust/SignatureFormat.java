package io.github.dfu4j.trust;

/** A format of detached signatures and of the keys that go with them. */
public enum SignatureFormat {
    /** The 64 bytes of an Ed25519 signature and nothing else (RFC 8032), as {@code openssl pkeyutl -sign -rawin} writes them. */
    ED25519("Ed25519"),
    /** The text files of minisign: Ed25519 with a key id and a trusted comment. */
    MINISIGN("minisign"),
    /** A detached OpenPGP signature over binary data (RFC 9580), armoured or not, as {@code gpg --detach-sign} writes it. */
    OPENPGP("OpenPGP"),
    /** Detached CMS signed data (RFC 5652), PEM or DER, by a certificate whose path ends at a trusted one (RFC 5280). */
    CMS("CMS");

    private final String words;

    SignatureFormat(String words) {
        this.words = words;
    }

    /** The format's name in messages. */
    public String words() {
        return words;
    }
}
