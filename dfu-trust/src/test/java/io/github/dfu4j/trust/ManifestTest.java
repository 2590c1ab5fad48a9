package io.github.dfu4j.trust;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareRejectedException;
import io.github.dfu4j.image.FirmwareRejectedException.Reason;
import io.github.dfu4j.image.FirmwareVerifier.Target;
import io.github.dfu4j.image.Segment;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ManifestTest {

    static final Target DAISY = new Target(0x0483, 0xDF11, List.of("Internal Flash"));

    static final FirmwareImage IMAGE = FirmwareImage.builder()
            .add(Segment.of(0x08000000L, "123456789".getBytes(UTF_8)))
            .add(Segment.filled(AddressRange.ofSize(0x08000009L, 7), 0xFF))
            .add(Segment.of(0x90040000L, new byte[] {1, 2, 3}))
            .build();

    static Manifest manifest(String version) {
        return Manifest.of(IMAGE, "Birds", new FirmwareVersion(version), DAISY, DigestAlgorithm.SHA_256);
    }

    private static String json() {
        return new String(manifest("1.2.0").toJson(), UTF_8);
    }

    private static Manifest parse(String json) throws FirmwareFormatException {
        return Manifest.parse("m.json", json.getBytes(UTF_8));
    }

    @Test
    void the_canonical_form_is_the_documented_one() {
        assertThat(json())
                .isEqualTo("{\"firmware\":{\"name\":\"Birds\",\"version\":\"1.2.0\"},\"format\":\"dfu4j-manifest\","
                        + "\"formatVersion\":1,\"ranges\":[{\"address\":\"0x08000000\",\"digest\":\"sha256:"
                        + "918f0bc84e7d9ca6acba6fb3cbf3f5bf8ea187359a550a616b6a1d93c8da148f\",\"length\":16},"
                        + "{\"address\":\"0x90040000\",\"digest\":\"sha256:"
                        + "039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81\",\"length\":3}],"
                        + "\"target\":{\"layouts\":[\"Internal Flash\"],\"pid\":\"0xDF11\",\"vid\":\"0x0483\"}}");
    }

    @Property(tries = 100)
    void a_manifest_reads_back_from_its_file(
            @ForAll @Size(min = 1, max = 40) byte[] bytes,
            @ForAll @IntRange(max = 0xFFFF) int id,
            @ForAll @IntRange(min = 1, max = 0xFFFF) int gap)
            throws Exception {
        FirmwareImage image = FirmwareImage.builder()
                .add(Segment.of(0x20000000L, bytes))
                .add(Segment.of(0x20000000L + bytes.length + gap, bytes))
                .build();
        Manifest manifest = Manifest.of(
                image,
                "Vögel \"♫\" \uD83D\uDC26",
                new FirmwareVersion("2.0-rc.1"),
                new Target(id, 0xFFFF - id, List.of("a", "b")),
                DigestAlgorithm.BLAKE2B_512);
        assertThat(Manifest.parse("m", manifest.toJson())).isEqualTo(manifest);
        assertThatCode(() -> manifest.check(image)).doesNotThrowAnyException();
    }

    @Test
    void white_space_and_order_are_the_writers_choice() throws Exception {
        String pretty = json().replace(",", ",\n  ").replace(":{", " : {\n") + "\n";
        assertThat(parse(pretty)).isEqualTo(manifest("1.2.0"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"formatVersion\":1 | \"formatVersion\":2 | formatVersion: expected 1, found 2",
                "\"formatVersion\":1 | \"formatVersion\":1.0 | expected an object, an array, a string or a whole number, found \"1.0\"",
                "\"formatVersion\":1 | \"formatVersion\":\"1\" | expected a whole number from 0 to 9007199254740991, found \"1\"",
                "\"formatVersion\":1 | \"formatVersion\":1,\"formatVersion\":1 | Duplicate",
                "\"formatVersion\":1 | \"formatVersion\":1,\"note\":\"x\" | note: is not a member of this format",
                "\"formatVersion\":1 | \"formatVersion\":null | expected an object, an array, a string or a whole number, found \"null\"",
                "\"dfu4j-manifest\" | \"other\" | format: expected \"dfu4j-manifest\", found \"other\"",
                "\"length\":16 | \"length\":0 | ranges[0]: expected a range of at least one byte",
                "\"length\":16 | \"length\":-1 | ranges[0].length: expected a whole number from 0 to 9007199254740991, found -1",
                "\"length\":16 | \"length\":9007199254740992 | ranges[0].length: expected a whole number",
                "\"length\":16 | \"length\":99999999999999999999999999 | Number value length",
                "\"length\":16 | \"length\":2415919104 | ranges in address order",
                "0x90040000 | 0x08000010 | ranges in address order with gaps",
                "0x90040000 | 0x07000000 | ranges in address order",
                "0x90040000 | 0x9004000a | ranges[1].address: expected an address such as 0x08000000, found \"0x9004000a\"",
                "0x90040000 | 0x090040000 | ranges[1].address: expected an address",
                "0x90040000 | 0xFFFFFFFFFFFFFFFF | ranges[1].address: expected an address",
                "0x0483 | 0x483 | target.vid: expected 0x and four upper-case hexadecimal digits, found \"0x483\"",
                "sha256:039 | sha256:139x | ranges[1]: expected a digest",
                "1.2.0 | v1.2 | expected a version such as",
                "Birds | Bi\\u202Erds | firmware name: expected visible characters, found U+202E",
                "Birds | Bi\\u0000rds | firmware name: expected visible characters, found U+0000",
                "Birds | Bi\\uD800rds | firmware name: expected visible characters, found U+D800",
                "Internal Flash | \\n | layout name: expected 1 to 128",
                "\"layouts\":[\"Internal Flash\"] | \"layouts\":[1] | target.layouts[0]: expected a string, found 1",
                "\"layouts\":[\"Internal Flash\"] | \"layouts\":\"x\" | target.layouts: expected an array, found \"x\"",
                "\"version\":\"1.2.0\" | \"version\":[] | firmware.version: expected a string, found an array",
                "\"layouts\":[\"Internal Flash\"], | '' | target.layouts: is missing",
            })
    void a_fault_is_named(String part, String instead, String message) {
        String json = json().replace(part, instead);
        assertThat(json).isNotEqualTo(json());
        assertThatThrownBy(() -> parse(json))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessageStartingWith("m.json")
                .hasMessageContaining(message);
    }

    /** Escape sequences of a stranger's file must not reach a terminal, nor marks that turn the direction of writing round. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "\"formatVersion\":1 | \"formatVersion\":1,\"x\\u001b[2J\\u202ey\":1 | x?[2J?y: is not a member",
                "\"formatVersion\":1 | \"\\u001b[2J\":1,\"\\u001b[2J\":1 | Duplicate field '?[2J'",
                "\"formatVersion\":1 | \u202e | Unexpected character ('?'",
                "1.2.0 | 1.2.0\\u001b[2J | found \"1.2.0?[2J\"",
                "sha256:039 | sha256:\\u001b[2J\\n | found \"sha256:?[2J?",
                "0x0483 | \\u001b[2J | found \"?[2J\"",
            })
    void a_fault_is_named_without_what_could_not_be_seen(String part, String instead, String message) {
        assertThatThrownBy(() -> parse(json().replace(part, instead)))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessageContaining(message)
                .message()
                .doesNotContainPattern("[\\p{Cc}\\p{Cf}]");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", " ", "[]", "1", "\"x\"", "{", "{\"format\"", "{} {}", "nul", "{\"a\":[[[[[[[[[[[]]]]]]]]]]]}"
            })
    void what_is_not_one_object_is_refused(String json) {
        assertThatThrownBy(() -> parse(json)).isInstanceOf(FirmwareFormatException.class);
    }

    @Test
    void other_encodings_than_utf_8_are_refused() {
        assertThatThrownBy(() -> Manifest.parse("m", json().getBytes(java.nio.charset.StandardCharsets.UTF_16)))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessageContaining("UTF-8");
    }

    @Test
    void a_huge_file_is_refused_unread() {
        assertThatThrownBy(() -> Manifest.parse("m", new byte[Manifest.MAX_SIZE + 1]))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessage("m: holds 1048577 bytes, more than the 1048576 allowed");
    }

    @Property(tries = 500)
    void arbitrary_bytes_are_refused_cleanly(@ForAll @Size(max = 200) byte[] bytes) {
        assertThatThrownBy(() -> Manifest.parse("m", bytes)).isInstanceOf(FirmwareFormatException.class);
    }

    @Property(tries = 500)
    void a_manifest_with_a_changed_byte_is_refused_or_still_one(
            @ForAll @IntRange(max = 400) int index, @ForAll byte instead) {
        byte[] json = manifest("1.2.0").toJson();
        json[index % json.length] = instead;
        try {
            assertThat(Manifest.parse("m", json).ranges()).hasSize(2);
        } catch (FirmwareFormatException e) {
            assertThat(e).hasMessageStartingWith("m");
        }
    }

    @Test
    void the_image_it_was_made_of_passes() {
        assertThatCode(() -> manifest("1.2.0").check(IMAGE)).doesNotThrowAnyException();
    }

    @Test
    void a_changed_byte_a_missing_range_and_an_added_one_are_refused() {
        Manifest manifest = manifest("1.2.0");
        AddressRange flash = AddressRange.ofSize(0x08000000L, 16);
        FirmwareImage first = IMAGE.within(flash);
        byte[] changed = "123456780".getBytes(UTF_8);
        FirmwareImage.Builder other = FirmwareImage.builder()
                .add(Segment.of(0x08000000L, changed))
                .add(Segment.filled(AddressRange.ofSize(0x08000009L, 7), 0xFF));
        assertRejected(() -> manifest.checkPart(other.build()), Reason.WRONG_CONTENT, "0x08000000..0x0800000F are not");
        assertRejected(() -> manifest.check(first), Reason.WRONG_CONTENT, "no bytes at 0x90040000..0x90040002");
        assertThatCode(() -> manifest.checkPart(first)).doesNotThrowAnyException();
        FirmwareImage more = FirmwareImage.builder()
                .add(IMAGE)
                .add(Segment.of(0xA0000000L, new byte[] {1}))
                .build();
        assertRejected(() -> manifest.check(more), Reason.WRONG_CONTENT, "0xA0000000..0xA0000000, which is not one");
        assertRejected(
                () -> manifest.checkPart(more), Reason.WRONG_CONTENT, "0xA0000000..0xA0000000, which is not one");
        assertRejected(
                () -> manifest.checkPart(first.within(AddressRange.ofSize(0x08000000L, 8))),
                Reason.WRONG_CONTENT,
                "not one");
        assertRejected(() -> manifest.checkPart(FirmwareImage.builder().build()), Reason.WRONG_CONTENT, "empty");
    }

    @Property(tries = 50)
    void a_moved_image_is_refused(@ForAll @IntRange(min = 1, max = 0x10000) int distance) {
        assertRejected(() -> manifest("1.2.0").check(IMAGE.moved(distance)), Reason.WRONG_CONTENT, "not one of");
    }

    @Test
    void only_its_target_passes() {
        Manifest manifest = manifest("1.2.0");
        assertThatCode(() -> manifest.check(new Target(0x0483, 0xDF11, List.of("Internal Flash  "))))
                .doesNotThrowAnyException();
        assertRejected(
                () -> manifest.check(new Target(0x0483, 0xDF12, DAISY.layoutNames())),
                Reason.WRONG_TARGET,
                "is for 0483:df11, the device is 0483:df12");
        assertRejected(
                () -> manifest.check(new Target(0x0484, 0xDF11, DAISY.layoutNames())),
                Reason.WRONG_TARGET,
                "0484:df11");
        assertRejected(
                () -> manifest.check(new Target(0x0483, 0xDF11, List.of("Internal Flash", "Option Bytes"))),
                Reason.WRONG_TARGET,
                "written to [Internal Flash, Option Bytes]");
        assertRejected(
                () -> manifest.check(new Target(0x0483, 0xDF11, List.of())), Reason.WRONG_TARGET, "written to []");
    }

    @Test
    void a_crc_is_no_digest_for_a_manifest() {
        assertThatThrownBy(() -> Manifest.of(IMAGE, "n", new FirmwareVersion("1"), DAISY, DigestAlgorithm.CRC_32))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("expected a cryptographic digest, found crc32");
    }

    static void assertRejected(
            org.assertj.core.api.ThrowableAssert.ThrowingCallable call, Reason reason, String words) {
        assertThatThrownBy(call)
                .hasMessageContaining(words)
                .asInstanceOf(InstanceOfAssertFactories.type(FirmwareRejectedException.class))
                .extracting(FirmwareRejectedException::reason)
                .isEqualTo(reason);
    }
}
