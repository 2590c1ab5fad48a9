package io.github.dfu4j.trust;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.trust.SignatureResult.Invalid;
import io.github.dfu4j.trust.SignatureResult.Valid;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Signs with the real tools and checks here, signs here and checks with the real tools, where they are installed. */
class RealToolsTest {

    private static final SecureRandom RANDOM = new SecureRandom();

    /** A key or certificate made during a test counts from the next second on. */
    private static final Clock CLOCK = Clock.offset(Clock.systemUTC(), Duration.ofMinutes(1));

    @TempDir
    private Path dir;

    private byte[] content;

    @BeforeEach
    void content() throws IOException {
        content = new byte[100_000];
        RANDOM.nextBytes(content);
        Files.write(dir.resolve("content"), content);
    }

    /** What a command left behind: its exit status and all it printed. */
    private record Ended(int status, String output) {}

    private Ended run(String input, String... command) throws Exception {
        Path output = Files.createTempFile(dir, "output", "");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(dir.toFile())
                .redirectErrorStream(true)
                .redirectOutput(output.toFile());
        builder.environment().put("GNUPGHOME", dir.toString());
        Process process = builder.start();
        process.getOutputStream().write(input.getBytes(UTF_8));
        process.getOutputStream().close();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new AssertionError(String.join(" ", command) + " does not end");
        }
        return new Ended(process.exitValue(), Files.readString(output));
    }

    private void ok(String... command) throws Exception {
        assertThat(run("", command))
                .satisfies(e -> assertThat(e.status()).as(e.output()).isZero());
    }

    private void assumeInstalled(String tool, String... versionArgument) throws Exception {
        List<String> command = new ArrayList<>(List.of(tool));
        command.addAll(List.of(versionArgument));
        boolean installed;
        try {
            installed = run("", command.toArray(new String[0])).status() == 0;
        } catch (IOException e) {
            installed = false;
        }
        assumeTrue(installed, tool + " is not installed");
    }

    private byte[] file(String name) throws IOException {
        return Files.readAllBytes(dir.resolve(name));
    }

    private SignatureResult verify(String key, String signature) throws IOException {
        return new SignatureVerifier(TrustedKeys.NONE.with(key, file(key)), CLOCK).verify(content, file(signature));
    }

    private void changeContent() throws IOException {
        byte[] changed = content.clone();
        changed[changed.length / 2] ^= 1;
        Files.write(dir.resolve("content"), changed);
    }

    @Test
    void what_minisign_signs_is_valid_here() throws Exception {
        assumeInstalled("minisign", "-v");
        ok("minisign", "-G", "-W", "-p", "k.pub", "-s", "k.key");
        ok("minisign", "-S", "-s", "k.key", "-m", "content", "-t", "for the test");
        assertThat(verify("k.pub", "content.minisig"))
                .isInstanceOfSatisfying(
                        Valid.class, v -> assertThat(v.comment()).isEqualTo("for the test"));
        ok("minisign", "-S", "-l", "-s", "k.key", "-m", "content", "-x", "legacy");
        assertThat(verify("k.pub", "legacy")).isInstanceOf(Valid.class);
    }

    @Test
    void what_is_signed_here_is_valid_for_minisign() throws Exception {
        assumeInstalled("minisign", "-v");
        SigningKey.MinisignKey key = SigningKey.generateMinisign(RANDOM);
        Files.write(dir.resolve("k.pub"), key.publicKeyFile());
        Files.write(dir.resolve("content.minisig"), key.sign(content, "Birds 1.2.0, 鳥"));
        Ended good = run("", "minisign", "-V", "-H", "-p", "k.pub", "-m", "content");
        assertThat(good.status()).isZero();
        assertThat(good.output()).contains("Signature and comment signature verified", "Birds 1.2.0, 鳥");
        changeContent();
        assertThat(run("", "minisign", "-V", "-p", "k.pub", "-m", "content").status())
                .isNotZero();
    }

    @Test
    void minisign_signs_with_keys_made_here() throws Exception {
        assumeInstalled("minisign", "-v");
        SigningKey.MinisignKey key = SigningKey.generateMinisign(RANDOM);
        Files.write(dir.resolve("k.pub"), key.publicKeyFile());
        Files.write(dir.resolve("plain.key"), key.secretKeyFile());
        Files.write(dir.resolve("encrypted.key"), key.secretKeyFile("secret".toCharArray(), 1 << 24, RANDOM));
        ok("minisign", "-S", "-s", "plain.key", "-m", "content", "-x", "plain");
        assertThat(verify("k.pub", "plain")).isInstanceOf(Valid.class);
        Ended encrypted = run("secret\n", "minisign", "-S", "-s", "encrypted.key", "-m", "content", "-x", "encrypted");
        assertThat(encrypted.status()).as(encrypted.output()).isZero();
        assertThat(verify("k.pub", "encrypted")).isInstanceOf(Valid.class);
        assertThat(run("wrong\n", "minisign", "-S", "-s", "encrypted.key", "-m", "content", "-x", "no")
                        .status())
                .isNotZero();
    }

    @Test
    void what_openssl_signs_by_ed25519_is_valid_here() throws Exception {
        assumeInstalled("openssl", "version");
        ok("openssl", "genpkey", "-algorithm", "ed25519", "-out", "k.pem");
        ok("openssl", "pkey", "-in", "k.pem", "-pubout", "-out", "k.pub");
        ok("openssl", "pkeyutl", "-sign", "-rawin", "-inkey", "k.pem", "-in", "content", "-out", "signature");
        assertThat(verify("k.pub", "signature")).isInstanceOf(Valid.class);
    }

    @Test
    void what_is_signed_here_by_ed25519_is_valid_for_openssl() throws Exception {
        assumeInstalled("openssl", "version");
        ok("openssl", "genpkey", "-algorithm", "ed25519", "-out", "k.pem");
        SigningKey key = SigningKey.parse("k.pem", file("k.pem"), () -> new char[0]);
        Files.write(dir.resolve("k.pub"), key.publicKeyFile());
        Files.write(dir.resolve("signature"), key.sign(content, ""));
        String[] verify = {
            "openssl",
            "pkeyutl",
            "-verify",
            "-rawin",
            "-pubin",
            "-inkey",
            "k.pub",
            "-in",
            "content",
            "-sigfile",
            "signature"
        };
        ok(verify);
        changeContent();
        assertThat(run("", verify).status()).isNotZero();
    }

    @ParameterizedTest
    @CsvSource({"rsa:2048, DER", "ec, PEM"})
    void what_openssl_signs_as_cms_is_valid_here(String algorithm, String form) throws Exception {
        assumeInstalled("openssl", "version");
        List<String> newKey = new ArrayList<>(List.of("openssl", "req", "-nodes", "-newkey", algorithm));
        if (algorithm.equals("ec")) {
            newKey.addAll(List.of("-pkeyopt", "ec_paramgen_curve:P-256"));
        }
        List<String> root = new ArrayList<>(newKey);
        root.addAll(List.of("-x509", "-subj", "/CN=Root", "-keyout", "root.key", "-out", "root.pem"));
        ok(root.toArray(new String[0]));
        List<String> signer = new ArrayList<>(newKey);
        signer.addAll(List.of("-subj", "/CN=Signer", "-keyout", "signer.key", "-out", "signer.csr"));
        ok(signer.toArray(new String[0]));
        ok(
                "openssl",
                "x509",
                "-req",
                "-in",
                "signer.csr",
                "-CA",
                "root.pem",
                "-CAkey",
                "root.key",
                "-CAcreateserial",
                "-out",
                "signer.pem");
        ok(
                "openssl",
                "cms",
                "-sign",
                "-binary",
                "-in",
                "content",
                "-signer",
                "signer.pem",
                "-inkey",
                "signer.key",
                "-outform",
                form,
                "-out",
                "signature");
        assertThat(verify("root.pem", "signature"))
                .isInstanceOfSatisfying(
                        Valid.class, v -> assertThat(v.key().owner()).isEqualTo("CN=Signer"));
        content[7] ^= 1;
        assertThat(verify("root.pem", "signature")).isInstanceOf(Invalid.class);
    }

    @ParameterizedTest
    @CsvSource({"ed25519, --armor", "rsa2048, --no-armor", "nistp256, --armor"})
    void what_gpg_signs_is_valid_here(String algorithm, String form) throws Exception {
        assumeInstalled("gpg", "--version");
        try {
            ok(
                    "gpg",
                    "--batch",
                    "--passphrase",
                    "",
                    "--quick-generate-key",
                    "Maker <maker@example.org>",
                    algorithm,
                    "sign",
                    "never");
            ok("gpg", "--batch", "--output", "k.pub", "--export");
            ok("gpg", "--batch", form, "--output", "signature", "--detach-sign", "content");
        } finally {
            run("", "gpgconf", "--kill", "gpg-agent");
        }
        assertThat(verify("k.pub", "signature"))
                .isInstanceOfSatisfying(
                        Valid.class, v -> assertThat(v.key().owner()).isEqualTo("Maker <maker@example.org>"));
        content[7] ^= 1;
        assertThat(verify("k.pub", "signature")).isInstanceOf(Invalid.class);
    }

    @ParameterizedTest
    @CsvSource({"SHA_256, -sha256", "SHA_512, -sha512", "SHA3_256, -sha3-256", "BLAKE2B_512, -blake2b512"})
    void digests_are_those_of_openssl(DigestAlgorithm algorithm, String option) throws Exception {
        assumeInstalled("openssl", "version");
        FirmwareImage image =
                FirmwareImage.builder().add(Segment.of(0x08000000L, content)).build();
        Digest digest = Digest.ofRange(image, AddressRange.ofSize(0x08000000L, content.length), algorithm);
        assertThat(run("", "openssl", "dgst", option, "-r", "content").output()).startsWith(digest.hex() + " ");
    }
}
