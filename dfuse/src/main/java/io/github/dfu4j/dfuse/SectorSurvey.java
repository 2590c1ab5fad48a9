package io.github.dfu4j.dfuse;

import io.github.dfu4j.dfu.DfuException;
import io.github.dfu4j.dfuse.FlashPlan.Erase;
import io.github.dfu4j.dfuse.FlashPlan.Readback;
import io.github.dfu4j.dfuse.FlashPlan.SectorPlan;
import io.github.dfu4j.dfuse.FlashPlan.TargetPlan;
import io.github.dfu4j.image.AddressRange;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What is known of the sectors of a target before and while they are changed: what they held, whether that can be believed, and so which
 * are erased and written, in which order.
 *
 * <p>A device that is not known to return its memory is believed once two different blocks that are not one byte repeated have come back
 * exactly as the image has them; it cannot have made those up.
 */
final class SectorSurvey {

    private static final byte BLANK = (byte) 0xff;

    private final TargetPlan plan;
    private final FlashOptions options;
    private final Map<SectorPlan, Found> found = new HashMap<>();
    private final Map<AddressRange, byte[]> kept = new HashMap<>();
    private final Set<Integer> matches = new LinkedHashSet<>();
    private final List<SectorPlan> changed = new ArrayList<>();
    private boolean lying;

    /** What a sector held. */
    private enum Found {
        /** The image's bytes. */
        UNCHANGED,
        /** Nothing but 0xFF. */
        BLANK,
        /** Something else. */
        OTHER
    }

    SectorSurvey(TargetPlan plan, FlashOptions options) {
        this.plan = plan;
        this.options = options;
    }

    /** Whether the device is to be read first. */
    boolean wanted() {
        return plan.readback() != Readback.IMPOSSIBLE
                && !plan.massErase()
                && !plan.image().isEmpty()
                && (options.skipUnchanged()
                        || plan.sectors().stream().anyMatch(s -> !s.kept().isEmpty()));
    }

    /** How many bytes are read at the most. */
    long total() {
        return plan.sectors().stream()
                .mapToLong(s -> toRead(s).stream().mapToLong(AddressRange::size).sum())
                .sum();
    }

    private List<AddressRange> toRead(SectorPlan sector) {
        return options.skipUnchanged() ? Collections.singletonList(sector.sector()) : sector.kept();
    }

    /** Is told how far the reading is. */
    interface Steps {
        void step(long address, long done) throws DfuException;
    }

    void read(MemoryReader reader, Steps steps) throws DfuException {
        long done = 0;
        for (SectorPlan sector : plan.sectors()) {
            boolean keeps = !sector.kept().isEmpty();
            for (AddressRange range : sector.kept()) {
                kept.put(range, new byte[(int) range.size()]);
            }
            boolean[] same = {true};
            boolean[] blank = {true};
            List<Integer> matched = new ArrayList<>();
            for (AddressRange range : toRead(sector)) {
                byte[] image = new byte[8192];
                reader.read(range, (address, bytes, length) -> {
                    byte[] expected = image.length >= length ? image : new byte[length];
                    System.arraycopy(bytes, 0, expected, 0, length);
                    int covered = plan.image().copy(address, expected, 0, length);
                    boolean equal = startsEqual(expected, bytes, length);
                    same[0] &= equal;
                    blank[0] &= isUniform(bytes, length) && bytes[0] == BLANK;
                    if (equal && covered == length && !isUniform(bytes, length)) {
                        matched.add(Arrays.hashCode(Arrays.copyOf(bytes, length)));
                    }
                    keep(sector, address, bytes, length);
                    return keeps || same[0] || blank[0];
                });
                done += range.size();
                steps.step(range.start(), done);
            }
            if (same[0]) {
                matches.addAll(matched); // a sector is proof only as a whole
            }
            found.put(
                    sector,
                    !options.skipUnchanged()
                            ? Found.OTHER
                            : same[0] ? Found.UNCHANGED : blank[0] ? Found.BLANK : Found.OTHER);
        }
    }

    private void keep(SectorPlan sector, long address, byte[] bytes, int length) {
        AddressRange block = AddressRange.ofSize(address, length);
        for (AddressRange range : sector.kept()) {
            range.intersection(block)
                    .ifPresent(part -> System.arraycopy(
                            bytes,
                            (int) (part.start() - address),
                            kept.getOrDefault(range, new byte[0]),
                            (int) (part.start() - range.start()),
                            (int) part.size()));
        }
    }

    private boolean believed() {
        return plan.readback() == Readback.TRUSTED || (plan.readback() == Readback.TO_BE_PROVED && matches.size() >= 2);
    }

    /** Whether the device has still to show that it returns its memory. */
    boolean needsCanary() {
        return plan.readback() == Readback.TO_BE_PROVED && !believed() && options.verify();
    }

    /** The device has been found out. */
    void lies() {
        lying = true;
    }

    boolean isLying() {
        return lying;
    }

    /** Settles what is changed, once everything has been read. */
    void decide() {
        for (SectorPlan sector : plan.sectors()) {
            if (!believed() || found.get(sector) != Found.UNCHANGED) {
                changed.add(sector);
            }
        }
        // An erase that reaches beyond its sector takes neighbours along, which must then be written again.
        boolean grown = true;
        while (grown) {
            grown = false;
            for (Erase erase : erases()) {
                for (SectorPlan sector : plan.sectors()) {
                    if (sector.sector().overlaps(erase.cleared()) && !changed.contains(sector)) {
                        changed.add(sector);
                        grown = true;
                    }
                }
            }
        }
        changed.sort((a, b) -> a.sector().compareTo(b.sector()));
    }

