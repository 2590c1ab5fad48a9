package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.dfu.Quirk;
import io.github.dfu4j.dfu.QuirkTable;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What is read before a sector is changed, and what is changed then: no more than must be. */
class SectorSurveyTest {

    private static final long FLASH = 0x08000000L;
    private static final int SECTOR = 1024;
    private static final int BLOCK = 64;

    private final List<FlashEvent.PhaseStarted> phases = new ArrayList<>();
    private FakeDfuSe device = device("@Flash /0x08000000/8*1Kg");

    private static FakeDfuSe device(String layout) {
        try {
            FakeDfuSe made = new FakeDfuSe(MemoryLayout.parse(layout), BLOCK);
            Random random = new Random(1);
            made.sectors.values().forEach(random::nextBytes);
            return made;
        } catch (LayoutFormatException e) {
            throw new AssertionError(e);
        }
    }

    private static Quirk.Builder oddity() {
        return Quirk.row("test", "any").when("always", i -> true).says(Trait.WRITE_ALIGNMENT, 1);
    }

    private static Quirk.Builder truthful() {
        return oddity().says(Trait.READS_TRUTHFULLY);
    }

    private FlashReport flash(Quirk.Builder oddities, FirmwareImage image, FlashOptions options) throws Exception {
        QuirkTable quirks = QuirkTable.EMPTY.plus(
                List.of(oddities.because("the test wants it").source("this test")));
        device.erased.clear();
        device.programmed.clear();
        device.transfers.clear();
        phases.clear();
        return new Flasher(device.session(quirks), e -> {
                    if (e instanceof FlashEvent.PhaseStarted p) {
                        phases.add(p);
                    }
                })
                .flash(FlashPlanner.plan(device.target(quirks), image, options));
    }

    private static AddressRange sector(int number) {
        return AddressRange.ofSize(FLASH + (long) number * SECTOR, SECTOR);
    }

