package io.github.dfu4j.usbip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dfu4j.simulator.Stm32Rom;
import io.github.dfu4j.simulator.VirtualBus;
import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.Deadline;
import io.github.dfu4j.usb.DeviceWatch;
import io.github.dfu4j.usb.PortPath;
import io.github.dfu4j.usb.Reenumeration;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Simulated boards behind USB/IP are what they are without it. */
class SimulatedBoardsTest {

    private static final ControlSetup GETSTATUS = new ControlSetup(0xa1, 3, 0, 0, 6);
    private static final PortPath PORT = PortPath.parse("1-2");

    private final VirtualBus bus = new VirtualBus();
    private final Stm32Rom board = new Stm32Rom("stm32f407");
    private UsbIpServer server;
    private UsbIpBus client;

    @BeforeEach
    void serve() throws Exception {
        bus.plug(new Stm32Rom("stm32f407"), PortPath.parse("1-1"));
        bus.plug(board, PORT);
        bus.time().sleep(Duration.ofSeconds(2));
        server = UsbIpServer.exporting(bus).port(0).start();
        client = new UsbIpBus("localhost", server.address().getPort());
    }

    @AfterEach
    void close() {
        client.close();
        server.close();
        bus.close();
    }

    @Test
    void a_board_shows_the_same_descriptors_and_strings_either_way() throws Exception {
        List<UsbDevice> direct = bus.devices();
        List<UsbDevice> remote = client.devices();

        assertThat(direct).hasSize(2);
        assertThat(remote)
                .extracting(UsbDevice::port)
                .isEqualTo(direct.stream().map(UsbDevice::port).toList());
        assertThat(remote)
                .extracting(UsbDevice::deviceDescriptor)
                .isEqualTo(direct.stream().map(UsbDevice::deviceDescriptor).toList());
        for (int i = 0; i < direct.size(); i++) {
            UsbDevice d = direct.get(i);
            assertThat(remote.get(i).configuration()).isEqualTo(d.configuration());
            assertThat(remote.get(i).serialNumber()).isEqualTo(d.serialNumber()).isPresent();
            assertThat(remote.get(i).alternates().stream().map(a -> d.string(a.nameIndex())))
                    .isEqualTo(d.alternates().stream()
                            .map(a -> d.string(a.nameIndex()))
                            .toList());
        }
    }

    @Test
    void flash_is_read_through_the_alternate_setting_selected() throws Exception {
        board.memories().get(Stm32Rom.FLASH).load(0x0800_0000L, new byte[] {1, 2, 3, 4});
        try (UsbConnection connection = client.open(find(PORT))) {
            connection.claim(0);
            connection.selectAlternate(0, 0);
            connection.control(new ControlSetup(0x21, 4, 0, 0, 0), new byte[0], 0, 1000); // it starts in dfuERROR
            byte[] status = new byte[6];
            assertThat(connection.control(GETSTATUS, status, 0, 1000)).isEqualTo(6);
            assertThat(status[4]).as("dfuIDLE").isEqualTo((byte) 2);
            byte[] data = new byte[2048];
            assertThat(connection.control(new ControlSetup(0xa1, 2, 2, 0, 2048), data, 0, 1000))
                    .isEqualTo(2048);
            assertThat(data).startsWith(1, 2, 3, 4, 0xff);
        }
    }

    @Test
    void a_board_that_was_reset_is_found_again_at_its_port_and_can_be_imported_anew() throws Exception {
        UsbConnection connection = client.open(find(PORT));
        DeviceWatch watch = new DeviceWatch(client, connection.device(), bus.time());
        board.pressBoot();
        board.tapReset();
        board.releaseBoot();
        bus.time().sleep(Duration.ofMillis(1));
        server.refresh();

        Reenumeration result = watch.await(Deadline.in(bus.time(), Duration.ofSeconds(30)));

        assertThat(result).isInstanceOf(Reenumeration.BackAsItWas.class);
        assertThatThrownBy(() -> connection.control(GETSTATUS, new byte[6], 0, 1000))
                .isInstanceOfSatisfying(
                        UsbException.class, e -> assertThat(e.kind()).isEqualTo(UsbException.Kind.GONE));
        try (UsbConnection again = client.open(result.device().orElseThrow())) {
            assertThat(again.control(GETSTATUS, new byte[6], 0, 1000)).isEqualTo(6);
        }
    }

    @Test
    void a_board_that_is_pulled_out_does_not_come_back() throws Exception {
        UsbDevice before = find(PORT);
        DeviceWatch watch = new DeviceWatch(client, before, bus.time());
        bus.unplug(board);

        assertThat(watch.await(Deadline.in(bus.time(), Duration.ofSeconds(1))))
                .isEqualTo(new Reenumeration.NotBack(before, Duration.ofSeconds(1)));
        assertThat(client.devices()).hasSize(1);
    }

    private UsbDevice find(PortPath port) throws UsbException {
        return client.devices().stream()
                .filter(d -> d.port().orElseThrow().equals(port))
                .findFirst()
                .orElseThrow();
    }
}
