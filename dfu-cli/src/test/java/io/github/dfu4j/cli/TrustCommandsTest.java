package io.github.dfu4j.cli;

import static io.github.dfu4j.cli.CommandRun.dfu;
import static io.github.dfu4j.cli.CommandRun.dfuWithInput;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dfu4j.dfuse.DfuSeWriter;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareReader;
import io.github.dfu4j.image.FirmwareRejectedException;
import io.github.dfu4j.image.FirmwareSource;
import io.github.dfu4j.image.FirmwareVerifier.Target;
import io.github.dfu4j.image.FirmwareWriter;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.trust.ManifestVerifier;
import io.github.dfu4j.trust.SigningKey;
import java.io.IOException;
import java.io.OutputStream;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class TrustCommandsTest {

    private static final Path BIRDS = Path.of("..", "testdata", "birds");
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final Target STM32 = new Target(0x0483, 0xDF11, List.of("Internal Flash"));

    @TempDir
    private Path dir;

    private String firmware;
    private String manifest;

    @BeforeEach
    void make() throws IOException {
        FirmwareImage image = FirmwareImage.builder()
                .add(Segment.of(0x08000000L, "123456789".getBytes(UTF_8)))
                .build();
        firmware = write("fw.hex", FirmwareWriter.intelHex(), image);
        manifest = firmware + ".manifest.json";
        SigningKey.MinisignKey key = SigningKey.generateMinisign(RANDOM);
        write("k.pub", key.publicKeyFile());
        write("k.key", key.secretKeyFile());
        write("other.pub", SigningKey.generateMinisign(RANDOM).publicKeyFile());
    }

    private String path(String name) {
        return dir.resolve(name).toString();
    }

    private String write(String name, byte[] bytes) throws IOException {
        Files.write(dir.resolve(name), bytes);
        return path(name);
    }

    private String write(String name, FirmwareWriter writer, FirmwareImage image) throws IOException {
        try (OutputStream out = Files.newOutputStream(dir.resolve(name))) {
            writer.write(image, out);
        }
        return path(name);
    }

    private CommandRun createManifest(String... more) {
        return createRelease("1.2.0", more);
    }

    private CommandRun createRelease(String version, String... more) {
        List<String> arguments = new ArrayList<>(List.of("manifest", "create", firmware, "--name", "Birds"));
        arguments.addAll(List.of("--release", version, "--target", "0483:df11", "--layout", "Internal Flash"));
        arguments.addAll(List.of(more));
        return dfu(arguments.toArray(new String[0]));
    }

    private CommandRun sign(String key, String... more) {
        List<String> arguments = new ArrayList<>(List.of("sign", manifest, "--key", path(key)));
        arguments.addAll(List.of(more));
        return dfu(arguments.toArray(new String[0]));
    }

    /** The first digest was made with printf, xxd and sha256sum as docs/trust.md says. */
    @Test
    void a_digest_is_printed_for_each_algorithm_named() throws Exception {
        assertThat(dfu("digest", firmware).out())
                .isEqualTo("sha256:7aa342c3dc3100944f9057142d6195981a88932f1e8c93025784f476ec02086e\n");
        assertThat(dfu("digest", "--algorithm", "crc32", "--algorithm", "stm32-crc", firmware)
                        .out())
                .startsWith("crc32:cbf43926\nstm32-crc:");
        assertThat(dfu("digest", "--algorithm", "all", firmware).out().lines()).hasSize(6);
        assertThat(dfu("digest", "--algorithm", "crc32", "--json", firmware)
                        .json()
                        .get("crc32")
                        .asText())
                .isEqualTo("cbf43926");
    }

    @Test
    void one_program_has_one_digest_in_every_format() throws Exception {
        String elf = BIRDS.resolve("birds-stock.elf").toString();
        FirmwareImage image;
        try (FirmwareSource source = FirmwareSource.of(Path.of(elf))) {
            image = FirmwareReader.standard().read(source);
        }
        CommandRun expected = dfu("digest", "--algorithm", "all", elf);
        assertThat(expected.status()).isZero();
        for (String other : List.of(
                write("a.hex", FirmwareWriter.intelHex(), image),
                write("a.srec", FirmwareWriter.sRecord("birds"), image),
                write("a.dfu", new DfuSeWriter(0x0483, 0xDF11, 0xFFFF, 0), image))) {
            assertThat(dfu("digest", "--algorithm", "all", other)).isEqualTo(expected);
        }
        assertThat(dfu("digest", BIRDS.resolve("birds-internal.hex").toString()))
                .isEqualTo(dfu("digest", BIRDS.resolve("birds-internal.srec").toString()))
                .isNotEqualTo(dfu("digest", elf));
    }

    @Test
    void an_unknown_algorithm_is_an_error_of_usage() {
        CommandRun run = dfu("digest", "--algorithm", "md5", firmware);
        assertThat(run.status()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("expected one of sha256, sha512", "found \"md5\"");
    }

    @Test
    void a_manifest_is_made_beside_the_firmware_and_shown() throws Exception {
        CommandRun created = createManifest();
        assertThat(created).isEqualTo(new CommandRun(0, "", "Wrote " + manifest + ".\n"));
        assertThat(dfu("manifest", "show", manifest).out())
                .isEqualTo("Birds 1.2.0\n  for 0483:df11, Internal Flash\n"
                        + "  0x08000000..0x08000008            9 bytes  "
                        + "sha256:15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225\n");
        assertThat(createManifest("-o", "-").out()).isEqualTo(Files.readString(Path.of(manifest)));
        assertThat(createManifest().status()).isEqualTo(ExitCode.CANNOT_CREATE);
        assertThat(createManifest("--force").status()).isZero();
        assertThat(dfu("manifest", "check", manifest, firmware).out())
                .isEqualTo(firmware + " is Birds 1.2.0: 9 bytes as the manifest says.\n");
    }

    @Test
    void other_firmware_than_the_manifests_is_bad_data() throws Exception {
        createManifest();
        String other = write("other.bin", "123456780".getBytes(UTF_8));
        CommandRun run = dfu("manifest", "check", "--base", "0x08000000", manifest, other);
        assertThat(run.status()).isEqualTo(ExitCode.DATA);
        assertThat(run.err()).contains("0x08000000..0x08000008 are not the manifest's");
    }

    @ParameterizedTest
    @CsvSource({
        "--release, v1, 64, 'expected a version such as 1.12.0'",
        "--target, 483:df11, 64, 'expected VID:PID such as 0483:df11'",
        "--name, '', 65, 'firmware name: expected 1 to 128 characters'",
        "--algorithm, crc32, 65, 'expected a cryptographic digest, found crc32'",
    })
    void what_no_manifest_can_say_is_named(String option, String value, int status, String words) {
        CommandRun run = dfu(
                "manifest",
                "create",
                firmware,
                "-o",
                "-",
                "--force",
                option.equals("--name") ? "--name=" + value : "--name=Birds",
                option.equals("--release") ? "--release=" + value : "--release=1",
                option.equals("--target") ? "--target=" + value : "--target=0483:df11",
                option.equals("--algorithm") ? "--algorithm=" + value : "--algorithm=sha256");
        assertThat(run.status()).isEqualTo(status);
        assertThat(run.err()).contains(words);
        assertThat(run.out()).isEmpty();
    }

    @Test
    void a_manifest_that_is_none_is_bad_data() {
        CommandRun run = dfu("manifest", "show", firmware);
        assertThat(run.status()).isEqualTo(ExitCode.DATA);
        assertThat(run.err()).contains("fw.hex, line 1, column 1");
        assertThat(dfu("manifest", "show", path("none")).status()).isEqualTo(ExitCode.NO_INPUT);
        assertThat(dfu("manifest").status()).isEqualTo(ExitCode.USAGE);
    }

    @Test
    void a_signed_manifest_is_valid_by_its_key_alone() throws Exception {
        createManifest();
        CommandRun unsigned = dfu("verify-signature", manifest, "--key", path("k.pub"));
        assertThat(unsigned.status()).isEqualTo(ExitCode.NO_INPUT);
        assertThat(unsigned.out()).startsWith("unsigned: ");

        assertThat(sign("k.key", "--comment", "ready").status()).isZero();
        CommandRun valid = dfu("verify-signature", manifest, "--key", path("k.pub"));
        assertThat(valid.status()).isZero();
        assertThat(valid.out()).startsWith("valid: ").contains("signed by minisign key ", "who says: ready");
        CommandRun json =
                dfu("verify-signature", manifest, "--json", "--key", path("other.pub"), "--key", path("k.pub"));
        assertThat(json.json().get("result").asText()).isEqualTo("valid");
        assertThat(json.json().get("comment").asText()).isEqualTo("ready");

        CommandRun unknown = dfu("verify-signature", manifest, "--key", path("other.pub"));
        assertThat(unknown.status()).isEqualTo(ExitCode.DATA);
        assertThat(unknown.out()).startsWith("unknown key: ");

        CommandRun invalid =
                dfu("verify-signature", firmware, "--signature", manifest + ".minisig", "--key", path("k.pub"));
        assertThat(invalid.status()).isEqualTo(ExitCode.DATA);
        assertThat(invalid.out()).startsWith("invalid: ").contains("not over this content");
    }

    @Test
    void an_encrypted_key_takes_its_password_from_a_file_or_the_input() throws Exception {
        createManifest();
        SigningKey.MinisignKey key = SigningKey.generateMinisign(RANDOM);
        write("k.pub", key.publicKeyFile());
        write("locked.key", key.secretKeyFile("secret".toCharArray(), 1 << 24, RANDOM));
        assertThat(sign("locked.key").status()).isEqualTo(ExitCode.USAGE);
        assertThat(sign("locked.key").err()).contains("use --password-file");
        CommandRun wrong = sign("locked.key", "--password-file", write("wrong", "Secret\n".getBytes(UTF_8)));
        assertThat(wrong.status()).isEqualTo(ExitCode.DATA);
        assertThat(wrong.err()).contains("wrong password?");
        assertThat(sign("locked.key", "--password-file", write("right", "secret\n".getBytes(UTF_8)))
                        .status())
                .isZero();
        assertThat(dfuWithInput(
                                new StringReader("secret\n"),
                                "sign",
                                manifest,
                                "--key",
                                path("locked.key"),
                                "--password-file",
                                "-",
                                "--force")
                        .status())
                .isZero();
        assertThat(dfu("verify-signature", manifest, "--key", path("k.pub")).status())
                .isZero();
    }

    @Test
    void a_public_key_cannot_sign_and_a_secret_one_is_not_trusted() {
        createManifest();
        assertThat(sign("k.pub").status()).isEqualTo(ExitCode.DATA);
        assertThat(dfu("verify-signature", manifest, "--key", path("k.key")).status())
                .isEqualTo(ExitCode.DATA);
        assertThat(dfu("verify-signature", manifest).status()).isEqualTo(ExitCode.USAGE);
    }

    @Test
    void a_directory_in_place_of_a_key_is_not_said_to_be_one_of_firmware() {
        createManifest();
        CommandRun run = dfu("verify-signature", manifest, "--key", dir.toString());
        assertThat(run.status()).isEqualTo(ExitCode.NO_INPUT);
        assertThat(run.err()).isEqualTo("dfu: " + dir + " is a directory; a file was expected. Name a file in it.\n");
    }

    private CommandRun flash(String... more) {
        List<String> arguments = new ArrayList<>(List.of("--usb", "sim:stm32f407?state=" + path("board")));
        arguments.addAll(List.of("flash", firmware, "--require-signature", "--key", path("k.pub")));
        arguments.addAll(List.of(more));
        return dfu(arguments.toArray(new String[0]));
    }

    @Test
    void flash_sends_only_what_a_trusted_key_signed() throws Exception {
        CommandRun unsigned = flash();
        assertThat(unsigned.status()).isEqualTo(ExitCode.DATA);
        assertThat(unsigned.err()).contains("there is no manifest");
        createManifest();
        assertThat(flash().err()).contains("there is no signature");
        sign("k.key");
        CommandRun flashed = flash("--version-record", path("versions.json"));
        assertThat(flashed.status()).as(flashed.err()).isZero();
        assertThat(flashed.err()).contains("Birds 1.2.0, signed by minisign key");
        assertThat(dfu("manifest", "check", manifest, firmware).status()).isZero();

        createRelease("1.1.0", "--force");
        sign("k.key", "--force");
        CommandRun older = flash("--version-record", path("versions.json"));
        assertThat(older.status()).isEqualTo(ExitCode.DATA);
        assertThat(older.err()).contains("is older than version 1.2.0");
        assertThat(flash("--version-record", path("versions.json"), "--allow-older")
                        .status())
                .isZero();

        createRelease("1.3.0", "--force", "--layout", "Another Flash");
        assertThat(flash().err()).contains("the signature is not valid: it is not over this content");
    }

    private TrustOptions options(String... arguments) {
        TrustOptions options = new TrustOptions();
        CommandLine.populateCommand(options, arguments);
        return options;
    }

    private FirmwareImage image() throws IOException {
        try (FirmwareSource source = FirmwareSource.of(Path.of(firmware))) {
            return FirmwareReader.standard().read(source);
        }
    }

    @Test
    void a_dry_run_checks_the_bytes_too_and_touches_nothing() throws Exception {
        createManifest();
        sign("k.key");
        CommandRun good = flash("--dry-run");
        assertThat(good.status()).as(good.err()).isZero();
        assertThat(good.err()).contains("Birds 1.2.0, signed by minisign key");
        assertThat(good.out()).contains("Nothing was touched.");
        write("fw.hex", FirmwareWriter.intelHex(), image().moved(4));
        CommandRun moved = flash("--dry-run");
        assertThat(moved.status()).isEqualTo(ExitCode.DATA);
        assertThat(moved.err()).contains("which is not one of the manifest's ranges");
    }

    @Test
    void what_is_written_replaces_nothing_unless_told_and_names_what_is_in_the_way() throws Exception {
        createManifest();
        assertThat(sign("k.key").status()).isZero();
        for (String to : List.of(manifest + ".minisig", dir.toString(), path("none/sig"))) {
            CommandRun refused = sign("k.key", "-o", to);
            assertThat(refused.status()).isEqualTo(ExitCode.CANNOT_CREATE);
            assertThat(refused.err()).containsAnyOf("--force", "is a directory", "There is no directory");
        }
        assertThat(sign("k.key", "--force").status()).isZero();
    }

    @Test
    void an_encrypted_pem_key_without_a_terminal_asks_for_a_password_file() throws Exception {
        Path made = Path.of("..", "dfu-trust/src/test/resources/io/github/dfu4j/trust/ed25519-encrypted.pem");
        write("pem.key", Files.readAllBytes(made));
        createManifest();
        CommandRun refused = sign("pem.key");
        assertThat(refused.status()).isEqualTo(ExitCode.USAGE);
        assertThat(refused.err()).contains("pem.key is encrypted", "--password-file");
        assertThat(sign("pem.key", "--password-file", write("password", "secret\n".getBytes(UTF_8)))
                        .status())
                .isZero();
    }

    @Test
    void the_options_for_flashing_find_manifest_and_signature_beside_the_firmware() throws Exception {
        createManifest();
        sign("k.key");
        ManifestVerifier verifier = options("--require-signature", "--key", path("k.pub"))
                .verifier(firmware, false)
                .orElseThrow();
        assertThat(verifier.verify(image(), STM32)).startsWith("Birds 1.2.0, signed by minisign key");
        assertThat(options().verifier(firmware, false)).isEmpty();
        assertThatThrownBy(() -> verifier.verify(image().moved(4), STM32))
                .isInstanceOf(FirmwareRejectedException.class);
    }

    @Test
    void the_version_record_refuses_what_is_older_than_what_was_flashed() throws Exception {
        createManifest();
        sign("k.key");
        String[] arguments = {"--require-signature", "--key", path("k.pub"), "--version-record", path("versions.json")};
        TrustOptions first = options(arguments);
        first.flashed(first.verifier(firmware, false).orElseThrow());
        assertThat(Files.readString(dir.resolve("versions.json"))).contains("\"Birds\":\"1.2.0\"");
        assertThat(createRelease("1.1.0", "--force").status()).isZero();
        sign("k.key", "--force");
        assertThatThrownBy(() -> options(arguments)
                        .verifier(firmware, false)
                        .orElseThrow()
                        .verify(image(), STM32))
                .isInstanceOf(FirmwareRejectedException.class)
                .hasMessageContaining("is older than version 1.2.0");
    }

    @Test
    void a_version_record_that_cannot_be_written_is_told_before_anything_is_flashed() throws Exception {
        createManifest();
        sign("k.key");
        Files.createSymbolicLink(dir.resolve("dangling"), dir.resolve("nowhere"));
        for (String record : List.of(path("none/versions.json"), path("dangling"), dir.toString(), "-")) {
            CommandRun refused = flash("--version-record", record);
            assertThat(refused.status()).as(refused.err()).isEqualTo(ExitCode.CANNOT_CREATE);
            assertThat(refused.err())
                    .as("not even planned")
                    .doesNotContain("Plan for")
                    .contains("dfu: ");
            assertThat(refused.out()).isEmpty();
        }
        try (Stream<Path> files = Files.list(dir)) {
            assertThat(files)
                    .as("what was tried is gone")
                    .noneMatch(file -> file.toString().endsWith(".part"));
        }
    }

    @Test
    void what_one_of_several_boards_was_flashed_with_is_remembered_though_another_failed() throws Exception {
        FirmwareImage high = FirmwareImage.builder()
                .add(Segment.of(0x08180000L, "123456789".getBytes(UTF_8)))
                .build();
        write("fw.hex", FirmwareWriter.intelHex(), high);
        createManifest();
        sign("k.key");
        CommandRun run = dfu(
                "--usb",
                "sim:stm32f407+stm32h743",
                "flash",
                firmware,
                "--all",
                "--require-signature",
                "--key",
                path("k.pub"),
                "--version-record",
                path("versions.json"));
        assertThat(run.status()).isEqualTo(ExitCode.DATA);
        assertThat(run.out()).contains("1 of 2 boards done.");
        assertThat(dir.resolve("versions.json")).content().contains("\"Birds\":\"1.2.0\"");
    }

    @Test
    void a_required_signature_needs_a_key_and_a_manifest() {
        assertThatThrownBy(() -> options("--require-signature").verifier(firmware, false))
                .isInstanceOf(CommandException.class)
                .hasMessageContaining("There is no default");
        assertThatThrownBy(() -> options("--key", path("k.pub")).verifier(firmware, false))
                .isInstanceOf(CommandException.class)
                .hasMessageContaining("only with --require-signature");
        assertThatThrownBy(() ->
                        options("--require-signature", "--key", path("k.pub")).verifier(firmware, false))
                .isInstanceOf(FirmwareRejectedException.class)
                .hasMessageContaining("there is no manifest");
    }
}
