package io.github.dfu4j.trust.internal;

import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.trust.KeyId;
import io.github.dfu4j.trust.SignatureFormat;
import io.github.dfu4j.trust.SignatureResult;
import io.github.dfu4j.trust.SignatureResult.Invalid;
import io.github.dfu4j.trust.SignatureResult.UnknownKey;
import io.github.dfu4j.trust.SignatureResult.Valid;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.function.Supplier;
import org.bouncycastle.crypto.digests.Blake2bDigest;
import org.bouncycastle.crypto.generators.SCrypt;
import org.bouncycastle.crypto.params.Ed25519PrivateKeyParameters;
import org.bouncycastle.crypto.params.Ed25519PublicKeyParameters;
import org.bouncycastle.util.Strings;

/** minisign's text files: public keys, signatures, and secret keys, encrypted or not. */
public final class Minisign {

    private static final String UNTRUSTED = "untrusted comment: ";
    private static final String TRUSTED = "trusted comment: ";

    /** The tool's own limits. */
    private static final int MAX_COMMENT = 1024;

    private static final int MAX_TRUSTED_COMMENT = 8192;

    private static final byte[] LEGACY = {'E', 'd'};
    private static final byte[] PREHASHED = {'E', 'D'};
    private static final byte[] SCRYPT = {'S', 'c'};
    private static final byte[] NOT_ENCRYPTED = {0, 0};
    private static final byte[] BLAKE2B = {'B', '2'};

    private static final int NUMBER_SIZE = 8;
    private static final int SALT_SIZE = 32;
    private static final int CHECKSUM_SIZE = 32;
    private static final int SECRET_SIZE = NUMBER_SIZE + 64 + CHECKSUM_SIZE;

    /** What the tool asks of scrypt for a new key: 2<sup>25</sup> operations, 1 GiB; it takes less where it cannot have that. */
    private static final long MAX_OPERATIONS = 1L << 25;

    private static final long MAX_MEMORY = 1L << 30;

    private Minisign() {}

    /** A trusted public key. */
    public record Key(KeyId id, long number, Ed25519PublicKeyParameters key) {}

    /** A secret key. */
    public record SecretKey(long number, Ed25519PrivateKeyParameters key) {}

    /** Whether a file looks like one of minisign's. */
    public static boolean looksLikeOne(byte[] file) {
        return text(file).startsWith("untrusted comment:");
    }

    /** Whether a file may be the second line of a public key, which the tool also takes alone. */
    public static boolean looksLikeABareKey(byte[] file) {
        String line = text(file).strip();
        return line.length() == 56 && line.startsWith("RW");
    }

    /** Bytes as characters one to one, so that signed text is not changed by decoding it. */
    private static String text(byte[] file) {
        return new String(file, StandardCharsets.ISO_8859_1);
    }

    /** Reads a public key file, or its second line alone. */
    public static Key publicKey(String source, byte[] file) throws FirmwareFormatException {
        String[] lines =
                looksLikeABareKey(file) ? new String[] {UNTRUSTED, text(file).strip()} : lines(source, file, 2);
        ByteBuffer raw = base64(source, 2, lines[1], 2 + NUMBER_SIZE + Ed25519.KEY_SIZE);
        if (!Arrays.equals(take(raw, 2), LEGACY)) {
            throw new FirmwareFormatException(source, "line 2", "expected a key for Ed25519 (Ed)");
        }
        long number = raw.getLong();
        return key(
                source,
                number,
                Ed25519.rawKey(source, take(raw, Ed25519.KEY_SIZE)).key());
    }

    /** A trusted key by the caller's name. */
    public static Key key(String source, long number, Ed25519PublicKeyParameters key) {
        return new Key(new KeyId(SignatureFormat.MINISIGN, hex(number), source), number, key);
    }

    /** A key's number as the tool prints it. */
    private static String hex(long number) {
        return String.format(Locale.ROOT, "%016X", number);
    }

