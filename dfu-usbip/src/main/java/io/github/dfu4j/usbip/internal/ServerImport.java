package io.github.dfu4j.usbip.internal;

import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.Deadline;
import io.github.dfu4j.usb.Timebase;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import io.github.dfu4j.usbip.UsbIpServerListener;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Queue;
import org.jspecify.annotations.Nullable;

/**
 * The server's side of one import: takes URBs from the client in one thread and gives them to the device, one after the other, in
 * another, so that an URB on which the device is silent can be unlinked.
 */
public final class ServerImport {

    /** More URBs than a host has in flight on a device without bulk endpoints; a client that submits more is no host. */
    static final int MAX_PENDING = 256;

    /** A control transfer carries at most 65535 bytes; the other endpoints are not served and may not fill the memory. */
    static final int MAX_LENGTH = 1 << 16;

    private static final int ISO_DESCRIPTOR_SIZE = 16;
    private static final int MAX_ISO_PACKETS = 1024;
    private static final byte[] NOTHING = {};

    /** A transfer of the client; each is equal only to itself. */
    private static final class Urb {
        private final UrbMessage.CmdSubmit submit;
        private final byte[] data;

        Urb(UrbMessage.CmdSubmit submit, byte[] data) {
            this.submit = submit;
            this.data = data;
        }
    }

    private final Channel channel;
    private final UsbConnection connection;
    private final UsbDevice device;
    private final int devid;
    private final UsbIpServerListener listener;
    private final Duration messageTimeout;
    private final Duration transferTimeout;
    /** Held while an answer is decided on and written; taken before this object's own lock, which nobody holds while writing. */
    private final Object answers = new Object();

    private final Map<Integer, Urb> pending = new HashMap<>();
    private final Queue<Urb> queue = new ArrayDeque<>();
    private @Nullable Urb executing;
    private @Nullable Thread executor;
    private boolean configured;
    private boolean answering;
    private @Nullable String departed;
    private @Nullable Deadline lastAnswer;
    private @Nullable String closedBecause;

    /** An import that has been granted: the device is open and claimed. */
    public ServerImport(
            Channel channel,
            UsbConnection connection,
            int devid,
            UsbIpServerListener listener,
            Duration messageTimeout,
            Duration transferTimeout) {
        this.channel = channel;
        this.connection = connection;
        this.device = connection.device();
        this.devid = devid;
        this.listener = listener;
        this.messageTimeout = messageTimeout;
        this.transferTimeout = transferTimeout;
    }

    /** The device imported. */
    public UsbDevice device() {
        return device;
    }

