package io.github.dfu4j.dfu;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dfu4j.usb.UsbDevice;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DfuSelectorTest {

    private static UsbDevice at(String port, String serial, int product, int protocol) {
        return Snapshots.device(port, serial, 0x0483, product, 0, protocol, Snapshots.functional(0x0b, 64, 0x0110));
    }

    private final List<DfuInterface> attached = DfuInterface.of(
            List.of(at("1-1", "A", 0xdf11, 2), at("1-2.3", "A", 0xdf11, 2), at("2-1", "B", 0x5740, 1)),
            QuirkTable.dfu());

    @Test
    void ids_port_serial_and_mode_select() throws Exception {
        assertThat(DfuSelector.ANY.all(attached)).hasSize(3);
        assertThat(DfuSelector.DFU_MODE.all(attached)).hasSize(2);
        assertThat(DfuSelector.ANY.with("0483:5740").one(attached).protocol()).isEqualTo(1);
        assertThat(DfuSelector.ANY.with("*:df11").all(attached)).hasSize(2);
        assertThat(DfuSelector.ANY.with("0483:").all(attached)).hasSize(3);
        assertThat(DfuSelector.ANY.with("0484:*").all(attached)).isEmpty();
        assertThat(DfuSelector.ANY.with("0:ffff").all(attached)).isEmpty();
        assertThat(DfuSelector.ANY.inMode(DfuMode.RUN_TIME).one(attached).protocol())
                .isEqualTo(1);
        assertThat(DfuSelector.ANY.with("1-2.3").one(attached)).isEqualTo(attached.get(1));
        assertThat(DfuSelector.ANY.with("serial=B").one(attached)).isEqualTo(attached.get(2));
        assertThat(DfuSelector.ANY.with("serial=A").with("1-1").one(attached)).isEqualTo(attached.get(0));
    }

    @Test
    void nothing_is_guessed() {
        assertThatThrownBy(() -> DfuSelector.ANY.with("0483:df11").one(attached))
                .isInstanceOf(DfuSelectionException.class)
                .hasMessageContaining("1-2.3")
                .hasMessageContaining("by its port");
        assertThatThrownBy(() -> DfuSelector.ANY.with("9-9").one(attached))
                .isInstanceOf(DfuSelectionException.class)
                .hasMessageContaining("at port 9-9");
    }

    @Test
    void a_device_that_fits_but_runs_its_application_is_named_with_what_to_do() {
        assertThatThrownBy(() -> DfuSelector.DFU_MODE.with("serial=B").one(attached))
                .isInstanceOf(DfuSelectionException.class)
                .hasMessageContaining(
                        attached.get(2).device() + " runs its application: \"dfu detach\" brings it into DFU mode.");
        assertThatThrownBy(() -> DfuSelector.DFU_MODE.with("serial=C").one(attached))
                .hasMessageContaining("Put the device into its bootloader");
    }

    @ParameterizedTest
    @ValueSource(strings = {"0483", "0483:df11:1", "10000:1", "xyz:1", "-1:2", ""})
    void what_is_no_selection_is_refused(String text) {
        assertThatThrownBy(() -> DfuSelector.ANY.with(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(text);
    }

    @Test
    void it_says_what_it_selects() {
        assertThat(DfuSelector.DFU_MODE.with("0483:*").with("serial=X").with("1-2"))
                .hasToString("DFU device 0483:* at port 1-2 with serial number X in DFU mode");
    }
}
