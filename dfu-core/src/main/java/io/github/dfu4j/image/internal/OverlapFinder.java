package io.github.dfu4j.image.internal;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.ReadContext;
import java.io.IOException;

/** Is given a file's records a second time to find the first two that disagree about an address. */
final class OverlapFinder extends DataRuns {

    /** Says where in the file the record at hand is. */
    interface Place {
        /** The number of its line or block. */
        long number() throws IOException;
    }

    private final String name;
    private final long wanted;
    private final String unit;
    private final Place place;
    private long firstPlace = -1;
    private int firstValue;

    /**
     * Makes a finder.
     *
     * @param name the file's name
     * @param wanted the address
     * @param unit what {@code place} counts: lines or blocks
     */
    OverlapFinder(ReadContext context, String name, long wanted, String unit, Place place) {
        super(FirmwareImage.builder(), context, 0);
        this.name = name;
        this.wanted = wanted;
        this.unit = unit;
        this.place = place;
    }

    @Override
    void put(long address, byte[] bytes, int from, int count, long left) throws IOException {
        if (wanted < address || wanted >= address + count) {
            return;
        }
        int value = bytes[from + (int) (wanted - address)] & 0xff;
        if (firstPlace < 0) {
            firstPlace = place.number();
            firstValue = value;
        } else if (value != firstValue) {
            throw new FirmwareFormatException(
                    name,
                    unit + " " + place.number(),
                    String.format(
                            "the byte at %s is 0x%02X here, but 0x%02X in %s %d",
                            AddressRange.hex(wanted), value, firstValue, unit, firstPlace));
        }
    }
}
