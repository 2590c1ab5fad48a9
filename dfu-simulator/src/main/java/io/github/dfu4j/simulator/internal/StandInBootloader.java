package io.github.dfu4j.simulator.internal;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import java.util.zip.CRC32;

/**
 * An image of our own making that stands for a Daisy bootloader of some version in a simulated board's internal flash: a plausible vector
 * table, words that say what it is, its own length and CRC, and filler. No processor could run it.
 */
public final class StandInBootloader {

    private static final String SIGNATURE = "dfu4j stand-in, not executable: ";
    private static final int HEADER = 0x450;
    private static final String LAYOUT = "@Flash /0x90000000/64*4Kg/0x90040000/60*64Kg/0x90400000/60*64Kg";

    private StandInBootloader() {}

    /**
     * Makes an image.
     *
     * @param version what stands in it, such as {@code v6.4-intdfu-2000ms}
     * @param product the product string, such as {@code Daisy Bootloader}
     * @param length its size in bytes
     */
    public static byte[] make(String version, String product, int length) {
        ByteBuffer image = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
        image.putInt(0x20020000);
        for (int vector = 1; vector < 166; vector++) {
            image.putInt(0x08000401 + vector * 16);
        }
        text(image, 0x300, SIGNATURE + version, 0x60);
        text(image, 0x360, product, 0x40);
        text(image, 0x400, LAYOUT, 0x50);
        image.position(0x3b0);
        image.put(product.getBytes(StandardCharsets.UTF_16LE));
        SplittableRandom random = new SplittableRandom(version.hashCode());
        for (int i = HEADER; i < length; i++) {
            image.put(i, (byte) random.nextInt());
        }
        image.putInt(0x3f0, length);
        image.putInt(0x3f4, crc(image.array(), length));
        return image.array();
    }

    /**
     * The version of the stand-in at the start of a flash.
     *
     * @return the version, or an empty string if there is no stand-in or it is not intact
     */
    public static String version(byte[] flash) {
        String words = new String(flash, 0x300, 0x60, StandardCharsets.ISO_8859_1);
        ByteBuffer image = ByteBuffer.wrap(flash).order(ByteOrder.LITTLE_ENDIAN);
        int length = image.getInt(0x3f0);
        boolean intact = words.startsWith(SIGNATURE)
                && length > HEADER
                && length <= flash.length
                && image.getInt(0x3f4) == crc(flash, length);
        return intact ? words.substring(SIGNATURE.length(), words.indexOf('\0')) : "";
    }

    /** Whether a flash starts with a stand-in, intact or not. */
    public static boolean present(byte[] flash) {
        return new String(flash, 0x300, SIGNATURE.length(), StandardCharsets.ISO_8859_1).equals(SIGNATURE);
    }

    private static void text(ByteBuffer image, int at, String text, int room) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        if (bytes.length >= room) {
            throw new IllegalArgumentException(text + " is longer than " + (room - 1) + " characters");
        }
        image.position(at);
        image.put(bytes);
    }

    private static int crc(byte[] bytes, int length) {
        CRC32 crc = new CRC32();
        crc.update(bytes, 0, 0x3f4);
        crc.update(bytes, 0x3f8, length - 0x3f8);
        return (int) crc.getValue();
    }
}
