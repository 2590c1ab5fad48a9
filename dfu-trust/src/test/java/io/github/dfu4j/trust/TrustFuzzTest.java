package io.github.dfu4j.trust;

import static io.github.dfu4j.trust.Fixtures.THEN;
import static io.github.dfu4j.trust.Fixtures.allKeys;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.trust.SignatureResult.Invalid;
import io.github.dfu4j.trust.SignatureResult.UnknownKey;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;

/**
 * Whatever parses files of strangers, given any bytes: it reads them or fails cleanly, and nothing in them makes a signature valid.
 *
 * <p>A build runs the kept inputs; {@code JAZZER_FUZZ=1} with one test chosen looks for new ones.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class TrustFuzzTest {

    /** What none of the kept signatures was made over. */
    private static final byte[] OTHER_CONTENT = "another content".getBytes(UTF_8);

    private static final SignatureVerifier VERIFIER = new SignatureVerifier(allKeys(), THEN);

    @FuzzTest(maxDuration = "5m")
    void manifest(byte[] bytes) {
        try {
            Manifest manifest = Manifest.parse("file", bytes);
            assertThat(Manifest.parse("again", manifest.toJson())).isEqualTo(manifest);
        } catch (FirmwareFormatException e) {
            assertThat(e).hasMessageStartingWith("file");
        }
    }

    @FuzzTest(maxDuration = "5m")
    void versionRecord(byte[] bytes) {
        try {
            VersionRecord record = VersionRecord.parse("file", bytes);
            assertThat(VersionRecord.parse("again", record.toJson())).isEqualTo(record);
        } catch (FirmwareFormatException e) {
            assertThat(e).hasMessageStartingWith("file");
        }
    }

    @FuzzTest(maxDuration = "5m")
    void signature(byte[] bytes) {
        assertThat(VERIFIER.verify(OTHER_CONTENT, bytes)).isInstanceOfAny(Invalid.class, UnknownKey.class);
    }

    @FuzzTest(maxDuration = "5m")
    void publicKeys(byte[] bytes) {
        try {
            assertThat(TrustedKeys.NONE.with("file", bytes).size()).isPositive();
        } catch (FirmwareFormatException e) {
            assertThat(e).hasMessageStartingWith("file");
        }
    }

    @FuzzTest(maxDuration = "5m")
    void secretKey(byte[] bytes) {
        try {
            SigningKey key = SigningKey.parse("file", bytes, "x"::toCharArray);
            SignatureVerifier own = new SignatureVerifier(TrustedKeys.NONE.with("own", key.publicKeyFile()), THEN);
            assertThat(own.verify(OTHER_CONTENT, key.sign(OTHER_CONTENT, "")))
                    .isInstanceOf(SignatureResult.Valid.class);
        } catch (FirmwareFormatException e) {
            assertThat(e).hasMessageStartingWith("file");
        }
    }
}
