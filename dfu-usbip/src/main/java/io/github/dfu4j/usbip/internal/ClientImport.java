package io.github.dfu4j.usbip.internal;

import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.Deadline;
import io.github.dfu4j.usb.Timebase;
import io.github.dfu4j.usb.UsbException;
import io.github.dfu4j.usb.UsbException.Kind;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** The client's side of one import: control transfers, one at a time. */
public final class ClientImport implements Closeable {

    private static final byte[] NOTHING = {};
    private static final int DEVICE_DESCRIPTOR_SIZE = 18;
    private static final int MAX_CONFIGURATION_SIZE = 0xffff;

    private final Channel channel;
    private final ExportedDevice description;
    private final String name;
    private final Duration answerTimeout;
    /** Held while the channel is read, so that nobody takes another's bytes; closing needs it not, and so cuts a transfer short. */
    private final ReentrantLock reading = new ReentrantLock();

    private int lastSeqnum;
    private volatile @Nullable UsbException lost;

    /**
     * Asks for a device.
     *
     * @param channel a fresh connection to the server
     * @param busId the device
     * @param name device and server, for messages
     * @param answerTimeout how long the server itself may take to answer
     */
    public ClientImport(Channel channel, String busId, String name, Duration answerTimeout)
            throws IOException, UsbException {
        this.channel = channel;
        this.name = name;
        this.answerTimeout = answerTimeout;
        channel.write(new Op(Op.REQ_IMPORT, 0).toBytes(), ExportedDevice.padded(busId, ExportedDevice.BUS_ID_SIZE));
        Deadline deadline = Deadline.in(Timebase.system(), answerTimeout);
        Op reply = Op.read(channel, deadline);
        if (reply.code() != Op.REP_IMPORT) {
            throw new ProtocolException("expected OP_REP_IMPORT (3), found code " + Integer.toHexString(reply.code()));
        }
        if (reply.status() != Op.OK) {
            throw refusal(reply.status());
        }
        description = ExportedDevice.read(channel, false, deadline);
        if (!description.busId().equals(busId)) {
            throw new ProtocolException("expected the import of " + busId + ", found that of " + description.busId());
        }
    }

    private UsbException refusal(int status) {
        String message = "the server refused the import of " + name + ": " + Op.words(status);
        return switch (status) {
            case Op.NO_DEVICE -> new UsbException(Kind.GONE, message);
            // Older servers say no more than that it failed, most often because another client has the device.
            case Op.REFUSED, Op.DEVICE_BUSY ->
                new UsbException(
                        Kind.BUSY,
                        message,
                        "End the other program that uses the device over USB/IP; on Linux `usbip port` lists imports and"
                                + " `usbip detach` ends one.",
                        null);
            default -> new UsbException(Kind.UNKNOWN, message);
        };
    }

    /** The device as the server described it. */
    public ExportedDevice description() {
        return description;
    }

    /** Whether the server still serves the device, as far as can be seen without asking; a transfer under way will see for itself. */
    public boolean alive() {
        if (lost != null || !reading.tryLock()) {
            return lost == null;
        }
        try {
            return channel.alive(UrbMessage.SIZE);
        } finally {
            reading.unlock();
        }
    }

    /** Reads the device descriptor. */
    public byte[] deviceDescriptor(int timeoutMillis) throws UsbException {
        byte[] descriptor = descriptor(StandardRequests.DEVICE_DESCRIPTOR, DEVICE_DESCRIPTOR_SIZE, timeoutMillis);
        if (descriptor.length != DEVICE_DESCRIPTOR_SIZE || descriptor[1] != 1) {
            throw garbled("a device descriptor of 18 bytes", descriptor);
        }
        return descriptor;
    }

    /** Reads the first configuration's descriptors. */
    public byte[] configuration(int timeoutMillis) throws UsbException {
        byte[] head = descriptor(StandardRequests.CONFIGURATION_DESCRIPTOR, 9, timeoutMillis);
        if (head.length < 9 || head[1] != 2) {
            throw garbled("a configuration descriptor of at least 9 bytes", head);
        }
        int total = (head[2] & 0xff) | (head[3] & 0xff) << 8;
        return descriptor(
                StandardRequests.CONFIGURATION_DESCRIPTOR, Math.min(total, MAX_CONFIGURATION_SIZE), timeoutMillis);
    }

