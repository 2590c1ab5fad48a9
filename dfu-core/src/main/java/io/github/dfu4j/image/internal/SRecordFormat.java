package io.github.dfu4j.image.internal;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.Finding;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.ReadContext;
import java.io.IOException;

/** Motorola S-records, S0 to S9. */
public final class SRecordFormat extends HexTextFormat {

    /** How many bytes the address of each type of record has, S0 to S9. */
    private static final int[] ADDRESS_SIZE = {2, 2, 3, 4, 0, 2, 3, 4, 3, 2};

    /** Makes the format. */
    public SRecordFormat() {
        super("srec", "S0");
    }

    @Override
    String parse(HexText text, DataRuns runs, FirmwareImage.Builder image, ReadContext context) throws IOException {
        byte[] record = new byte[HexText.LONGEST_RECORD];
        String header = "";
        long records = 0;
        while (text.next()) {
            int mark = text.character();
            int digit = mark == 'S' ? text.character() : -1;
            int type = digit - '0';
            if (type < 0 || type > 9 || type == 4) {
                throw text.fail("expected a record from S0 to S9, of which S4 is not in use, found "
                        + HexText.shown(mark, digit));
            }
            int count = text.record(record, 1, 0xff);
            int addressSize = ADDRESS_SIZE[type];
            int size = count - addressSize - 1;
            if (size < 0 || (size > 0 && type > 3)) {
                throw text.fail("an S" + type + " record counts " + (type > 3 ? "" : "at least ") + (addressSize + 1)
                        + " bytes, not " + count);
            }
            long address = HexText.number(record, 1, 4) >> 8 * (4 - addressSize);
            if (type >= 1 && type <= 3) {
                if (address + size > 1L << 32) {
                    throw text.fail(size + " bytes at " + AddressRange.hex(address)
                            + " wrap around the end of the address space");
                }
                runs.put(address, record, 1 + addressSize, size, text.left());
                records++;
            } else if (type == 0) {
                header = printable(record, 1 + addressSize, size);
            } else if (type <= 6) {
                if (address != records) {
                    throw text.fail("the S" + type + " record counts " + address + " data records, but there are "
                            + records + ": some are missing or twice there");
                }
            } else {
                // An address of zero is what tools write that know of no entry point.
                if (address != 0) {
                    image.entryPoint(address);
                }
                if (text.next()) {
                    context.add(Finding.warning(
                            "after-end",
                            "line " + text.line() + " and what follows stand behind the S" + type
                                    + " record and are left out"));
                }
                return header;
            }
        }
        context.add(Finding.warning("no-end", "the file ends without an S7, S8 or S9 record, so it may have been cut"));
        return header;
    }

    private static String printable(byte[] b, int from, int size) {
        StringBuilder text = new StringBuilder();
        for (int i = from; i < from + size && b[i] != 0; i++) {
            text.append(b[i] >= ' ' && b[i] <= '~' ? (char) b[i] : '?');
        }
        return text.toString();
    }
}
