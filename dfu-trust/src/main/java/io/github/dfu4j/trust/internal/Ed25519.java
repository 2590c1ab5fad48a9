package io.github.dfu4j.trust.internal;

import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.trust.KeyId;
import io.github.dfu4j.trust.SignatureFormat;
import io.github.dfu4j.trust.SignatureResult;
import io.github.dfu4j.trust.SignatureResult.Invalid;
import io.github.dfu4j.trust.SignatureResult.UnknownKey;
import io.github.dfu4j.trust.SignatureResult.Valid;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.function.Supplier;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.crypto.digests.SHA256Digest;
import org.bouncycastle.crypto.params.AsymmetricKeyParameter;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.crypto.params.Ed25519PublicKeyParameters;
import org.bouncycastle.crypto.signers.Ed25519Signer;
import org.bouncycastle.crypto.util.PrivateKeyFactory;
import org.bouncycastle.crypto.util.PublicKeyFactory;
import org.bouncycastle.crypto.util.SubjectPublicKeyInfoFactory;
import org.bouncycastle.operator.InputDecryptorProvider;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfo;
import org.bouncycastle.pkcs.PKCSException;
import org.bouncycastle.pkcs.jcajce.JcePKCSPBEInputDecryptorProviderBuilder;
import org.bouncycastle.util.encoders.Hex;

/** Ed25519 signatures without a container (RFC 8032), with keys in PEM (RFC 8410). */
public final class Ed25519 {

    /** The size of a signature in bytes. */
    public static final int SIGNATURE_SIZE = 64;

    /** The size of a public key in bytes. */
    public static final int KEY_SIZE = 32;

    private Ed25519() {}

    /** A trusted public key. */
    public record Key(KeyId id, Ed25519PublicKeyParameters key) {}

    /** A public key of 32 bytes. */
    public static Key rawKey(String source, byte[] raw) throws FirmwareFormatException {
        try {
            return key(source, new Ed25519PublicKeyParameters(raw));
        } catch (IllegalArgumentException e) {
            throw new FirmwareFormatException(
                    source, "", "expected an Ed25519 public key, found 32 bytes that are not one");
        }
    }

    /** A public key in the DER of a SubjectPublicKeyInfo. */
    public static Key key(String source, byte[] der) throws FirmwareFormatException {
        AsymmetricKeyParameter key;
        try {
            key = PublicKeyFactory.createKey(der);
        } catch (IOException | RuntimeException e) {
            throw new FirmwareFormatException(
                    source, "", "expected an Ed25519 public key, found one that cannot be read");
        }
        if (key instanceof Ed25519PublicKeyParameters ed25519) {
            return key(source, ed25519);
        }
        throw new FirmwareFormatException(source, "", "expected an Ed25519 public key, found one of another algorithm");
    }

    /** A trusted key by the caller's name. */
    public static Key key(String source, Ed25519PublicKeyParameters key) {
        SHA256Digest sha256 = new SHA256Digest();
        sha256.update(key.getEncoded(), 0, KEY_SIZE);
        byte[] hash = new byte[sha256.getDigestSize()];
        sha256.doFinal(hash, 0);
        return new Key(new KeyId(SignatureFormat.ED25519, Hex.toHexString(hash), source), key);
    }

    /** A public key as the DER of a SubjectPublicKeyInfo. */
    public static byte[] der(Ed25519PublicKeyParameters key) {
        try {
            return SubjectPublicKeyInfoFactory.createSubjectPublicKeyInfo(key).getEncoded();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A private key in the DER of PKCS #8, encrypted or not. */
    public static Ed25519PrivateKeyParameters privateKey(
            String source, byte[] der, boolean encrypted, Supplier<char[]> password) throws FirmwareFormatException {
        // outside of what is caught below: a supplier's failure is the caller's own
        char[] secret = encrypted ? password.get() : new char[0];
        AsymmetricKeyParameter key;
        try {
            key = PrivateKeyFactory.createKey(encrypted ? decrypt(der, secret) : PrivateKeyInfo.getInstance(der));
        } catch (PKCSException e) {
            throw new FirmwareFormatException(source, "", "the private key cannot be decrypted: wrong password?");
        } catch (IOException | RuntimeException e) {
            throw new FirmwareFormatException(
                    source, "", "expected an Ed25519 private key, found one that cannot be read");
        }
        if (key instanceof Ed25519PrivateKeyParameters ed25519) {
            return ed25519;
        }
        throw new FirmwareFormatException(
                source, "", "expected an Ed25519 private key, found one of another algorithm");
    }

    private static PrivateKeyInfo decrypt(byte[] der, char[] password) throws IOException, PKCSException {
        InputDecryptorProvider decryptor = new JcePKCSPBEInputDecryptorProviderBuilder()
                .setProvider(BouncyCastle.PROVIDER)
                .build(password);
        return new PKCS8EncryptedPrivateKeyInfo(der).decryptPrivateKeyInfo(decryptor);
    }

    /** Whether a signature of 64 bytes over the content is right. */
    public static boolean isRight(Ed25519PublicKeyParameters key, byte[] content, byte[] signature) {
        Ed25519Signer verifier = new Ed25519Signer();
        verifier.init(false, key);
        verifier.update(content, 0, content.length);
        return verifier.verifySignature(signature);
    }

    /** Signs content. */
    public static byte[] sign(Ed25519PrivateKeyParameters key, byte[] content) {
        Ed25519Signer signer = new Ed25519Signer();
        signer.init(true, key);
        signer.update(content, 0, content.length);
        return signer.generateSignature();
    }

    /** Checks a signature of 64 bytes, which does not say whose it is, against every key. */
    public static SignatureResult verify(byte[] content, byte[] signature, List<Key> keys) {
        for (Key key : keys) {
            if (isRight(key.key(), content, signature)) {
                return new Valid(key.id(), "");
            }
        }
        return keys.isEmpty()
                ? new UnknownKey("an Ed25519 key")
                : new Invalid("none of the " + keys.size() + " trusted Ed25519 keys made it over this content");
    }
}