    private UsbException garbled(String expected, byte[] found) {
        return new UsbException(
                Kind.UNKNOWN, name + ": expected " + expected + ", found " + found.length + " bytes of another kind");
    }

    private byte[] descriptor(int which, int length, int timeoutMillis) throws UsbException {
        byte[] buffer = new byte[length];
        int n = control(new ControlSetup(0x80, 6, which, 0, length), buffer, 0, timeoutMillis);
        return Arrays.copyOf(buffer, n);
    }

    /** Does one control transfer; see {@link io.github.dfu4j.usb.UsbConnection#control}. */
    public int control(ControlSetup setup, byte[] data, int offset, int timeoutMillis) throws UsbException {
        reading.lock();
        try {
            requireLink();
            return transfer(setup, data, offset, timeoutMillis);
        } catch (ProtocolException e) {
            throw lose(Kind.UNKNOWN, name + ": the server does not speak USB/IP: " + e.getMessage(), e);
        } catch (IOException e) {
            if (e instanceof UsbException known) {
                throw known;
            }
            requireLink(); // another thread may have closed it meanwhile
            throw lose(
                    Kind.GONE,
                    name + ": the server closed the connection; the device left the bus or the server ended",
                    e);
        } finally {
            reading.unlock();
        }
    }

    private void requireLink() throws UsbException {
        UsbException earlier = lost;
        if (earlier != null) {
            throw new UsbException(Kind.GONE, String.valueOf(earlier.getMessage()), null, earlier);
        }
    }

    private int transfer(ControlSetup setup, byte[] data, int offset, int timeoutMillis) throws IOException {
        if (timeoutMillis < 1) {
            throw new IllegalArgumentException("a timeout is at least 1 ms, not " + timeoutMillis);
        }
        int seqnum = ++lastSeqnum;
        byte[] out = setup.in() ? NOTHING : Arrays.copyOfRange(data, offset, offset + setup.length());
        channel.write(
                UrbMessage.CmdSubmit.control(seqnum, description.devid(), setup).toBytes(), out);
        Deadline deadline = Deadline.in(Timebase.system(), Duration.ofMillis(timeoutMillis));
        byte[] head = channel.read(UrbMessage.SIZE, deadline);
        if (head != null) {
            return finish(answer(head, seqnum, setup), setup, data, offset);
        }
        return unlink(seqnum, setup, data, offset, timeoutMillis);
    }

    /** Takes a transfer back whose time is over. Its answer may be on the way and then counts. */
    private int unlink(int target, ControlSetup setup, byte[] data, int offset, int timeoutMillis) throws IOException {
        int seqnum = ++lastSeqnum;
        channel.write(new UrbMessage.CmdUnlink(seqnum, description.devid(), target).toBytes(), NOTHING);
        Deadline deadline = Deadline.in(Timebase.system(), answerTimeout);
        UrbMessage.RetSubmit late = null;
        while (true) {
            byte[] head = channel.read(UrbMessage.SIZE, deadline);
            if (head == null) {
                throw lose(
                        Kind.TIMEOUT,
                        name + ": neither the device answered within " + timeoutMillis + " ms nor the server within "
                                + answerTimeout.toMillis() + " ms after that",
                        null);
            }
            UrbMessage message = UrbMessage.parse(head);
            if (message instanceof UrbMessage.RetUnlink unlinked && unlinked.seqnum() == seqnum) {
                break;
            }
            if (late != null) {
                throw new ProtocolException("expected USBIP_RET_UNLINK " + seqnum + ", found " + message);
            }
            late = answer(head, target, setup);
            if (setup.in()) {
                receive(late, data, offset);
            }
        }
        if (late != null && late.status() == 0) {
            return late.actualLength();
        }
        if (late != null && late.status() != UrbMessage.ECONNRESET && late.status() != UrbMessage.ENOENT) {
            throw failure(late.status(), setup);
        }
        throw new UsbException(
                Kind.TIMEOUT, name + ": the device did not answer " + setup + " within " + timeoutMillis + " ms");
    }

