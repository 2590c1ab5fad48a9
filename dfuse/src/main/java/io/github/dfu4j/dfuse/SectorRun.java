package io.github.dfu4j.dfuse;

import io.github.dfu4j.image.AddressRange;

/**
 * A run of sectors: equal sectors in a row, with the same access rights.
 *
 * @param start the address of the first sector
 * @param count how many sectors, 1 or more
 * @param sectorSize the size of each in bytes, 1 or more
 * @param readable whether the host can upload it
 * @param erasable whether the host can erase it
 * @param writable whether the host can write it
 */
public record SectorRun(long start, long count, long sectorSize, boolean readable, boolean erasable, boolean writable) {

    /** Checks the numbers. */
    public SectorRun {
        if (start < 0 || count < 1 || sectorSize < 1 || count > (Long.MAX_VALUE - start) / sectorSize) {
            throw new IllegalArgumentException(
                    "no run of " + count + " sectors of " + sectorSize + " bytes at " + AddressRange.hex(start));
        }
    }

    /** The addresses that it covers. */
    public AddressRange range() {
        return AddressRange.ofSize(start, count * sectorSize);
    }

    /**
     * The sector that holds an address.
     *
     * @throws IndexOutOfBoundsException if the address is not in this run
     */
    public AddressRange sectorAt(long address) {
        if (!range().contains(address)) {
            throw new IndexOutOfBoundsException(AddressRange.hex(address) + " is not in " + range());
        }
        return AddressRange.ofSize(address - (address - start) % sectorSize, sectorSize);
    }

    /** The letter by which UM0424 writes the access rights, {@code a} to {@code g}; {@code @} for none. */
    public char typeLetter() {
        return (char) ('@'
                | (readable ? 1 : 0)
                | (erasable ? 2 : 0)
                | (writable ? 4 : 0)
                | (readable || erasable || writable ? 0x20 : 0));
    }
}
