package io.github.dfu4j.dfu;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.usb.UsbDevice;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What the descriptors of a DFU interface are read as. */
class DfuInterfaceTest {

    private static DfuInterface with(QuirkTable table, byte... functional) {
        return DfuInterface.of(Snapshots.device(0x1209, 1, 0, 2, functional), table)
                .get(0);
    }

    private static DfuFunctionalDescriptor functional(int attributes, int version) {
        return with(QuirkTable.EMPTY, Snapshots.functional(attributes, 64, version))
                .functional();
    }

    private static QuirkTable saying(Trait... traits) {
        Quirk.Builder row = Quirk.row("test", "any").when("always", i -> true);
        for (Trait trait : traits) {
            row.says(trait);
        }
        return QuirkTable.EMPTY.plus(List.of(row.because("the test wants it").source("this test")));
    }

    /** Two interfaces: the first a serial port's, the second with DFU, number 3, in two alternate settings. */
    private static UsbDevice composite(int number) {
        byte[] configuration = {
            9, 2, 45, 0, 2, 1, 0, (byte) 0xc0, 50, //
            9, 4, 0, 0, 0, 2, 2, 1, 0, //
            9, 4, (byte) number, 0, 0, (byte) 0xfe, 1, 1, 0, //
            9, 4, (byte) number, 1, 0, (byte) 0xfe, 1, 1, 1, //
            9, 0x21, 0x0b, (byte) 0xff, 0, 64, 0, 0x10, 1
        };
        UsbDevice one = Snapshots.device(0x1209, 1, 0, 1, Snapshots.functional(0x0b, 64, 0x0110));
        return UsbDevice.builder(one.key(), one.deviceDescriptor().toBytes(), configuration)
                .string(1, one.rawString(1).orElseThrow().toBytes())
                .build();
    }

    @Test
    void each_attribute_is_a_bit() {
        assertThat(functional(0x01, 0x0110)).satisfies(f -> {
            assertThat(f.canDownload()).isTrue();
            assertThat(f.canUpload() || f.manifestationTolerant() || f.willDetach())
                    .isFalse();
        });
        assertThat(functional(0x0e, 0x0110)).satisfies(f -> {
            assertThat(f.canDownload()).isFalse();
            assertThat(f.canUpload() && f.manifestationTolerant() && f.willDetach())
                    .isTrue();
        });
    }

    @Test
    void versions_are_written_as_their_specifications_write_them() {
        assertThat(functional(1, 0x0100).versionText()).isEqualTo("1.00");
        assertThat(functional(1, 0x0110).versionText()).isEqualTo("1.10");
        assertThat(functional(1, 0x011a).versionText()).isEqualTo("1.1a");
        assertThat(functional(1, 0x1a01))
                .as("bytes swapped")
                .satisfies(f -> assertThat(f.isDfuSe()).isTrue());
    }

    @Test
    void a_functional_descriptor_has_seven_bytes_at_least() {
        byte[] nine = Snapshots.functional(0x03, 256, 0x0110);
        byte[] seven = Arrays.copyOf(nine, 7);
        seven[0] = 7;
        assertThat(with(QuirkTable.EMPTY, seven)).satisfies(i -> {
            assertThat(i.hasFunctional()).isTrue();
            assertThat(i.functional().transferSize()).isEqualTo(256);
            assertThat(i.functional().version()).isEqualTo(0x0100);
        });
        byte[] six = Arrays.copyOf(nine, 6);
        six[0] = 6;
        assertThat(with(QuirkTable.EMPTY, six)).satisfies(i -> {
            assertThat(i.hasFunctional()).isFalse();
            assertThat(i.functional()).isEqualTo(DfuFunctionalDescriptor.ABSENT);
        });
        byte[] other = nine.clone();
        other[1] = 0x24;
        assertThat(with(QuirkTable.EMPTY, other).hasFunctional()).isFalse();
    }

    @Test
    void quirks_correct_the_attributes() {
        byte[] reported = Snapshots.functional(0x03, 64, 0x0110);
        assertThat(with(saying(Trait.MANIFESTATION_TOLERANT, Trait.WILL_DETACH), reported)
                        .functional()
                        .attributes())
                .isEqualTo(0x0f);
        assertThat(with(saying(Trait.NO_UPLOAD), reported).functional().attributes())
                .isEqualTo(0x01);
    }

    @Test
    void an_interface_among_others_keeps_its_number_and_its_alternate_settings() {
        DfuInterface dfu = DfuInterface.of(composite(3), QuirkTable.EMPTY).get(0);
        assertThat(dfu.number()).isEqualTo(3);
        assertThat(dfu.alternates()).hasSize(2);
        assertThat(dfu.alternate(1)).contains(dfu.alternates().get(1));
        assertThat(dfu.alternate(1).flatMap(DfuAlternate::name)).contains("serial");
        assertThat(dfu.alternate(2)).isEqualTo(Optional.empty());
        assertThat(dfu).hasToString(dfu.device() + ", interface 3 in run-time mode");
        assertThat(with(QuirkTable.EMPTY, Snapshots.functional(1, 64, 0x0110)))
                .asString()
                .endsWith(", interface 0 in DFU mode");
    }

    @Test
    void an_interface_is_its_device_and_its_number() {
        DfuInterface three = DfuInterface.of(composite(3), QuirkTable.EMPTY).get(0);
        DfuInterface four = DfuInterface.of(composite(4), QuirkTable.EMPTY).get(0);
        DfuInterface alone = with(QuirkTable.EMPTY, Snapshots.functional(1, 64, 0x0110));
        assertThat(three)
                .isEqualTo(
                        DfuInterface.of(three.device(), saying(Trait.NO_UPLOAD)).get(0))
                .hasSameHashCodeAs(
                        DfuInterface.of(three.device(), saying(Trait.NO_UPLOAD)).get(0))
                .isNotEqualTo(four)
                .isNotEqualTo(alone)
                .isNotEqualTo("something else");
        assertThat(three.hashCode()).isNotEqualTo(alone.hashCode());
    }

    @Test
    void a_headset_of_another_protocol_or_with_other_interfaces_is_not_in_dfu_mode() {
        byte[] functional = Snapshots.functional(0x03, 64, 0x0110);
        assertThat(DfuInterface.of(Snapshots.device(0x0b0e, 0x1234, 0, 0, functional), QuirkTable.dfu())
                        .get(0)
                        .mode())
                .isEqualTo(DfuMode.DFU);
        assertThat(DfuInterface.of(Snapshots.device(0x0b0e, 0x1234, 0, 1, functional), QuirkTable.dfu())
                        .get(0)
                        .mode())
                .isEqualTo(DfuMode.RUN_TIME);
    }

    @Test
    void what_is_known_of_a_device_can_be_told() {
        Quirks quirks = with(saying(Trait.NO_UPLOAD), Snapshots.functional(1, 64, 0x0110))
                .quirks();
        assertThat(quirks.row(Trait.NO_UPLOAD)).map(Quirk::reason).contains("the test wants it");
        assertThat(quirks.row(Trait.NO_DETACH)).isEmpty();
        assertThat(quirks).hasToString("[test]");
        assertThat(DfuState.of(DfuState.UPLOAD_IDLE.code())).isEqualTo(DfuState.UPLOAD_IDLE);
    }
}
