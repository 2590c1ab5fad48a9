package io.github.dfu4j.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class Uf2FormatTest {

    private static final long H7 = 0x6db66082L;
    private static final long RP2350_ABSOLUTE = 0xe48bff57L;
    private static final long RP2040 = 0xe48bff56L;

    private static byte[] block(int flags, long address, int size, int number, int blocks, long family) {
        byte[] block = new byte[512];
        ByteBuffer b = ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN);
        for (long word : new long[] {0x0a324655, 0x9e5d5157, flags, address, size, number, blocks, family}) {
            b.putInt((int) word);
        }
        Arrays.fill(block, 32, 508, (byte) (number + 1));
        b.putInt(508, 0x0ab16f30);
        return block;
    }

    private static FirmwareFile read(byte[]... blocks) throws IOException {
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        for (byte[] block : blocks) {
            file.write(block);
        }
        return FirmwareReader.standard().readFile(FirmwareSource.of("a.uf2", file.toByteArray()));
    }

    private static List<String> codes(FirmwareFile file) {
        return file.findings().stream().map(Finding::code).collect(Collectors.toList());
    }

    @Test
    void blocks_may_come_in_any_order() throws IOException {
        FirmwareFile file =
                read(block(0, 0x2100, 256, 1, 3, 0), block(0, 0x2200, 10, 2, 3, 0), block(0, 0x2000, 256, 0, 3, 0));
        assertThat(file.format()).isEqualTo("uf2");
        assertThat(file.image().segments()).hasSize(1);
        assertThat(file.image().span()).hasValue(new AddressRange(0x2000, 0x220a));
        assertThat(TestImages.bytes(file.image(), new AddressRange(0x20ff, 0x2101)))
                .containsExactly(1, 2);
    }

    @Test
    void each_family_is_a_part_of_its_own() throws IOException {
        FirmwareFile file = read(
                block(0x2000, 0x08000000, 256, 0, 1, H7),
                block(0x2000, 0x10000000, 256, 0, 2, RP2040),
                block(0x2000, 0x10000100, 256, 1, 2, RP2040));
        assertThat(file.parts())
                .extracting(ImagePart::describe)
                .containsExactly("family 0x6DB66082 (STM32H7)", "family 0xE48BFF56 (RP2040)");
        assertThat(file.parts().get(1).family()).isEqualTo(OptionalLong.of(RP2040));
        ByteArrayOutputStream again = new ByteArrayOutputStream();
        FirmwareWriter.uf2(OptionalLong.empty()).write(file, again);
        assertThat(read(again.toByteArray()).parts()).isEqualTo(file.parts());
    }

    @Test
    void blocks_that_are_not_for_the_flash_or_not_uf2_are_left_out_and_told() throws IOException {
        FirmwareFile file = read(block(0, 0x2000, 256, 0, 1, 0), block(1, 0x3000, 256, 0, 1, 0), new byte[512]);
        assertThat(file.image().size()).isEqualTo(256);
        assertThat(codes(file)).containsExactly("foreign-blocks", "not-flash");
    }

    @Test
    void blocks_that_are_not_for_the_flash_are_counted_with_the_others() throws IOException {
        FirmwareFile file = read(
                block(0x2000, 0x2000, 256, 0, 4, H7),
                block(1, 0, 256, 1, 4, 0),
                block(0x1000, 0, 256, 2, 4, 5000),
                block(0x2000, 0x2100, 256, 3, 4, H7));
        assertThat(file.image().span()).hasValue(new AddressRange(0x2000, 0x2200));
        assertThat(codes(file)).containsExactly("not-flash");
        assertThat(codes(read(block(1, 0, 256, 0, 1, 0)))).containsExactly("not-flash", "empty");
    }

    @Test
    void version_and_device_in_extension_tags_are_told() throws IOException {
        byte[] block = block(0x8000, 0x2000, 254, 0, 1, 0);
        String tags = "\u0009\u00bc\u00c7\u009f0.1.2\0\0\0\u0014\u009d\r\145ACME Toaster mk3\u00ff\u00ff\u00ff\u00ff";
        byte[] bytes = tags.getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(bytes, 0, block, 32 + 256, bytes.length);
        assertThat(read(block).findings())
                .extracting(Finding::text)
                .containsExactly("it calls itself version \"0.1.2\", firmware for \"ACME Toaster mk3\"");
        Arrays.fill(block, 32 + 256, 508, (byte) 0);
        assertThat(read(block).findings()).isEmpty();
        block[32 + 256] = (byte) 0xfe;
        assertThat(read(block).findings()).isEmpty();
    }

    @Test
    void an_md5_sum_takes_room_from_the_data() throws IOException {
        assertThat(read(block(0x4000, 0, 452, 0, 1, 0)).image().size()).isEqualTo(452);
        assertThatThrownBy(() -> read(block(0x4000, 0, 453, 0, 1, 0)))
                .hasMessageEndingWith("says it holds 453 bytes; 452 is the most");
    }

    @Test
    void a_block_is_not_divided_where_data_become_fill() throws IOException {
        FirmwareImage image = FirmwareImage.builder()
                .add(Segment.of(0x2000, new byte[] {1, 2, 3}))
                .add(Segment.filled(new AddressRange(0x2003, 0x2200), 0xff))
                .build();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        FirmwareWriter.uf2(OptionalLong.empty()).write(image, out);
        assertThat(out.size()).isEqualTo(2 * 512);
        assertThat(read(out.toByteArray()).image().sameBytes(image)).isTrue();
    }

    @Test
    void a_missing_block_is_an_error() {
        assertThatThrownBy(
                        () -> read(block(0x2000, 0, 256, 0, 3, H7), block(0x2000, 512, 256, 2, 3, H7), new byte[512]))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessage("a.uf2: block 1 of 3 of family 0x6DB66082 is missing");
    }

    @Test
    void blocks_that_bear_the_number_of_another_are_told() throws IOException {
        FirmwareFile file = read(
                block(0x2000, 0, 256, 0, 2, H7), block(0x2000, 256, 256, 1, 2, H7), block(0x2000, 512, 256, 1, 2, H7));

        assertThat(codes(file)).containsExactly("same-number");
        assertThat(file.image().size()).isEqualTo(768);
        assertThat(codes(read(
                        block(0x2000, 0, 256, 0, 1, H7),
                        block(0x2000, 0, 256, 0, 1, RP2350_ABSOLUTE),
                        block(0x2000, 0, 256, 0, 1, RP2350_ABSOLUTE))))
                .doesNotContain("same-number");
    }

    @Test
    void two_blocks_that_disagree_are_named() {
        byte[] second = block(0, 0x20ff, 4, 1, 2, 0);
        assertThatThrownBy(() -> read(block(0, 0x2000, 256, 0, 2, 0), second))
                .isInstanceOf(FirmwareFormatException.class)
                .hasMessage("a.uf2, block 1: the byte at 0x000020FF is 0x02 here, but 0x01 in block 0");
    }

    @Test
    void sizes_and_numbers_are_not_trusted() {
        assertThatThrownBy(() -> read(block(0, 0, 477, 0, 1, 0)))
                .hasMessage("a.uf2, block 0 at offset 0x0: says it holds 477 bytes; 476 is the most");
        assertThatThrownBy(() -> read(block(0, 0, 1, 0, 2_000_000_000, 0)))
                .hasMessage("a.uf2, block 0 at offset 0x0: says there are 2000000000 blocks, but the file has 1");
        assertThatThrownBy(() -> read(block(0, 0, 1, 1, 1, 0)))
                .hasMessageContaining("says it is number 1 (from 0) of 1");
        assertThatThrownBy(() -> read(block(0x2000, 0, 1, 2_000_000_000, 2_000_000_001, RP2350_ABSOLUTE)))
                .hasMessageContaining("says it is number 2000000000 (from 0) of 2000000001, but the file has 1");
        assertThatThrownBy(() -> read(block(0, 0xffffffffL, 2, 0, 1, 0))).hasMessageContaining("wrap around the end");
        assertThatThrownBy(() -> read(block(0, 0, 1, 0, 1, 0), new byte[100]))
                .hasMessage("a.uf2, block 1 at offset 0x200: the file ends within this block, after 100 of 512 bytes");
    }
}
