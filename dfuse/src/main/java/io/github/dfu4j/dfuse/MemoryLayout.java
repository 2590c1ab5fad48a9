package io.github.dfu4j.dfuse;

import io.github.dfu4j.image.AddressRange;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A memory layout: what the name of a DfuSe alternate setting says of the memory behind it, as runs of equal sectors (UM0424).
 *
 * <p>The written form is {@code @Name /address/count*size unit type,…/address/…}, for example
 * {@code @Internal Flash   /0x08000000/04*016Kg,01*064Kg,07*128Kg}. The unit is {@code B}, {@code K}, {@code M}, a blank or nothing; the
 * type is a letter of which bit 0 means readable, bit 1 erasable and bit 2 writable. Every form that real bootloaders use is
 * understood: blanks before counts, missing units, leading zeros and long numbers, several regions, runs of zero sectors, upper-case
 * types, and several descriptions in one string.
 *
 * @param name the memory's name, without the blanks around it
 * @param runs the runs in the order of the string
 */
public record MemoryLayout(String name, List<SectorRun> runs) {

    /** Copies the list. */
    public MemoryLayout {
        runs = Collections.unmodifiableList(new ArrayList<>(runs));
    }

    /**
     * Reads the written form.
     *
     * @param text the name of an alternate setting, as the device gave it
     * @throws LayoutFormatException if it is not understood; says where
     */
    public static MemoryLayout parse(String text) throws LayoutFormatException {
        return new LayoutParser(text).parse();
    }

    /** Whether a string looks like a layout at all: it starts with {@code @} and has an address. */
    public static boolean isLayout(String text) {
        return text.startsWith("@") && text.indexOf('/') > 0;
    }

    /** The first run that holds an address. */
    public Optional<SectorRun> runAt(long address) {
        return runs.stream().filter(r -> r.range().contains(address)).findFirst();
    }

    /** The sector that holds an address. */
    public Optional<AddressRange> sectorAt(long address) {
        return runAt(address).map(r -> r.sectorAt(address));
    }

    /** The regions: stretches of addresses without a gap, in address order, whatever the sectors and rights within. */
    public List<AddressRange> regions() {
        return Ranges.joined(runs.stream().map(SectorRun::range).collect(Collectors.toList()));
    }

    /** What of the regions the host can upload. */
    List<AddressRange> readable() {
        return Ranges.joined(
                runs.stream().filter(SectorRun::readable).map(SectorRun::range).collect(Collectors.toList()));
    }

    /** The same layout with the region that starts at an address cut off after so many bytes, at the end of a sector. */
    MemoryLayout cutOff(long start, long size) {
        Optional<AddressRange> region = regions().stream()
                .filter(r -> r.start() == start && r.size() > size)
                .findFirst();
        if (!region.isPresent()) {
            return this;
        }
        List<SectorRun> left = new ArrayList<>();
        for (SectorRun run : runs) {
            long count = region.get().contains(run.start())
                    ? Math.min(run.count(), (start + size - run.start()) / run.sectorSize())
                    : run.count();
            if (count > 0) {
                left.add(new SectorRun(
                        run.start(), count, run.sectorSize(), run.readable(), run.erasable(), run.writable()));
            }
        }
        return new MemoryLayout(name, left);
    }

    /** Whether a range lies wholly in one region. */
    public boolean contains(AddressRange range) {
        return regions().stream().anyMatch(r -> r.contains(range));
    }

    /** Whether the name says that these are option bytes, which configure the chip and are written as one block. */
    public boolean isOptionBytes() {
        return name.toLowerCase(Locale.ROOT).startsWith("option byte");
    }

    /** The written form, as ST's ROM bootloaders write it. Parses back to an equal layout. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("@").append(name).append(' ');
        long next = -1;
        for (SectorRun run : runs) {
            if (run.start() == next) {
                text.append(',');
            } else {
                text.append('/').append(AddressRange.hex(run.start())).append('/');
            }
            next = run.range().end();
            long size = run.sectorSize();
            boolean mega = size % (1 << 20) == 0;
            boolean kilo = size % (1 << 10) == 0;
            text.append(String.format(
                    Locale.ROOT,
                    "%02d*%03d%s%s",
                    run.count(),
                    mega ? size >> 20 : kilo ? size >> 10 : size,
                    mega ? "M" : kilo ? "K" : " ",
                    run.typeLetter()));
        }
        return text.toString();
    }
}