    private static UrbMessage.RetSubmit answer(byte[] head, int seqnum, ControlSetup setup) throws ProtocolException {
        UrbMessage message = UrbMessage.parse(head);
        if (!(message instanceof UrbMessage.RetSubmit answer) || answer.seqnum() != seqnum) {
            throw new ProtocolException("expected USBIP_RET_SUBMIT " + seqnum + ", found " + message);
        }
        if (answer.actualLength() < 0 || answer.actualLength() > setup.length()) {
            throw new ProtocolException("expected at most " + setup.length() + " bytes transferred, found "
                    + Integer.toUnsignedString(answer.actualLength()));
        }
        return answer;
    }

    private int finish(UrbMessage.RetSubmit answer, ControlSetup setup, byte[] data, int offset) throws IOException {
        if (setup.in()) {
            receive(answer, data, offset);
        }
        if (answer.status() != 0) {
            throw failure(answer.status(), setup);
        }
        return answer.actualLength();
    }

    private void receive(UrbMessage.RetSubmit answer, byte[] data, int offset) throws IOException {
        if (answer.actualLength() > 0) {
            Deadline deadline = Deadline.in(Timebase.system(), answerTimeout);
            byte[] bytes = Op.required(channel.read(answer.actualLength(), deadline), "data of a transfer", deadline);
            System.arraycopy(bytes, 0, data, offset, bytes.length);
        }
    }

    private UsbException failure(int status, ControlSetup setup) {
        String message = name + ": " + setup + " failed with status " + status;
        return switch (status) {
            case UrbMessage.EPIPE -> new UsbException(Kind.STALL, name + ": the device refused " + setup + " (STALL)");
            case UrbMessage.ENODEV, UrbMessage.ESHUTDOWN ->
                lose(Kind.GONE, name + ": the device left the server's bus", null);
            case UrbMessage.ETIMEDOUT ->
                new UsbException(Kind.TIMEOUT, name + ": the device did not answer " + setup + " (status -110)");
            case UrbMessage.EBUSY -> new UsbException(Kind.BUSY, message + " (busy)");
            default -> new UsbException(Kind.UNKNOWN, message + " (Linux error number)");
        };
    }

    private UsbException lose(Kind kind, String message, @Nullable Exception cause) {
        UsbException result = new UsbException(kind, message, null, cause);
        lost = result;
        channel.close();
        return result;
    }

    /** Asks the server to reset the device's port, as usbip-host understands it. */
    public boolean reset(int timeoutMillis, byte[] expectedDescriptor) throws UsbException {
        boolean refused = false;
        try {
            ControlSetup portReset = new ControlSetup(
                    StandardRequests.SET_PORT_FEATURE >> 8,
                    StandardRequests.SET_PORT_FEATURE & 0xff,
                    StandardRequests.PORT_RESET,
                    0,
                    0);
            control(portReset, NOTHING, 0, timeoutMillis);
        } catch (UsbException e) {
            if (e.kind() == Kind.GONE) {
                return false;
            }
            if (e.kind() != Kind.STALL) {
                throw e;
            }
            refused = true;
        }
        try {
            boolean same = Arrays.equals(deviceDescriptor(timeoutMillis), expectedDescriptor);
            if (same && refused) {
                throw new UsbException(
                        Kind.UNSUPPORTED,
                        name + ": the server refused the bus reset",
                        "Linux before 6.10 refuses and resets all the same. Where the device did not react, press its"
                                + " reset button or plug it in anew.",
                        null);
            }
            return same;
        } catch (UsbException e) {
            if (e.kind() == Kind.GONE) {
                return false;
            }
            throw e;
        }
    }

    @Override
    public void close() {
        if (lost == null) {
            lose(Kind.GONE, name + ": the connection was closed", null);
        }
    }
}
