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

class AssetPackTest {

    @TempDir
    private Path folder;

    private static AssetPack.Asset asset(String name, int size) {
        byte[] bytes = new byte[size];
        new Random(size).nextBytes(bytes);
        return new AssetPack.Asset(name, bytes, 0);
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
                                asset("a", 1),
                                asset("a size", 2),
                                asset("a-size", 3),
                                asset("a size frames", 4),
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
    void a_c_program_checks_the_header_as_the_host_does() throws Exception {
        assumeTrue(runs("gcc", "--version"), "gcc is not installed");
        byte[] data = "samples of birds".getBytes(StandardCharsets.US_ASCII);
        byte[] good = DataHeader.prepend(data);
        byte[] bad = good.clone();
        bad[40] ^= 1;
        Files.write(folder.resolve("good"), good);
        Files.write(folder.resolve("bad"), bad);
        Files.writeString(folder.resolve("data.h"), DataHeader.cSource());
        Files.writeString(
                folder.resolve("assets.h"),
                AssetPack.of(0x900c_0000L, 4, List.of(asset("a", 5))).cHeader("assets"));
        Files.writeString(
                folder.resolve("808.h"),
                AssetPack.of(0x9010_0000L, 4, List.of(asset("a", 7))).cHeader("808"));
        Files.writeString(folder.resolve("main.c"), """
                #include "data.h"
                #include "assets.h"
                #include "808.h"
                #include <stdio.h>
                #include <string.h>
                static _Alignas(4) uint8_t bytes[4096];
                int main(int argc, char **argv) {
                    FILE *file = fopen(argv[1], "rb");
                    if (argc != 2 || !file || fread(bytes, 1, sizeof bytes, file) == 0) return 3;
                    const uint8_t *data; uint32_t size;
                    if (!dfu4j_check(bytes, &data, &size)) return 1;
                    return size == 16 && memcmp(data, "samples of birds", 16) == 0 && ASSETS_A_SIZE == 5u && ASSETS_808_A_SIZE == 7u ? 0 : 2;
                }
                """);
        assertThat(status("gcc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-o", path("check"), path("main.c")))
                .isZero();
        assertThat(status(path("check"), path("good"))).isZero();
        assertThat(status(path("check"), path("bad"))).isEqualTo(1);
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
