package io.github.dfu4j.dfuse;

import io.github.dfu4j.dfuse.FlashPlan.Erase;
import io.github.dfu4j.dfuse.FlashPlan.Readback;
import io.github.dfu4j.dfuse.FlashPlan.SectorPlan;
import io.github.dfu4j.dfuse.FlashPlan.TargetPlan;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Looks at what the sectors of a target hold before they are changed, and decides from that which are erased, what is written, and in
 * which order.
 */
final class SectorSurvey {

    /** Initial stack pointer and reset vector: without them nothing starts. */
    private static final int STACK_AND_ENTRY = 8;

    /** What the bytes of a sector that the image is about were found to be. */
    private enum Found {
        UNCHANGED,
        BLANK,
        OTHER
    }

    /**
     * What is to be done.
     *
     * @param content what the changed sectors hold afterwards; what it does not cover is blank
     * @param erasedByte what blank bytes read
     * @param unchanged parts of the image that are there already
     * @param erases erase commands in their order
     * @param writes runs without a gap, in the order in which they are written
     * @param touched what is to be compared afterwards: what is written, and what is left blank on purpose
     */
    record Changes(
            FirmwareImage content,
            byte erasedByte,
            List<AddressRange> unchanged,
            List<Erase> erases,
            List<AddressRange> writes,
            List<AddressRange> touched) {

        /** The bytes that some addresses are to hold. */
        void fill(long address, byte[] block, int length) {
            Arrays.fill(block, 0, length, erasedByte);
            content.copy(address, block, 0, length);
        }
    }

    private final TargetPlan plan;
    private final FlashOptions options;
    private final ReadbackProof proof;
    private final Found[] found;
    private final List<List<Segment>> kept = new ArrayList<>();
    /** Where programs start, the one that the processor starts from last. */
    private final List<Long> starts = new ArrayList<>();

    private final boolean erasesExactly;
    private final List<AddressRange> readable;

    SectorSurvey(TargetPlan plan, FlashOptions options, ReadbackProof proof) {
        this.plan = plan;
        this.options = options;
        this.proof = proof;
        this.found = new Found[plan.sectors().size()];
        Arrays.fill(found, Found.OTHER);
        plan.vectorTable().ifPresent(starts::add);
        Set<AddressRange> sectors = new HashSet<>();
        for (SectorPlan sector : plan.sectors()) {
            kept.add(new ArrayList<>());
            sectors.add(sector.sector());
        }
        this.readable = plan.target().layout().readable();
        this.erasesExactly = plan.erases().stream().allMatch(e -> sectors.contains(e.cleared()));
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
        return plan.sectors().stream().mapToLong(SectorSurvey::mostToRead).sum();
    }

    private static long mostToRead(SectorPlan sector) {
        return sector.kept().isEmpty()
                ? Ranges.size(sector.written())
                : sector.sector().size();
    }

    /** Is told how far the reading is. */
    interface Steps {
        void step(long address, long done) throws IOException;
    }

    /** Reads what must be known, and no more: of a sector that differs, only the first difference and what is kept of it. */
    void read(MemoryReader reader, Steps steps) throws IOException {
        long done = 0;
        for (int i = 0; i < found.length; i++) {
            SectorPlan sector = plan.sectors().get(i);
            if (options.skipUnchanged() && Ranges.contain(readable, sector.sector())) {
                found[i] = look(sector, reader);
            }
            proof.examine(reader);
            // A sector that need not be erased for its own sake is erased all the same if its neighbour's erase reaches
            // into it, if the device does not prove that what it returned is what is there, or for a safe restart.
            if (found[i] == Found.OTHER
                    || !erasesExactly
                    || !proof.believed()
                    || (options.restartSafe() && holdsVectors(sector.sector()))) {
                for (AddressRange range : sector.kept()) {
                    kept.get(i).add(fetch(range, reader));
                }
            }
            done += mostToRead(sector);
            steps.step(sector.sector().start(), done);
        }
        proof.examineOnPurpose(reader, plan.written(), readable);
    }

