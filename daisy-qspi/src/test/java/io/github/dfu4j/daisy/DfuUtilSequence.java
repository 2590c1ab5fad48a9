package io.github.dfu4j.daisy;

import io.github.dfu4j.simulator.VirtualBus;
import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.UsbConnection;
import java.io.IOException;
import java.time.Duration;

/** The transfers of dfu-util 0.11 for a DfuSe download: each page erased, then for each block a set-address and the data, each by three transfers. */
final class DfuUtilSequence {

    private final UsbConnection connection;
    private final VirtualBus bus;

    DfuUtilSequence(UsbConnection connection, VirtualBus bus) {
        this.connection = connection;
        this.bus = bus;
    }

    void download(long address, byte[] data, int page, int block) throws Exception {
        connection.claim(0);
        connection.selectAlternate(0, 0);
        status();
        for (long at = address - address % page; at < address + data.length; at += page) {
            command(0x41, at);
        }
        for (int at = 0; at < data.length; at += block) {
            command(0x21, address + at);
            int length = Math.min(block, data.length - at);
            connection.control(new ControlSetup(0x21, 1, 2, 0, length), data, at, 5000);
            poll();
        }
        connection.control(new ControlSetup(0x21, 6, 0, 0, 0), new byte[0], 0, 5000);
        status();
    }

    private void command(int code, long address) throws Exception {
        byte[] bytes = {
            (byte) code, (byte) address, (byte) (address >> 8), (byte) (address >> 16), (byte) (address >> 24)
        };
        connection.control(new ControlSetup(0x21, 1, 0, 0, 5), bytes, 0, 5000);
        poll();
    }

    private void poll() throws Exception {
        byte[] answer;
        do {
            answer = status();
            bus.time()
                    .sleep(Duration.ofMillis((answer[1] & 0xff) | (answer[2] & 0xff) << 8 | (answer[3] & 0xff) << 16));
        } while (answer[4] == 4);
    }

    private byte[] status() throws IOException {
        byte[] answer = new byte[6];
        connection.control(new ControlSetup(0xa1, 3, 0, 0, 6), answer, 0, 5000);
        return answer;
    }
}
