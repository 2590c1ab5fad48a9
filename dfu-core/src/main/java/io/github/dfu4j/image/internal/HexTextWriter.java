package io.github.dfu4j.image.internal;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/** Writes records of hexadecimal digits, spelled as objcopy spells them. */
public final class HexTextWriter {

    private static final byte[] DIGITS = "0123456789ABCDEF".getBytes(StandardCharsets.US_ASCII);

    /** How many bytes a data record has. */
    private static final int RECORD = 16;

    private final OutputStream out;
    private final byte[] text = new byte[64 * 1024];
    private int length;

    private HexTextWriter(OutputStream out) {
        this.out = out;
    }

    /** Writes Intel HEX. */
    public static void writeIntelHex(FirmwareImage image, OutputStream out) throws IOException {
        check32Bits(image, "Intel HEX");
        HexTextWriter writer = new HexTextWriter(out);
        byte[] record = new byte[RECORD];
        long base = 0;
        for (Segment segment : image.segments()) {
            for (long address = segment.start(); address < segment.end(); ) {
                if (address >> 16 != base) {
                    base = address >> 16;
                    writer.intel(4, 0, number(base, 2), 2);
                }
                // A record must not go beyond the 64 KiB that its address is counted in.
                int n = (int) Math.min(Math.min(RECORD, segment.end() - address), ((base + 1) << 16) - address);
                segment.copy(address, record, 0, n);
                writer.intel(0, (int) (address & 0xffff), record, n);
                address += n;
            }
        }
        if (image.entryPoint().isPresent()) {
            writer.intel(5, 0, number(image.entryPoint().getAsLong(), 4), 4);
        }
        writer.intel(1, 0, record, 0);
        writer.flush();
    }

    /** Writes Motorola S-records. */
    public static void writeSRecords(FirmwareImage image, String header, OutputStream out) throws IOException {
        check32Bits(image, "S-records");
        byte[] title = header.getBytes(StandardCharsets.US_ASCII);
        if (title.length > 252) {
            throw new FirmwareFormatException(
                    image.name(), "", "a header of " + title.length + " characters does not fit an S0 record");
        }
        long last = Math.max(
                image.span().map(AddressRange::end).orElse(1L) - 1,
                image.entryPoint().orElse(0));
        int addressSize = last < 1 << 16 ? 2 : last < 1 << 24 ? 3 : 4;
        HexTextWriter writer = new HexTextWriter(out);
        writer.motorola(0, 0, 2, title, title.length);
        byte[] record = new byte[RECORD];
        long records = 0;
        for (Segment segment : image.segments()) {
            for (long address = segment.start(); address < segment.end(); address += RECORD) {
                int n = (int) Math.min(RECORD, segment.end() - address);
                segment.copy(address, record, 0, n);
                writer.motorola(addressSize - 1, address, addressSize, record, n);
                records++;
            }
        }
        if (records < 1 << 24) {
            writer.motorola(records < 1 << 16 ? 5 : 6, records, records < 1 << 16 ? 2 : 3, record, 0);
        }
        writer.motorola(11 - addressSize, image.entryPoint().orElse(0), addressSize, record, 0);
        writer.flush();
    }

    private static void check32Bits(FirmwareImage image, String what) throws FirmwareFormatException {
        long last = Math.max(
                image.span().map(AddressRange::end).orElse(1L) - 1,
                image.entryPoint().orElse(0));
        if (last >= 1L << 32) {
            throw new FirmwareFormatException(
                    image.name(),
                    "",
                    what + " can only hold addresses of 32 bits, but the image reaches to " + AddressRange.hex(last));
        }
    }

    private static byte[] number(long value, int size) {
        byte[] b = new byte[size];
        for (int i = 0; i < size; i++) {
            b[i] = (byte) (value >> 8 * (size - 1 - i));
        }
        return b;
    }

    private void intel(int type, int address, byte[] data, int count) throws IOException {
        room();
        text[length++] = ':';
        int sum = put(count) + put(address >> 8) + put(address & 0xff) + put(type);
        for (int i = 0; i < count; i++) {
            sum += put(data[i] & 0xff);
        }
        put(-sum & 0xff);
        endLine();
    }

    private void motorola(int type, long address, int addressSize, byte[] data, int count) throws IOException {
        room();
        text[length++] = 'S';
        text[length++] = DIGITS[type];
        int sum = put(count + addressSize + 1);
        for (int i = addressSize - 1; i >= 0; i--) {
            sum += put((int) (address >> 8 * i) & 0xff);
        }
        for (int i = 0; i < count; i++) {
            sum += put(data[i] & 0xff);
        }
        put(~sum & 0xff);
        endLine();
    }

    private int put(int value) {
        text[length++] = DIGITS[value >> 4];
        text[length++] = DIGITS[value & 15];
        return value;
    }

    private void endLine() {
        text[length++] = '\r';
        text[length++] = '\n';
    }

    private void room() throws IOException {
        if (length > text.length - 1024) {
            flush();
        }
    }

    private void flush() throws IOException {
        out.write(text, 0, length);
        length = 0;
    }
}
