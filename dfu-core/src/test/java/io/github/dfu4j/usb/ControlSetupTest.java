package io.github.dfu4j.usb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class ControlSetupTest {

    @Property
    void the_packet_reads_back_as_what_was_sent(
            @ForAll @IntRange(max = 255) int type,
            @ForAll @IntRange(max = 255) int request,
            @ForAll @IntRange(max = 65535) int value,
            @ForAll @IntRange(max = 65535) int index,
            @ForAll @IntRange(max = 65535) int length) {
        ControlSetup setup = new ControlSetup(type, request, value, index, length);

        assertThat(ControlSetup.fromBytes(setup.toBytes(), 0)).isEqualTo(setup);
    }

    @Test
    void words_are_little_endian() {
        assertThat(new ControlSetup(0x21, 1, 0x0203, 0x0405, 0x0607).toBytes())
                .containsExactly(0x21, 1, 3, 2, 5, 4, 7, 6);
    }

    @Test
    void bit_7_of_the_request_type_is_the_direction() {
        assertThat(new ControlSetup(0xa1, 3, 0, 0, 6).in()).isTrue();
        assertThat(new ControlSetup(0x21, 1, 0, 0, 6).in()).isFalse();
    }

    @Test
    void a_field_that_does_not_fit_is_named() {
        assertThatThrownBy(() -> new ControlSetup(0x21, 1, 65536, 0, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("wValue must be 0 to 65535, not 65536");
    }
}
