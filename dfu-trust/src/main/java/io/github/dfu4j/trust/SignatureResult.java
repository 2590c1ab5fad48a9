package io.github.dfu4j.trust;

import io.github.dfu4j.trust.internal.Text;
import java.time.Instant;

/**
 * What came of checking a signature against the caller's keys.
 *
 * <p>Texts in it come from the signature's file; control characters in them are replaced, so that they can be shown in a terminal.
 */
public sealed interface SignatureResult {

    /** The result as a clause for the user, without a full stop. */
    String words();

    /**
     * One of the caller's keys signed exactly this content.
     *
     * @param key which
     * @param comment what else the signature vouches for, minisign's trusted comment; else empty
     */
    record Valid(KeyId key, String comment) implements SignatureResult {
        /** Replaces control characters; a tab becomes a space. */
        public Valid {
            comment = Text.visible(comment.replace('\t', ' '));
        }

        @Override
        public String words() {
            return "signed by " + key + (comment.isEmpty() ? "" : ", who says: " + comment);
        }
    }

    /**
     * The signature is not one of this content, or breaks the rules of its format.
     *
     * @param reason what is wrong, a clause
     */
    record Invalid(String reason) implements SignatureResult {
        /** Replaces control characters. */
        public Invalid {
            reason = Text.visible(reason);
        }

        @Override
        public String words() {
            return "the signature is not valid: " + reason;
        }
    }

    /**
     * None of the caller's keys made the signature; whether it is right cannot be told.
     *
     * @param signer what the signature says of who made it, in the terms of its format
     */
    record UnknownKey(String signer) implements SignatureResult {
        /** Replaces control characters. */
        public UnknownKey {
            signer = Text.visible(signer);
        }

        @Override
        public String words() {
            return "the signature is by " + signer + ", which is not trusted";
        }
    }

    /**
     * One of the caller's keys signed exactly this content, but the signature, the key or a certificate is past its time.
     *
     * @param key which
     * @param since when the time was over
     */
    record Expired(KeyId key, Instant since) implements SignatureResult {
        @Override
        public String words() {
            return "the signature by " + key + " expired at " + since;
        }
    }

    /** There is no signature. */
    record Unsigned() implements SignatureResult {
        @Override
        public String words() {
            return "there is no signature";
        }
    }
}
