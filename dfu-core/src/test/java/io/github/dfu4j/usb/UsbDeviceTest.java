package io.github.dfu4j.usb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class UsbDeviceTest {

    /** An STM32 bootloader's descriptors: two alternate settings, the functional descriptor behind the last. */
    static final byte[] DEVICE = bytes(
            0x12, 0x01, 0x00, 0x01, 0x00, 0x00, 0x00, 0x40, 0x83, 0x04, 0x11, 0xdf, 0x00, 0x22, 0x01, 0x02, 0x03, 0x01);

    static final byte[] CONFIGURATION = bytes(
            0x09, 0x02, 0x24, 0x00, 0x01, 0x01, 0x00, 0xc0, 0x32, //
            0x09, 0x04, 0x00, 0x00, 0x00, 0xfe, 0x01, 0x02, 0x04, //
            0x09, 0x04, 0x00, 0x01, 0x00, 0xfe, 0x01, 0x02, 0x05, //
            0x09, 0x21, 0x0b, 0xff, 0x00, 0x00, 0x08, 0x1a, 0x01);

    static byte[] bytes(int... values) {
        byte[] result = new byte[values.length];
        for (int i = 0; i < values.length; i++) {
            result[i] = (byte) values[i];
        }
        return result;
    }

    static byte[] string(String text) {
        byte[] utf16 = text.getBytes(StandardCharsets.UTF_16LE);
        byte[] descriptor = new byte[utf16.length + 2];
        descriptor[0] = (byte) descriptor.length;
        descriptor[1] = 3;
        System.arraycopy(utf16, 0, descriptor, 2, utf16.length);
        return descriptor;
    }

    private static UsbDevice.Builder device() {
        return UsbDevice.builder("7", DEVICE, CONFIGURATION);
    }

    @Test
    void ids_release_and_configuration_come_from_the_descriptors() {
        UsbDevice device = device().build();

        assertThat(device.ids()).isEqualTo("0483:df11");
        assertThat(device.releaseNumber()).isEqualTo(0x2200);
        assertThat(device.configurationValue()).isEqualTo(1);
    }

    @Test
    void each_alternate_setting_has_the_descriptors_that_follow_it() {
        UsbDevice device = device().build();

        assertThat(device.alternates())
                .extracting(
                        AlternateSetting::number,
                        AlternateSetting::nameIndex,
                        a -> a.extra().size())
                .containsExactly(
                        org.assertj.core.groups.Tuple.tuple(0, 4, 0), org.assertj.core.groups.Tuple.tuple(1, 5, 1));
        assertThat(device.alternates().get(1).extra().get(0)).hasToString("09 21 0b ff 00 00 08 1a 01");
    }

    @Test
    void a_configuration_cut_short_is_read_as_far_as_it_goes() {
        UsbDevice device =
                UsbDevice.builder("7", DEVICE, Arrays.copyOf(CONFIGURATION, 22)).build();

        assertThat(device.alternates()).hasSize(1);
    }

    @Property
    void no_configuration_makes_reading_fail(@ForAll @Size(max = 80) byte[] configuration) {
        UsbDevice device = UsbDevice.builder("7", DEVICE, configuration).build();

        assertThat(device.alternates().size()).isLessThanOrEqualTo(configuration.length / 9);
    }

    @Test
    void a_device_descriptor_that_is_too_short_is_refused() {
        assertThatThrownBy(() -> UsbDevice.builder("7", new byte[17], CONFIGURATION))
                .hasMessage("a device descriptor has 18 bytes, not 17");
    }

    @Test
    void a_string_ends_at_its_first_nul() {
        assertThat(device().string(2, string("DFU\0\0junk")).build().product()).contains("DFU");
    }

    @Test
    void a_string_whose_length_byte_is_too_large_is_read_as_far_as_it_came() {
        byte[] descriptor = string("STM32  BOOTLOADER");
        descriptor[0] = (byte) 166;

        assertThat(device().string(2, descriptor).build().product()).contains("STM32  BOOTLOADER");
    }

    @Property
    void no_string_descriptor_makes_reading_fail(@ForAll @Size(min = 2, max = 40) byte[] descriptor) {
        assertThat(device().string(2, descriptor).build().product()).isPresent();
    }

    @Test
    void index_0_names_no_string() {
        assertThat(device().build().string(0)).isEmpty();
    }

    @Test
    void it_is_shown_with_ids_product_and_port() {
        assertThat(device().string(2, string("DFU in FS Mode"))
                        .port(PortPath.parse("1-4"))
                        .build())
                .hasToString("0483:df11 \"DFU in FS Mode\" at port 1-4");
    }
}
