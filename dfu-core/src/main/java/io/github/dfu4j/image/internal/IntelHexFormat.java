package io.github.dfu4j.image.internal;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.Finding;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.ReadContext;
import java.io.IOException;

/** Intel HEX with all record types, 00 to 05 (Hexadecimal Object File Format Specification, revision A). */
public final class IntelHexFormat extends HexTextFormat {

    /** Makes the format. */
    public IntelHexFormat() {
        super("ihex", ":");
    }

    @Override
    String parse(HexText text, DataRuns runs, FirmwareImage.Builder image, ReadContext context) throws IOException {
        byte[] other = new byte[256];
        long base = 0;
        boolean segmented = false;
        while (text.next()) {
            if (text.character() != ':') {
                throw text.fail("expected ':' at the start of a record");
            }
            long head = text.number(4, "a record's length, address and type");
            int count = (int) (head >> 24);
            int offset = (int) (head >> 8) & 0xffff;
            int type = (int) head & 0xff;
            int sum = HexText.sumOf(head);
            if (type == 0) {
                if (segmented ? offset + count > 0x10000 : base + offset + count > 1L << 32) {
                    throw text.fail(count + " bytes at " + AddressRange.hex(base + offset)
                            + " wrap around the end of the " + (segmented ? "64 KiB segment" : "address space"));
                }
                // The checksum is taken along with the data, into the room that is left behind them.
                runs.prepare(base + offset, count + 1, text.bytesLeft());
                sum += text.many(runs.buffer, runs.length, count + 1, "a data record");
                checkSum(text, sum, runs.buffer[runs.length + count]);
                runs.commit(count);
                continue;
            }
            sum += text.many(other, 0, count + 1, "a record");
            checkSum(text, sum, other[count]);
            if (type > 5) {
                throw text.fail("expected a record type from 00 to 05, found " + String.format("%02X", type));
            }
            int expected = type == 1 ? 0 : type == 2 || type == 4 ? 2 : 4;
            if (count != expected) {
                throw text.fail("a record of type 0" + type + " has " + expected + " data bytes, not " + count);
            }
            long value = bigEndian(other, count);
            switch (type) {
                case 1 -> {
                    if (text.next()) {
                        context.add(Finding.warning(
                                "after-end",
                                "line " + text.line()
                                        + " and what follows stand behind the end-of-file record and are left out"));
                    }
                    return "";
                }
                case 2 -> {
                    base = value << 4;
                    segmented = true;
                }
                case 3 -> image.entryPoint((value >> 16 << 4) + (value & 0xffff));
                case 4 -> {
                    base = value << 16;
                    segmented = false;
                }
                default -> image.entryPoint(value);
            }
        }
        throw text.fail("the file ends without an end-of-file record (:00000001FF), so it may have been cut");
    }

    /** The bytes of a record and its checksum add up to a multiple of 256. */
    private static void checkSum(HexText text, int sum, byte found) throws IOException {
        if ((sum & 0xff) != 0) {
            throw text.fail(String.format("bad checksum: expected %02X, found %02X", found - sum & 0xff, found));
        }
    }

    private static long bigEndian(byte[] b, int count) {
        long value = 0;
        for (int i = 0; i < count; i++) {
            value = value << 8 | b[i] & 0xff;
        }
        return value;
    }
}
