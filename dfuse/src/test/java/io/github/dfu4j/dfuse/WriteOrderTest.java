package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.dfu.Quirk;
import io.github.dfu4j.dfu.QuirkTable;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is sent in which order: blank blocks are left out where that saves something, and what a program starts from comes last. */
class WriteOrderTest {

    private static final long FLASH = 0x08000000L;
    private static final int BLOCK = 64;

    private final FakeDfuSe device = device();
    private final QuirkTable quirks = QuirkTable.EMPTY.plus(List.of(Quirk.row("test", "any")
            .when("always", i -> true)
            .says(Trait.WRITE_ALIGNMENT, 16)
            .says(Trait.READS_TRUTHFULLY)
            .because("the test wants it")
            .source("this test")));

    private static FakeDfuSe device() {
        try {
            return new FakeDfuSe(MemoryLayout.parse("@Flash /0x08000000/4*1Kg"), BLOCK);
        } catch (LayoutFormatException e) {
            throw new AssertionError(e);
        }
    }

    private FlashReport flash(FirmwareImage image, FlashOptions options) throws Exception {
        device.erased.clear();
        device.programmed.clear();
        return new Flasher(device.session(quirks), FlashListener.NONE)
                .flash(FlashPlanner.plan(device.target(quirks), image, options));
    }

    /** An image of whole blocks, of which those in the pattern that are dots are blank. */
    private static FirmwareImage blocks(long start, String pattern) {
        byte[] bytes = new byte[pattern.length() * BLOCK];
        for (int i = 0; i < pattern.length(); i++) {
            Arrays.fill(bytes, i * BLOCK, (i + 1) * BLOCK, pattern.charAt(i) == '.' ? (byte) 0xff : 0);
        }
        return Boards.image(start, bytes);
    }

    private String written(long start, int blocks) {
        StringBuilder pattern = new StringBuilder();
        for (int i = 0; i < blocks; i++) {
            AddressRange block = AddressRange.ofSize(start + (long) i * BLOCK, BLOCK);
            pattern.append(device.programmed.contains(block) ? '#' : '.');
        }
        return pattern.toString();
    }

    @Test
    void two_blank_blocks_are_left_out_and_one_alone_is_not_since_a_new_address_costs_as_much() throws Exception {
        long second = FLASH + 1024;
        String[][] cases = {
            {"#.#..#", "###..#"},
            {".#", ".#"},
            {"..#.", "..#."},
            {"#...", "#..."},
            {"#..#.#", "#..###"},
            {"....", "...."},
            {"#.#.#.", "#####."}
        };
        for (String[] c : cases) {
            device.sectors.values().forEach(bytes -> Arrays.fill(bytes, (byte) 1));
            flash(blocks(second, c[0]), FlashOptions.DEFAULT.withKeepNeighbours(false));
            assertThat(written(second, c[0].length())).as(c[0]).isEqualTo(c[1]);
            flash(
                    blocks(second, c[0].replace('#', 'x')),
                    FlashOptions.DEFAULT
                            .withSkipBlank(false)
                            .withSkipUnchanged(false)
                            .withKeepNeighbours(false));
            assertThat(written(second, c[0].length())).doesNotContain(".");
        }
    }

    @Test
    void blank_blocks_are_written_where_the_memory_is_not_known_to_be_blank() throws Exception {
        FakeDfuSe erasesItself = new FakeDfuSe(MemoryLayout.parse("@Flash /0x08000000/2*1Ke"), BLOCK);
        erasesItself.sectors.values().forEach(bytes -> Arrays.fill(bytes, (byte) 1));
        FirmwareImage image = blocks(FLASH + 1024, "#..#");
        new Flasher(erasesItself.session(quirks), FlashListener.NONE)
                .flash(FlashPlanner.plan(erasesItself.target(quirks), image, FlashOptions.DEFAULT));
        assertThat(erasesItself.programmed).hasSize(4);
        assertThat(erasesItself.byteAt(FLASH + 1024 + BLOCK)).isEqualTo((byte) 0xff);
    }