    /** A key's number as it stands in files. */
    private static byte[] bytes(long number) {
        return ByteBuffer.allocate(NUMBER_SIZE)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(number)
                .array();
    }

    /** Writes the public key file. */
    public static byte[] publicKeyFile(long number, Ed25519PublicKeyParameters key) {
        return file(UNTRUSTED + "minisign public key " + hex(number), base64(LEGACY, bytes(number), key.getEncoded()));
    }

    /** Checks a signature file. */
    public static SignatureResult verify(byte[] content, byte[] signature, List<Key> keys) {
        byte[] algorithm;
        long number;
        byte[] ofContent;
        byte[] ofAll;
        String comment;
        try {
            String[] lines = lines("signature", signature, 4);
            ByteBuffer raw = base64("signature", 2, lines[1], 2 + NUMBER_SIZE + Ed25519.SIGNATURE_SIZE);
            algorithm = take(raw, 2);
            number = raw.getLong();
            ofContent = take(raw, Ed25519.SIGNATURE_SIZE);
            if (!lines[2].startsWith(TRUSTED) || lines[2].length() > MAX_TRUSTED_COMMENT) {
                return new Invalid("expected \"trusted comment: \" on line 3");
            }
            comment = lines[2].substring(TRUSTED.length());
            ofAll = take(base64("signature", 4, lines[3], Ed25519.SIGNATURE_SIZE), Ed25519.SIGNATURE_SIZE);
        } catch (FirmwareFormatException e) {
            return new Invalid(String.valueOf(e.getMessage()));
        }
        if (!Arrays.equals(algorithm, LEGACY) && !Arrays.equals(algorithm, PREHASHED)) {
            return new Invalid("expected the algorithm Ed or ED");
        }
        List<Key> candidates =
                keys.stream().filter(key -> key.number() == number).toList();
        if (candidates.isEmpty()) {
            return new UnknownKey("the minisign key " + hex(number));
        }
        byte[] signed = Arrays.equals(algorithm, PREHASHED) ? blake2b(64, content) : content;
        byte[] signedWithComment = join(ofContent, comment.getBytes(StandardCharsets.ISO_8859_1));
        for (Key key : candidates) {
            if (Ed25519.isRight(key.key(), signed, ofContent)) {
                return Ed25519.isRight(key.key(), signedWithComment, ofAll)
                        ? new Valid(
                                key.id(),
                                new String(comment.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8))
                        : new Invalid("its trusted comment was changed");
            }
        }
        return new Invalid("it is not over this content");
    }

    /** Signs content, prehashed as the tool does by default. */
    public static byte[] sign(SecretKey key, byte[] content, String comment) {
        byte[] trusted = comment.getBytes(StandardCharsets.UTF_8);
        if (comment.chars().anyMatch(Character::isISOControl)
                || trusted.length + TRUSTED.length() > MAX_TRUSTED_COMMENT) {
            throw new IllegalArgumentException("expected a trusted comment of one line and at most "
                    + (MAX_TRUSTED_COMMENT - TRUSTED.length()) + " bytes");
        }
        byte[] ofContent = Ed25519.sign(key.key(), blake2b(64, content));
        return file(
                UNTRUSTED + "signature by minisign key " + hex(key.number()),
                base64(PREHASHED, bytes(key.number()), ofContent),
                TRUSTED + text(trusted),
                base64(Ed25519.sign(key.key(), join(ofContent, trusted))));
    }

