package io.github.dfu4j.usbip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import io.github.dfu4j.usb.UsbException.Kind;
import io.github.dfu4j.usbip.internal.Op;
import io.github.dfu4j.usbip.internal.UrbMessage;
import io.github.dfu4j.usbip.internal.UrbMessage.CmdSubmit;
import io.github.dfu4j.usbip.internal.UrbMessage.CmdUnlink;
import io.github.dfu4j.usbip.internal.UrbMessage.RetSubmit;
import io.github.dfu4j.usbip.internal.UrbMessage.RetUnlink;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** USB/IP byte by byte, as Documentation/usb/usbip_protocol of the Linux kernel lays it out, with the other end played by the test. */
class UsbIpBytesTest {

    /** For what is to time out. Whatever is not, gets so much time that a busy machine does not matter. */
    private static final Duration SHORT = Duration.ofSeconds(1);

    private static final Duration LONG = Duration.ofSeconds(60);
    private static final HexFormat HEX = HexFormat.of();

    @Test
    void the_messages_captured_in_the_kernels_document_are_understood() throws Exception {
        ControlSetup none = new ControlSetup(0, 0, 0, 0, 0);
        assertThat(
                        UrbMessage.parse(
                                bytes(
                                        "00000001 00000d05 0001000f 00000001 00000001 00000200 00000040 ffffffff 00000000 00000004 00000000 00000000")))
                // the capture has its number of packets one word early, where start_frame is
                .isEqualTo(new CmdSubmit(0xd05, 0x1000f, true, 1, 0x200, 0x40, 0, 4, none));
        assertThat(
                        UrbMessage.parse(
                                bytes(
                                        "00000003 00000d06 00000000 00000000 00000000 00000000 00000040 ffffffff 00000000 00000000 00000000 00000000")))
                .isEqualTo(new RetSubmit(0xd06, 0, 0x40));
    }

    @Test
    void messages_are_laid_out_as_the_kernels_document_says() throws Exception {
        ControlSetup getStatus = new ControlSetup(0xa1, 3, 0, 0x0102, 6);
        assertThat(CmdSubmit.control(7, 0x10002, getStatus).toBytes())
                .isEqualTo(bytes("00000001 00000007 00010002 00000001 00000000"
                        + "00000200 00000006 00000000 ffffffff 00000000 a1030000 02010600"));
        assertThat(new CmdUnlink(8, 0x10002, 7).toBytes())
                .isEqualTo(bytes("00000002 00000008 00010002 00000000 00000000 00000007" + "00000000".repeat(6)));
        assertThat(new RetSubmit(7, -32, 0).toBytes())
                .isEqualTo(bytes("00000003 00000007 00000000 00000000 00000000"
                        + "ffffffe0 00000000 00000000 ffffffff 00000000 00000000 00000000"));
        assertThat(new RetUnlink(8, -104).toBytes())
                .isEqualTo(bytes("00000004 00000008 00000000 00000000 00000000 ffffff98" + "00000000".repeat(6)));
    }

    @Test
    void the_list_of_devices_is_laid_out_as_the_kernels_document_says() throws Exception {
        FakeBus bus = new FakeBus();
        bus.plug("3-2", 0xdf11, (setup, data, offset) -> 0);
        try (UsbIpServer server = serve(bus, new Refusals());
                Socket socket = connect(server)) {
            socket.getOutputStream().write(bytes("0111 8005 00000000"));
            byte[] reply = socket.getInputStream().readAllBytes();

            assertThat(reply).hasSize(0xc + 0x138 + 4);
            assertThat(Arrays.copyOf(reply, 12)).isEqualTo(bytes("0111 0005 00000000 00000001"));
            assertThat(new String(reply, 0xc, 256, StandardCharsets.US_ASCII).trim())
                    .endsWith("/3-2");
            assertThat(Arrays.copyOfRange(reply, 0x10c, 0x12c))
                    .isEqualTo(Arrays.copyOf("3-2".getBytes(StandardCharsets.US_ASCII), 32));
            assertThat(Arrays.copyOfRange(reply, 0x12c, reply.length))
                    .isEqualTo(bytes("00000003 00000001 00000002 0483 df11 2200 00 00 00 01 01 01 fe0102 00"));
        }
    }

