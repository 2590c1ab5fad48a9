package io.github.dfu4j.dfu;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DfuQuirksTest {

    private static Quirks quirks(int vendor, int product, int release, int protocol, byte... functional) {
        List<DfuInterface> found =
                DfuInterface.of(Snapshots.device(vendor, product, release, protocol, functional), QuirkTable.dfu());
        return found.isEmpty() ? Quirks.NONE : found.get(0).quirks();
    }

    /** Row; vendor, product, bcdDevice and protocol of a device that has it, in hexadecimal; one of its facts with its number. */
    @ParameterizedTest
    @CsvSource({
        "openmoko, 1d50, 5117, 0, 2, POLL_TIMEOUT, 5",
        "openmoko, 1457, 5126, 0, 2, POLL_TIMEOUT, 5",
        "freerunner, 1d50, 5119, 0, 2, NO_STATUS_IN_UPLOAD, 0",
        "openpcd, 16c0, 076b, 0, 2, POLL_TIMEOUT, 5",
        "openpcd, 16c0, 0762, 0, 2, POLL_TIMEOUT, 5",
        "openpcd, 16c0, 076c, 0, 2, POLL_TIMEOUT, 5",
        "siemens-pxm, 0908, 02c4, 0, 2, POLL_TIMEOUT, 5",
        "siemens-pxm, 0908, 02c5, 0, 2, POLL_TIMEOUT, 5",
        "m-audio-transit, 0763, 2806, 0, 2, MANIFEST_DELAY, 1000",
        "maple3, 1eaf, 0003, 0200, 2, DFU_VERSION, 272",
        "lpc-protocol-1, 1fc9, 000c, 0, 1, DFU_MODE, 0",
        "jabra, 0b0e, 0411, 0, 1, EXTRA_RESET, 0",
        "jabra, 0b0e, 0971, 0, 1, NO_UPLOAD, 0",
        "jabra-protocol-0, 0b0e, 1234, 0, 0, DFU_MODE, 0",
        "m-stack, 273f, 1008, 0, 1, ATTACH_NEEDS_TRANSFER, 0",
        "hydrabus, 1d50, 60a7, 0, 2, NO_RUN_TIME, 0",
        "black-magic, 1d50, 6017, 0, 2, BUSY_WITHOUT_END, 0",
        "realtek-camera, 0bda, 58fe, 0, 1, COUNTERPART, 198858752",
        "realtek-camera-dfu, 0bda, 5800, 0, 2, DETACH_TO_ATTACH, 0",
        "poly-studio, 095d, 9160, 0, 1, DETACH_INDEX_BIT, 0",
        "poly-studio-dfu, 095d, 9218, 0, 2, NO_BUS_RESET, 0",
        "poly-cube, 095d, 9213, 0, 2, RETURN_TIME, 30000",
        "poly-p15-r30, 095d, 92b4, 0, 1, DETACH_INDEX_BIT, 0",
        "poly-p15-r30-dfu, 095d, 9291, 0, 2, RETURN_TIME, 60000",
        "poly-mini-p5-p21, 095d, 3002, 0, 2, RETURN_TIME, 9000",
        "poly-e70, 095d, 92a1, 0, 1, RETURN_TIME, 90000",
        "poly-e70-dfu, 095d, 92a2, 0, 2, ZERO_POLL_TIMEOUT, 0",
        "poly-v, 095d, 92d4, 0, 1, RETURN_TIME, 180000",
        "poly-v-dfu, 095d, 92d3, 0, 2, POLL_IN_MANIFEST, 0",
        "aver-atlas, 34ad, 0006, 0, 2, RETURN_TIME, 60000",
        "aver-cam520, 2574, 0a30, 0, 2, RETURN_TIME, 180000",
        "flatfrog, 25b5, 0004, 0, 2, NO_UPLOAD, 0",
        "sunplus, 1bcf, 0b1d, 0, 2, POLL_TIMEOUT, 5",
        "sunplus-sonix, 0c45, 636f, 0, 2, DETACH_TO_ATTACH, 0",
        "sunplus-sonix, 0c45, 6374, 0, 2, NO_UPLOAD, 0",
        "sunplus-sonix, 1bcf, 0b22, 0, 2, NO_UPLOAD, 0",
    })
    void a_device_that_has_it_is_recognised(
            String id, String vendor, String product, String release, int protocol, Trait trait, long number) {
        Quirks found = quirks(
                Integer.parseInt(vendor, 16),
                Integer.parseInt(product, 16),
                Integer.parseInt(release, 16),
                protocol,
                Snapshots.functional(0x0f, 64, 0x0110));
        assertThat(found.rows()).extracting(Quirk::id).contains(id);
        assertThat(found.row(trait).orElseThrow().traits()).containsEntry(trait, number);
        assertThat(found.value(trait, -1)).isEqualTo(number);
    }

    @Test
    void every_row_of_ids_is_tested() throws Exception {
        Set<String> tested = new TreeSet<>(List.of("dfuse-protocol-0", "dfu-1.0", "fpc"));
        CsvSource source = DfuQuirksTest.class
                .getDeclaredMethod(
                        "a_device_that_has_it_is_recognised",
                        String.class,
                        String.class,
                        String.class,
                        String.class,
                        int.class,
                        Trait.class,
                        long.class)
                .getAnnotation(CsvSource.class);
        for (String line : source.value()) {
            tested.add(line.substring(0, line.indexOf(',')));
        }
        assertThat(QuirkTable.dfu().rows().stream().map(Quirk::id).collect(Collectors.toSet()))
                .isEqualTo(tested);
    }

    /**
     * The devices of dfu-util's table and of fwupd's, with what these say of them. Left out are Atmel's, which speak a protocol of their
     * own, and what is about fwupd itself (who signs the firmware, what else must be installed).
     */
    private static final String TABLES_OF_OTHERS = """
            1d50:5117 1d50:5118 1d50:511a 1d50:5126 1457:5117 1457:5119 1457:5126 POLL_TIMEOUT
            1d50:5119 POLL_TIMEOUT SAME_IDS_IN_BOTH_MODES NO_RUN_TIME NO_STATUS_IN_UPLOAD
            16c0:076b 16c0:0762 16c0:076c POLL_TIMEOUT
            0908:02c4 0908:02c5 POLL_TIMEOUT
            0763:2806 POLL_TIMEOUT
            273f:1003 273f:100a 273f:1008 ATTACH_NEEDS_TRANSFER
            1d50:60a7 NO_RUN_TIME
            0b0e:0411 0b0e:0421 0b0e:0982 0b0e:0971 SAME_IDS_IN_BOTH_MODES NO_UPLOAD EXTRA_RESET
            0bda:5850 0bda:5855 0bda:58fe COUNTERPART
            0bda:5800 DETACH_TO_ATTACH
            095d:9217 095d:9160 POLL_IN_MANIFEST NO_BUS_RESET ZERO_POLL_TIMEOUT DETACH_INDEX_BIT RETURN_TIME=60000
            095d:9218 095d:927b POLL_IN_MANIFEST NO_BUS_RESET ZERO_POLL_TIMEOUT RETURN_TIME=60000
            095d:9212 095d:9213 POLL_IN_MANIFEST ZERO_POLL_TIMEOUT RETURN_TIME=30000
            095d:9290 095d:92b2 095d:92b4 POLL_IN_MANIFEST ZERO_POLL_TIMEOUT DETACH_INDEX_BIT RETURN_TIME=60000
            095d:9291 095d:92b3 POLL_IN_MANIFEST ZERO_POLL_TIMEOUT RETURN_TIME=60000
            095d:3001 095d:3002 095d:9296 095d:9297 095d:9298 095d:9299 POLL_IN_MANIFEST ZERO_POLL_TIMEOUT RETURN_TIME=9000
            095d:92a1 POLL_IN_MANIFEST ZERO_POLL_TIMEOUT DETACH_INDEX_BIT RETURN_TIME=90000
            095d:92a2 POLL_IN_MANIFEST ZERO_POLL_TIMEOUT RETURN_TIME=90000
            095d:92c6 095d:92c8 095d:92d8 095d:92da 095d:92d2 095d:92d4 POLL_IN_MANIFEST ZERO_POLL_TIMEOUT \
            DETACH_INDEX_BIT RETURN_TIME=180000
            095d:92c7 095d:92d9 095d:92d3 POLL_IN_MANIFEST ZERO_POLL_TIMEOUT RETURN_TIME=180000
            34ad:0006 DETACH_TO_ATTACH RETURN_TIME=60000
            2574:0a30 DETACH_TO_ATTACH RETURN_TIME=180000
            25b5:0004 POLL_IN_MANIFEST DETACH_TO_ATTACH NO_UPLOAD
            1bcf:0b1d DETACH_TO_ATTACH NO_UPLOAD POLL_TIMEOUT
            1bcf:0b1e 1bcf:0b22 0c45:636d 0c45:636c 0c45:636e 0c45:636f 0c45:6373 0c45:6374 DETACH_TO_ATTACH NO_UPLOAD
            """;

    @Test
    void every_device_of_the_tables_of_others_is_known_for_what_they_say() {
        for (String line : TABLES_OF_OTHERS.trim().split("\n", -1)) {
            Set<String> facts = new TreeSet<>(List.of(line.split(" +", -1)));
            Set<String> ids =
                    facts.stream().filter(f -> f.indexOf(':') > 0).collect(Collectors.toCollection(TreeSet::new));
            facts.removeAll(ids);
            for (String id : ids) {
                Quirks found = quirks(
                        Integer.parseInt(id.substring(0, 4), 16),
                        Integer.parseInt(id.substring(5), 16),
                        0,
                        2,
                        Snapshots.functional(0x0f, 64, 0x0110));
                Set<String> said = new TreeSet<>();
                found.rows()
                        .forEach(row -> row.traits().keySet().stream()
                                .filter(t -> t != Trait.MANIFEST_DELAY)
                                .forEach(t -> said.add(
                                        t == Trait.RETURN_TIME ? "RETURN_TIME=" + found.value(t, 0) : t.name())));
                assertThat(said).as(id).isEqualTo(facts);
            }
        }
    }

    @Test
    void neighbours_of_the_ids_are_ordinary_devices() {
        byte[] functional = Snapshots.functional(0x0f, 64, 0x0110);
        assertThat(quirks(0x1d50, 0x5116, 0, 2, functional).rows()).isEmpty();
        assertThat(quirks(0x1d50, 0x5127, 0, 2, functional).rows()).isEmpty();
        assertThat(quirks(0x0908, 0x02c4, 1, 2, functional).rows()).isEmpty();
        assertThat(quirks(0x1eaf, 0x0003, 0x0201, 2, functional).rows()).isEmpty();
        assertThat(quirks(0x1fc9, 0x000c, 0, 2, functional).rows()).isEmpty();
    }

    @Test
    void dfu_1_0_is_what_has_seven_bytes_or_none() {
        assertThat(quirks(0x1209, 1, 0, 0, (byte) 7, (byte) 0x21, (byte) 3, (byte) 0, (byte) 1, (byte) 64, (byte) 0)
                        .value(Trait.DFU_VERSION, 0))
                .isEqualTo(0x0100);
        DfuInterface bare = DfuInterface.of(Snapshots.device(0x1209, 1, 0, 2), QuirkTable.dfu())
                .get(0);
        assertThat(bare.hasFunctional()).isFalse();
        assertThat(bare.functional().transferSize()).isEqualTo(64);
        assertThat(bare.functional().canUpload()).isFalse();
    }

    @Test
    void an_early_dfuse_bootloader_is_in_dfu_mode_in_spite_of_its_protocol() {
        DfuInterface nano = DfuInterface.of(
                        Snapshots.device(0x0483, 0xdf11, 0x0200, 0, Snapshots.functional(0x0b, 1024, 0x011a)),
                        QuirkTable.dfu())
                .get(0);
        assertThat(nano.mode()).isEqualTo(DfuMode.DFU);
        assertThat(nano.isDfuSe()).isTrue();
    }

    @Test
    void what_only_looks_like_dfu_is_left_out() {
        for (int product : new int[] {0xffe0, 0xffe1, 0x9800, 0xd805}) {
            assertThat(DfuInterface.of(
                            Snapshots.device(0x10a5, product, 0, 2, Snapshots.functional(1, 64, 0x0110)),
                            QuirkTable.dfu()))
                    .isEmpty();
        }
    }

    @Test
    void facts_correct_the_descriptor() {
        DfuInterface jabra = DfuInterface.of(
                        Snapshots.device(0x0b0e, 0x0421, 0, 2, Snapshots.functional(0x0f, 64, 0x0110)),
                        QuirkTable.dfu())
                .get(0);
        assertThat(jabra.functional().canUpload()).isFalse();
        assertThat(jabra.functional().canDownload()).isTrue();
        DfuInterface maple = DfuInterface.of(
                        Snapshots.device(0x1eaf, 0x0003, 0x0200, 2, Snapshots.functional(0x0b, 1024, 0x011a)),
                        QuirkTable.dfu())
                .get(0);
        assertThat(maple.isDfuSe()).isFalse();
        assertThat(maple.functional().versionText()).isEqualTo("1.10");
    }
}
