package io.github.dfu4j.cli;

import static io.github.dfu4j.cli.CommandRun.dfu;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.daisy.AssetPack;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import javax.sound.sampled.AudioFileFormat;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DaisyPackCommandTest {

    private static final int PCM = 1;
    private static final int FLOAT = 3;
    private static final int EXTENSIBLE = 0xfffe;

    @TempDir
    private Path folder;

    private static byte[] frames(int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return bytes;
    }

    /** A WAV file with a chunk of odd length before its data and another chunk behind them. */
    private static byte[] wav(int format, int bits, int channels, byte[] frames) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteBuffer fmt = ByteBuffer.allocate(format == EXTENSIBLE ? 40 : 16).order(ByteOrder.LITTLE_ENDIAN);
        int frame = bits / 8 * channels;
        fmt.putShort((short) format).putShort((short) channels).putInt(48_000).putInt(48_000 * frame);
        fmt.putShort((short) frame).putShort((short) bits);
        if (format == EXTENSIBLE) {
            // size of the extension, valid bits, speakers, then the GUID of PCM
            fmt.putShort((short) 22)
                    .putShort((short) bits)
                    .putInt(channels == 1 ? 4 : 3)
                    .putShort((short) PCM);
            fmt.put(new byte[] {0, 0, 0, 0, 0x10, 0, (byte) 0x80, 0, 0, (byte) 0xaa, 0, 0x38, (byte) 0x9b, 0x71});
        }
        chunk(out, "fmt ", fmt.array());
        chunk(out, "note", "odd".getBytes(StandardCharsets.US_ASCII));
        chunk(out, "data", frames);
        chunk(out, "LIST", new byte[10]);
        byte[] body = out.toByteArray();
        ByteBuffer file = ByteBuffer.allocate(12 + body.length).order(ByteOrder.LITTLE_ENDIAN);
        file.put("RIFF".getBytes(StandardCharsets.US_ASCII)).putInt(4 + body.length);
        file.put("WAVE".getBytes(StandardCharsets.US_ASCII)).put(body);
        return file.array();
    }

    private static void chunk(ByteArrayOutputStream out, String name, byte[] bytes) throws IOException {
        out.write(name.getBytes(StandardCharsets.US_ASCII));
        out.write(ByteBuffer.allocate(4)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putInt(bytes.length)
                .array());
        out.write(bytes);
        if (bytes.length % 2 == 1) {
            out.write(0);
        }
    }

    private CommandRun pack(byte[] wav) throws IOException {
        Files.write(folder.resolve("a.wav"), wav);
        return dfu(
                "daisy",
                "pack",
                folder.resolve("a.wav").toString(),
                "--decode-wav",
                "--force",
                "--header",
                folder.resolve("drums.h").toString(),
                "-o",
                folder.resolve("pack").toString());
    }

    @ParameterizedTest
    @CsvSource({"1, 8, 1", "1, 16, 1", "1, 16, 2", "1, 24, 2", "1, 32, 1", "3, 32, 2", "3, 64, 1", "65534, 24, 2"})
    void the_frames_of_every_usual_kind_of_wav_are_taken_out_as_they_are(int format, int bits, int channels)
            throws IOException {
        byte[] frames = frames(999 * bits / 8 * channels);
        CommandRun run = pack(wav(format, bits, channels, frames));
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.out()).contains("a.wav, 999 frames");
        byte[] pack = Files.readAllBytes(folder.resolve("pack"));
        AssetPack.Entry entry = AssetPack.index(pack).get(0);
        int at = (int) (entry.range().start() - 0x900c_0000L);
        assertThat(Arrays.copyOfRange(pack, at, at + frames.length)).isEqualTo(frames);
        assertThat(folder.resolve("drums.h"))
                .content()
                .contains(
                        "#define DRUMS_A_WAV_FRAMES 999u\n",
                        "#define DRUMS_A_WAV_RATE 48000u\n",
                        "#define DRUMS_A_WAV_CHANNELS " + channels + "u\n",
                        "#define DRUMS_A_WAV_BITS " + bits + "u\n",
                        "#define DRUMS_A_WAV_FLOAT " + (format == FLOAT ? 1 : 0) + "\n");
    }

    @Test
    void a_pack_and_its_header_are_written_both_or_neither() throws IOException {
        String kick = Files.write(folder.resolve("kick.raw"), frames(100)).toString();
        Path pack = folder.resolve("assets.bin");
        Path header = Files.writeString(folder.resolve("assets.h"), "mine");

        CommandRun exists = dfu("daisy", "pack", kick, "-o", pack.toString(), "--header", header.toString());
        assertThat(exists.status()).isEqualTo(ExitCode.CANNOT_CREATE);
        assertThat(exists.err()).contains("assets.h exists already");
        assertThat(pack).doesNotExist();
        assertThat(header).hasContent("mine");

        CommandRun same =
                dfu("daisy", "pack", kick, "-o", pack.toString(), "--header", folder + "/./assets.bin", "--force");
        assertThat(same.status()).isEqualTo(ExitCode.USAGE);
        assertThat(same.err()).contains("a file of their own");
        assertThat(pack).doesNotExist();
    }

    @Test
    void a_broken_wav_is_refused_and_nothing_is_written() throws IOException {
        byte[] whole = wav(PCM, 16, 2, frames(4000));
        byte[][] broken = {
            Arrays.copyOf(whole, 2000),
            Arrays.copyOf(whole, 30),
            Arrays.copyOf(whole, 4),
            wav(PCM, 16, 2, new byte[0]),
            wav(2, 4, 1, frames(400)),
            wav(7, 8, 1, frames(400)),
            withoutRate(whole),
            aiff(),
            "no wav at all".getBytes(StandardCharsets.US_ASCII)
        };
        for (int i = 0; i < broken.length; i++) {
            CommandRun run = pack(broken[i]);
            assertThat(run.status()).as("broken file " + i + ": " + run.err()).isEqualTo(65);
            assertThat(run.err()).contains("a.wav");
            assertThat(folder.resolve("pack")).doesNotExist();
        }
    }

    /** The rate is the third number of the chunk "fmt ", which comes first. */
    private static byte[] withoutRate(byte[] wav) {
        byte[] result = wav.clone();
        ByteBuffer.wrap(result).putInt(24, 0);
        return result;
    }

    /** Another kind of sound file, whose samples are big-endian. */
    private static byte[] aiff() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        AudioFormat format = new AudioFormat(48_000, 16, 1, true, true);
        AudioSystem.write(
                new AudioInputStream(new ByteArrayInputStream(frames(200)), format, 100),
                AudioFileFormat.Type.AIFF,
                out);
        return out.toByteArray();
    }

    @Test
    void a_folder_is_packed_with_its_files_in_the_order_of_their_names() throws IOException {
        Path sounds = Files.createDirectory(folder.resolve("sounds"));
        for (String name : new String[] {"b", "a", ".hidden"}) {
            Files.writeString(sounds.resolve(name), name);
        }
        String[] command = {
            "daisy",
            "pack",
            sounds.toString(),
            "--align",
            "256",
            "--at",
            "0x90100000",
            "-o",
            folder.resolve("p").toString()
        };
        CommandRun run = dfu(command);
        assertThat(run.status()).as(run.err()).isZero();
        assertThat(run.out()).containsSubsequence("0x90100100..0x90100100", " a", "0x90100200..0x90100200", " b");
        assertThat(run.out()).doesNotContain("hidden");
        assertThat(dfu(command).status()).as("a file that exists is kept").isEqualTo(73);
    }

    @Test
    void a_pack_in_the_folder_that_it_is_made_of_is_not_packed_the_next_time() throws IOException {
        Path sounds = Files.createDirectory(folder.resolve("sounds"));
        Files.writeString(sounds.resolve("kick"), "kick");
        Path pack = sounds.resolve("p");
        String[] command = {"daisy", "pack", sounds.toString(), "--force", "-o", pack.toString()};
        assertThat(dfu(command).status()).isZero();
        byte[] first = Files.readAllBytes(pack);
        CommandRun again = dfu(command);
        assertThat(again.status()).isEqualTo(64);
        assertThat(again.err()).contains(pack + " is among the files to pack, and is to be written");
        assertThat(pack).hasBinaryContent(first);
    }

    @Test
    void a_folder_in_a_folder_is_not_left_out_in_silence() throws IOException {
        Path sounds = Files.createDirectory(folder.resolve("sounds"));
        Path drums = Files.createDirectory(sounds.resolve("drums"));
        Files.createDirectory(sounds.resolve(".git"));
        Files.writeString(drums.resolve("kick"), "kick");
        String out = folder.resolve("p").toString();
        CommandRun none = dfu("daisy", "pack", sounds.toString(), "-o", out);
        assertThat(none.status()).isEqualTo(65);
        assertThat(none.err()).contains(sounds + " has no files to pack.", drums + " is left out");
        Files.writeString(sounds.resolve("pad"), "pad");
        CommandRun some = dfu("daisy", "pack", sounds.toString(), "-o", out);
        assertThat(some.status()).as(some.err()).isZero();
        assertThat(some.err()).contains("warning: " + drums + " is left out").doesNotContain(".git");
        CommandRun all = dfu("daisy", "pack", sounds.toString(), drums.toString(), "--force", "-o", out);
        assertThat(all.out()).contains(" kick", " pad");
        assertThat(all.err()).doesNotContain("left out");
    }

    @Test
    void what_cannot_be_packed_is_refused_with_the_reason() throws IOException {
        Path empty = Files.createFile(folder.resolve("empty"));
        String out = folder.resolve("p").toString();
        assertThat(dfu("daisy", "pack", "-o", out).status()).isEqualTo(64);
        assertThat(dfu("daisy", "pack", empty.toString(), "-o", out).status()).isEqualTo(65);
        assertThat(dfu("daisy", "pack", folder.resolve("none").toString(), "-o", out)
                        .status())
                .isEqualTo(66);
        Path file = Files.writeString(folder.resolve("x"), "x");
        for (String[] wrong : new String[][] {{"--align", "3"}, {"--at", "0x90000001"}, {"--at", "0x80000000"}}) {
            assertThat(dfu("daisy", "pack", file.toString(), "-o", out, wrong[0], wrong[1])
                            .status())
                    .as(String.join(" ", wrong))
                    .isEqualTo(65);
        }
        assertThat(Path.of(out)).doesNotExist();
    }
}