    @Test
    void the_sector_of_the_vector_table_is_erased_first_and_written_last_and_its_first_flash_word_last_of_all()
            throws Exception {
        device.sectors.values().forEach(bytes -> Arrays.fill(bytes, (byte) 1));
        long table = FLASH + 1024;
        FirmwareImage image = FirmwareImage.builder()
                .add(Segment.of(FLASH, new byte[500])) // something else before it
                .add(Segment.of(table, Boards.program(table, 1500, 1)))
                .build();
        FlashReport report = flash(image, FlashOptions.DEFAULT.withKeepNeighbours(false));
        assertThat(report.proved()).isTrue();
        assertThat(device.erased.get(0).start()).isEqualTo(table);
        List<AddressRange> order = device.programmed;
        assertThat(order.get(order.size() - 1)).isEqualTo(AddressRange.ofSize(table, 16));
        int firstOfTheSector = order.indexOf(order.stream()
                .filter(r -> r.start() >= table && r.start() < table + 1024)
                .findFirst()
                .orElseThrow());
        assertThat(order.subList(firstOfTheSector, order.size()))
                .allMatch(r -> r.start() >= table && r.end() <= table + 1024);
        assertThat(order.get(firstOfTheSector).start()).isEqualTo(table + 16);
    }

    @Test
    void a_vector_table_within_a_sector_comes_last_too() throws Exception {
        device.sectors.values().forEach(bytes -> Arrays.fill(bytes, (byte) 1));
        long table = FLASH + 1024 + 256;
        FirmwareImage image = FirmwareImage.builder()
                .add(Segment.of(table - 200, new byte[100]))
                .add(Segment.of(table, Boards.program(table, 300, 1)))
                .build();
        flash(image, FlashOptions.DEFAULT);
        List<AddressRange> order = device.programmed;
        assertThat(order.get(order.size() - 1)).isEqualTo(AddressRange.ofSize(table, 16));
        assertThat(device.byteAt(FLASH + 1024)).as("the neighbours are kept").isEqualTo((byte) 1);
    }

    @Test
    void a_vector_table_that_stays_is_written_again_only_for_whoever_wants_no_half_program_to_start() throws Exception {
        byte[] program = Boards.program(FLASH, 3000, 1);
        flash(Boards.image(FLASH, program), FlashOptions.DEFAULT);
        program[2500]++;
        flash(Boards.image(FLASH, program), FlashOptions.DEFAULT);
        assertThat(device.erased).containsExactly(AddressRange.ofSize(FLASH + 2048, 1024));
        program[2500]++;
        flash(Boards.image(FLASH, program), FlashOptions.DEFAULT.withRestartSafe(true));
        assertThat(device.erased)
                .containsExactly(AddressRange.ofSize(FLASH, 1024), AddressRange.ofSize(FLASH + 2048, 1024));
        assertThat(device.programmed.get(device.programmed.size() - 1)).isEqualTo(AddressRange.ofSize(FLASH, 16));
        flash(Boards.image(FLASH, program), FlashOptions.DEFAULT.withRestartSafe(true));
        assertThat(device.erased).as("nothing is changed for its own sake").isEmpty();
    }

    @Test
    void a_vector_table_that_is_written_again_for_safety_keeps_its_neighbours_too() throws Exception {
        device.sectors.values().forEach(bytes -> Arrays.fill(bytes, (byte) 1));
        byte[] program = Boards.program(FLASH, 500, 1);
        for (byte version = 1; version <= 2; version++) {
            FirmwareImage image = FirmwareImage.builder()
                    .add(Segment.of(FLASH, program))
                    .add(Segment.of(FLASH + 1024, new byte[] {version}))
                    .build();
            FlashReport report = flash(image, FlashOptions.DEFAULT.withRestartSafe(true));
            assertThat(report.proved()).isTrue();
        }
        assertThat(device.erased).hasSize(2);
        assertThat(Arrays.copyOfRange(device.sectors.get(AddressRange.ofSize(FLASH, 1024)), 500, 1024))
                .containsOnly((byte) 1);
    }

    @Test
    void a_flash_word_is_never_written_in_two_pieces_wherever_the_vector_table_seems_to_be() throws Exception {
        device.sectors.values().forEach(bytes -> Arrays.fill(bytes, (byte) 1));
        long table = FLASH + 1024 + 40;
        FlashReport report = flash(Boards.image(table, Boards.program(table, 300, 1)), FlashOptions.DEFAULT);
        assertThat(report.proved()).isTrue();
        assertThat(device.programmed).allMatch(r -> r.start() % 16 == 0 && r.end() % 16 == 0);
        assertThat(device.programmed.get(device.programmed.size() - 1)).isEqualTo(AddressRange.ofSize(table - 8, 16));
    }
}
