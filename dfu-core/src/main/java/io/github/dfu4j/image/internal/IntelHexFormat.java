package io.github.dfu4j.image.internal;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.Finding;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.ReadContext;
import java.io.IOException;

/** Intel HEX with all record types, 00 to 05 (Hexadecimal Object File Format Specification, revision A). */
public final class IntelHexFormat extends HexTextFormat {

    /** Beside its data a record has a count, an address of two bytes, a type and a checksum. */
    private static final int UNCOUNTED = 5;

    /** Where in a record its data begin. */
    private static final int DATA = 4;

    private static final long ADDRESSES = 1L << 32;

    /** Makes the format. */
    public IntelHexFormat() {
        super("ihex", ":");
    }

    @Override
    String parse(HexText text, DataRuns runs, FirmwareImage.Builder image, ReadContext context) throws IOException {
        byte[] record = new byte[HexText.LONGEST_RECORD];
        long base = 0;
        long end = ADDRESSES;
        while (text.next()) {
            int mark = text.character();
            if (mark != ':') {
                throw text.fail("expected ':' at the start of a record, found " + HexText.shown(mark));
            }
            int count = text.record(record, UNCOUNTED, 0);
            int type = record[3] & 0xff;
            if (type == 0) {
                long address = base + HexText.number(record, 1, 2);
                if (address + count > end) {
                    throw text.fail(count + " bytes at " + AddressRange.hex(address) + " wrap around the end of the "
                            + (end < ADDRESSES ? "64 KiB segment" : "address space"));
                }
                runs.put(address, record, DATA, count, text.left());
                continue;
            }
            if (type > 5) {
                throw text.fail("expected a record type from 00 to 05, found " + String.format("%02X", type));
            }
            int expected = type == 1 ? 0 : type == 2 || type == 4 ? 2 : 4;
            if (count != expected) {
                throw text.fail("a record of type 0" + type + " has " + expected + " data bytes, not " + count);
            }
            long value = HexText.number(record, DATA, count);
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
                    end = base + 0x10000;
                }
                case 3 -> image.entryPoint((value >> 16 << 4) + (value & 0xffff));
                case 4 -> {
                    base = value << 16;
                    end = ADDRESSES;
                }
                default -> image.entryPoint(value);
            }
        }
        throw text.fail("the file ends without an end-of-file record (:00000001FF), so it may have been cut");
    }
}
