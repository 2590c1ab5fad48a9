package io.github.dfu4j.trust;

import static io.github.dfu4j.trust.Fixtures.THEN;
import static io.github.dfu4j.trust.Fixtures.at;
import static io.github.dfu4j.trust.Fixtures.file;
import static io.github.dfu4j.trust.Fixtures.keys;
import static io.github.dfu4j.trust.ManifestTest.DAISY;
import static io.github.dfu4j.trust.ManifestTest.IMAGE;
import static io.github.dfu4j.trust.ManifestTest.assertRejected;
import static io.github.dfu4j.trust.ManifestTest.manifest;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareRejectedException.Reason;
import io.github.dfu4j.image.FirmwareVerifier.Target;
import java.util.List;
import org.junit.jupiter.api.Test;

class ManifestVerifierTest {

    private static byte[] sign(byte[] manifest) throws Exception {
        return SigningKey.parse("minisign.key", file("minisign.key"), () -> new char[0])
                .sign(manifest, "");
    }

    private static ManifestVerifier.Builder verifier(String version) throws Exception {
        byte[] json = manifest(version).toJson();
        return ManifestVerifier.of("m.json", json, sign(json), keys("minisign.pub"))
                .clock(THEN);
    }

    @Test
    void signed_firmware_for_its_target_passes_and_says_by_whom() throws Exception {
        assertThat(verifier("1.2.0").build().verify(IMAGE, DAISY))
                .startsWith("Birds 1.2.0, signed by minisign key ")
                .endsWith("(minisign.pub)");
        assertThat(verifier("1.2.0").build().manifest()).isEqualTo(manifest("1.2.0"));
    }

    @Test
    void signed_firmware_cannot_be_aimed_elsewhere() throws Exception {
        ManifestVerifier verifier = verifier("1.2.0").build();
        assertRejected(() -> verifier.verify(IMAGE.moved(0x100), DAISY), Reason.WRONG_CONTENT, "not one of");
        assertRejected(
                () -> verifier.verify(IMAGE, new Target(0x0483, 0xDF12, DAISY.layoutNames())),
                Reason.WRONG_TARGET,
                "0483:df12");
        assertRejected(
                () -> verifier.verify(IMAGE, new Target(0x0483, 0xDF11, List.of("Option Bytes"))),
                Reason.WRONG_TARGET,
                "Option Bytes");
    }

    @Test
    void without_a_good_signature_nothing_passes() throws Exception {
        byte[] json = manifest("1.2.0").toJson();
        byte[] signature = sign(json);
        byte[] other = manifest("1.3.0").toJson();
        TrustedKeys keys = keys("minisign.pub");
        assertRejected(
                () -> ManifestVerifier.of("m", json, null, keys).build().verify(IMAGE, DAISY),
                Reason.UNSIGNED,
                "m: there is no signature");
        assertRejected(
                () -> ManifestVerifier.of("m", other, signature, keys).build().verify(IMAGE, DAISY),
                Reason.INVALID_SIGNATURE,
                "not over this content");
        assertRejected(
                () -> ManifestVerifier.of("m", json, signature, keys("ca.pem"))
                        .build()
                        .manifest(),
                Reason.UNKNOWN_KEY,
                "not trusted");
        assertRejected(
                () -> ManifestVerifier.of("m", file("content"), file("content.asc"), keys("openpgp.pub.asc"))
                        .clock(at("2030-01-01T00:00:00Z"))
                        .build()
                        .verify(IMAGE, DAISY),
                Reason.EXPIRED,
                "expired at 2027-01-01");
    }

    @Test
    void what_was_signed_must_be_a_manifest() {
        assertThatThrownBy(() -> ManifestVerifier.of(
                                "content", file("content"), file("content.minisig"), keys("minisign.pub"))
                        .build()
                        .verify(IMAGE, DAISY))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessageStartingWith("content");
    }

    @Test
    void an_older_version_than_the_one_on_record_is_refused_unless_allowed() throws Exception {
        VersionRecord record = VersionRecord.EMPTY.with("Birds", new FirmwareVersion("1.10.0"));
        assertThat(verifier("1.10.0").record(record).build().verify(IMAGE, DAISY))
                .isNotEmpty();
        assertThat(verifier("1.9.0")
                        .record(VersionRecord.EMPTY.with("Frogs", new FirmwareVersion("2")))
                        .build()
                        .verify(IMAGE, DAISY))
                .isNotEmpty();
        assertRejected(
                () -> verifier("1.9.0").record(record).build().verify(IMAGE, DAISY),
                Reason.OLDER_VERSION,
                "Birds 1.9.0 is older than version 1.10.0, which is on record");
        assertRejected(
                () -> verifier("1.9.0").record(record).build().manifest(),
                Reason.OLDER_VERSION,
                "Birds 1.9.0 is older than version 1.10.0, which is on record");
        assertThat(verifier("1.9.0").record(record).allowOlder().build().manifest())
                .isEqualTo(manifest("1.9.0"));
        assertThat(verifier("1.9.0").record(record).allowOlder().build().verify(IMAGE, DAISY))
                .startsWith("Birds 1.9.0");
    }

    @Test
    void a_part_of_the_firmware_passes_only_if_allowed() throws Exception {
        FirmwareImage part = IMAGE.within(AddressRange.ofSize(0x90000000L, 0x800000));
        assertRejected(
                () -> verifier("1.2.0").build().verify(part, DAISY), Reason.WRONG_CONTENT, "no bytes at 0x08000000");
        assertThat(verifier("1.2.0").allowPart().build().verify(part, DAISY)).isNotEmpty();
    }

    @Test
    void what_the_caller_does_to_its_arrays_later_does_not_matter() throws Exception {
        byte[] json = manifest("1.2.0").toJson();
        byte[] signature = sign(json);
        ManifestVerifier verifier =
                ManifestVerifier.of("m", json, signature, keys("minisign.pub")).build();
        System.arraycopy("9".getBytes(UTF_8), 0, json, 40, 1);
        signature[100] ^= 1;
        assertThat(verifier.verify(IMAGE, DAISY)).startsWith("Birds 1.2.0");
    }
}