    /** Reads a secret key file. */
    public static SecretKey secretKey(String source, byte[] file, Supplier<char[]> password)
            throws FirmwareFormatException {
        String[] lines = lines(source, file, 2);
        ByteBuffer raw = base64(source, 2, lines[1], 2 + 2 + 2 + SALT_SIZE + 8 + 8 + SECRET_SIZE);
        byte[] algorithm = take(raw, 2);
        byte[] kdf = take(raw, 2);
        byte[] checksum = take(raw, 2);
        byte[] salt = take(raw, SALT_SIZE);
        long operations = raw.getLong();
        long memory = raw.getLong();
        byte[] secret = take(raw, SECRET_SIZE);
        if (!Arrays.equals(algorithm, LEGACY) || !Arrays.equals(checksum, BLAKE2B)) {
            throw new FirmwareFormatException(
                    source, "line 2", "expected a key for Ed25519 (Ed) with a BLAKE2b checksum (B2)");
        }
        boolean encrypted = Arrays.equals(kdf, SCRYPT);
        if (!encrypted && !Arrays.equals(kdf, NOT_ENCRYPTED)) {
            throw new FirmwareFormatException(
                    source, "line 2", "expected a key encrypted by way of scrypt (Sc), or not encrypted");
        }
        if (encrypted) {
            xor(secret, stream(source, password.get(), salt, operations, memory));
        }
        long number = ByteBuffer.wrap(secret).order(ByteOrder.LITTLE_ENDIAN).getLong();
        byte[] seed = Arrays.copyOfRange(secret, NUMBER_SIZE, NUMBER_SIZE + 32);
        byte[] publicHalf = Arrays.copyOfRange(secret, NUMBER_SIZE + 32, NUMBER_SIZE + 64);
        byte[] sum = Arrays.copyOfRange(secret, NUMBER_SIZE + 64, SECRET_SIZE);
        byte[] expected = blake2b(CHECKSUM_SIZE, join(LEGACY, Arrays.copyOf(secret, NUMBER_SIZE + 64)));
        Arrays.fill(secret, (byte) 0);
        // the tool leaves the checksum of a key that is not encrypted at zero
        if (encrypted && !MessageDigest.isEqual(sum, expected)) {
            throw new FirmwareFormatException(source, "", "the secret key cannot be decrypted: wrong password?");
        }
        Ed25519PrivateKeyParameters key = new Ed25519PrivateKeyParameters(seed);
        Arrays.fill(seed, (byte) 0);
        if (!MessageDigest.isEqual(key.generatePublicKey().getEncoded(), publicHalf)) {
            throw new FirmwareFormatException(
                    source, "line 2", "the two halves of the secret key do not belong together");
        }
        return new SecretKey(number, key);
    }

    /** Writes a secret key file without encryption. */
    public static byte[] secretKeyFile(SecretKey key) {
        return secretKeyFile(
                key, NOT_ENCRYPTED, new byte[SALT_SIZE], 0, 0, new byte[CHECKSUM_SIZE], new byte[SECRET_SIZE]);
    }

    /**
     * Writes a secret key file encrypted with a password.
     *
     * @param memory how much memory whoever opens it has to spend, 2<sup>24</sup> to 2<sup>30</sup> bytes
     */
    public static byte[] secretKeyFile(SecretKey key, char[] password, long memory, SecureRandom random)
            throws FirmwareFormatException {
        byte[] salt = new byte[SALT_SIZE];
        random.nextBytes(salt);
        long operations = memory / 32;
        byte[] stream = stream("secret key", password, salt, operations, memory);
        byte[] sum = blake2b(CHECKSUM_SIZE, join(LEGACY, bytes(key.number()), halves(key)));
        return secretKeyFile(key, SCRYPT, salt, operations, memory, sum, stream);
    }

    private static byte[] secretKeyFile(
            SecretKey key, byte[] kdf, byte[] salt, long operations, long memory, byte[] sum, byte[] stream) {
        byte[] secret = join(bytes(key.number()), halves(key), sum);
        xor(secret, stream);
        byte[] limits = ByteBuffer.allocate(16)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(operations)
                .putLong(memory)
                .array();
        return file(
                UNTRUSTED + "minisign secret key " + hex(key.number()),
                base64(LEGACY, kdf, BLAKE2B, salt, limits, secret));
    }

    private static byte[] halves(SecretKey key) {
        return join(key.key().getEncoded(), key.key().generatePublicKey().getEncoded());
    }