    /** What of the image is there already. */
    List<AddressRange> unchanged() {
        List<AddressRange> result = new ArrayList<>();
        for (SectorPlan sector : plan.sectors()) {
            if (!changed.contains(sector)) {
                plan.image().within(sector.sector()).segments().forEach(s -> result.add(s.range()));
            }
        }
        return result;
    }

    /**
     * The erase commands that are needed. The sector of the vector table comes first, so that a device that loses power on the way does
     * not start a program that is half gone.
     */
    List<Erase> erases() {
        List<Erase> result = new ArrayList<>();
        for (Erase erase : plan.erases()) {
            if (changed.stream()
                    .anyMatch(s -> s.erasable() && needsErase(s) && s.sector().overlaps(erase.cleared()))) {
                boolean first = plan.vectorTable().isPresent()
                        && erase.cleared().contains(plan.vectorTable().getAsLong());
                result.add(first ? 0 : result.size(), erase);
            }
        }
        return result;
    }

    private boolean needsErase(SectorPlan sector) {
        return !(believed() && found.get(sector) == Found.BLANK);
    }

    /**
     * What is written, in the order in which it is: runs without a gap, the sector of the vector table last and its first block last of
     * all.
     */
    List<AddressRange> writes() {
        List<AddressRange> before = new ArrayList<>();
        List<AddressRange> last = new ArrayList<>();
        for (SectorPlan sector : changed) {
            boolean vectors = plan.vectorTable().isPresent()
                    && sector.sector().contains(plan.vectorTable().getAsLong());
            (vectors ? last : before).addAll(sector.written());
        }
        List<AddressRange> result = worthWriting(FlashPlan.joined(before));
        if (last.isEmpty()) {
            return result;
        }
        long table = plan.vectorTable().getAsLong();
        for (AddressRange run : worthWriting(FlashPlan.joined(last))) {
            if (run.contains(table)) {
                long behind = Math.min(run.end(), table + plan.blockSize());
                addUnlessEmpty(result, run.start(), table);
                addUnlessEmpty(result, behind, run.end());
            } else {
                result.add(run);
            }
        }
        for (AddressRange run : last) {
            if (run.contains(table)) {
                addUnlessEmpty(result, table, Math.min(run.end(), table + plan.blockSize()));
            }
        }
        return result;
    }

    private static void addUnlessEmpty(List<AddressRange> list, long start, long end) {
        if (start < end) {
            list.add(new AddressRange(start, end));
        }
    }

    /** Runs without the stretches of blank blocks in sectors that have just been erased, where leaving them out saves transfers. */
    private List<AddressRange> worthWriting(List<AddressRange> runs) {
        if (!options.skipBlank() || lying) {
            return runs;
        }
        List<AddressRange> result = new ArrayList<>();
        int size = plan.blockSize();
        byte[] block = new byte[size];
        for (AddressRange run : runs) {
            long from = run.start();
            long blankFrom = -1;
            for (long address = run.start(); address < run.end(); address += size) {
                int length = (int) Math.min(size, run.end() - address);
                fill(address, block, length);
                boolean blank =
                        isUniform(block, length) && block[0] == BLANK && inErased(AddressRange.ofSize(address, length));
                if (blank && blankFrom < 0) {
                    blankFrom = address;
                } else if (!blank && blankFrom >= 0) {
                    if (address - blankFrom >= 2L * size) {
                        addUnlessEmpty(result, from, blankFrom);
                        from = address;
                    }
                    blankFrom = -1;
                }
            }
            addUnlessEmpty(result, from, blankFrom >= 0 ? blankFrom : run.end());
        }
        return result;
    }

    private boolean inErased(AddressRange range) {
        if (plan.massErase()) {
            return true;
        }
        List<AddressRange> cleared = new ArrayList<>();
        erases().forEach(e -> cleared.add(e.cleared()));
        for (SectorPlan sector : changed) {
            if (sector.erasable() && !needsErase(sector)) {
                cleared.add(sector.sector());
            }
        }
        return FlashPlan.joined(cleared).stream().anyMatch(c -> c.contains(range));
    }

    /** The bytes that some addresses are to hold: the image's, those that are kept, and 0xFF where there is neither. */
    void fill(long address, byte[] block, int length) {
        Arrays.fill(block, 0, length, BLANK);
        AddressRange wanted = AddressRange.ofSize(address, length);
        for (SectorPlan sector : plan.sectors()) {
            if (sector.kept().isEmpty() || !sector.sector().overlaps(wanted)) {
                continue;
            }
            for (AddressRange range : sector.kept()) {
                byte[] bytes = kept.get(range);
                if (bytes != null) {
                    range.intersection(wanted)
                            .ifPresent(part -> System.arraycopy(
                                    bytes,
                                    (int) (part.start() - range.start()),
                                    block,
                                    (int) (part.start() - address),
                                    (int) part.size()));
                }
            }
        }
        plan.image().copy(address, block, 0, length);
    }

    private static boolean startsEqual(byte[] a, byte[] b, int length) {
        for (int i = 0; i < length; i++) {
            if (a[i] != b[i]) {
                return false;
            }
        }
        return true;
    }

    private static boolean isUniform(byte[] bytes, int length) {
        for (int i = 1; i < length; i++) {
            if (bytes[i] != bytes[0]) {
                return false;
            }
        }
        return true;
    }
}
