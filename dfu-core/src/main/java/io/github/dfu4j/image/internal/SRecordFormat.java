package io.github.dfu4j.image.internal;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.Finding;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.ReadContext;
import java.io.IOException;

/** Motorola S-records, S0 to S9. */
public final class SRecordFormat extends HexTextFormat {

    /** Makes the format. */
    public SRecordFormat() {
        super("srec", "S0");
    }

    @Override
    String parse(HexText text, DataRuns runs, FirmwareImage.Builder image, ReadContext context) throws IOException {
        byte[] other = new byte[256];
        String header = "";
        long records = 0;
        while (text.next()) {
            int mark = text.character();
            int type = text.character() - '0';
            if (mark != 'S' || type < 0 || type > 9 || type == 4) {
                throw text.fail("expected a record from S0 to S9, of which S4 is not in use");
            }
            int count = (int) text.number(1, "a record's length");
            int addressSize = addressSize(type);
            int size = count - addressSize - 1;
            boolean data = type >= 1 && type <= 3;
            if (size < 0 || (size > 0 && type > 3)) {
                throw text.fail("an S" + type + " record counts " + (type > 3 ? "" : "at least ") + (addressSize + 1)
                        + " bytes, not " + count);
            }
            long address = text.number(addressSize, "a record's address");
            int sum = count + HexText.sumOf(address);
            if (data) {
                if (address + size > 1L << 32) {
                    throw text.fail(size + " bytes at " + AddressRange.hex(address)
                            + " wrap around the end of the address space");
                }
                // The checksum is taken along with the data, into the room that is left behind them.
                runs.prepare(address, size + 1, text.bytesLeft());
                sum += text.many(runs.buffer, runs.length, size + 1, "a data record");
            } else {
                sum += text.many(other, 0, size + 1, "a record");
            }
            if ((sum & 0xff) != 0xff) {
                int found = (data ? runs.buffer[runs.length + size] : other[size]) & 0xff;
                throw text.fail(
                        String.format("bad checksum: expected %02X, found %02X", found - sum - 1 & 0xff, found));
            }
            if (data) {
                runs.commit(size);
                records++;
            } else if (type == 0) {
                header = printable(other, size);
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

    private static int addressSize(int type) {
        return switch (type) {
            case 2, 6, 8 -> 3;
            case 3, 7 -> 4;
            default -> 2;
        };
    }

    private static String printable(byte[] b, int size) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < size && b[i] != 0; i++) {
            text.append(b[i] >= ' ' && b[i] <= '~' ? (char) b[i] : '?');
        }
        return text.toString();
    }
}
