package io.github.dfu4j.image.internal;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.ReadContext;
import java.util.function.LongSupplier;

/** Goes through a file a second time to find the first two records that disagree about an address. */
final class OverlapFinder extends DataRuns {

    private final long wanted;
    private final LongSupplier place;
    private final String unit;
    private final String name;
    private long address;
    private long firstPlace = -1;
    private int firstValue;

    OverlapFinder(ReadContext context, String name, long wanted, String unit, LongSupplier place) {
        super(FirmwareImage.builder(), context);
        this.name = name;
        this.wanted = wanted;
        this.unit = unit;
        this.place = place;
    }

    @Override
    void prepare(long newAddress, int count, long left) {
        address = newAddress;
        length = 0;
    }

    @Override
    void commit(int count) throws FirmwareFormatException {
        if (wanted < address || wanted >= address + count) {
            return;
        }
        int value = buffer[(int) (wanted - address)] & 0xff;
        if (firstPlace < 0) {
            firstPlace = place.getAsLong();
            firstValue = value;
        } else if (value != firstValue) {
            throw new FirmwareFormatException(
                    name,
                    unit + " " + place.getAsLong(),
                    String.format(
                            "the byte at %s is 0x%02X here, but 0x%02X in %s %d",
                            AddressRange.hex(wanted), value, firstValue, unit, firstPlace));
        }
    }
}