    /** What the device holds from an address on. */
    private byte[] held(long address, int size) {
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++) {
            bytes[i] = device.byteAt(address + i);
        }
        return bytes;
    }

    private long uploads() {
        return device.transfers.stream().filter(s -> s.request() == 2).count();
    }

    @Test
    void an_erase_that_reaches_further_takes_the_sectors_behind_along_and_none_before() throws Exception {
        device.eraseReach = SECTOR + SECTOR / 2;
        byte[] wanted = held(FLASH, 8 * SECTOR);
        wanted[2 * SECTOR + 100]++;
        Quirk.Builder reaches = truthful().says(Trait.ERASE_REACH, device.eraseReach);

        FlashReport report = flash(reaches, Boards.image(FLASH, wanted), FlashOptions.DEFAULT);

        assertThat(device.erased).containsExactly(sector(2), sector(3), sector(4), sector(5), sector(6), sector(7));
        assertThat(report.unchanged()).containsExactly(AddressRange.ofSize(FLASH, 2 * SECTOR));
        assertThat(held(FLASH, 8 * SECTOR)).isEqualTo(wanted);
        assertThat(report.proved()).isTrue();
    }

    @Test
    void sectors_that_share_an_erase_are_erased_together_and_no_others() throws Exception {
        device.eraseReach = 4 * SECTOR;
        byte[] wanted = held(FLASH, 8 * SECTOR);
        wanted[6 * SECTOR]++;
        Quirk.Builder shares = truthful().says(Trait.ERASE_SPAN, device.eraseReach);

        FlashReport report = flash(shares, Boards.image(FLASH, wanted), FlashOptions.DEFAULT);

        assertThat(device.erased).containsExactly(sector(4));
        assertThat(report.erased()).containsExactly(AddressRange.ofSize(FLASH + 4 * SECTOR, 4 * SECTOR));
        assertThat(report.unchanged()).containsExactly(AddressRange.ofSize(FLASH, 4 * SECTOR));
        assertThat(held(FLASH, 8 * SECTOR)).isEqualTo(wanted);
    }

    @Test
    void a_sector_that_another_ones_erase_reaches_into_keeps_its_neighbours() throws Exception {
        device.eraseReach = SECTOR + SECTOR / 2;
        byte[] before = held(FLASH, 2 * SECTOR);
        byte[] wanted = Arrays.copyOf(before, SECTOR + 200);
        wanted[0]++;
        Quirk.Builder reaches = truthful().says(Trait.ERASE_REACH, device.eraseReach);

        flash(reaches, Boards.image(FLASH, wanted), FlashOptions.DEFAULT);

        before[0]++;
        assertThat(device.erased).containsExactly(sector(0), sector(1));
        assertThat(held(FLASH, 2 * SECTOR)).isEqualTo(before);
    }

    @Test
    void of_an_unchanged_sector_only_what_the_image_is_about_is_read() throws Exception {
        FirmwareImage there = Boards.image(FLASH, held(FLASH, 2 * BLOCK));
        flash(truthful(), there, FlashOptions.DEFAULT);
        assertThat(uploads()).isEqualTo(2);

        flash(oddity(), there, FlashOptions.DEFAULT);
        assertThat(uploads()).as("and one block again, for it to prove itself").isEqualTo(3);
        assertThat(device.erased).isEmpty();
    }

    @Test
    void a_device_is_believed_for_what_it_returns_beside_an_image_that_shows_nothing() throws Exception {
        Arrays.fill(device.sectors.get(sector(1)), (byte) 0);
        FlashReport report = flash(oddity(), Boards.image(FLASH + SECTOR, new byte[SECTOR]), FlashOptions.DEFAULT);
        assertThat(device.erased).isEmpty();
        assertThat(report.unchanged()).containsExactly(sector(1));
    }

    @Test
    void nothing_is_looked_at_that_nobody_wants_to_know() throws Exception {
        FirmwareImage image = Boards.image(FLASH, new byte[100]);
        FlashOptions all = FlashOptions.DEFAULT.withSkipUnchanged(false);
        flash(truthful(), image, all.withKeepNeighbours(false).withVerify(false));
        assertThat(uploads()).isZero();
        assertThat(phases).noneMatch(p -> p.phase() == FlashEvent.Phase.SURVEY);
        byte[] before = held(FLASH, SECTOR);
        flash(truthful(), image, all);
        assertThat(phases.get(0).phase()).as("the neighbours").isEqualTo(FlashEvent.Phase.SURVEY);
        assertThat(phases.get(0).total()).isEqualTo(SECTOR);
        assertThat(device.erased).containsExactly(sector(0));
        assertThat(held(FLASH, SECTOR)).isEqualTo(before);
        flash(truthful(), image, FlashOptions.DEFAULT.withKeepNeighbours(false));
        assertThat(phases.get(0).total()).isEqualTo(100);
    }

    @Test
    void of_a_sector_that_differs_only_the_first_difference_is_read_and_what_is_kept() throws Exception {
        byte[] wanted = held(FLASH, SECTOR / 2);
        wanted[BLOCK]++;
        FlashOptions options = FlashOptions.DEFAULT.withVerify(false);
        flash(truthful(), Boards.image(FLASH, wanted), options);
        assertThat(uploads()).isEqualTo(2 + SECTOR / 2 / BLOCK);
        wanted[BLOCK]++;
        flash(truthful(), Boards.image(FLASH, wanted), options.withKeepNeighbours(false));
        assertThat(uploads()).isEqualTo(2);
    }

    @Test
    void who_only_says_that_it_is_blank_is_erased() throws Exception {
        device.uploadsInstead = new byte[] {(byte) 0xff};
        byte[] wanted = Boards.program(FLASH, SECTOR, 3);
        flash(oddity(), Boards.image(FLASH, wanted), FlashOptions.DEFAULT.withVerify(false));
        assertThat(device.erased).containsExactly(sector(0));
        assertThat(held(FLASH, SECTOR)).isEqualTo(wanted);
    }

    @Test
    void what_fills_a_flash_word_is_blank() throws Exception {
        FirmwareImage image = Boards.image(FLASH + SECTOR, new byte[20]);
        flash(truthful().says(Trait.WRITE_ALIGNMENT, 16), image, FlashOptions.DEFAULT.withKeepNeighbours(false));
        assertThat(Ranges.joined(device.programmed)).containsExactly(AddressRange.ofSize(FLASH + SECTOR, 32));
        assertThat(held(FLASH + SECTOR + 20, 12)).containsOnly(0xff);
    }

    /** The image of whole blocks, those that are dots blank, and a half one at the end. */
    private static byte[] pattern(String blocks, boolean halfIsBlank) {
        byte[] bytes = new byte[blocks.length() * BLOCK + BLOCK / 2];
        for (int i = 0; i < blocks.length(); i++) {
            Arrays.fill(bytes, i * BLOCK, (i + 1) * BLOCK, blocks.charAt(i) == '.' ? (byte) 0xff : 0);
        }
        Arrays.fill(bytes, blocks.length() * BLOCK, bytes.length, halfIsBlank ? (byte) 0xff : 0);
        return bytes;
    }

    @Test
    void blank_blocks_at_the_end_of_a_sector_and_a_blank_piece_of_one_are_left_out() throws Exception {
        FlashOptions options = FlashOptions.DEFAULT.withKeepNeighbours(false);
        flash(
                truthful(),
                Boards.image(FLASH + SECTOR, Arrays.copyOf(pattern("###############.", true), SECTOR)),
                options);
        assertThat(Ranges.joined(device.programmed))
                .containsExactly(AddressRange.ofSize(FLASH + SECTOR, SECTOR - BLOCK));

        long start = FLASH + 7 * SECTOR + BLOCK / 2;
        flash(truthful(), Boards.image(start, pattern("###############", true)), options);
        assertThat(Ranges.joined(device.programmed)).containsExactly(AddressRange.ofSize(start, 15 * BLOCK));
    }

    @Test
    void blank_blocks_are_left_out_at_address_0_too() throws Exception {
        device = device("@Flash /0x00000000/2*1Kg");
        flash(truthful(), Boards.image(0, pattern("..#...", true)), FlashOptions.DEFAULT.withKeepNeighbours(false));
        assertThat(device.programmed).containsExactly(AddressRange.ofSize(2 * BLOCK, BLOCK));
        device = device("@Flash /0x00000000/2*1Kg");
        flash(truthful(), Boards.image(0, pattern("...", true)), FlashOptions.DEFAULT.withKeepNeighbours(false));
        assertThat(device.erased).hasSize(1);
        assertThat(device.programmed).isEmpty();
    }
}