    @Test
    void an_import_is_answered_with_the_device_and_serves_its_transfers() throws Exception {
        FakeBus bus = new FakeBus();
        bus.plug("1-1", 0xdf11, (setup, data, offset) -> 0);
        try (UsbIpServer server = serve(bus, new Refusals());
                Socket socket = connect(server)) {
            DataInputStream in = new DataInputStream(socket.getInputStream());
            OutputStream out = socket.getOutputStream();
            out.write(importRequest("1-1"));
            byte[] reply = in.readNBytes(0x140);
            assertThat(Arrays.copyOf(reply, 8)).isEqualTo(bytes("0111 0003 00000000"));
            assertThat(Arrays.copyOfRange(reply, 0x128, 0x140))
                    .isEqualTo(bytes("00000001 00000001 00000002 0483 df11 2200 00 00 00 01 01 01"));

            out.write(bytes("00000001 00000001 00010001 00000001 00000000"
                    + "00000200 00000008 00000000 ffffffff 00000000 80060001 00000800"));
            assertThat(in.readNBytes(56))
                    .isEqualTo(
                            bytes(
                                    "00000003 00000001 00000000 00000000 00000000"
                                            + "00000000 00000008 00000000 ffffffff 00000000 00000000 00000000 12 01 00 01 00 00 00 40"));

            // an answered transfer cannot be unlinked any more, nor one that never was
            out.write(new CmdUnlink(2, 0x10001, 1).toBytes());
            assertThat(UrbMessage.parse(in.readNBytes(48))).isEqualTo(new RetUnlink(2, 0));

            // an interrupt endpoint that never has data is quiet until unlinked; an out endpoint is stalled
            ControlSetup none = new ControlSetup(0, 0, 0, 0, 0);
            out.write(new CmdSubmit(3, 0x10001, true, 1, 0x200, 64, -1, 4, none).toBytes());
            out.write(new CmdSubmit(4, 0x10001, false, 2, 0, 3, 2, 4, none).toBytes());
            out.write(new byte[3 + 2 * 16]); // its data and two isochronous packet descriptors
            assertThat(UrbMessage.parse(in.readNBytes(48))).isEqualTo(new RetSubmit(4, -32, 0));
            out.write(new CmdUnlink(5, 0x10001, 3).toBytes());
            assertThat(UrbMessage.parse(in.readNBytes(48))).isEqualTo(new RetUnlink(5, -104));
        }
    }

    @Test
    void an_import_of_an_unknown_device_is_refused() throws Exception {
        Refusals refusals = new Refusals();
        try (UsbIpServer server = serve(new FakeBus(), refusals);
                Socket socket = connect(server)) {
            socket.getOutputStream().write(importRequest("9-9"));
            assertThat(socket.getInputStream().readAllBytes()).isEqualTo(bytes("0111 0003 00000004"));
            assertThat(refusals.next()).isEqualTo("import of 9-9: there is no such device");
        }
    }

