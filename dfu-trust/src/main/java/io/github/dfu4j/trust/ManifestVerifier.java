package io.github.dfu4j.trust;

import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareRejectedException;
import io.github.dfu4j.image.FirmwareRejectedException.Reason;
import io.github.dfu4j.image.FirmwareVerifier;
import io.github.dfu4j.trust.SignatureResult.Expired;
import io.github.dfu4j.trust.SignatureResult.Invalid;
import io.github.dfu4j.trust.SignatureResult.UnknownKey;
import io.github.dfu4j.trust.SignatureResult.Unsigned;
import io.github.dfu4j.trust.SignatureResult.Valid;
import java.io.IOException;
import java.time.Clock;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Lets firmware through to a device if a trusted key signed a manifest that says so: these bytes, at these addresses, for this
 * target, in a version no lower than the one on record.
 *
 * <p>The signature is checked first; a manifest that nobody trusted signed is not even parsed.
 */
public final class ManifestVerifier implements FirmwareVerifier {

    private final String name;
    private final byte[] manifest;
    private final byte @Nullable [] signature;
    private final TrustedKeys keys;
    private final Clock clock;
    private final VersionRecord record;
    private final boolean mayBeOlder;
    private final boolean mayBePart;

    private ManifestVerifier(Builder builder) {
        this.name = builder.name;
        this.manifest = builder.manifest;
        this.signature = builder.signature;
        this.keys = builder.keys;
        this.clock = builder.clock;
        this.record = builder.record;
        this.mayBeOlder = builder.mayBeOlder;
        this.mayBePart = builder.mayBePart;
    }

    /**
     * Starts a verifier for one manifest.
     *
     * @param name the manifest file's name, for messages
     * @param manifest the manifest file
     * @param signature the signature file, in any {@link SignatureFormat}; null if there is none, and then nothing gets through
     * @param keys whose signature counts
     */
    public static Builder of(String name, byte[] manifest, byte @Nullable [] signature, TrustedKeys keys) {
        return new Builder(name, manifest.clone(), signature == null ? null : signature.clone(), keys);
    }

    @Override
    public String verify(FirmwareImage image, Target target) throws IOException {
        Valid valid = signedBy();
        Manifest signed = recentEnough();
        signed.check(target);
        if (mayBePart) {
            signed.checkPart(image);
        } else {
            signed.check(image);
        }
        return signed.name() + " " + signed.version() + ", " + valid.words();
    }

    /**
     * The manifest, if its signature is valid and its version no lower than the one on record: what can be told before there is a
     * device.
     *
     * @throws FirmwareRejectedException if it is not so
     * @throws io.github.dfu4j.image.FirmwareFormatException if what was signed is no manifest
     */
    public Manifest manifest() throws IOException {
        signedBy();
        return recentEnough();
    }

    private Manifest recentEnough() throws IOException {
        Manifest signed = Manifest.parse(name, manifest);
        Optional<FirmwareVersion> recorded = record.of(signed.name());
        if (!mayBeOlder && recorded.isPresent() && signed.version().compareTo(recorded.get()) < 0) {
            throw new FirmwareRejectedException(
                    Reason.OLDER_VERSION,
                    signed.name() + " " + signed.version() + " is older than version " + recorded.get()
                            + ", which is on record");
        }
        return signed;
    }

    private Valid signedBy() throws FirmwareRejectedException {
        SignatureResult result = new SignatureVerifier(keys, clock).verify(manifest, signature);
        if (result instanceof Valid valid) {
            return valid;
        }
        throw new FirmwareRejectedException(reason(result), name + ": " + result.words());
    }

    private static Reason reason(SignatureResult result) {
        if (result instanceof Unsigned) {
            return Reason.UNSIGNED;
        }
        if (result instanceof UnknownKey) {
            return Reason.UNKNOWN_KEY;
        }
        if (result instanceof Expired) {
            return Reason.EXPIRED;
        }
        if (result instanceof Invalid) {
            return Reason.INVALID_SIGNATURE;
        }
        return Reason.OTHER;
    }

    /** Collects what a verifier is to go by. */
    public static final class Builder {
        private final String name;
        private final byte[] manifest;
        private final byte @Nullable [] signature;
        private final TrustedKeys keys;
        private Clock clock = Clock.systemUTC();
        private VersionRecord record = VersionRecord.EMPTY;
        private boolean mayBeOlder;
        private boolean mayBePart;

        private Builder(String name, byte[] manifest, byte @Nullable [] signature, TrustedKeys keys) {
            this.name = name;
            this.manifest = manifest;
            this.signature = signature;
            this.keys = keys;
        }

        /** The time by which keys and signatures expire; the system's if not said. */
        public Builder clock(Clock c) {
            this.clock = c;
            return this;
        }

        /** The versions flashed so far; none if not said. */
        public Builder record(VersionRecord versions) {
            this.record = versions;
            return this;
        }

        /** Lets versions through that are lower than the one on record. */
        public Builder allowOlder() {
            this.mayBeOlder = true;
            return this;
        }

        /** Lets an image through that holds only some of the manifest's ranges: firmware that goes to a device in parts. */
        public Builder allowPart() {
            this.mayBePart = true;
            return this;
        }

        /** The verifier. */
        public ManifestVerifier build() {
            return new ManifestVerifier(this);
        }
    }
}
