package io.github.dfu4j.daisy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AssetPackTest {

    @TempDir
    private Path folder;

    private static AssetPack.Asset asset(String name, int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return new AssetPack.Asset(name, bytes);
    }

    @Property(tries = 100)
    void the_index_says_where_each_asset_lies_and_the_order_of_the_files_does_not_matter(
            @ForAll @Size(min = 1, max = 12) List<@IntRange(min = 1, max = 3000) Integer> sizes,
            @ForAll @IntRange(min = 2, max = 16) int power,
            @ForAll long seed) {
        List<AssetPack.Asset> assets = new ArrayList<>();
        for (int i = 0; i < sizes.size(); i++) {
            assets.add(asset("asset " + i, sizes.get(i)));
        }
        AssetPack pack = AssetPack.of(0x900c_0000L, 1 << power, assets);
        byte[] bytes = pack.toBytes();
        assertThat(AssetPack.index(bytes)).isEqualTo(pack.entries());
        long end = 0;
        for (AssetPack.Entry entry : AssetPack.index(bytes)) {
            assertThat(entry.range().start() % (1 << power)).isZero();
            assertThat(entry.range().start()).isGreaterThanOrEqualTo(end);
            end = entry.range().end();
            CRC32 crc = new CRC32();
            crc.update(bytes, (int) (entry.range().start() - 0x900c_0000L), (int)
                    entry.range().size());
            assertThat(entry.crc32()).isEqualTo(crc.getValue());
        }
        assertThat(end).isEqualTo(0x900c_0000L + bytes.length);
        Collections.shuffle(assets, new Random(seed));
        assertThat(AssetPack.of(0x900c_0000L, 1 << power, assets).toBytes()).isEqualTo(bytes);
    }

    @Test
    void what_makes_no_pack_is_refused_with_the_reason() {
        assertThatThrownBy(() -> AssetPack.of(0x900c_0000L, 4, List.of(asset("a", 1), asset("a", 2))))
                .hasMessageContaining("two assets");
        assertThatThrownBy(() -> AssetPack.of(0x900c_0001L, 4, List.of(asset("a", 1))))
                .hasMessageContaining("no multiple");
        assertThatThrownBy(() -> AssetPack.of(0x900c_0000L, 3, List.of(asset("a", 1))))
                .hasMessageContaining("power of two");
        assertThatThrownBy(() -> AssetPack.of(0x907b_0000L, 4, List.of(asset("a", 70_000))))
                .hasMessageContaining("0x907BFFFF");
        assertThatThrownBy(() -> AssetPack.of(0x900c_0000L, 4, List.of())).hasMessageContaining("1 to 4096");
        assertThatThrownBy(() -> AssetPack.index(new byte[100])).hasMessageContaining("no asset pack");
    }

    @Test
    void a_damaged_index_is_noticed() {
        byte[] bytes = AssetPack.of(0x900c_0000L, 4, List.of(asset("a", 100))).toBytes();
        bytes[70] ^= 1;
        assertThatThrownBy(() -> AssetPack.index(bytes)).hasMessageContaining("damaged");
    }

    @Test
    void names_that_make_the_same_c_identifier_get_different_ones() {
        String header = AssetPack.of(0x900c_0000L, 4, List.of(asset("a-b", 1), asset("a b", 2)))
                .cHeader("assets");
        assertThat(header).contains("#define ASSETS_A_B ").contains("#define ASSETS_A_B_2 ");
    }

    @Test
    void no_name_defines_what_another_one_does() {
        String header = AssetPack.of(
                        0x900c_0000L,
                        4,
                        List.of(
                                asset("a size", 2),
                                asset("a-size", 3),
                                asset("a size frames", 4),
                                asset("a rate", 9),
                                asset("a-bits", 10),
                                new AssetPack.Asset("a", new byte[4], new AssetPack.Audio(1, 1, 8, false)),
                                new AssetPack.Asset("B", new byte[4], new AssetPack.Audio(1, 1, 8, false)),
                                asset("B channels", 11),
                                asset("B-float", 12),
                                asset("h", 5),
                                asset("count", 6),
                                asset("address", 7),
                                asset("size", 8)))
                .cHeader("assets");
        List<String> macros = header.lines()
                .filter(line -> line.startsWith("#define "))
                .map(line -> line.split(" ", -1)[1])
                .toList();
        assertThat(macros).doesNotHaveDuplicates();
    }

    @Test
    void the_header_says_how_the_frames_of_audio_are_to_be_played() {
        AssetPack pack = AssetPack.of(
                0x900c_0000L,
                256,
                List.of(
                        new AssetPack.Asset("kick.wav", new byte[6000], new AssetPack.Audio(44_100, 2, 24, false)),
                        new AssetPack.Asset("pad.wav", new byte[400], new AssetPack.Audio(48_000, 1, 32, true)),
                        asset("table", 10)));
        assertThat(pack.cHeader("drums")).contains("""
                /* kick.wav: 44100 Hz, 2 channels, 24 bits signed */
                #define DRUMS_KICK_WAV ((const uint8_t *)0x900C0100u)
                #define DRUMS_KICK_WAV_SIZE 6000u
                #define DRUMS_KICK_WAV_FRAMES 1000u
                #define DRUMS_KICK_WAV_RATE 44100u
                #define DRUMS_KICK_WAV_CHANNELS 2u
                #define DRUMS_KICK_WAV_BITS 24u
                #define DRUMS_KICK_WAV_FLOAT 0

                /* pad.wav: 48000 Hz, 1 channel, 32 bits floating point */
                #define DRUMS_PAD_WAV ((const uint8_t *)0x900C1900u)
                #define DRUMS_PAD_WAV_SIZE 400u
                #define DRUMS_PAD_WAV_FRAMES 100u
                #define DRUMS_PAD_WAV_RATE 48000u
                #define DRUMS_PAD_WAV_CHANNELS 1u
                #define DRUMS_PAD_WAV_BITS 32u
                #define DRUMS_PAD_WAV_FLOAT 1

                /* table */
                #define DRUMS_TABLE ((const uint8_t *)0x900C1B00u)
                #define DRUMS_TABLE_SIZE 10u

                #endif
                """);
        assertThat(pack.entries()).extracting(AssetPack.Entry::frameSize).containsExactly(6, 4, 0);
        assertThat(AssetPack.read(pack.toBytes()).cHeader("drums"))
                .contains("DRUMS_PAD_WAV_FRAMES 100u")
                .doesNotContain("_RATE");
    }

    @ParameterizedTest
    @CsvSource({"0, 1, 16", "-1, 1, 16", "48000, 0, 16", "48000, 1, 0", "48000, 1, 12", "48000, 1, 72"})
    void audio_that_cannot_be_played_is_refused(int rate, int channels, int bits) {
        assertThatThrownBy(() -> new AssetPack.Audio(rate, channels, bits, false))
                .hasMessageContaining(rate + " Hz with " + channels + " channels of " + bits + " bits");
    }

    @Property(tries = 100)
    void a_header_is_checked_with_its_data_and_any_damage_is_noticed(
            @ForAll @Size(min = 1, max = 500) byte[] data, @ForAll @IntRange(min = 0, max = 10_000) int where) {
        byte[] whole = DataHeader.prepend(data);
        assertThat(DataHeader.check(whole)).isEqualTo(data);
        assertThat(DataHeader.check(Arrays.copyOf(whole, whole.length + 7))).isEqualTo(data);
        int at = where % whole.length;
        if (at < 20 || at >= DataHeader.SIZE) {
            whole[at] ^= 0x10;
            assertThatThrownBy(() -> DataHeader.check(whole)).isInstanceOf(IllegalArgumentException.class);
        }
        assertThatThrownBy(() -> DataHeader.check(Arrays.copyOf(DataHeader.prepend(data), whole.length - 1)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void programs_in_c_and_cpp_take_the_headers_and_check_data_as_the_host_does() throws Exception {
        byte[] data = "samples of birds".getBytes(StandardCharsets.US_ASCII);
        byte[] good = DataHeader.prepend(data);
        byte[] bad = good.clone();
        bad[40] ^= 1;
        Files.write(folder.resolve("good"), good);
        Files.write(folder.resolve("bad"), bad);
        Files.writeString(folder.resolve("data.h"), DataHeader.cSource());
        Files.writeString(
                folder.resolve("assets.h"),
                AssetPack.of(
                                0x900c_0000L,
                                4,
                                List.of(
                                        asset("a", 5),
                                        asset("/*.*//*", 6),
                                        new AssetPack.Asset(
                                                "kick", new byte[8], new AssetPack.Audio(48_000, 2, 16, false))))
                        .cHeader("assets"));
        Files.writeString(
                folder.resolve("808.h"),
                AssetPack.of(0x9010_0000L, 4, List.of(asset("a", 7))).cHeader("808"));
        Files.writeString(folder.resolve("main.c"), """
                #include "data.h"
                #include "assets.h"
                #include "808.h"
                #include <stdio.h>
                #include <string.h>
                static uint32_t words[1024];
                int main(int argc, char **argv) {
                    FILE *file = fopen(argv[1], "rb");
                    if (argc != 2 || !file || fread(words, 1, sizeof words, file) == 0) return 3;
                    const uint8_t *data; uint32_t size;
                    if (!dfu4j_check(words, &data, &size)) return 1;
                    if (size != 16 || memcmp(data, "samples of birds", 16) != 0) return 2;
                    if (ASSETS_A_SIZE != 5u || ASSETS_808_A_SIZE != 7u || (uintptr_t)ASSETS_A != 0x900C00DCu) return 4;
                #if ASSETS_KICK_FLOAT || ASSETS_KICK_BITS != 16
                    return 5;
                #endif
                    return ASSETS_KICK_RATE == 48000u && ASSETS_KICK_CHANNELS * ASSETS_KICK_FRAMES == 4u ? 0 : 6;
                }
                """);
        for (String[] compiler : new String[][] {{"gcc", "-std=c11"}, {"g++", "-x", "c++", "-std=c++14"}}) {
            assumeTrue(runs(compiler[0], "--version"), compiler[0] + " is not installed");
            List<String> compile = new ArrayList<>(List.of(compiler));
            compile.addAll(List.of("-Wall", "-Wextra", "-Werror", "-o", path("check"), path("main.c")));
            assertThat(status(compile.toArray(new String[0]))).as(compiler[0]).isZero();
            assertThat(status(path("check"), path("good"))).isZero();
            assertThat(status(path("check"), path("bad"))).isEqualTo(1);
        }
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    private static boolean runs(String... command) throws InterruptedException {
        try {
            return status(command) == 0;
        } catch (IOException e) {
            return false;
        }
    }

    private static int status(String... command) throws IOException, InterruptedException {
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor();
    }
}
