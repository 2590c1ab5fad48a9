package io.github.dfu4j.trust;

import static io.github.dfu4j.trust.Fixtures.THEN;
import static io.github.dfu4j.trust.Fixtures.content;
import static io.github.dfu4j.trust.Fixtures.file;
import static io.github.dfu4j.trust.Fixtures.keys;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.trust.SignatureResult.Valid;
import java.security.SecureRandom;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SigningKeyTest {

    private static final SecureRandom RANDOM = new SecureRandom();

    private static char[] notAsked() {
        throw new AssertionError("no password is needed");
    }

    private static SigningKey parse(String name, String password) throws FirmwareFormatException {
        return SigningKey.parse(name, file(name), password == null ? SigningKeyTest::notAsked : password::toCharArray);
    }

    @ParameterizedTest
    @CsvSource({
        "minisign.key, , minisign.pub",
        "minisign-encrypted.key, secret, minisign-encrypted.pub",
        "ed25519.pem, , ed25519.pub.pem",
        "ed25519-encrypted.pem, secret, ed25519.pub.pem"
    })
    void a_key_of_the_real_tools_signs_for_its_public_key(String key, String password, String publicKey)
            throws Exception {
        byte[] signature = parse(key, password).sign(content(), "");
        assertThat(new SignatureVerifier(keys(publicKey), THEN).verify(content(), signature))
                .isInstanceOf(Valid.class);
        assertThat(new SignatureVerifier(
                                TrustedKeys.NONE.with(
                                        "own", parse(key, password).publicKeyFile()),
                                THEN)
                        .verify(content(), signature))
                .isInstanceOf(Valid.class);
    }

    /** Ed25519 is deterministic, so the same key gives the same signature as openssl's. */
    @Test
    void an_ed25519_signature_is_byte_for_byte_that_of_openssl() throws Exception {
        assertThat(parse("ed25519.pem", null).sign(content(), "")).isEqualTo(file("content.ed25519"));
    }

    @Test
    void a_minisign_signature_differs_from_the_tools_in_the_untrusted_comment_alone() throws Exception {
        String ours = new String(parse("minisign.key", null).sign(content(), "Birds 1.2.0, 鳥"), UTF_8);
        String tools = new String(file("content.minisig"), UTF_8);
        assertThat(ours.lines().skip(1))
                .containsExactlyElementsOf(tools.lines().skip(1).toList());
        assertThat(ours).endsWith("\n");
    }

    @Test
    void a_minisign_key_file_is_byte_for_byte_the_tools_but_for_the_comment() throws Exception {
        SigningKey.MinisignKey key = (SigningKey.MinisignKey) parse("minisign.key", null);
        assertThat(new String(key.secretKeyFile(), UTF_8).lines().skip(1))
                .containsExactlyElementsOf(
                        new String(file("minisign.key"), UTF_8).lines().skip(1).toList());
        assertThat(key.publicKeyFile()).isEqualTo(file("minisign.pub"));
    }

    @ParameterizedTest
    @CsvSource({
        "minisign-encrypted.key, cannot be decrypted: wrong password?",
        "ed25519-encrypted.pem, cannot be decrypted: wrong password?"
    })
    void a_wrong_password_is_named(String key, String words) {
        assertThatThrownBy(() -> parse(key, "Secret"))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessageContaining(key)
                .hasMessageContaining(words);
    }

    @ParameterizedTest
    @ValueSource(strings = {"minisign-encrypted.key", "ed25519-encrypted.pem"})
    void a_password_that_cannot_be_had_is_the_callers_own_failure(String key) {
        IllegalStateException noTerminal = new IllegalStateException("no terminal to ask");
        assertThatThrownBy(() -> SigningKey.parse(key, file(key), () -> {
                    throw noTerminal;
                }))
                .isSameAs(noTerminal);
    }

    @ParameterizedTest
    @CsvSource({
        "minisign.pub, expected 158 bytes in base64",
        "ed25519.pub.pem, expected a secret key",
        "signer.key, one of another algorithm",
        "content, expected a secret key"
    })
    void a_file_that_is_no_secret_key_is_refused(String name, String words) {
        assertThatThrownBy(() -> parse(name, null))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessageContaining(words);
    }

    @Test
    void a_new_minisign_key_goes_through_its_files() throws Exception {
        SigningKey.MinisignKey key = SigningKey.generateMinisign(RANDOM);
        TrustedKeys trusted = TrustedKeys.NONE.with("pub", key.publicKeyFile());
        SigningKey plain = SigningKey.parse("plain", key.secretKeyFile(), SigningKeyTest::notAsked);
        SigningKey encrypted = SigningKey.parse(
                "encrypted", key.secretKeyFile("pässword".toCharArray(), 1 << 24, RANDOM), "pässword"::toCharArray);
        for (SigningKey one : new SigningKey[] {key, plain, encrypted}) {
            assertThat(new SignatureVerifier(trusted, THEN).verify(content(), one.sign(content(), "a comment")))
                    .isInstanceOfSatisfying(Valid.class, v -> {
                        assertThat(v.comment()).isEqualTo("a comment");
                        assertThat(v.key().id()).isEqualTo(one.id().id());
                    });
        }
    }

    @Test
    void a_key_that_asks_for_absurd_memory_is_refused() {
        SigningKey.MinisignKey key = SigningKey.generateMinisign(RANDOM);
        assertThatThrownBy(() -> key.secretKeyFile("p".toCharArray(), 1L << 40, RANDOM))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessageContaining("asks for more of scrypt than minisign ever does");
    }

    @ParameterizedTest
    @CsvSource({"minisign.key, 'two\nlines', one line", "ed25519.pem, comment, no place for a comment"})
    void a_comment_that_the_format_cannot_carry_is_refused(String key, String comment, String words) throws Exception {
        SigningKey signing = parse(key, null);
        assertThatThrownBy(() -> signing.sign(content(), comment))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(words);
    }

    @Property(tries = 100)
    void what_is_signed_is_valid_and_nothing_else_is(@ForAll @Size(max = 200) byte[] content) throws Exception {
        SigningKey key = parse("minisign.key", null);
        byte[] signature = key.sign(content, "c");
        SignatureVerifier verifier = new SignatureVerifier(keys("minisign.pub"), THEN);
        assertThat(verifier.verify(content, signature)).isInstanceOf(Valid.class);
        byte[] longer = Arrays.copyOf(content, content.length + 1);
        assertThat(verifier.verify(longer, signature)).isNotInstanceOf(Valid.class);
    }

    @Property(tries = 500)
    void arbitrary_bytes_are_refused_by_name(@ForAll @Size(max = 100) byte[] file) {
        assertThatThrownBy(() -> SigningKey.parse("k", file, SigningKeyTest::notAsked))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessageStartingWith("k");
    }

    @Property(tries = 300)
    void a_damaged_secret_key_is_a_key_or_refused_by_name(
            @ForAll @IntRange(max = 300) int index, @ForAll byte instead, @ForAll boolean minisign) {
        byte[] damaged = file(minisign ? "minisign.key" : "ed25519.pem");
        damaged[index % damaged.length] = instead;
        try {
            assertThat(SigningKey.parse("k", damaged, "x"::toCharArray).id().id())
                    .isNotEmpty();
        } catch (FirmwareFormatException e) {
            assertThat(e).hasMessageStartingWith("k");
        }
    }
}
