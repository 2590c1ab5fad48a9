package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class VectorTableTest {

    private static final long PROGRAM = 0x08004000L;
    private static final AddressRange FLASH = AddressRange.ofSize(0x08000000L, 1 << 20);

    private static byte[] words(long... words) {
        ByteBuffer b = ByteBuffer.allocate(4 * words.length).order(ByteOrder.LITTLE_ENDIAN);
        for (long word : words) {
            b.putInt((int) word);
        }
        return b.array();
    }

    private static OptionalLong found(Segment... segments) {
        FirmwareImage.Builder image = FirmwareImage.builder();
        for (Segment segment : segments) {
            image.add(segment);
        }
        return VectorTable.find(image.build(), List.of(FLASH));
    }

    /** A stack pointer and a reset vector at the start of 16 bytes of program. */
    @ParameterizedTest
    @CsvSource({
        "20001000, 08004009, true, 'internal RAM'",
        "10010000, 08004009, true, 'core-coupled RAM'",
        "20000000, 08004009, true, 'the end of the RAM in front of it'",
        "40000000, 08004009, true, 'the very end of RAM'",
        "30048000, 08004009, true, 'RAM of another domain'",
        "C2000000, 08004009, true, 'SDRAM'",
        "D0800000, 08004009, true, 'SDRAM of the other bank'",
        "20001000, 24000101, true, 'code that is copied to RAM'",
        "20001000, 0800400F, true, 'the last halfword of the image'",
        "20001000, 08004011, false, 'a reset vector behind the image'",
        "20001000, 08003FFF, false, 'a reset vector in front of the image'",
        "20001000, 08004008, false, 'a reset vector of no Thumb code'",
        "20001002, 08004009, false, 'a stack that is not aligned'",
        "08004000, 08004009, false, 'a stack in flash'",
        "40001000, 08004009, false, 'a stack in peripherals'",
        "B0001000, 08004009, false, 'a stack in no memory'",
        "E0001000, 08004009, false, 'a stack in the core itself'",
        "00000000, 08004009, false, 'no stack'",
        "FFFFFFFF, FFFFFFFF, false, 'blank flash'",
    })
    void a_program_begins_with_a_stack_in_ram_and_an_odd_reset_vector_into_itself(
            String stack, String reset, boolean table, String why) {
        assertThat(found(Segment.of(PROGRAM, words(Long.parseLong(stack, 16), Long.parseLong(reset, 16), 0, 0))))
                .as(why)
                .isEqualTo(table ? OptionalLong.of(PROGRAM) : OptionalLong.empty());
    }

    @Test
    void it_may_start_code_in_another_segment_and_the_lowest_one_counts() {
        Segment other = Segment.of(0x08010000L, words(0x20001000L, 0x08010009L, 0, 0));
        assertThat(found(Segment.of(PROGRAM, words(0x20001000L, 0x08010009L)), other))
                .hasValue(PROGRAM);
        assertThat(found(Segment.of(PROGRAM, words(0x20001000L)), other)).hasValue(0x08010000L);
        assertThat(found(Segment.filled(AddressRange.ofSize(PROGRAM, 16), 0x21), other))
                .hasValue(0x08010000L);
    }

    @Test
    void without_one_it_is_the_start_of_a_region_if_the_image_has_bytes_there() {
        byte[] code = words(0x12345678L, 0x9abcdef0L);
        assertThat(found(Segment.of(FLASH.start(), code))).hasValue(FLASH.start());
        assertThat(found(Segment.of(FLASH.start() + 4, code))).isEmpty();
        assertThat(found(Segment.of(FLASH.start(), code), Segment.of(PROGRAM, words(0x20001000L, 0x08004001L))))
                .as("a vector table goes before it")
                .hasValue(PROGRAM);
    }
}
