package io.github.dfu4j.trust;

import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.trust.internal.Ed25519;
import io.github.dfu4j.trust.internal.Minisign;
import io.github.dfu4j.trust.internal.Pem;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.List;
import java.util.function.Supplier;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.util.io.pem.PemObject;

/**
 * A secret key that makes detached signatures: one of minisign, or an Ed25519 key in PEM.
 *
 * <p>OpenPGP and CMS signatures are made with gpg and openssl, which guard those keys in agents and smart cards.
 */
public abstract sealed class SigningKey {

    private SigningKey() {}

    /** The format of the signatures that it makes. */
    public abstract SignatureFormat format();

    /** The id of the public key that goes with it. */
    public abstract KeyId id();

    /**
     * Signs content.
     *
     * @param content what to sign
     * @param comment what minisign calls the trusted comment: one line that is signed too; empty for {@link SignatureFormat#ED25519}
     * @return the signature file
     * @throws IllegalArgumentException if the format cannot carry the comment
     */
    public abstract byte[] sign(byte[] content, String comment);

    /** The public key's file, as {@link TrustedKeys#with} and the format's own tools read it. */
    public abstract byte[] publicKeyFile();

    /**
     * Reads a secret key's file: minisign's, or PEM with a PKCS #8 key ({@code openssl genpkey -algorithm ed25519}), each
     * encrypted or not.
     *
     * @param name the file's name, for messages
     * @param file the file's bytes
     * @param password asked only if the key is encrypted
     * @throws FirmwareFormatException if it is no such key, the password is wrong, or there is too little memory for minisign's key
     *     derivation, which takes up to 1 GiB
     */
    public static SigningKey parse(String name, byte[] file, Supplier<char[]> password) throws FirmwareFormatException {
        if (file.length > TrustedKeys.MAX_FILE_SIZE) {
            throw new FirmwareFormatException(name, "", "holds " + file.length + " bytes, too many for a key");
        }
        if (Minisign.looksLikeOne(file)) {
            return new OfMinisign(name, Minisign.secretKey(name, file, password));
        }
        List<PemObject> blocks = Pem.blocks(name, file);
        if (blocks.size() == 1) {
            boolean encrypted = blocks.get(0).getType().equals("ENCRYPTED PRIVATE KEY");
            if (encrypted || blocks.get(0).getType().equals("PRIVATE KEY")) {
                return new OfEd25519(
                        name, Ed25519.privateKey(name, blocks.get(0).getContent(), encrypted, password));
            }
        }
        throw new FirmwareFormatException(
                name, "", "expected a secret key of minisign, or an Ed25519 key in PEM (PRIVATE KEY)");
    }

    /**
     * Makes a new minisign key.
     *
     * @param random where the key comes from
     */
    public static MinisignKey generateMinisign(SecureRandom random) {
        return new OfMinisign("", new Minisign.SecretKey(random.nextLong(), new Ed25519PrivateKeyParameters(random)));
    }

    /** A minisign key, which can be written to a file. */
    public abstract static sealed class MinisignKey extends SigningKey {

        private MinisignKey() {}

        /** The secret key's file, not encrypted. */
        public abstract byte[] secretKeyFile();

        /**
         * The secret key's file, encrypted with a password.
         *
         * @param memory how many bytes of memory opening it shall take, 2<sup>24</sup> to 2<sup>30</sup>; the tool's own choice is
         *     2<sup>30</sup>
         * @param random where the salt comes from
         * @throws FirmwareFormatException if {@code memory} is outside these bounds or more than this process has
         */
        public abstract byte[] secretKeyFile(char[] password, long memory, SecureRandom random)
                throws FirmwareFormatException;
    }

    private static final class OfMinisign extends MinisignKey {
        private final Minisign.SecretKey key;
        private final KeyId id;

        OfMinisign(String name, Minisign.SecretKey key) {
            this.key = key;
            this.id = Minisign.key(name, key.number(), key.key().generatePublicKey())
                    .id();
        }

        @Override
        public SignatureFormat format() {
            return SignatureFormat.MINISIGN;
        }

        @Override
        public KeyId id() {
            return id;
        }

        @Override
        public byte[] sign(byte[] content, String comment) {
            return Minisign.sign(key, content, comment);
        }

        @Override
        public byte[] publicKeyFile() {
            return Minisign.publicKeyFile(key.number(), key.key().generatePublicKey());
        }

        @Override
        public byte[] secretKeyFile() {
            return Minisign.secretKeyFile(key);
        }

        @Override
        public byte[] secretKeyFile(char[] password, long memory, SecureRandom random) throws FirmwareFormatException {
            return Minisign.secretKeyFile(key, password, memory, random);
        }
    }

    private static final class OfEd25519 extends SigningKey {
        private final Ed25519PrivateKeyParameters key;
        private final KeyId id;

        OfEd25519(String name, Ed25519PrivateKeyParameters key) {
            this.key = key;
            this.id = Ed25519.key(name, key.generatePublicKey()).id();
        }

        @Override
        public SignatureFormat format() {
            return SignatureFormat.ED25519;
        }

        @Override
        public KeyId id() {
            return id;
        }

        @Override
        public byte[] sign(byte[] content, String comment) {
            if (!comment.isEmpty()) {
                throw new IllegalArgumentException("a bare Ed25519 signature has no place for a comment");
            }
            return Ed25519.sign(key, content);
        }

        @Override
        public byte[] publicKeyFile() {
            return Pem.write("PUBLIC KEY", Ed25519.der(key.generatePublicKey())).getBytes(StandardCharsets.US_ASCII);
        }
    }
}