    @Test
    void what_is_not_usbip_is_refused_with_what_was_expected_and_found() throws Exception {
        assertThat(refusal(bytes("0106 8005 00000000"))).isEqualTo("expected USB/IP version 0111, found 0106");
        assertThat(refusal(bytes("0111 8004 00000000")))
                .isEqualTo("expected OP_REQ_DEVLIST (8005) or OP_REQ_IMPORT (8003), found code 8004");
        assertThat(refusal(bytes("0111 80")))
                .isEqualTo("expected the message header, found nothing whole within 1000 ms");
        byte[] unterminated = importRequest("1-1");
        Arrays.fill(unterminated, 8, 40, (byte) 'x');
        assertThat(refusal(unterminated)).isEqualTo("expected the bus id to end with a zero byte within 32");
        assertThat(refusal("GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII)))
                .isEqualTo("expected USB/IP version 0111, found 4745");
    }

    @Test
    void hostile_messages_end_the_import_and_free_the_device() throws Exception {
        ControlSetup none = new ControlSetup(0, 0, 0, 0, 0);
        assertThat(released(new CmdSubmit(1, 0x10001, false, 0, 0, Integer.MAX_VALUE, -1, 0, none).toBytes()))
                .endsWith("expected a transfer of at most 65536 bytes, found 2147483647");
        assertThat(released(new CmdSubmit(1, 0x10001, false, 0, 0, -1, -1, 0, none).toBytes()))
                .endsWith("expected a transfer of at most 65536 bytes, found 4294967295");
        assertThat(released(new CmdSubmit(1, 0x10001, true, 1, 0, 1, 1 << 30, 0, none).toBytes()))
                .endsWith("expected at most 1024 isochronous packets, found 1073741824");
        assertThat(released(new CmdSubmit(1, 0x50001, true, 0, 0, 8, -1, 0, none).toBytes()))
                .endsWith("expected devid 10001 of the imported device, found 50001");
        assertThat(released(new RetUnlink(1, 0).toBytes()))
                .endsWith("expected USBIP_CMD_SUBMIT or USBIP_CMD_UNLINK, found an answer");
        assertThat(released(SHORT, new CmdSubmit(1, 0x10001, false, 0, 0, 8, -1, 0, none).toBytes()))
                .endsWith("expected the data of a transfer, found nothing whole within 1000 ms");
        byte[] interrupt = new CmdSubmit(1, 0x10001, true, 1, 0, 8, -1, 0, none).toBytes();
        assertThat(released(interrupt, interrupt))
                .endsWith("expected a new seqnum, found 1 again, which is still pending");
        byte[][] flood = new byte[257][];
        for (int i = 0; i < flood.length; i++) {
            flood[i] = new CmdSubmit(i, 0x10001, true, 1, 0, 8, -1, 0, none).toBytes();
        }
        assertThat(released(flood)).endsWith("expected at most 256 transfers at a time, found one more");
        byte[] command = new byte[48];
        command[0] = 9;
        assertThat(released(command)).endsWith("expected a USB/IP command 1 to 4, found 0x09000000");
    }

    @Test
    void a_client_that_takes_no_answers_does_not_hold_the_server_up() throws Exception {
        FakeBus bus = new FakeBus();
        FakeBus.FakeDevice device = bus.plug("1-1", 0xdf11, (setup, data, offset) -> setup.length());
        BlockingQueue<Integer> answered = new LinkedBlockingQueue<>();
        UsbIpServer server = serve(bus, new UsbIpServerListener() {
            @Override
            public void transferred(UsbDevice from, ControlSetup setup, byte[] data) {
                answered.add(data.length);
            }
        });
        try (Socket socket = new Socket()) {
            socket.setReceiveBufferSize(4096);
            socket.connect(server.address());
            socket.getOutputStream().write(importRequest("1-1"));
            ControlSetup upload = new ControlSetup(0xa1, 2, 2, 0, 0xffff);
            int taken = 0;
            Duration patience;
            do {
                socket.getOutputStream()
                        .write(CmdSubmit.control(++taken, 0x10001, upload).toBytes());
                patience = taken == 1 ? LONG : SHORT; // one answer fits on any machine
            } while (taken < 10_000 && answered.poll(patience.toMillis(), TimeUnit.MILLISECONDS) != null);
            assertThat(taken).as("transfers until the connection was full").isBetween(2, 9_999);

            CompletableFuture.runAsync(server::close).get(LONG.toSeconds(), TimeUnit.SECONDS);
            assertThat(device.closed.getCount()).isZero();
        }
    }

    @Property(tries = 60)
    void arbitrary_bytes_neither_hang_nor_harm_the_server(
            @ForAll @Size(max = 200) byte[] garbage, @ForAll boolean imported) throws Exception {
        FakeBus bus = new FakeBus();
        bus.plug("1-1", 0xdf11, (setup, data, offset) -> 0);
        Refusals refusals = new Refusals();
        try (UsbIpServer server = serve(bus, refusals)) {
            try (Socket socket = connect(server)) {
                if (imported) {
                    socket.getOutputStream().write(importRequest("1-1"));
                    socket.getInputStream().readNBytes(0x140);
                }
                socket.getOutputStream().write(garbage);
                socket.shutdownOutput();
                socket.getInputStream().readAllBytes(); // ends because the server closes
            } catch (IOException e) {
                // the server closed while bytes were on their way
            }
            refusals.next();
            try (UsbIpBus client = new UsbIpBus("localhost", server.address().getPort())) {
                assertThat(client.devices())
                        .singleElement()
                        .satisfies(d -> assertThat(d.accessProblem()).isEmpty());
            }
        }
    }

    @Property(tries = 40)
    void arbitrary_bytes_from_a_server_fail_cleanly(
            @ForAll @Size(max = 400) byte[] garbage, @ForAll @IntRange(max = 3) int told) throws Exception {
        byte[][] starts = {{}, bytes("0111 0005 00000000"), bytes("0111 0005 00000000 00000001"), deviceList("1-1")};
        byte[] head = starts[told];
        byte[] answer = Arrays.copyOf(head, head.length + garbage.length);
        System.arraycopy(garbage, 0, answer, head.length, garbage.length);
        try (FakeServer server = new FakeServer(answer, garbage);
                UsbIpBus client = new UsbIpBus("localhost", server.port(), Duration.ofMillis(100))) {
            try {
                client.devices().forEach(d -> assertThat(d.accessProblem()).isPresent());
            } catch (UsbException e) {
                assertThat(e).hasMessageContaining("localhost:" + server.port());
            }
        }
    }

    @Test
    void a_server_that_sends_garbage_is_told_by_what_was_expected_and_found() throws Exception {
        assertThat(listFailure(bytes("0111 0003 00000000")))
                .endsWith("expected OP_REP_DEVLIST (5) with status 0, found code 3 with status 0");
        assertThat(listFailure(bytes("0111 0005 00000001")))
                .endsWith("expected OP_REP_DEVLIST (5) with status 0, found code 5 with status 1");
        assertThat(listFailure(bytes("0111 0005 00000000 ffffffff")))
                .endsWith("expected at most 1024 exported devices, found a count of 4294967295");
        assertThat(listFailure(bytes("0111 0005 00000000 00000001"), SHORT))
                .endsWith("expected the description of a device, found nothing whole within 1000 ms");
        assertThat(listFailure(deviceList(""))).endsWith("expected a bus id such as 1-2, found an empty one");
        assertThat(listFailure("SSH-2.0-OpenSSH\r\n".getBytes(StandardCharsets.US_ASCII)))
                .endsWith("expected USB/IP version 0111, found 5353");
        assertThat(listFailure(new byte[0], SHORT))
                .endsWith("expected the message header, found nothing whole within 1000 ms");
    }

    @Test
    void a_server_that_answers_transfers_with_garbage_is_left() throws Exception {
        String tooLong = "00000003 00000001 00000000 00000000 00000000 00000000 00000013" + "00000000".repeat(5);
        assertThat(importFailure(bytes(tooLong))).endsWith("expected at most 18 bytes transferred, found 19");
        String otherNumber = "00000003 00000009" + "00000000".repeat(10);
        assertThat(importFailure(bytes(otherNumber))).contains("expected USBIP_RET_SUBMIT 1, found RetSubmit[seqnum=9");
        String request = "00000001 00000001" + "00000000".repeat(10);
        assertThat(importFailure(bytes(request))).contains("expected USBIP_RET_SUBMIT 1, found CmdSubmit");
        String noData = "00000003 00000001 00000000 00000000 00000000 00000000 00000012" + "00000000".repeat(5);
        assertThat(importFailure(bytes(noData), SHORT))
                .endsWith("expected the data of a transfer, found nothing whole within 1000 ms");
        String otherDescriptor = noData + "12 02" + "00".repeat(16);
        assertThat(importFailure(bytes(otherDescriptor)))
                .endsWith("expected a device descriptor of 18 bytes, found 18 bytes of another kind");
        String denied = "00000003 00000001 00000000 00000000 00000000 ffffffb9" + "00000000".repeat(6);
        assertThat(importFailure(bytes(denied)))
                .endsWith("80 06 0100 0000 18 failed with status -71 (Linux error number)");
    }

    @Test
    void a_server_that_does_not_answer_an_unlink_either_is_left() throws Exception {
        try (FakeServer server =
                        new FakeServer(deviceList("1-1"), importReply("1-1", descriptors()), importReply("1-1"));
                UsbIpBus client = new UsbIpBus("localhost", server.port(), SHORT);
                UsbConnection connection = client.open(client.devices().get(0))) {
            assertThatThrownBy(() -> connection.control(new ControlSetup(0xa1, 3, 0, 0, 6), new byte[6], 0, 10))
                    .isInstanceOfSatisfying(
                            UsbException.class, e -> assertThat(e.kind()).isEqualTo(Kind.TIMEOUT))
                    .hasMessageEndingWith(
                            "neither the device answered within 10 ms nor the server within 1000 ms after that");
            assertThatThrownBy(() -> connection.control(new ControlSetup(0xa1, 3, 0, 0, 6), new byte[6], 0, 10))
                    .isInstanceOfSatisfying(
                            UsbException.class, e -> assertThat(e.kind()).isEqualTo(Kind.GONE));
        }
    }

    @Test
    void an_answer_that_crosses_the_unlink_counts() throws Exception {
        byte[] late = concat(new RetSubmit(1, 0, 6).toBytes(), new byte[] {0, 1, 2, 3, 4, 5});
        try (FakeServer server =
                        new FakeServer(deviceList("1-1"), importReply("1-1", descriptors()), importReply("1-1"));
                UsbIpBus client = new UsbIpBus("localhost", server.port(), LONG);
                UsbConnection connection = client.open(client.devices().get(0))) {
            server.afterMessages(2, concat(late, new RetUnlink(2, 0).toBytes()));
            byte[] data = new byte[6];
            assertThat(connection.control(new ControlSetup(0xa1, 3, 0, 0, 6), data, 0, 10))
                    .isEqualTo(6);
            assertThat(data).containsExactly(0, 1, 2, 3, 4, 5);
        }
    }

    @Test
    void the_connection_of_a_kept_device_that_left_is_closed_on_this_side_too() throws Exception {
        for (boolean listed : new boolean[] {true, false}) {
            try (ServerSocket socket = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
                    UsbIpBus client = new UsbIpBus("localhost", socket.getLocalPort(), LONG)) {
                CompletableFuture<Integer> end = CompletableFuture.supplyAsync(() -> leave(socket, listed));
                UsbDevice device = client.devices().get(0);
                if (listed) {
                    assertThat(client.devices()).isEmpty();
                } else {
                    client.open(device).close();
                }
                assertThat(end.get(2 * LONG.toSeconds(), TimeUnit.SECONDS)).isEqualTo(-1);
            }
        }
    }

    /** Serves a plain DFU device, ends its import, does what is asked next, and answers what comes over the import's connection. */
    private static int leave(ServerSocket server, boolean thenListed) {
        try {
            server.accept().getOutputStream().write(deviceList("1-1"));
            Socket kept = server.accept();
            kept.setSoTimeout((int) LONG.toMillis());
            byte[][] descriptors = descriptors();
            descriptors[2][34] = 0x10; // bcdDFUVersion 1.10
            kept.getOutputStream().write(importReply("1-1", descriptors));
            kept.getInputStream().readNBytes(40 + 3 * 48);
            kept.shutdownOutput();
            server.accept()
                    .getOutputStream()
                    .write(thenListed ? bytes("0111 0005 00000000 00000000") : importReply("1-1"));
            return kept.getInputStream().read();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void a_server_of_no_known_name_is_told_as_that() {
        UsbIpBus client = new UsbIpBus("1:no.such.name", 3240);
        assertThatThrownBy(client::devices)
                .isInstanceOfSatisfying(
                        UsbException.class, e -> assertThat(e.kind()).isEqualTo(Kind.UNREACHABLE))
                .hasMessage("cannot connect to the USB/IP server [1:no.such.name]:3240: there is no host of this name");
    }

    @Test
    void a_device_that_the_server_has_not_configured_is_examined_and_configured_when_opened() throws Exception {
        byte[] list = Arrays.copyOf(deviceList("1-1"), 0xc + 0x138); // without its interface
        list[list.length - 1] = 0; // bNumInterfaces
        list[list.length - 3] = 0; // bConfigurationValue
        byte[] granted = concat(bytes("0111 0003 00000000"), Arrays.copyOfRange(list, 0xc, list.length));
        byte[] examined = importReply("1-1", descriptors());
        System.arraycopy(granted, 0, examined, 0, granted.length);
        try (FakeServer server = new FakeServer(list, examined, granted);
                UsbIpBus client = new UsbIpBus("localhost", server.port(), LONG)) {
            UsbDevice listed = client.devices().get(0);
            assertThat(listed.alternates()).hasSize(2);

            server.afterMessages(1, new RetSubmit(1, 0, 0).toBytes());
            client.open(listed).close();

            assertThat(server.received.poll(LONG.toSeconds(), TimeUnit.SECONDS))
                    .endsWith(CmdSubmit.control(1, 0x10002, new ControlSetup(0, 9, 1, 0, 0))
                            .toBytes());
        }
    }

    /** The answers to the three requests by which a device without strings is examined. */
    private static byte[][] descriptors() {
        UsbDevice snapshot = FakeBus.snapshot("1-1", 0xdf11, "any", 0x1a);
        byte[] device = snapshot.deviceDescriptor().toBytes();
        Arrays.fill(device, 14, 17, (byte) 0);
        byte[] configuration = snapshot.configuration();
        configuration[9 + 8] = 0;
        configuration[18 + 8] = 0;
        return new byte[][] {device, Arrays.copyOf(configuration, 9), configuration};
    }

    private static byte[] importReply(String busId, byte[]... answers) throws IOException {
        ByteArrayOutputStream reply = new ByteArrayOutputStream();
        reply.write(bytes("0111 0003 00000000"));
        reply.write(Arrays.copyOfRange(deviceList(busId), 12, 12 + 0x138));
        for (int i = 0; i < answers.length; i++) {
            reply.write(new RetSubmit(i + 1, 0, answers[i].length).toBytes());
            reply.write(answers[i]);
        }
        return reply.toByteArray();
    }

    /** OP_REP_DEVLIST with one DFU device. */
    private static byte[] deviceList(String busId) {
        return ByteBuffer.allocate(0xc + 0x138 + 4)
                .put(bytes("0111 0005 00000000 00000001"))
                .put(new byte[256])
                .put(Arrays.copyOf(busId.getBytes(StandardCharsets.US_ASCII), 32))
                .put(bytes("00000001 00000002 00000002 0483 df11 2200 00 00 00 01 01 01 fe0102 00"))
                .array();
    }

    private static byte[] importRequest(String busId) {
        return concat(new Op(Op.REQ_IMPORT, 0).toBytes(), Arrays.copyOf(busId.getBytes(StandardCharsets.US_ASCII), 32));
    }

    private static String listFailure(byte[] reply) throws Exception {
        return listFailure(reply, LONG);
    }

    private static String listFailure(byte[] reply, Duration timeout) throws Exception {
        try (FakeServer server = new FakeServer(reply);
                UsbIpBus client = new UsbIpBus("localhost", server.port(), timeout)) {
            return message(client::devices);
        }
    }

    private static String importFailure(byte[] answer) throws Exception {
        return importFailure(answer, LONG);
    }

    private static String importFailure(byte[] answer, Duration timeout) throws Exception {
        try (FakeServer server = new FakeServer(deviceList("1-1"), concat(importReply("1-1"), answer));
                UsbIpBus client = new UsbIpBus("localhost", server.port(), timeout)) {
            return client.devices().get(0).accessProblem().orElseThrow().getMessage();
        }
    }

    private static String message(ThrowingCallable call) {
        return catchThrowableOfType(UsbException.class, call).getMessage();
    }

    private static String refusal(byte[] bytes) throws Exception {
        Refusals refusals = new Refusals();
        try (UsbIpServer server = serve(new FakeBus(), refusals, bytes.length < 8 ? SHORT : LONG);
                Socket socket = connect(server)) {
            socket.getOutputStream().write(bytes);
            return refusals.next();
        }
    }

    private static String released(byte[]... messages) throws Exception {
        return released(LONG, messages);
    }

    private static String released(Duration timeout, byte[]... messages) throws Exception {
        FakeBus bus = new FakeBus();
        FakeBus.FakeDevice device = bus.plug("1-1", 0xdf11, (setup, data, offset) -> 0);
        Refusals refusals = new Refusals();
        try (UsbIpServer server = serve(bus, refusals, timeout);
                Socket socket = connect(server)) {
            socket.getOutputStream().write(importRequest("1-1"));
            assertThat(socket.getInputStream().readNBytes(0x140)).hasSize(0x140);
            for (byte[] message : messages) {
                socket.getOutputStream().write(message);
            }
            String why = refusals.next();
            assertThat(device.closed.await(LONG.toSeconds(), TimeUnit.SECONDS)).isTrue();
            return why;
        }
    }

    private static UsbIpServer serve(FakeBus bus, UsbIpServerListener listener) throws IOException {
        return serve(bus, listener, LONG);
    }

    private static UsbIpServer serve(FakeBus bus, UsbIpServerListener listener, Duration timeout) throws IOException {
        return UsbIpServer.exporting(bus)
                .port(0)
                .handshakeTimeout(timeout)
                .transferTimeout(Duration.ofSeconds(1))
                .listener(listener)
                .start();
    }

    private static Socket connect(UsbIpServer server) throws IOException {
        Socket socket =
                new Socket(server.address().getAddress(), server.address().getPort());
        socket.setSoTimeout((int) LONG.toMillis());
        return socket;
    }

    private static byte[] bytes(String hex) {
        return HEX.parseHex(hex.replace(" ", ""));
    }

    private static byte[] concat(byte[] a, byte[] b) {
        byte[] result = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, result, a.length, b.length);
        return result;
    }

    /** Why clients were refused or imports ended; a list sent counts as well. */
    private static final class Refusals implements UsbIpServerListener {
        private final BlockingQueue<String> reasons = new LinkedBlockingQueue<>();

        String next() throws InterruptedException {
            String reason = reasons.poll(LONG.toSeconds(), TimeUnit.SECONDS);
            assertThat(reason).as("a refusal").isNotNull();
            return reason;
        }

        @Override
        public void listed(SocketAddress client, int devices) {
            reasons.add("listed " + devices);
        }

        @Override
        public void refused(SocketAddress client, String why) {
            reasons.add(why);
        }

        @Override
        public void released(SocketAddress client, UsbDevice device, String why) {
            reasons.add(why);
        }
    }

    /** Sends fixed bytes to the first client, others to the second, and so on, and says nothing more until it is closed. */
    private static final class FakeServer implements AutoCloseable {
        private final ServerSocket socket = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        private final List<byte[]> replies;
        private final BlockingQueue<byte[]> received = new LinkedBlockingQueue<>();
        private final BlockingQueue<Object[]> more = new LinkedBlockingQueue<>();
        private final Thread thread;

        FakeServer(byte[]... replies) throws IOException {
            this.replies = List.of(replies);
            thread = new Thread(this::run, "fake server");
            thread.setDaemon(true);
            thread.start();
        }

        int port() {
            return socket.getLocalPort();
        }

        /** Sends bytes to the last client once its import request and some messages without data have come. */
        void afterMessages(int messages, byte[] bytes) {
            more.add(new Object[] {messages, bytes});
        }

        private void run() {
            try {
                Socket client = null;
                for (byte[] reply : replies) {
                    client = socket.accept();
                    client.getOutputStream().write(reply);
                }
                while (client != null) {
                    Object[] next = more.take();
                    received.add(client.getInputStream().readNBytes(40 + 48 * (Integer) next[0]));
                    client.getOutputStream().write((byte[]) next[1]);
                }
            } catch (IOException | InterruptedException e) {
                // closed
            }
        }

        @Override
        public void close() throws IOException {
            socket.close();
            thread.interrupt();
        }
    }
}
