package io.github.dfu4j.usbip.internal;

import io.github.dfu4j.usb.ControlSetup;
import java.nio.ByteBuffer;
import java.util.Locale;

/** The 48-byte head of a message of an import: an URB submitted or unlinked, and the answers. */
public sealed interface UrbMessage {

    /** Size in bytes. */
    int SIZE = 48;

    /** Negative numbers of Linux, as the statuses of URBs. */
    int ENOENT = -2;

    int ENODEV = -19;
    int EINVAL = -22;
    int EBUSY = -16;
    int EPIPE = -32;
    int EPROTO = -71;
    int ECONNRESET = -104;
    int ESHUTDOWN = -108;
    int ETIMEDOUT = -110;

    /** The number by which request and answer belong together. */
    int seqnum();

    byte[] toBytes();

    /**
     * USBIP_CMD_SUBMIT.
     *
     * @param seqnum number of the request
     * @param devid the device, as bus number × 65536 + device number
     * @param in whether data flow to the host
     * @param endpoint endpoint number
     * @param flags transfer_flags of Linux
     * @param length transfer_buffer_length; as many bytes follow if the direction is out
     * @param packets number of isochronous packets, 0 or −1 for other transfers
     * @param interval polling interval
     * @param setup the setup packet, zeros for other than control transfers
     */
    record CmdSubmit(
            int seqnum,
            int devid,
            boolean in,
            int endpoint,
            int flags,
            int length,
            int packets,
            int interval,
            ControlSetup setup)
            implements UrbMessage {

        private static final int URB_DIR_IN = 0x200;

        /** A control transfer on endpoint 0. */
        public static CmdSubmit control(int seqnum, int devid, ControlSetup setup) {
            boolean in = setup.in();
            return new CmdSubmit(seqnum, devid, in, 0, in ? URB_DIR_IN : 0, setup.length(), -1, 0, setup);
        }

        @Override
        public byte[] toBytes() {
            return head(1, seqnum, devid, in ? 1 : 0, endpoint)
                    .putInt(flags)
                    .putInt(length)
                    .putInt(0)
                    .putInt(packets)
                    .putInt(interval)
                    .put(setup.toBytes())
                    .array();
        }
    }

    /**
     * USBIP_CMD_UNLINK.
     *
     * @param seqnum number of this request
     * @param devid the device
     * @param target number of the submission to take back
     */
    record CmdUnlink(int seqnum, int devid, int target) implements UrbMessage {
        @Override
        public byte[] toBytes() {
            return head(2, seqnum, devid, 0, 0).putInt(target).array();
        }
    }

    /**
     * USBIP_RET_SUBMIT.
     *
     * @param seqnum number of the submission
     * @param status 0 or a negative error number of Linux
     * @param actualLength bytes transferred; as many follow if the direction is in
     */
    record RetSubmit(int seqnum, int status, int actualLength) implements UrbMessage {
        @Override
        public byte[] toBytes() {
            return head(3, seqnum, 0, 0, 0)
                    .putInt(status)
                    .putInt(actualLength)
                    .putInt(0)
                    .putInt(-1)
                    .array();
        }
    }

    /**
     * USBIP_RET_UNLINK.
     *
     * @param seqnum number of the unlink request
     * @param status −ECONNRESET if the submission was taken back, 0 if it was answered already
     */
    record RetUnlink(int seqnum, int status) implements UrbMessage {
        @Override
        public byte[] toBytes() {
            return head(4, seqnum, 0, 0, 0).putInt(status).array();
        }
    }

    private static ByteBuffer head(int command, int seqnum, int devid, int direction, int endpoint) {
        return ByteBuffer.allocate(SIZE)
                .putInt(command)
                .putInt(seqnum)
                .putInt(devid)
                .putInt(direction)
                .putInt(endpoint);
    }

    /** Reads a head. */
    static UrbMessage parse(byte[] bytes) throws ProtocolException {
        ByteBuffer b = ByteBuffer.wrap(bytes);
        int command = b.getInt();
        int seqnum = b.getInt();
        int devid = b.getInt();
        int direction = b.getInt();
        int endpoint = b.getInt();
        int first = b.getInt();
        int second = b.getInt();
        b.getInt(); // start_frame
        int packets = b.getInt();
        int interval = b.getInt();
        return switch (command) {
            case 1 -> {
                if (direction != 0 && direction != 1 || endpoint < 0 || endpoint > 15) {
                    throw new ProtocolException("expected direction 0 or 1 and endpoint 0 to 15, found direction "
                            + direction + " and endpoint " + endpoint);
                }
                ControlSetup setup = ControlSetup.fromBytes(bytes, 0x28);
                yield new CmdSubmit(seqnum, devid, direction == 1, endpoint, first, second, packets, interval, setup);
            }
            case 2 -> new CmdUnlink(seqnum, devid, first);
            case 3 -> new RetSubmit(seqnum, first, second);
            case 4 -> new RetUnlink(seqnum, first);
            default ->
                throw new ProtocolException(
                        String.format(Locale.ROOT, "expected a USB/IP command 1 to 4, found 0x%08x", command));
        };
    }
}