    private Found look(SectorPlan sector, MemoryReader reader) throws IOException {
        boolean[] same = {true};
        boolean[] blank = {true};
        byte[] expected = new byte[reader.blockSize()];
        byte erasedByte = (byte) plan.erasedByte();
        for (AddressRange range : imageRanges(sector)) {
            reader.read(range, (address, bytes, length) -> {
                System.arraycopy(bytes, 0, expected, 0, length);
                plan.image().copy(address, expected, 0, length);
                for (int i = 0; i < length; i++) {
                    same[0] &= bytes[i] == expected[i];
                    blank[0] &= bytes[i] == erasedByte;
                }
                return same[0] || blank[0];
            });
            if (!same[0] && !blank[0]) {
                return Found.OTHER;
            }
        }
        return same[0] ? Found.UNCHANGED : Found.BLANK;
    }

    private Segment fetch(AddressRange range, MemoryReader reader) throws IOException {
        byte[] all = new byte[(int) range.size()];
        reader.read(range, (address, bytes, length) -> {
            System.arraycopy(bytes, 0, all, (int) (address - range.start()), length);
            return true;
        });
        return Segment.wrap(range.start(), all, 0, all.length);
    }

    /** What of a sector the image is about, in whole flash words. */
    private List<AddressRange> imageRanges(SectorPlan sector) {
        return sector.kept().isEmpty()
                ? sector.written()
                : Ranges.aligned(
                        Ranges.without(sector.written(), sector.kept()), sector.sector(), plan.writeAlignment());
    }

    /** Settles what is changed, once everything has been read. */
    Changes decide() {
        List<SectorPlan> sectors = plan.sectors();
        boolean believed = proof.believed();
        boolean[] changed = new boolean[found.length];
        boolean[] erased = new boolean[found.length];
        boolean any = false;
        for (int i = 0; i < found.length; i++) {
            changed[i] = !(believed && found[i] == Found.UNCHANGED);
            erased[i] = changed[i] && sectors.get(i).erasable() && !(believed && found[i] == Found.BLANK);
            any |= changed[i];
        }
        for (int i = 0; any && options.restartSafe() && i < found.length; i++) {
            if (!changed[i] && holdsVectors(sectors.get(i).sector())) {
                changed[i] = true;
                erased[i] = sectors.get(i).erasable();
            }
        }
        findStartsOfKept();
        List<Erase> erases = erases(changed, erased);

        FirmwareImage.Builder content = FirmwareImage.builder().add(plan.image());
        List<AddressRange> unchanged = new ArrayList<>();
        List<AddressRange> plain = new ArrayList<>();
        List<AddressRange> vectors = new ArrayList<>();
        List<AddressRange> blank = new ArrayList<>();
        erases.forEach(e -> blank.add(e.cleared()));
        if (plan.massErase()) {
            blank.addAll(plan.target().layout().regions());
        }
        for (int i = 0; i < found.length; i++) {
            SectorPlan sector = sectors.get(i);
            if (!changed[i]) {
                unchanged.addAll(plan.image().within(sector.sector()).runs());
                continue;
            }
            List<AddressRange> written = imageRanges(sector);
            if (erased[i] && !proof.lying() && !kept.get(i).isEmpty()) {
                kept.get(i).forEach(content::add);
                written = sector.written();
            } else if (believed && !erased[i] && found[i] == Found.BLANK) {
                blank.addAll(written);
            }
            // A bootloader that erases by itself may do so when the first block of a sector comes.
            boolean last = sector.erasable() && holdsVectors(sector.sector());
            (last ? vectors : plain).addAll(written);
        }
        List<AddressRange> touched = new ArrayList<>(plain);
        touched.addAll(vectors);
        if (plan.image().isEmpty()) {
            touched.addAll(blank); // nothing but the erase is to be done
        }
        Changes all = new Changes(
                content.build(),
                (byte) plan.erasedByte(),
                Ranges.joined(unchanged),
                erases,
                new ArrayList<>(),
                Ranges.joined(touched));
        all.writes()
                .addAll(ordered(
                        worthWriting(all, Ranges.joined(plain), Ranges.joined(blank)),
                        worthWriting(all, Ranges.joined(vectors), Ranges.joined(blank))));
        return all;
    }

    private boolean holdsVectors(AddressRange range) {
        return starts.stream().anyMatch(range::contains);
    }