    /**
     * The key stream that a password gives by scrypt, its parameters chosen from the two limits as libsodium's
     * crypto_pwhash_scryptsalsa208sha256 does.
     */
    private static byte[] stream(String source, char[] password, byte[] salt, long operations, long memory)
            throws FirmwareFormatException {
        if (operations < 0 || operations > MAX_OPERATIONS || memory < 1 << 16 || memory > MAX_MEMORY) {
            throw new FirmwareFormatException(
                    source,
                    "line 2",
                    "asks for more of scrypt than minisign ever does: " + operations + " operations, " + memory
                            + " bytes");
        }
        long work = Math.max(32768, operations);
        int blockSize = 8;
        boolean boundByWork = work < memory / 32;
        int cost = cost(boundByWork ? work / (blockSize * 4L) : memory / (blockSize * 128L));
        int lanes = boundByWork ? 1 : (int) Math.min(0x3fffffff, work / 4 / cost) / blockSize;
        long needed = 128L * blockSize * cost;
        long heap = Runtime.getRuntime().maxMemory();
        if (needed > heap / 4 * 3) {
            throw new FirmwareFormatException(
                    source,
                    "",
                    "opening this secret key takes " + (needed >> 20) + " MiB of memory, and this Java process may use "
                            + (heap >> 20) + " MiB in all: run it with -Xmx" + ((needed >> 20) * 3 / 2) + "m");
        }
        byte[] bytes = Strings.toUTF8ByteArray(password);
        try {
            return SCrypt.generate(bytes, salt, cost, blockSize, Math.max(1, lanes), SECRET_SIZE);
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    /** The smallest power of two, at least 2, that is more than half of a bound. */
    private static int cost(long bound) {
        int cost = 2;
        while (cost <= bound / 2) {
            cost *= 2;
        }
        return cost;
    }

    private static String[] lines(String source, byte[] file, int count) throws FirmwareFormatException {
        String[] lines = text(file).split("\r?\n", -1);
        int found = lines.length;
        while (found > 0 && lines[found - 1].isEmpty()) {
            found--;
        }
        if (found != count) {
            throw new FirmwareFormatException(
                    source, "", "expected " + count + " lines, as minisign writes them, found " + found);
        }
        if (!lines[0].startsWith(UNTRUSTED) || lines[0].length() > MAX_COMMENT) {
            throw new FirmwareFormatException(source, "line 1", "expected \"" + UNTRUSTED + "\"");
        }
        return lines;
    }

    private static ByteBuffer base64(String source, int line, String text, int size) throws FirmwareFormatException {
        try {
            byte[] raw = Base64.getDecoder().decode(text);
            if (raw.length == size) {
                return ByteBuffer.wrap(raw).order(ByteOrder.LITTLE_ENDIAN);
            }
            throw new FirmwareFormatException(
                    source, "line " + line, "expected " + size + " bytes in base64, found " + raw.length);
        } catch (IllegalArgumentException e) {
            throw new FirmwareFormatException(source, "line " + line, "expected base64");
        }
    }

    private static String base64(byte[]... parts) {
        return Base64.getEncoder().encodeToString(join(parts));
    }

    private static byte[] file(String... lines) {
        return (String.join("\n", lines) + "\n").getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] take(ByteBuffer from, int size) {
        byte[] bytes = new byte[size];
        from.get(bytes);
        return bytes;
    }

    private static byte[] join(byte[]... parts) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            out.writeBytes(part);
        }
        return out.toByteArray();
    }

    private static void xor(byte[] into, byte[] with) {
        for (int i = 0; i < into.length; i++) {
            into[i] ^= with[i];
        }
    }

    private static byte[] blake2b(int size, byte[] content) {
        Blake2bDigest digest = new Blake2bDigest(8 * size);
        digest.update(content, 0, content.length);
        byte[] hash = new byte[size];
        digest.doFinal(hash, 0);
        return hash;
    }
}
