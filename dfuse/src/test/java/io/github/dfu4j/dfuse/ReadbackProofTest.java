package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.dfu.QuirkTable;
import io.github.dfu4j.dfuse.FlashPlan.Readback;
import io.github.dfu4j.image.AddressRange;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ReadbackProofTest {

    private static final long FIRST = 0x08000000L;
    private static final long SECOND = 0x08010000L;
    private static final int SIZE = 2048;
    private static final byte BLANK = (byte) 0xff;

    private final FakeDfuSe device = new FakeDfuSe(
            new MemoryLayout(
                    "Flash",
                    List.of(
                            new SectorRun(FIRST, 2, SIZE / 2, true, true, true),
                            new SectorRun(SECOND, 2, SIZE / 2, true, true, true))),
            64);
    private final List<AddressRange> readable = device.layout.readable();
    private final ReadbackProof proof = new ReadbackProof(Readback.TO_BE_PROVED);
    private final DfuSeSession session = device.session(QuirkTable.EMPTY);
    private final MemoryReader reader = new MemoryReader(
            session, FlashTarget.of(device.target()).get(0), proof, new JobLimits(device, Optional.empty()));

    @AfterEach
    void close() {
        session.close();
    }

    private void load(long address, int... bytes) {
        for (int i = 0; i < bytes.length; i++) {
            device.load(address + i, (byte) bytes[i]);
        }
    }

    private static byte[] counting(int size) {
        byte[] bytes = new byte[size];
        for (int i = 0; i < size; i++) {
            bytes[i] = (byte) i;
        }
        return bytes;
    }

    private void sampleOf(int size) throws Exception {
        byte[] bytes = counting(size);
        for (int i = 0; i < size; i++) {
            load(FIRST + i, bytes[i]);
        }
        proof.sample(FIRST, bytes, size);
        proof.examine(reader);
    }

    @Test
    void sixteen_bytes_can_show_it() throws Exception {
        sampleOf(16);
        assertThat(proof.believed()).isTrue();
    }

    @Test
    void fifteen_bytes_are_too_few() throws Exception {
        sampleOf(15);
        assertThat(proof.open()).isTrue();
        assertThat(device.transfers).isEmpty();
    }

    @Test
    void bytes_that_repeat_every_eight_show_nothing() throws Exception {
        byte[] bytes = new byte[64];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i % 8);
        }
        proof.sample(FIRST, bytes, bytes.length);
        proof.examine(reader);
        assertThat(proof.open()).isTrue();
    }

    @Test
    void other_bytes_at_the_same_addresses_are_a_lie() throws Exception {
        proof.sample(FIRST, counting(64), 64);
        proof.examine(reader);
        assertThat(proof.lying()).isTrue();
    }

    @Test
    void a_sector_that_is_not_blank_after_its_erase_is_a_lie_and_a_blank_one_shows_nothing() {
        byte[] bytes = new byte[64];
        Arrays.fill(bytes, BLANK);
        proof.afterErase(bytes, 64, BLANK);
        assertThat(proof.open()).isTrue();
        bytes[63] = 0;
        proof.afterErase(bytes, 63, BLANK);
        assertThat(proof.open()).isTrue();
        proof.afterErase(bytes, 64, BLANK);
        assertThat(proof.lying()).isTrue();
    }

    @Test
    void on_purpose_a_block_across_the_end_of_what_was_written_is_looked_at() throws Exception {
        load(SECOND + 100, 0, 0, 0, 0);
        proof.examineOnPurpose(reader, List.of(new AddressRange(SECOND + 90, SECOND + 104)), readable);
        assertThat(proof.believed()).isTrue();
    }

    @Test
    void or_else_one_at_the_start_of_a_region() throws Exception {
        load(SECOND + 40, 1, 2, 3);
        proof.examineOnPurpose(reader, List.of(new AddressRange(FIRST + 512, FIRST + 600)), readable);
        assertThat(proof.believed()).isTrue();
    }

    @Test
    void or_else_nothing_is_known() throws Exception {
        load(FIRST + 400, 1, 2, 3);
        proof.examineOnPurpose(reader, List.of(new AddressRange(FIRST + 512, FIRST + 600)), readable);
        assertThat(proof.open()).isTrue();
    }
}
