package io.github.dfu4j.trust;

import static io.github.dfu4j.trust.Fixtures.THEN;
import static io.github.dfu4j.trust.Fixtures.allKeys;
import static io.github.dfu4j.trust.Fixtures.at;
import static io.github.dfu4j.trust.Fixtures.content;
import static io.github.dfu4j.trust.Fixtures.file;
import static io.github.dfu4j.trust.Fixtures.keys;
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.trust.SignatureResult.Expired;
import io.github.dfu4j.trust.SignatureResult.Invalid;
import io.github.dfu4j.trust.SignatureResult.UnknownKey;
import io.github.dfu4j.trust.SignatureResult.Unsigned;
import io.github.dfu4j.trust.SignatureResult.Valid;
import java.io.ByteArrayOutputStream;
import java.time.Clock;
import java.time.Instant;
import java.util.Arrays;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.bouncycastle.util.encoders.Hex;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SignatureVerifierTest {

    private static SignatureResult verify(TrustedKeys keys, Clock clock, byte[] content, byte[] signature) {
        return new SignatureVerifier(keys, clock).verify(content, signature);
    }

    private static SignatureResult verify(String key, Clock clock, String signature) {
        return verify(keys(key), clock, content(), file(signature));
    }

    @ParameterizedTest
    @CsvSource({
        "content.minisig, minisign.pub, MINISIGN",
        "content.legacy.minisig, minisign.pub, MINISIGN",
        "content.ed25519, ed25519.pub.pem, ED25519",
        "content.asc, openpgp.pub.asc, OPENPGP",
        "content.sig, openpgp.pub.asc, OPENPGP",
        "content.sig, openpgp-maker.pub, OPENPGP",
        "content.rsa.sig, openpgp.pub.asc, OPENPGP",
        "content.p7s, ca.pem, CMS",
        "content.cms.pem, ca.pem, CMS",
        "content.p7s, signer.pem, CMS",
    })
    void signatures_by_the_real_tools_are_valid(String signature, String key, SignatureFormat format) {
        assertThat(verify(key, THEN, signature))
                .isInstanceOfSatisfying(
                        Valid.class, v -> assertThat(v.key().format()).isEqualTo(format));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "content.minisig",
                "content.legacy.minisig",
                "content.ed25519",
                "content.asc",
                "content.rsa.sig",
                "content.p7s",
                "content.cms.pem"
            })
    void changed_content_makes_every_signature_invalid(String signature) {
        byte[] changed = content();
        changed[3] ^= 1;
        assertThat(verify(allKeys(), THEN, content(), file(signature))).isInstanceOf(Valid.class);
        assertThat(verify(allKeys(), THEN, changed, file(signature))).isInstanceOf(Invalid.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "content.minisig | minisign-encrypted.pub | the minisign key",
                "content.asc | openpgp-revoked.pub | the OpenPGP key",
                "content.p7s | ed25519.pub.pem | CN=Release signer",
                "content.ed25519 | ca.pem | an Ed25519 key",
            })
    void a_signature_by_none_of_the_keys_is_by_an_unknown_one(String signature, String key, String words) {
        assertThat(verify(key, THEN, signature)).isInstanceOf(UnknownKey.class);
        assertThat(verify(key, THEN, signature).words()).contains(words).endsWith(", which is not trusted");
    }

    @Test
    void without_a_signature_content_is_unsigned() {
        assertThat(verify(allKeys(), THEN, content(), null)).isEqualTo(new Unsigned());
    }

    @Test
    void no_signature_is_valid_without_keys() {
        for (String signature : new String[] {"content.minisig", "content.ed25519", "content.asc", "content.p7s"}) {
            assertThat(verify(TrustedKeys.NONE, THEN, content(), file(signature)))
                    .isInstanceOf(UnknownKey.class);
        }
    }

    @Test
    void minisigns_trusted_comment_is_told_and_the_key_named_as_the_tool_does() {
        String id = new String(file("minisign.pub"), UTF_8).replaceAll("(?s).*public key ([0-9A-F]{16})\n.*", "$1");
        assertThat(verify("minisign.pub", THEN, "content.minisig"))
                .isEqualTo(new Valid(new KeyId(SignatureFormat.MINISIGN, id, "minisign.pub"), "Birds 1.2.0, 鳥"));
    }

    /** The tool parts the words of the comment that it makes by tabs. */
    @Test
    void tabs_in_a_trusted_comment_are_told_as_spaces() {
        KeyId key = new KeyId(SignatureFormat.MINISIGN, "0123456789ABCDEF", "k");
        assertThat(new Valid(key, "timestamp:1795890042\tfile:f\thashed\u001b").words())
                .endsWith("who says: timestamp:1795890042 file:f hashed?");
    }

    @Test
    void a_changed_trusted_comment_is_invalid() {
        String changed = new String(file("content.minisig"), ISO_8859_1).replace("1.2.0", "1.3.0");
        assertThat(verify(keys("minisign.pub"), THEN, content(), changed.getBytes(ISO_8859_1)))
                .isEqualTo(new Invalid("its trusted comment was changed"));
    }

    @Test
    void the_line_ends_of_another_system_do_not_matter() {
        String windows = new String(file("content.minisig"), ISO_8859_1).replace("\n", "\r\n");
        assertThat(verify(keys("minisign.pub"), THEN, content(), windows.getBytes(ISO_8859_1)))
                .isInstanceOf(Valid.class);
    }

    @Test
    void a_minisign_key_may_come_as_its_second_line_alone() throws Exception {
        String line = new String(file("minisign.pub"), UTF_8)
                .lines()
                .skip(1)
                .findFirst()
                .orElseThrow();
        TrustedKeys keys = TrustedKeys.NONE.with("line", line.getBytes(UTF_8));
        assertThat(verify(keys, THEN, content(), file("content.minisig"))).isInstanceOf(Valid.class);
    }

    /** RFC 8032 §7.1, tests 1 to 3. */
    @ParameterizedTest
    @CsvSource({
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a, '', "
                + "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c, 72, "
                + "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025, af82, "
                + "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
    })
    void the_published_ed25519_signatures_are_valid(String key, String content, String signature) throws Exception {
        TrustedKeys keys = TrustedKeys.NONE.with("rfc", Hex.decode(key));
        assertThat(verify(keys, THEN, Hex.decode(content), Hex.decode(signature)))
                .isInstanceOf(Valid.class);
        byte[] changed = Hex.decode(signature);
        changed[10] ^= 4;
        assertThat(verify(keys, THEN, Hex.decode(content), changed)).isInstanceOf(Invalid.class);
    }

    @Test
    void an_openpgp_result_names_the_subkey_and_the_user_id() {
        assertThat(verify("openpgp-maker.pub", THEN, "content.sig")).isInstanceOfSatisfying(Valid.class, v -> {
            assertThat(v.key().owner()).isEqualTo("Maker <maker@example.org>");
            assertThat(v.key().id()).matches("[0-9A-F]{40}");
        });
    }

    @Test
    void an_openpgp_signature_expires_with_its_key() {
        assertThat(verify("openpgp.pub.asc", at("2026-12-31T23:00:00Z"), "content.asc"))
                .isInstanceOf(Valid.class);
        assertThat(verify("openpgp.pub.asc", at("2027-01-01T01:00:00Z"), "content.asc"))
                .isInstanceOfSatisfying(
                        Expired.class, e -> assertThat(e.since()).isEqualTo(Instant.parse("2027-01-01T00:00:00Z")));
    }

    @Test
    void an_openpgp_signature_expires_by_its_own_date() {
        assertThat(verify("openpgp.pub.asc", at("2026-02-07T23:00:00Z"), "content.expiring.sig"))
                .isInstanceOf(Valid.class);
        assertThat(verify("openpgp.pub.asc", at("2026-02-08T01:00:00Z"), "content.expiring.sig"))
                .isInstanceOfSatisfying(
                        Expired.class, e -> assertThat(e.since()).isEqualTo(Instant.parse("2026-02-08T00:00:00Z")));
        byte[] changed = content();
        changed[0] ^= 1;
        assertThat(verify(allKeys(), at("2026-02-08T01:00:00Z"), changed, file("content.expiring.sig")))
                .isInstanceOf(Invalid.class);
    }

    @Test
    void an_openpgp_signature_from_the_future_is_invalid() {
        assertThat(verify("openpgp.pub.asc", at("2026-01-15T00:00:00Z"), "content.sig")
                        .words())
                .contains("made in the future, at 2026-02-01T00:00:00Z");
    }

    @Test
    void a_revoked_openpgp_key_does_not_count() {
        assertThat(verify("openpgp-revoked.pub", THEN, "content.rsa.sig"))
                .isInstanceOfSatisfying(
                        Invalid.class, i -> assertThat(i.reason()).endsWith("was revoked"));
    }

    @ParameterizedTest
    @CsvSource({
        "content.sha1.sig, it is by SHA1",
        "content.text.sig, one of type 0x1",
        "content.inline.gpg, nothing else",
    })
    void openpgp_forms_that_are_not_safe_are_invalid(String signature, String words) {
        assertThat(verify("openpgp.pub.asc", THEN, signature))
                .isInstanceOfSatisfying(
                        Invalid.class, i -> assertThat(i.reason()).contains(words));
    }

    private static byte[] joined(String... names) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (String name : names) {
            all.writeBytes(file(name));
        }
        return all.toByteArray();
    }

    @Test
    void of_several_openpgp_signatures_one_is_enough() {
        TrustedKeys maker = keys("openpgp-maker.pub");
        assertThat(verify(maker, THEN, content(), joined("content.rsa.sig", "content.sig")))
                .isInstanceOf(Valid.class);
        assertThat(verify(maker, THEN, content(), joined("content.sha1.sig", "content.sig")))
                .isInstanceOf(Valid.class);
        assertThat(verify(maker, THEN, content(), joined("content.rsa.sig", "content.rsa.sig")))
                .isInstanceOf(UnknownKey.class);
        assertThat(verify(allKeys(), THEN, content(), joined("content.sha1.sig", "content.expiring.sig")))
                .isInstanceOf(Expired.class);
        String[] many = new String[17];
        Arrays.fill(many, "content.sig");
        assertThat(verify(maker, THEN, content(), joined(many)).words()).contains("at most 16 signatures, found 17");
    }

    @Test
    void changed_content_is_said_to_be_so() {
        for (String signature : new String[] {"content.minisig", "content.asc", "content.rsa.sig", "content.p7s"}) {
            assertThat(verify(allKeys(), THEN, "other".getBytes(UTF_8), file(signature)))
                    .isEqualTo(new Invalid("it is not over this content"));
        }
    }

    @Test
    void a_cms_signature_with_its_content_inside_is_refused() {
        assertThat(verify("ca.pem", THEN, "content.inside.p7s"))
                .isEqualTo(new Invalid("expected a detached signature, found one with content of its own"));
    }

    @Test
    void a_cms_signature_expires_with_the_certificate() {
        assertThat(verify("ca.pem", at("2046-12-15T00:00:00Z"), "content.p7s")).isInstanceOf(Expired.class);
        assertThat(verify("signer.pem", at("2046-12-15T00:00:00Z"), "content.p7s"))
                .isInstanceOf(Expired.class);
    }

    @Test
    void a_huge_signature_is_refused_unread() {
        assertThat(verify(allKeys(), THEN, content(), new byte[SignatureVerifier.MAX_SIGNATURE_SIZE + 1]))
                .isEqualTo(new Invalid("its file holds 262145 bytes, more than the 262144 allowed"));
    }

    @Test
    void a_signature_that_was_cut_off_is_told_by_its_length() {
        byte[] cut = Arrays.copyOf(file("content.ed25519"), 40);
        assertThat(verify("ed25519.pub.pem", THEN, "content.ed25519")).isInstanceOf(Valid.class);
        for (int first : new int[] {0, 0x90}) {
            cut[0] = (byte) first;
            assertThat(verify(keys("ed25519.pub.pem"), THEN, content(), cut))
                    .isInstanceOfSatisfying(
                            Invalid.class,
                            invalid -> assertThat(invalid.reason()).contains("64 bytes", "40"));
        }
    }

    @Property(tries = 1000)
    void arbitrary_bytes_are_never_valid(@ForAll @Size(max = 100) byte[] signature) {
        assertThat(verify(allKeys(), THEN, content(), signature)).isInstanceOfAny(Invalid.class, UnknownKey.class);
    }

    @Property(tries = 1500)
    void damaged_signatures_are_never_valid_for_other_content(
            @ForAll("signatures") String name,
            @ForAll @IntRange(max = 2000) int index,
            @ForAll byte instead,
            @ForAll @IntRange(max = 2000) int cut) {
        byte[] damaged = file(name);
        damaged[index % damaged.length] = instead;
        if (cut < damaged.length) {
            damaged = Arrays.copyOf(damaged, cut);
        }
        byte[] other = "another content".getBytes(UTF_8);
        assertThat(verify(allKeys(), THEN, other, damaged)).isInstanceOfAny(Invalid.class, UnknownKey.class);
    }

    @Provide
    Arbitrary<String> signatures() {
        return Arbitraries.of(
                "content.minisig",
                "content.legacy.minisig",
                "content.ed25519",
                "content.asc",
                "content.sig",
                "content.rsa.sig",
                "content.inline.gpg",
                "content.p7s",
                "content.cms.pem");
    }

    @Property(tries = 1000)
    void arbitrary_bytes_behind_a_formats_first_bytes_are_never_valid(
            @ForAll("beginnings") byte[] beginning, @ForAll @Size(max = 60) byte[] rest) {
        byte[] signature = Arrays.copyOf(beginning, beginning.length + rest.length);
        System.arraycopy(rest, 0, signature, beginning.length, rest.length);
        assertThat(verify(allKeys(), THEN, content(), signature)).isInstanceOfAny(Invalid.class, UnknownKey.class);
    }

    @Provide
    Arbitrary<byte[]> beginnings() {
        return Arbitraries.of(
                "untrusted comment: x\n".getBytes(UTF_8),
                "-----BEGIN PGP SIGNATURE-----\n\n".getBytes(UTF_8),
                "-----BEGIN CMS-----\n".getBytes(UTF_8),
                new byte[] {(byte) 0xC2, (byte) 0xFF},
                new byte[] {(byte) 0x88, 0x75, 4, 0},
                new byte[] {(byte) 0xC2, 70, 6, 0},
                new byte[] {(byte) 0xC8, 70, 1},
                new byte[] {0x30, (byte) 0x80},
                new byte[] {0x30, (byte) 0x84, 0x7F},
                new byte[] {0x30, 60, 6, 9, 0x2A, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xF7, 0x0D, 1, 7, 2});
    }

    /** Each claims to be far longer than it is, or nests far deeper than any signature does. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "C2FF7FFFFFFF04000108",
                "C2FF7FFFFFFF0600010A7FFFFFFF",
                "C2FFFFFFFFFF0600010A",
                "990FFF",
                "30847FFFFFFF0609"
            })
    void a_length_that_is_a_lie_costs_no_memory(String hex) {
        assertThat(verify(allKeys(), THEN, content(), Hex.decode(hex))).isInstanceOf(Invalid.class);
    }

    @Test
    void deep_nesting_ends_in_a_result() {
        byte[] nested = new byte[SignatureVerifier.MAX_SIGNATURE_SIZE];
        for (int i = 0; i < nested.length; i += 2) {
            nested[i] = 0x30;
            nested[i + 1] = (byte) 0x80;
        }
        assertThat(verify(allKeys(), THEN, content(), nested)).isInstanceOf(Invalid.class);
    }

    @Property(tries = 500)
    void arbitrary_bytes_are_a_key_or_refused_by_name(@ForAll @Size(max = 100) byte[] file) {
        try {
            assertThat(TrustedKeys.NONE.with("k", file).size()).isPositive();
        } catch (FirmwareFormatException e) {
            assertThat(e).hasMessageStartingWith("k");
        }
    }

    @Property(tries = 500)
    void a_damaged_key_is_a_key_or_refused_by_name(
            @ForAll("keyFiles") String name, @ForAll @IntRange(max = 2000) int index, @ForAll byte instead) {
        byte[] damaged = file(name);
        damaged[index % damaged.length] = instead;
        try {
            assertThat(TrustedKeys.NONE.with("k", damaged).size()).isPositive();
        } catch (FirmwareFormatException e) {
            assertThat(e).hasMessageStartingWith("k");
        }
    }

    @Provide
    Arbitrary<String> keyFiles() {
        return Arbitraries.of("minisign.pub", "ed25519.pub.pem", "openpgp.pub.asc", "openpgp-maker.pub", "ca.pem");
    }

    @Test
    void a_file_that_is_no_public_key_is_refused_without_its_escape_sequences() {
        for (String end : new String[] {"-----END X\u001b[2J-----\n", "-----END Y-----\n"}) {
            byte[] pem = ("-----BEGIN X\u001b[2J-----\nAAAA\n" + end).getBytes(UTF_8);
            assertThatThrownBy(() -> TrustedKeys.NONE.with("k", pem))
                    .isInstanceOf(FirmwareFormatException.class)
                    .hasMessageContaining("X?[2J");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "ed25519.pem, found a PRIVATE KEY",
        "content, found none of them",
        "content.asc, OpenPGP public keys",
        "content.minisig, expected 2 lines",
        "minisign.key, expected 42 bytes in base64",
    })
    void a_file_that_is_no_public_key_is_refused(String name, String words) {
        assertThatThrownBy(() -> keys(name)).hasMessageContaining(name).hasMessageContaining(words);
    }
}