    /** A program at the start of a region that lies beside the image is written back, and may no more start by halves than the image's. */
    private void findStartsOfKept() {
        FirmwareImage.Builder all = FirmwareImage.builder().add(plan.image());
        kept.forEach(segments -> segments.forEach(all::add));
        FirmwareImage after = all.build();
        for (AddressRange region : plan.target().layout().regions()) {
            if (!holdsVectors(new AddressRange(region.start(), region.start() + 1))
                    && Ranges.contain(plan.kept(), AddressRange.ofSize(region.start(), 1))
                    && VectorTable.isAt(region.start(), after, region)) {
                starts.add(region.start());
            }
        }
    }

    /**
     * The erase commands that are needed; where one reaches beyond its sector, its neighbours are changed too. The sector of the vector
     * table comes first, so that a device that loses power on the way does not start a program that is half gone.
     */
    private List<Erase> erases(boolean[] changed, boolean[] erased) {
        Set<AddressRange> wanted = new HashSet<>();
        for (int i = 0; i < erased.length; i++) {
            if (erased[i]) {
                wanted.add(plan.sectors().get(i).sector());
            }
        }
        List<Erase> result = new ArrayList<>();
        for (boolean grown = true; grown; ) {
            grown = false;
            result.clear();
            for (Erase erase : plan.erases()) {
                boolean needed = erasesExactly
                        ? wanted.contains(erase.cleared())
                        : wanted.stream().anyMatch(sector -> isFor(erase, sector));
                if (needed) {
                    result.add(erase);
                }
            }
            for (int i = 0; !erasesExactly && i < erased.length; i++) {
                AddressRange sector = plan.sectors().get(i).sector();
                if (!erased[i] && result.stream().anyMatch(e -> e.cleared().overlaps(sector))) {
                    changed[i] = true;
                    erased[i] = true;
                    grown = wanted.add(sector);
                }
            }
        }
        for (int i = 1; i < result.size(); i++) {
            if (holdsVectors(result.get(i).cleared())) {
                result.add(0, result.remove(i));
            }
        }
        return result;
    }

    /** Whether an erase is one of those that clear a sector, rather than its neighbour's that only reaches into it. */
    private boolean isFor(Erase erase, AddressRange sector) {
        return sector.contains(erase.address())
                || (erase.cleared().overlaps(sector)
                        && plan.erases().stream().noneMatch(e -> e.address() == sector.start()));
    }

    /**
     * The sector of the vector table last, and of it the table's first words last of all: no more of a program than a power cut can tear
     * is missing before, and none of it starts.
     */
    private List<AddressRange> ordered(List<AddressRange> plain, List<AddressRange> vectors) {
        List<AddressRange> last = new ArrayList<>();
        for (long start : starts) {
            last.addAll(Ranges.without(wordsOfTheStart(start), Ranges.joined(last)));
        }
        List<AddressRange> result = new ArrayList<>(plain);
        result.addAll(Ranges.without(vectors, Ranges.joined(last)));
        for (AddressRange words : last) {
            vectors.forEach(run -> run.intersection(words).ifPresent(result::add));
        }
        return result;
    }

    /** What a program starts from, in whole flash words. */
    private List<AddressRange> wordsOfTheStart(long table) {
        AddressRange sector = plan.target().layout().sectorAt(table).orElseThrow(IllegalStateException::new);
        List<AddressRange> start = Collections.singletonList(AddressRange.ofSize(table, STACK_AND_ENTRY));
        return Ranges.aligned(start, sector, plan.writeAlignment());
    }

    /**
     * Runs without the stretches of blank blocks where the memory is blank already. One block alone is written: a new set-address costs
     * as much.
     */
    private List<AddressRange> worthWriting(Changes changes, List<AddressRange> runs, List<AddressRange> blank) {
        if (!options.skipBlank()) {
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
                changes.fill(address, block, length);
                boolean needless = ReadbackProof.isBlank(block, length, changes.erasedByte())
                        && Ranges.contain(blank, AddressRange.ofSize(address, length));
                if (needless && blankFrom < 0) {
                    blankFrom = address;
                } else if (!needless && blankFrom >= 0) {
                    if (blankFrom == from || address - blankFrom >= 2L * size) {
                        Ranges.addUnlessEmpty(result, from, blankFrom);
                        from = address;
                    }
                    blankFrom = -1;
                }
            }
            Ranges.addUnlessEmpty(result, from, blankFrom >= 0 ? blankFrom : run.end());
        }
        return result;
    }
}
