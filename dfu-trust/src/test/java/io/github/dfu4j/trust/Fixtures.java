package io.github.dfu4j.trust;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;

/** Keys and signatures by the real tools, made by {@code make-fixtures.sh} beside them. */
final class Fixtures {

    /** When all of them are valid that ever are; the certificates were made late in November 2026. */
    static final Clock THEN = at("2026-12-15T00:00:00Z");

    private Fixtures() {}

    static Clock at(String instant) {
        return Clock.fixed(Instant.parse(instant), ZoneOffset.UTC);
    }

    static byte[] file(String name) {
        try (InputStream in = Fixtures.class.getResourceAsStream(name)) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static byte[] content() {
        return file("content");
    }

    static TrustedKeys keys(String... names) {
        TrustedKeys keys = TrustedKeys.NONE;
        for (String name : names) {
            try {
                keys = keys.with(name, file(name));
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return keys;
    }

    static TrustedKeys allKeys() {
        return keys("minisign.pub", "minisign-encrypted.pub", "ed25519.pub.pem", "openpgp.pub.asc", "ca.pem");
    }
}
