package io.github.dfu4j.usb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyInt;
import static org.mockito.Mockito.doThrow;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class StringDescriptorsTest {

    private final UsbConnection connection = mock(UsbConnection.class);
    private final Map<Integer, byte[]> strings = new TreeMap<>();
    private final List<ControlSetup> asked = new ArrayList<>();

    @BeforeEach
    void a_board_with_named_alternate_settings() throws UsbException {
        strings.put(0, UsbDeviceTest.bytes(4, 3, 0x07, 0x04));
        for (int index = 1; index <= 5; index++) {
            strings.put(index, UsbDeviceTest.string("string " + index));
        }
        when(connection.device())
                .thenReturn(UsbDevice.builder("7", UsbDeviceTest.DEVICE, UsbDeviceTest.CONFIGURATION)
                        .build());
        when(connection.control(any(), any(), anyInt(), anyInt())).thenAnswer(call -> {
            ControlSetup setup = call.getArgument(0);
            asked.add(setup);
            byte[] descriptor = strings.get(setup.value() & 0xff);
            if (descriptor == null) {
                throw new UsbException(UsbException.Kind.STALL, "stalled");
            }
            System.arraycopy(descriptor, 0, call.<byte[]>getArgument(1), 0, descriptor.length);
            return descriptor.length;
        });
    }

    @Test
    void only_the_strings_that_descriptors_name_are_asked_for_in_the_devices_language() throws UsbException {
        assertThat(StringDescriptors.read(connection, 500)).containsExactlyInAnyOrderEntriesOf(without(0));

        assertThat(asked)
                .extracting(ControlSetup::toString)
                .containsExactly(
                        "80 06 0300 0000 255",
                        "80 06 0301 0407 255",
                        "80 06 0302 0407 255",
                        "80 06 0303 0407 255",
                        "80 06 0304 0407 255",
                        "80 06 0305 0407 255");
    }

    private Map<Integer, byte[]> without(int index) {
        Map<Integer, byte[]> rest = new TreeMap<>(strings);
        rest.remove(index);
        return rest;
    }

    @Test
    void a_string_that_the_device_stalls_is_left_out() throws UsbException {
        strings.remove(3);

        assertThat(StringDescriptors.read(connection, 500)).containsOnlyKeys(1, 2, 4, 5);
    }

    @Test
    void a_device_that_is_gone_is_not_asked_on() throws UsbException {
        doThrow(new UsbException(UsbException.Kind.GONE, "gone"))
                .when(connection)
                .control(any(), any(), anyInt(), anyInt());

        assertThatThrownBy(() -> StringDescriptors.read(connection, 500)).hasMessage("gone");
        verify(connection).control(any(), any(), anyInt(), anyInt());
    }
}
