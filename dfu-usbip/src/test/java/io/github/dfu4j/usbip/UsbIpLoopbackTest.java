package io.github.dfu4j.usbip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbBusProvider;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import io.github.dfu4j.usb.UsbException.Kind;
import java.net.InetAddress;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.ServiceLoader;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class UsbIpLoopbackTest {

    /** Milliseconds for what should not time out, however busy the machine is. */
    private static final int AMPLE = 60_000;

    private static final ControlSetup GETSTATUS = new ControlSetup(0xa1, 3, 0, 0, 6);
    private static final FakeBus.Behaviour STATUS = (setup, data, offset) -> {
        System.arraycopy(new byte[] {0, 10, 0, 0, 2, 0}, 0, data, offset, 6);
        return 6;
    };

    private final FakeBus bus = new FakeBus();
    private final BlockingQueue<String> events = new LinkedBlockingQueue<>();
    private UsbIpServer server;
    private UsbIpBus client;

    @BeforeEach
    void serve() throws Exception {
        server = UsbIpServer.exporting(bus)
                .port(0)
                .transferTimeout(Duration.ofSeconds(5))
                .listener(new Events())
                .start();
        client = connect();
    }

    @AfterEach
    void close() {
        client.close();
        server.close();
    }

    private UsbIpBus connect() {
        return new UsbIpBus("localhost", port());
    }

    private int port() {
        return server.address().getPort();
    }

    @Test
    void the_server_listens_on_the_loopback_address_unless_told_otherwise() {
        assertThat(server.address().getAddress()).isEqualTo(InetAddress.getLoopbackAddress());
    }

    @Test
    void devices_arrive_with_their_descriptors_strings_and_ports() throws Exception {
        bus.plug("1-1", 0xdf11, STATUS);
        bus.plug("2-3.4", 0xdf12, STATUS);

        List<UsbDevice> devices = client.devices();

        assertThat(devices)
                .extracting(UsbDevice::toString)
                .containsExactly(
                        "0483:df11 \"Board at 1-1\" at port 1-1", "0483:df12 \"Board at 2-3.4\" at port 2-3.4");
        UsbDevice original = bus.attached.get("1-1").snapshot;
        assertThat(devices.get(0).deviceDescriptor()).isEqualTo(original.deviceDescriptor());
        assertThat(devices.get(0).configuration()).isEqualTo(original.configuration());
        assertThat(devices.get(0).string(5)).contains("@Option Bytes  /0x5200201C/01*128 e");
        assertThat(devices.get(0).serialNumber()).contains("A1B2C3");
    }

    @Test
    void strings_are_read_once_for_each_attachment() throws Exception {
        bus.plug("1-1", 0xdf11, STATUS);
        List<UsbDevice> first = client.devices();

        assertThat(client.devices()).isEqualTo(first);
        assertThat(client.devices()).isEqualTo(first);
        assertThat(bus.calls).filteredOn(c -> c.startsWith("open")).hasSize(1);
    }

    @Test
    void a_device_without_a_dfu_interface_is_listed_without_an_import() throws Exception {
        UsbDevice dfu = FakeBus.snapshot("1-1", 0x5740, "app", 0x1a);
        byte[] configuration = Arrays.copyOf(dfu.configuration(), 18);
        configuration[2] = 18;
        configuration[9 + 5] = 3;
        configuration[9 + 6] = 0;
        UsbDevice app = UsbDevice.builder("app", dfu.deviceDescriptor().toBytes(), configuration)
                .port(dfu.port().orElseThrow())
                .string(2, dfu.rawString(2).orElseThrow().toBytes())
                .build();
        bus.plug("1-1", app, STATUS);

        UsbDevice listed = client.devices().get(0);

        assertThat(bus.calls).isEmpty();
        assertThat(listed.ids()).isEqualTo("0483:5740");
        assertThat(listed.releaseNumber()).isEqualTo(0x2200);
        assertThat(listed.configurationValue()).isEqualTo(1);
        assertThat(listed.alternates()).hasSize(1);
        assertThat(listed.alternates().get(0).interfaceClass()).isEqualTo(3);
        try (UsbConnection connection = client.open(listed)) {
            assertThat(connection.device().configuration()).isEqualTo(configuration);
            assertThat(connection.device().product()).contains("Board at 1-1");
        }
    }

    @Test
    void transfers_go_both_ways() throws Exception {
        byte[][] memory = new byte[1][];
        bus.plug("1-1", 0xdf11, (setup, data, offset) -> {
            if (setup.in()) {
                System.arraycopy(memory[0], 0, data, offset, memory[0].length);
            } else {
                memory[0] = Arrays.copyOfRange(data, offset, offset + setup.length());
            }
            return memory[0].length;
        });
        byte[] block = new byte[4096 + 7];
        new Random(1).nextBytes(block);
        try (UsbConnection connection = open("1-1")) {
            assertThat(connection.control(new ControlSetup(0x21, 1, 2, 0, 4096), block, 7, AMPLE))
                    .isEqualTo(4096);
            byte[] back = new byte[4096 + 7];
            assertThat(connection.control(new ControlSetup(0xa1, 2, 2, 0, 4096), back, 7, AMPLE))
                    .isEqualTo(4096);
            assertThat(Arrays.copyOfRange(back, 7, back.length)).isEqualTo(Arrays.copyOfRange(block, 7, block.length));
        }
    }

    @Test
    void a_short_answer_keeps_its_length() throws Exception {
        bus.plug("1-1", 0xdf11, (setup, data, offset) -> {
            data[offset] = 42;
            return 1;
        });
        try (UsbConnection connection = open("1-1")) {
            byte[] data = new byte[6];
            assertThat(connection.control(GETSTATUS, data, 0, AMPLE)).isEqualTo(1);
            assertThat(data).containsExactly(42, 0, 0, 0, 0, 0);
        }
    }

    @Test
    void a_stall_is_a_stall_and_the_connection_goes_on() throws Exception {
        bus.plug("1-1", 0xdf11, (setup, data, offset) -> {
            if (setup.request() == 1) {
                throw new UsbException(Kind.STALL, "no");
            }
            return STATUS.control(setup, data, offset);
        });
        try (UsbConnection connection = open("1-1")) {
            assertKind(Kind.STALL, () -> connection.control(new ControlSetup(0x21, 1, 0, 0, 0), new byte[0], 0, AMPLE));
            assertThat(connection.control(GETSTATUS, new byte[6], 0, AMPLE)).isEqualTo(6);
        }
    }

    @Test
    void a_silent_device_times_out_and_the_transfer_is_taken_back() throws Exception {
        CountDownLatch hold = new CountDownLatch(1);
        bus.plug("1-1", 0xdf11, (setup, data, offset) -> {
            if (setup.request() == 1) {
                await(hold);
                throw new UsbException(Kind.TIMEOUT, "silent");
            }
            return STATUS.control(setup, data, offset);
        });
        try (UsbConnection connection = open("1-1")) {
            assertKind(Kind.TIMEOUT, () -> connection.control(new ControlSetup(0x21, 1, 0, 0, 0), new byte[0], 0, 50));
            assertThat(nextEvent("unlinked")).isEqualTo("unlinked 21 01 0000 0000 0");
            hold.countDown();
            assertThat(connection.control(GETSTATUS, new byte[6], 0, AMPLE)).isEqualTo(6);
        }
    }

    @Test
    void a_transfer_taken_back_is_cut_short_where_the_bus_can_be_interrupted() throws Exception {
        bus.plug("1-1", 0xdf11, (setup, data, offset) -> {
            if (setup.request() == 1) {
                await(new CountDownLatch(1)); // longer than the server waits
            }
            return STATUS.control(setup, data, offset);
        });
        try (UsbConnection connection = open("1-1")) {
            assertKind(Kind.TIMEOUT, () -> connection.control(new ControlSetup(0x21, 1, 0, 0, 0), new byte[0], 0, 50));
            assertThat(connection.control(GETSTATUS, new byte[6], 0, AMPLE)).isEqualTo(6);
        }
    }

    @Test
    void a_transfer_on_which_the_device_is_silent_stays_pending_until_it_is_taken_back() throws Exception {
        bus.plug("1-1", 0xdf11, (setup, data, offset) -> {
            if (setup.request() == 1) {
                throw new UsbException(Kind.TIMEOUT, "silent"); // at once, as in simulated time
            }
            return STATUS.control(setup, data, offset);
        });
        try (UsbConnection connection = open("1-1")) {
            assertKind(Kind.TIMEOUT, () -> connection.control(new ControlSetup(0x21, 1, 0, 0, 0), new byte[0], 0, 50));
            assertThat(connection.control(GETSTATUS, new byte[6], 0, AMPLE)).isEqualTo(6);
        }
    }

    @Test
    void alternate_settings_are_selected_on_the_claimed_interface() throws Exception {
        bus.plug("1-1", 0xdf11, STATUS);
        try (UsbConnection connection = open("1-1")) {
            bus.calls.clear();
            connection.claim(0);
            connection.selectAlternate(0, 1);
            connection.control(new ControlSetup(0, 9, 1, 0, 0), new byte[0], 0, AMPLE);
        }
        assertThat(bus.calls).startsWith("alternate 0 1", "alternate 0 0");
    }

    @Test
    void an_unknown_configuration_is_refused() throws Exception {
        bus.plug("1-1", 0xdf11, STATUS);
        try (UsbConnection connection = open("1-1")) {
            assertKind(Kind.STALL, () -> connection.control(new ControlSetup(0, 9, 2, 0, 0), new byte[0], 0, AMPLE));
        }
    }

    @Test
    void descriptors_come_from_the_snapshot_where_the_bus_has_no_standard_requests() throws Exception {
        bus.plug("1-1", 0xdf11, STATUS).stallsStandardRequests = true;

        UsbDevice listed = client.devices().get(0);

        assertThat(listed.accessProblem()).isEmpty();
        assertThat(listed.configuration())
                .isEqualTo(bus.attached.get("1-1").snapshot.configuration());
        assertThat(listed.product()).isEmpty();
    }

    @Test
    void a_reset_reaches_the_device() throws Exception {
        bus.plug("1-1", 0xdf11, STATUS);
        try (UsbConnection connection = open("1-1")) {
            assertThat(connection.reset()).isTrue();
            assertThat(bus.calls).contains("reset");
            assertThat(connection.control(GETSTATUS, new byte[6], 0, AMPLE)).isEqualTo(6);
        }
    }

    @Test
    void a_device_that_comes_back_from_a_reset_as_another_is_gone() throws Exception {
        bus.plug("1-1", 0xdf11, STATUS).sameAfterReset = false;
        try (UsbConnection connection = open("1-1")) {
            assertThat(connection.reset()).isFalse();
            assertKind(Kind.GONE, () -> connection.control(GETSTATUS, new byte[6], 0, AMPLE));
        }
    }

    @Test
    void the_enumeration_after_a_bus_reset_of_linux_resets_the_device() throws Exception {
        bus.plug("1-1", 0xdf11, STATUS);
        ControlSetup first = new ControlSetup(0x80, 6, 0x0100, 0, 64);
        ControlSetup configure = new ControlSetup(0, 9, 1, 0, 0);
        try (UsbConnection connection = open("1-1")) {
            assertThat(connection.control(first, new byte[64], 0, AMPLE)).isEqualTo(18);
            connection.control(configure, new byte[0], 0, AMPLE);
            assertThat(bus.calls).doesNotContain("reset");
            assertThat(connection.control(first, new byte[64], 0, AMPLE)).isEqualTo(18);
            assertThat(connection.control(first, new byte[64], 0, AMPLE)).isEqualTo(18);
            connection.control(configure, new byte[0], 0, AMPLE);
        }
        assertThat(bus.calls).containsOnlyOnce("reset");
    }

    @Test
    void an_import_is_exclusive_and_ends_with_the_connection() throws Exception {
        bus.plug("1-1", 0xdf11, STATUS);
        try (UsbIpBus other = connect()) {
            UsbDevice seen = other.devices().get(0);
            nextEvent("released");
            UsbConnection connection = open("1-1");
            UsbDevice inUse = connect().devices().get(0);
            assertThat(inUse.accessProblem()).hasValueSatisfying(p -> {
                assertThat(p.kind()).isEqualTo(Kind.BUSY);
                assertThat(p.remedy()).isPresent();
            });
            assertKind(Kind.BUSY, () -> other.open(seen));
            connection.close();
            try (UsbConnection second = other.open(seen)) {
                assertThat(second.control(GETSTATUS, new byte[6], 0, AMPLE)).isEqualTo(6);
            }
        }
    }

    @Test
    void a_listener_that_fails_ends_the_import_and_frees_the_device() throws Exception {
        bus.plug("1-1", 0xdf11, STATUS);
        UsbIpServerListener failing = new UsbIpServerListener() {
            private boolean failed;

            @Override
            public void imported(SocketAddress peer, UsbDevice device) {
                if (!failed) {
                    failed = true;
                    throw new IllegalStateException("a fault of the listener");
                }
            }
        };
        try (UsbIpServer other =
                        UsbIpServer.exporting(bus).port(0).listener(failing).start();
                UsbIpBus first = new UsbIpBus("localhost", other.address().getPort())) {
            assertThat(first.devices().get(0).accessProblem()).isPresent();
            assertThat(bus.calls).contains("close 1-1");
            assertThat(first.devices().get(0).accessProblem()).isEmpty();
        }
    }

    @Test
    void a_bus_that_fails_when_an_interface_is_claimed_leaves_the_device_closed() throws Exception {
        bus.plug("1-1", 0xdf11, STATUS).claimFails = true;

        assertThat(client.devices().get(0).accessProblem()).isPresent();
        assertThat(nextEvent("refused"))
                .isEqualTo("refused the bus failed: java.lang.IllegalStateException: a fault of the bus");
        assertThat(bus.calls).containsExactly("open 1-1", "close 1-1");
    }

    @Test
    void two_clients_use_two_devices_at_once() throws Exception {
        CountDownLatch both = new CountDownLatch(2);
        FakeBus.Behaviour meeting = (setup, data, offset) -> {
            both.countDown();
            await(both);
            return STATUS.control(setup, data, offset);
        };
        bus.plug("1-1", 0xdf11, meeting);
        bus.plug("1-2", 0xdf11, meeting);
        try (UsbIpBus other = connect();
                UsbConnection one = open("1-1");
                UsbConnection two = other.open(device(other, "1-2"))) {
            CompletableFuture<Integer> answer = CompletableFuture.supplyAsync(() -> {
                try {
                    return one.control(GETSTATUS, new byte[6], 0, AMPLE);
                } catch (UsbException e) {
                    throw new AssertionError(e);
                }
            });
            assertThat(two.control(GETSTATUS, new byte[6], 0, AMPLE)).isEqualTo(6);
            assertThat(answer.get(AMPLE, TimeUnit.MILLISECONDS)).isEqualTo(6);
        }
    }

    @Test
    void several_threads_open_and_list_the_devices_of_one_bus() throws Exception {
        List<String> ports = List.of("1-1", "1-2", "1-3", "1-4", "1-5", "1-6", "1-7", "1-8");
        ports.forEach(port -> bus.plug(port, 0xdf11, STATUS));
        List<UsbDevice> devices = client.devices();
        List<CompletableFuture<Void>> boards = devices.stream()
                .map(device -> CompletableFuture.runAsync(() -> {
                    for (int i = 0; i < 2; i++) {
                        try (UsbConnection connection = client.open(device)) {
                            assertThat(connection.control(GETSTATUS, new byte[6], 0, AMPLE))
                                    .isEqualTo(6);
                            assertThat(client.devices()).contains(device);
                        } catch (UsbException e) {
                            throw new AssertionError(e);
                        }
                    }
                }))
                .toList();
        CompletableFuture.allOf(boards.toArray(CompletableFuture[]::new)).get(AMPLE, TimeUnit.MILLISECONDS);
    }

    @Test
    void a_list_neither_waits_for_a_transfer_nor_takes_its_answer() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch listed = new CountDownLatch(1);
        bus.plug("1-1", 0xdf11, (setup, data, offset) -> {
            if (setup.equals(GETSTATUS)) {
                begun.countDown();
                await(listed);
            }
            return STATUS.control(setup, data, offset);
        });
        try (UsbConnection connection = open("1-1")) {
            CompletableFuture<Integer> answer = CompletableFuture.supplyAsync(() -> {
                try {
                    return connection.control(GETSTATUS, new byte[6], 0, AMPLE);
                } catch (UsbException e) {
                    throw new AssertionError(e);
                }
            });
            await(begun);
            assertThat(client.devices()).containsExactly(connection.device());
            assertThat(answer).isNotDone();
            listed.countDown();
            assertThat(answer.get(AMPLE, TimeUnit.MILLISECONDS)).isEqualTo(6);
            assertThat(connection.control(GETSTATUS, new byte[6], 0, AMPLE)).isEqualTo(6);
        }
    }

    @Test
    void an_open_device_stays_listed() throws Exception {
        bus.plug("1-1", 0xdf11, STATUS);
        try (UsbConnection connection = open("1-1")) {
            assertThat(client.devices()).containsExactly(connection.device());
            assertKind(Kind.BUSY, () -> client.open(connection.device()));
        }
    }

    @Test
    void unplugging_ends_the_import_and_plugging_in_allows_another() throws Exception {
        bus.plug("1-1", 0xdf11, STATUS);
        UsbConnection connection = open("1-1");
        UsbDevice before = connection.device();
        bus.unplug("1-1");
        server.refresh();

        assertThat(nextEvent("released", "left the bus")).contains("the device left the bus");
        assertKind(Kind.GONE, () -> connection.control(GETSTATUS, new byte[6], 0, AMPLE));
        assertThat(client.devices()).isEmpty();
        assertKind(Kind.GONE, () -> client.open(before));

        bus.plug("1-1", FakeBus.snapshot("1-1", 0xdf11, "attached again", 0x1a), STATUS);
        UsbDevice after = client.devices().get(0);
        assertThat(after.key()).isNotEqualTo(before.key());
        assertThat(after.port()).isEqualTo(before.port());
        assertKind(Kind.GONE, () -> client.open(before));
        try (UsbConnection again = client.open(after)) {
            assertThat(again.control(GETSTATUS, new byte[6], 0, AMPLE)).isEqualTo(6);
        }
    }

    @Test
    void the_last_answer_of_a_device_arrives_although_it_has_left_the_bus() throws Exception {
        bus.plug("1-1", 0xdf11, (setup, data, offset) -> {
            bus.unplug("1-1");
            server.refresh();
            server.refresh(); // as the server does by itself if the transfer takes longer
            return STATUS.control(setup, data, offset);
        });
        UsbConnection connection = open("1-1");

        assertThat(connection.control(GETSTATUS, new byte[6], 0, AMPLE)).isEqualTo(6);
        assertThat(nextEvent("released", "left the bus")).contains("the device left the bus");
        assertKind(Kind.GONE, () -> connection.control(GETSTATUS, new byte[6], 0, AMPLE));
    }

    @Test
    void a_device_that_leaves_during_a_transfer_is_gone() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        CountDownLatch left = new CountDownLatch(1);
        bus.plug("1-1", 0xdf11, (setup, data, offset) -> {
            started.countDown();
            await(left);
            throw new UsbException(Kind.GONE, "unplugged");
        });
        try (UsbConnection connection = open("1-1")) {
            CompletableFuture<Kind> failure = CompletableFuture.supplyAsync(() -> {
                try {
                    connection.control(GETSTATUS, new byte[6], 0, AMPLE);
                    return null;
                } catch (UsbException e) {
                    return e.kind();
                }
            });
            await(started);
            bus.unplug("1-1");
            left.countDown();
            assertThat(failure.get(AMPLE, TimeUnit.MILLISECONDS)).isEqualTo(Kind.GONE);
        }
    }

    @Test
    void a_client_that_leaves_during_a_transfer_releases_the_device() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        bus.plug("1-1", 0xdf11, (setup, data, offset) -> {
            started.countDown();
            await(new CountDownLatch(1)); // until it is interrupted
            return 0;
        });
        UsbConnection connection = open("1-1");
        nextEvent("released", "client left"); // which listed it
        CompletableFuture<UsbException> transfer = CompletableFuture.supplyAsync(() -> {
            try {
                connection.control(new ControlSetup(0x21, 1, 0, 0, 0), new byte[0], 0, AMPLE);
                throw new AssertionError("the device did not answer");
            } catch (UsbException e) {
                return e;
            }
        });
        await(started);
        connection.close();
        UsbException failure = transfer.get(AMPLE, TimeUnit.MILLISECONDS);
        assertThat(failure.kind()).isEqualTo(Kind.GONE);
        assertThat(failure).hasMessageEndingWith("device 1-1 of localhost:" + port() + ": the connection was closed");
        nextEvent("released", "client left");
        assertThat(bus.calls).filteredOn(c -> c.equals("close 1-1")).hasSize(2);
    }

    @Test
    void closing_the_server_ends_the_transfers_of_its_clients() throws Exception {
        CountDownLatch started = new CountDownLatch(1);
        bus.plug("1-1", 0xdf11, (setup, data, offset) -> {
            started.countDown();
            await(new CountDownLatch(1)); // until it is interrupted
            return 0;
        });
        UsbConnection connection = open("1-1");
        CompletableFuture<Kind> failure = CompletableFuture.supplyAsync(() -> {
            try {
                connection.control(GETSTATUS, new byte[6], 0, AMPLE);
                return null;
            } catch (UsbException e) {
                return e.kind();
            }
        });
        await(started);
        server.close();

        assertThat(failure.get(AMPLE, TimeUnit.MILLISECONDS)).isEqualTo(Kind.GONE);
        assertThat(Thread.getAllStackTraces().keySet())
                .noneMatch(t -> t.isAlive()
                        && t.getName()
                                .startsWith("usbip-server " + server.address().getPort()));
        assertThatThrownBy(() -> client.devices())
                .isInstanceOfSatisfying(
                        UsbException.class, e -> assertThat(e.kind()).isEqualTo(Kind.UNREACHABLE))
                .hasMessageContaining("cannot connect to the USB/IP server localhost:");
    }

    @Test
    void a_plain_dfu_device_stays_imported_between_listing_and_opening() throws Exception {
        bus.plug("1-1", FakeBus.snapshot("1-1", 0xdf11, "plain", 0x10), STATUS);
        UsbDevice listed = client.devices().get(0);

        assertThat(client.devices()).containsExactly(listed);
        try (UsbConnection connection = client.open(listed)) {
            assertThat(connection.control(GETSTATUS, new byte[6], 0, AMPLE)).isEqualTo(6);
        }
        assertThat(bus.calls).filteredOn(c -> c.startsWith("open")).hasSize(1);
    }

    @Test
    void a_device_that_the_server_cannot_open_is_listed_with_its_problem() throws Exception {
        bus.plug("1-1", 0xdf11, STATUS).refusal = Kind.ACCESS_DENIED;

        UsbDevice listed = client.devices().get(0);

        assertThat(listed.ids()).isEqualTo("0483:df11");
        assertThat(listed.accessProblem())
                .hasValueSatisfying(
                        p -> assertThat(p)
                                .hasMessageMatching(
                                        "the server refused the import of device 1-1 of localhost:\\d+: device in error state"));
        assertThat(nextEvent("refused")).isEqualTo("refused import of 1-1: refused by the test");
    }

    @Test
    void the_bus_is_found_by_its_name() throws Exception {
        bus.plug("1-1", 0xdf11, STATUS);
        UsbBusProvider provider = ServiceLoader.load(UsbBusProvider.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(p -> p.scheme().equals("usbip"))
                .findFirst()
                .orElseThrow();

        try (UsbBus named =
                provider.open("usbip://127.0.0.1:" + server.address().getPort())) {
            assertThat(named.devices()).hasSize(1);
        }
        for (String wrong : List.of(
                "usbip:",
                "usbip://",
                "usbip://h:0",
                "usbip://h:65536",
                "usbip://h/x",
                "usb://h",
                "usbip://a b",
                "usbip:h",
                "usbip://h?x")) {
            assertThatThrownBy(() -> provider.open(wrong))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("usbip://HOST");
        }
    }

    @Test
    void the_server_tells_what_hosts_do() throws Exception {
        bus.plug("1-1", 0xdf11, STATUS);
        try (UsbConnection connection = open("1-1")) {
            connection.control(GETSTATUS, new byte[6], 0, AMPLE);
        }
        assertThat(nextEvent("a1 03")).isEqualTo("a1 03 0000 0000 6 [0, 10, 0, 0, 2, 0]");
    }

    private UsbConnection open(String port) throws UsbException {
        return client.open(device(client, port));
    }

    private static UsbDevice device(UsbBus bus, String port) throws UsbException {
        return bus.devices().stream()
                .filter(d -> d.port().orElseThrow().toString().equals(port))
                .findFirst()
                .orElseThrow();
    }

    private String nextEvent(String... parts) throws InterruptedException {
        while (true) {
            String event = events.poll(AMPLE, TimeUnit.MILLISECONDS);
            assertThat(event).as("an event with %s", Arrays.toString(parts)).isNotNull();
            if (Arrays.stream(parts).allMatch(event::contains)) {
                return event;
            }
        }
    }

    private static void assertKind(Kind kind, ThrowingCallable call) {
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        UsbException.class,
                        e -> assertThat(e.kind()).as("%s", e).isEqualTo(kind));
    }

    private static void await(CountDownLatch latch) throws UsbException {
        try {
            if (!latch.await(AMPLE, TimeUnit.MILLISECONDS)) {
                throw new AssertionError("waited in vain");
            }
        } catch (InterruptedException e) {
            throw new UsbException(Kind.UNKNOWN, "interrupted", null, e);
        }
    }

    private final class Events implements UsbIpServerListener {
        @Override
        public void refused(SocketAddress from, String why) {
            events.add("refused " + why);
        }

        @Override
        public void transferred(UsbDevice device, ControlSetup setup, byte[] data) {
            events.add(setup + " " + Arrays.toString(data));
        }

        @Override
        public void unlinked(UsbDevice device, ControlSetup setup) {
            events.add("unlinked " + setup);
        }

        @Override
        public void released(SocketAddress from, UsbDevice device, String why) {
            events.add("released " + device + ": " + why);
        }
    }
}
