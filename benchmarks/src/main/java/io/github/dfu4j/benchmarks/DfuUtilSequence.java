package io.github.dfu4j.benchmarks;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuState;
import io.github.dfu4j.dfuse.FlashTarget;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.Timebase;
import io.github.dfu4j.usb.UsbConnection;
import java.io.IOException;
import java.time.Duration;

/**
 * What dfu-util 0.11 sends for a DfuSe download, transfer by transfer, without any of its checks: it erases each sector that is touched,
 * then sends a set-address and block 2 for each block. Made to compare the time that this takes.
 */
final class DfuUtilSequence {

    private static final int TIMEOUT = 60_000;

    private final UsbConnection connection;
    private final Timebase time;
    private final int number;
    private final byte[] status = new byte[6];

    DfuUtilSequence(UsbConnection connection, DfuInterface target, Timebase time) {
        this.connection = connection;
        this.time = time;
        this.number = target.number();
    }

    void flash(FlashTarget target, int transferSize, Segment image) throws IOException, InterruptedException {
        connection.selectAlternate(number, target.alternate());
        if (state() == DfuState.ERROR) {
            control(4, 0, new byte[0]);
            state();
        }
        for (long address = image.start(); address < image.end(); ) {
            AddressRange sector = target.layout().sectorAt(address).orElseThrow();
            command(0x41, sector.start());
            address = sector.end();
        }
        for (long address = image.start(); address < image.end(); address += transferSize) {
            command(0x21, address);
            byte[] block = new byte[(int) Math.min(transferSize, image.end() - address)];
            image.copy(address, block, 0, block.length);
            control(1, 2, block);
            settle();
        }
        control(6, 0, new byte[0]);
        state();
    }

    private void command(int code, long address) throws IOException, InterruptedException {
        control(1, 0, new byte[] {
            (byte) code, (byte) address, (byte) (address >> 8), (byte) (address >> 16), (byte) (address >> 24)
        });
        settle();
    }

    private void settle() throws IOException, InterruptedException {
        DfuState now;
        do {
            now = state();
            time.sleep(Duration.ofMillis((status[1] & 0xff) | (status[2] & 0xff) << 8 | (status[3] & 0xff) << 16));
        } while (now == DfuState.DNBUSY);
        if (now != DfuState.DNLOAD_IDLE) {
            throw new IOException("the device is in " + now);
        }
    }

    private DfuState state() throws IOException {
        connection.control(new ControlSetup(0xa1, 3, 0, number, 6), status, 0, TIMEOUT);
        return DfuState.of(status[4]);
    }

    private void control(int request, int value, byte[] data) throws IOException {
        connection.control(new ControlSetup(0x21, request, value, number, data.length), data, 0, TIMEOUT);
    }
}