    /**
     * Serves the client until it leaves, the device leaves or {@link #close} is called.
     *
     * @return why it ended
     */
    public String serve() {
        Thread worker = new Thread(this::work, Thread.currentThread().getName() + " transfers");
        worker.setDaemon(true);
        worker.start();
        try {
            while (true) {
                channel.awaitPiece(UrbMessage.SIZE);
                accept(UrbMessage.parse(read(UrbMessage.SIZE, "head of a message")));
            }
        } catch (ProtocolException e) {
            close("the client does not speak USB/IP: " + e.getMessage());
        } catch (IOException e) {
            close("the client left");
        } catch (RuntimeException e) {
            close("the server's listener failed: " + e);
        }
        boolean interrupted = false;
        while (worker.isAlive()) {
            try {
                worker.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        return reason();
    }

    /** Ends the import; the first reason given is the one reported. */
    public synchronized void close(String why) {
        if (closedBecause == null) {
            closedBecause = why;
            channel.close();
            notifyAll();
            interruptTransfer();
        }
    }

    /**
     * Ends the import because the device left the bus. The answer that it may just have given, as devices do when they leave DFU mode, goes
     * out first, if it does so in the time that a transfer may take; to be called again until then.
     */
    public synchronized void depart(String why) {
        if (lastAnswer == null) {
            lastAnswer = Deadline.in(Timebase.system(), transferTimeout);
        }
        if (!answering || lastAnswer.passed()) {
            close(why);
        }
        departed = why;
        notifyAll();
    }

    /** Cuts the transfer with the device short, where the bus can be interrupted; others end by their timeout. */
    private synchronized void interruptTransfer() {
        if (executor != null) {
            executor.interrupt();
        }
    }

    private synchronized String reason() {
        return closedBecause == null ? "" : closedBecause;
    }

    private byte[] read(int length, String what) throws IOException {
        Deadline deadline = Deadline.in(Timebase.system(), messageTimeout);
        return Op.required(channel.read(length, deadline), what, deadline);
    }

    private void accept(UrbMessage message) throws IOException {
        if (message instanceof UrbMessage.CmdSubmit submit) {
            checkDevid(submit.devid());
            submit(submit);
        } else if (message instanceof UrbMessage.CmdUnlink unlink) {
            checkDevid(unlink.devid());
            unlink(unlink);
        } else {
            throw new ProtocolException("expected USBIP_CMD_SUBMIT or USBIP_CMD_UNLINK, found an answer");
        }
    }

    private void checkDevid(int found) throws ProtocolException {
        if (found != devid) {
            throw new ProtocolException("expected devid " + Integer.toHexString(devid)
                    + " of the imported device, found " + Integer.toHexString(found));
        }
    }

    private void submit(UrbMessage.CmdSubmit submit) throws IOException {
        int length = submit.length();
        if (length < 0 || length > MAX_LENGTH) {
            throw new ProtocolException("expected a transfer of at most " + MAX_LENGTH + " bytes, found "
                    + Integer.toUnsignedString(length));
        }
        if (submit.packets() < -1 || submit.packets() > MAX_ISO_PACKETS) {
            throw new ProtocolException("expected at most " + MAX_ISO_PACKETS + " isochronous packets, found "
                    + Integer.toUnsignedString(submit.packets()));
        }
        byte[] data = submit.in() || length == 0 ? NOTHING : read(length, "data of a transfer");
        if (submit.packets() > 0) {
            read(submit.packets() * ISO_DESCRIPTOR_SIZE, "isochronous packet descriptors");
        }
        Urb urb = new Urb(submit, data);
        synchronized (this) {
            if (pending.size() >= MAX_PENDING) {
                throw new ProtocolException("expected at most " + MAX_PENDING + " transfers at a time, found one more");
            }
            if (pending.putIfAbsent(submit.seqnum(), urb) != null) {
                throw new ProtocolException(
                        "expected a new seqnum, found " + submit.seqnum() + " again, which is still pending");
            }
            if (submit.endpoint() == 0) {
                queue.add(urb);
                notifyAll();
                return;
            }
        }
        // Only control transfers are carried. An endpoint that never has data is quiet; one that never takes any is
        // stalled.
        if (!submit.in()) {
            complete(urb, UrbMessage.EPIPE, 0, NOTHING);
        }
    }

    private void unlink(UrbMessage.CmdUnlink unlink) throws IOException {
        Urb urb;
        synchronized (answers) {
            urb = takeBack(unlink.target());
            int status = urb == null ? 0 : UrbMessage.ECONNRESET;
            channel.write(new UrbMessage.RetUnlink(unlink.seqnum(), status).toBytes(), NOTHING);
        }
        if (urb != null && urb.submit.endpoint() == 0) {
            listener.unlinked(device, urb.submit.setup());
        }
    }

    private synchronized @Nullable Urb takeBack(int seqnum) {
        Urb urb = pending.remove(seqnum);
        if (urb != null) {
            queue.remove(urb);
            notifyAll();
            if (urb.equals(executing)) {
                interruptTransfer();
            }
        }
        return urb;
    }

    /** Answers an URB unless it was unlinked. */
    private boolean complete(Urb urb, int status, int actual, byte[] data) throws IOException {
        int seqnum = urb.submit.seqnum();
        synchronized (answers) {
            synchronized (this) {
                if (!pending.remove(seqnum, urb)) {
                    return false;
                }
            }
            channel.write(new UrbMessage.RetSubmit(seqnum, status, actual).toBytes(), data);
            return true;
        }
    }

    private void work() {
        try {
            for (Urb urb = next(); urb != null; urb = next()) {
                transfer(urb);
                answered();
            }
        } catch (IOException e) {
            close("the client left");
        } catch (InterruptedException e) {
            close("the server was closed");
        } catch (RuntimeException e) {
            close("the device's bus failed: " + e); // it may be of anybody's making
        }
    }

    private synchronized @Nullable Urb next() throws InterruptedException {
        while (closedBecause == null && queue.isEmpty()) {
            wait();
        }
        answering = closedBecause == null;
        return answering ? queue.remove() : null;
    }

    private synchronized void answered() {
        answering = false;
        if (departed != null) {
            close(departed);
        }
    }

    private void transfer(Urb urb) throws IOException, InterruptedException {
        ControlSetup setup = urb.submit.setup();
        try {
            byte[] data = executeInterruptibly(urb);
            boolean in = urb.submit.in();
            if (complete(urb, 0, data.length, in ? data : NOTHING)) {
                listener.transferred(device, setup, data);
            }
        } catch (UsbException e) {
            if (isPending(urb)) {
                listener.failed(device, setup, String.valueOf(e.getMessage()));
            }
            if (e.kind() == UsbException.Kind.TIMEOUT) {
                awaitUnlink(urb);
                return;
            }
            complete(urb, status(e.kind()), 0, NOTHING);
            if (e.kind() == UsbException.Kind.GONE) {
                close("the device left the bus");
            }
        }
    }

    private synchronized boolean isPending(Urb urb) {
        return pending.containsValue(urb);
    }

    private byte[] executeInterruptibly(Urb urb) throws UsbException {
        synchronized (this) {
            if (closedBecause != null || !pending.containsValue(urb)) {
                throw new UsbException(UsbException.Kind.UNKNOWN, "the client took the transfer back before it began");
            }
            executing = urb;
            executor = Thread.currentThread();
        }
        try {
            return execute(urb);
        } finally {
            synchronized (this) {
                executing = null;
                executor = null;
                Thread.interrupted(); // it was meant for this transfer alone
            }
        }
    }

    /** A silent device keeps its transfer pending, as on a real bus, until the host gives up; but not without end. */
    private void awaitUnlink(Urb urb) throws IOException, InterruptedException {
        Deadline deadline = Deadline.in(Timebase.system(), transferTimeout.multipliedBy(6));
        synchronized (this) {
            while (closedBecause == null && departed == null && pending.containsValue(urb) && !deadline.passed()) {
                wait(deadline.limit(Integer.MAX_VALUE));
            }
            if (closedBecause != null || departed != null) {
                return;
            }
        }
        complete(urb, UrbMessage.ETIMEDOUT, 0, NOTHING);
    }

    private static int status(UsbException.Kind kind) {
        return switch (kind) {
            case STALL, UNSUPPORTED -> UrbMessage.EPIPE;
            case GONE, UNREACHABLE -> UrbMessage.ENODEV;
            case BUSY -> UrbMessage.EBUSY;
            case TIMEOUT -> UrbMessage.ETIMEDOUT;
            case ACCESS_DENIED, NO_DRIVER, UNKNOWN -> UrbMessage.EPROTO;
        };
    }

    /** Does a transfer, or what a USB host does in its place, and returns the bytes of its data stage. */
    private byte[] execute(Urb urb) throws UsbException {
        ControlSetup setup = urb.submit.setup();
        if (setup.length() > 0 && setup.in() != urb.submit.in() || !setup.in() && setup.length() != urb.data.length) {
            throw new UsbException(UsbException.Kind.STALL, "the client's request contradicts itself: " + setup);
        }
        return switch (setup.requestType() << 8 | setup.request()) {
            case StandardRequests.SET_ADDRESS -> NOTHING; // the host controller's own business
            case StandardRequests.SET_CONFIGURATION -> {
                configure(setup.value());
                yield NOTHING;
            }
            case StandardRequests.SET_INTERFACE -> {
                connection.selectAlternate(setup.index(), setup.value());
                yield NOTHING;
            }
            case StandardRequests.SET_PORT_FEATURE -> {
                if (setup.value() != StandardRequests.PORT_RESET) {
                    yield control(urb, setup);
                }
                reset();
                yield NOTHING;
            }
            case StandardRequests.GET_DESCRIPTOR -> descriptor(urb, setup);
            default -> control(urb, setup);
        };
    }

    private byte[] control(Urb urb, ControlSetup setup) throws UsbException {
        int timeout = (int) transferTimeout.toMillis();
        if (!setup.in()) {
            int sent = connection.control(setup, urb.data, 0, timeout);
            return Arrays.copyOf(urb.data, Math.min(sent, urb.data.length));
        }
        int length = Math.min(Math.min(setup.length(), urb.submit.length()), connection.maxControlLength());
        byte[] buffer = new byte[length];
        int received = connection.control(
                new ControlSetup(setup.requestType(), setup.request(), setup.value(), setup.index(), length),
                buffer,
                0,
                timeout);
        return Arrays.copyOf(buffer, Math.min(received, length));
    }

    /** The device is configured already, as any open device is; a host that says so again gets the first alternate settings. */
    private void configure(int value) throws UsbException {
        if (value != 0 && value != device.configurationValue()) {
            throw new UsbException(UsbException.Kind.STALL, "the device has no configuration " + value + " active");
        }
        configured = value != 0;
        for (int i : StandardRequests.interfacesWithAlternates(device)) {
            connection.selectAlternate(i, 0);
        }
    }

    private byte[] descriptor(Urb urb, ControlSetup setup) throws UsbException {
        if (configured && setup.value() == StandardRequests.DEVICE_DESCRIPTOR && setup.length() == 64) {
            // USB/IP carries no bus reset. Linux begins the enumeration after one with this request, and no other time.
            configured = false;
            try {
                reset();
            } catch (UsbException e) {
                if (e.kind() != UsbException.Kind.UNSUPPORTED) {
                    throw e;
                }
            }
        }
        try {
            return control(urb, setup);
        } catch (UsbException e) {
            byte[] known = switch (setup.value()) {
                case StandardRequests.DEVICE_DESCRIPTOR ->
                    device.deviceDescriptor().toBytes();
                case StandardRequests.CONFIGURATION_DESCRIPTOR -> device.configuration();
                default -> NOTHING;
            };
            boolean answers = e.kind() == UsbException.Kind.STALL || e.kind() == UsbException.Kind.UNSUPPORTED;
            if (known.length == 0 || !answers) {
                throw e;
            }
            return Arrays.copyOf(known, Math.min(known.length, Math.min(setup.length(), urb.submit.length())));
        }
    }

    private void reset() throws UsbException {
        boolean same = connection.reset();
        listener.reset(device);
        if (!same) {
            throw new UsbException(UsbException.Kind.GONE, "the device came back from the bus reset as another");
        }
    }
}
