package io.github.dfu4j.dfuse;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Compares what is read back of one range with what it should be, and computes the digest of it. */
final class Comparison {

    private static final String DIGITS = "0123456789abcdef";

    private final MessageDigest sha256 = sha256();
    private final String advice;
    private @Nullable VerifyException difference;

    Comparison(String advice) {
        this.advice = advice;
    }

    /** Compares a block; answers whether it is equal. */
    boolean block(long address, byte[] found, byte[] expected, int length) {
        for (int i = 0; i < length; i++) {
            if (found[i] != expected[i]) {
                difference = new VerifyException(address + i, expected[i], found[i], advice);
                return false;
            }
        }
        sha256.update(found, 0, length);
        return true;
    }

    /** The first difference. */
    Optional<VerifyException> difference() {
        return Optional.ofNullable(difference);
    }

    /** The digest of all blocks so far. */
    String digest() {
        StringBuilder text = new StringBuilder();
        for (byte b : sha256.digest()) {
            text.append(DIGITS.charAt((b >> 4) & 0xf)).append(DIGITS.charAt(b & 0xf));
        }
        return text.toString();
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
