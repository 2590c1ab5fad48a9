package io.github.dfu4j.daisy;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.usb.UsbDevice;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** The two bootloaders as they will show themselves, for plans that are made before they are on the bus. */
final class ExpectedBoard {

    private ExpectedBoard() {}

    /** The bootloader in ROM: what listings of real boards show. */
    static DfuInterface rom() {
        return make(
                ReadBack.UNKNOWN,
                1024,
                "STM32  BOOTLOADER",
                "@Internal Flash   /0x08000000/16*128Kg",
                "@Option Bytes   /0x5200201C/01*128 e");
    }

    /**
     * The Daisy bootloader: what the released binaries show.
     *
     * @param readBack {@link ReadBack#UNKNOWN} for what any version may do, {@link ReadBack#UNTRUE} for what the released ones do
     */
    static DfuInterface daisyBootloader(ReadBack readBack) {
        return make(readBack, 4096, "Daisy Bootloader", DaisyQuirks.LAYOUT);
    }

    private static DfuInterface make(ReadBack readBack, int transferSize, String product, String... layouts) {
        byte[] device = {18, 1, 0, 2, 0, 0, 0, 64, (byte) 0x83, 4, 0x11, (byte) 0xdf, 0, 2, 1, 2, 3, 1};
        ByteArrayOutputStream configuration = new ByteArrayOutputStream();
        int total = 9 + 9 * layouts.length + 9;
        write(configuration, 9, 2, total & 0xff, total >> 8, 1, 1, 0, 0xc0, 50);
        for (int i = 0; i < layouts.length; i++) {
            write(configuration, 9, 4, 0, i, 0, 0xfe, 1, 2, 6 + i);
        }
        write(configuration, 9, 0x21, 0x0b, 0xff, 0, transferSize & 0xff, transferSize >> 8, 0x1a, 0x01);
        UsbDevice.Builder builder = UsbDevice.builder("expected", device, configuration.toByteArray());
        builder.string(2, string(product));
        for (int i = 0; i < layouts.length; i++) {
            builder.string(6 + i, string(layouts[i]));
        }
        return DfuInterface.of(builder.build(), DaisyQuirks.table(readBack)).get(0);
    }

    private static void write(ByteArrayOutputStream out, int... bytes) {
        for (int b : bytes) {
            out.write(b);
        }
    }

    private static byte[] string(String text) {
        byte[] utf16 = text.getBytes(StandardCharsets.UTF_16LE);
        byte[] descriptor = new byte[utf16.length + 2];
        descriptor[0] = (byte) descriptor.length;
        descriptor[1] = 3;
        System.arraycopy(utf16, 0, descriptor, 2, utf16.length);
        return descriptor;
    }
}
