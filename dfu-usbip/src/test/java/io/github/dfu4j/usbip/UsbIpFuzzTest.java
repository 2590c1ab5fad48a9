package io.github.dfu4j.usbip;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.Deadline;
import io.github.dfu4j.usb.Timebase;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import io.github.dfu4j.usbip.internal.Channel;
import io.github.dfu4j.usbip.internal.ClientImport;
import io.github.dfu4j.usbip.internal.ExportedDevice;
import io.github.dfu4j.usbip.internal.Op;
import io.github.dfu4j.usbip.internal.ProtocolException;
import io.github.dfu4j.usbip.internal.ServerImport;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;

/**
 * Client and server given any bytes by the other end: they take them or end the connection with a reason.
 *
 * <p>A build runs the kept inputs; {@code JAZZER_FUZZ=1} with one test chosen looks for new ones.
 */
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class UsbIpFuzzTest {

    private static final Duration LONG = Duration.ofSeconds(10);
    private static final String PORT = "1-1";
    private static final UsbDevice DEVICE = FakeBus.snapshot(PORT, 0xdf11, "key", 0x1a);
    private static final ExportedDevice EXPORTED =
            new ExportedDevice("/sys/devices/x", PORT, 1, 2, 2, 0x0483, 0xdf11, 0x2200, 0, 1, 1, 1, List.of(0xfe0102));

    @FuzzTest(maxDuration = "5m")
    void aListOfDevices(byte[] bytes) throws IOException {
        try {
            Channel channel = new Channel(new Recorded(bytes));
            Op.read(channel, deadline());
            for (ExportedDevice device : ExportedDevice.readList(channel, deadline())) {
                Channel again = new Channel(new Recorded(device.toBytes(true)));
                assertThat(ExportedDevice.read(again, true, deadline())).isEqualTo(device);
            }
        } catch (ProtocolException | EOFException e) {
            assertThat(e.getMessage()).isNotEmpty();
        }
    }

    /** The bytes follow a good answer to the import. */
    @FuzzTest(maxDuration = "5m")
    void whatAServerAnswersToTransfers(byte[] bytes) throws IOException {
        byte[] granted = concat(new Op(Op.REP_IMPORT, Op.OK).toBytes(), EXPORTED.toBytes(false));
        Channel channel = new Channel(new Recorded(concat(granted, bytes)));
        try (ClientImport link = new ClientImport(channel, PORT, "the device", LONG)) {
            byte[] device = link.deviceDescriptor(1000);
            byte[] configuration = link.configuration(1000);
            assertThat(UsbDevice.builder("key", device, configuration).build().ids())
                    .hasSize(9);
            byte[] data = new byte[64];
            ControlSetup upload = new ControlSetup(0xa1, 2, 2, 0, 60);
            assertThat(link.control(upload, data, 4, 1000)).isBetween(0, 60);
            assertThat(Arrays.copyOf(data, 4)).containsOnly(0);
            link.reset(1000, device);
        } catch (UsbException e) {
            assertThat(e.getMessage()).contains("the device");
        }
    }

    /** The bytes follow a granted import. */
    @FuzzTest(maxDuration = "5m")
    void whatAClientSendsToAServer(byte[] bytes) throws IOException {
        FakeBus bus = new FakeBus();
        FakeBus.FakeDevice device = bus.plug(PORT, DEVICE, (setup, data, offset) -> setup.length());
        Channel channel = new Channel(new Recorded(bytes));
        ServerImport session =
                new ServerImport(channel, device, EXPORTED.devid(), new UsbIpServerListener() {}, LONG, LONG);
        assertThat(session.serve()).startsWith("the client ");
    }

    private static Deadline deadline() {
        return Deadline.in(Timebase.system(), LONG);
    }

    private static byte[] concat(byte[] a, byte[] b) {
        byte[] result = Arrays.copyOf(a, a.length + b.length);
        System.arraycopy(b, 0, result, a.length, b.length);
        return result;
    }

    /** A connection whose other end has sent some bytes and closed its side. */
    private static final class Recorded extends Socket {
        private final InputStream in;
        private final OutputStream out = new ByteArrayOutputStream();
        private volatile boolean closed;

        Recorded(byte[] received) {
            in = new ByteArrayInputStream(received);
        }

        @Override
        public InputStream getInputStream() {
            return in;
        }

        @Override
        public OutputStream getOutputStream() {
            return out;
        }

        @Override
        public SocketAddress getRemoteSocketAddress() {
            return new InetSocketAddress(InetAddress.getLoopbackAddress(), 1);
        }

        @Override
        public void setTcpNoDelay(boolean on) {}

        @Override
        public synchronized void setSoTimeout(int millis) {}

        @Override
        public boolean isClosed() {
            return closed;
        }

        @Override
        public synchronized void close() {
            closed = true;
        }
    }
}
