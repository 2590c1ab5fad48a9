package io.github.dfu4j.dfuse;

import io.github.dfu4j.dfu.Quirks;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.image.AddressRange;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads memory in as few transfers as the protocol allows: one set-address, then blocks whose numbers say where they lie. The last block
 * of a range is read whole where the memory goes on behind it, so that the next range can go on from there, and gets an address of its
 * own where it does not.
 *
 * <p>A reader is for as long as nothing is written: it keeps the last block, and takes the address pointer to be where it left it.
 */
final class MemoryReader {

    private final DfuSeSession session;
    private final ReadbackProof proof;
    private final List<AddressRange> regions;
    private final JobLimits limits;
    private final int blockSize;
    private final byte[] block;
    private AddressRange inBlock = new AddressRange(0, 0);
    private long pointer = -1;

    MemoryReader(DfuSeSession session, FlashTarget target, ReadbackProof proof, JobLimits limits) {
        this.proof = proof;
        this.session = session;
        this.regions = regions(target, session.dfu().quirks());
        this.limits = limits;
        this.blockSize = session.blockSize();
        this.block = new byte[blockSize];
    }

    /** What goes on behind the end of the smallest part that looks like this one may not be there, and to read it crashes some devices. */
    private static List<AddressRange> regions(FlashTarget target, Quirks quirks) {
        long end = FlashTarget.INTERNAL_FLASH + quirks.value(Trait.SMALLEST_FLASH, 0);
        List<AddressRange> regions = new ArrayList<>();
        for (AddressRange region : target.layout().readable()) {
            long cut = region.contains(end) ? end : region.start();
            Ranges.addUnlessEmpty(regions, region.start(), cut);
            regions.add(new AddressRange(cut, region.end()));
        }
        return regions;
    }

    /** The most bytes that a sink gets at once. */
    int blockSize() {
        return blockSize;
    }

    /** Takes the bytes as they come. */
    interface Sink {
        /** Gets a block; answers whether to go on. */
        boolean block(long address, byte[] bytes, int length) throws IOException;
    }

    /**
     * Reads a range, block by block, until its end or until the sink does not want more.
     */
    void read(AddressRange range, Sink sink) throws IOException {
        byte[] piece = new byte[blockSize];
        boolean more = true;
        int length;
        for (long address = range.start(); more && address < range.end(); address += length) {
            if (!inBlock.contains(address)) {
                int wanted = (int) Math.min(blockSize, range.end() - address);
                boolean whole = wanted == blockSize || Ranges.contain(regions, AddressRange.ofSize(address, blockSize));
                fetch(address, whole ? blockSize : wanted);
            }
            length = (int) (Math.min(inBlock.end(), range.end()) - address);
            System.arraycopy(block, (int) (address - inBlock.start()), piece, 0, length);
            more = sink.block(address, piece, length);
        }
    }

    /** Reads a range that fits a block, by a set-address to its very start. */
    void readExactly(AddressRange range, Sink sink) throws IOException {
        pointer = -1;
        fetch(range.start(), (int) range.size());
        sink.block(range.start(), block, (int) range.size());
    }

    private void fetch(long address, int length) throws IOException {
        limits.check();
        long distance = address - pointer;
        boolean reachable = pointer >= 0
                && length == blockSize
                && distance >= 0
                && distance % blockSize == 0
                && distance / blockSize < session.blocksPerAddress();
        if (!reachable) {
            session.readyToWrite(limits.operation());
            session.setAddress(address, limits.operation());
            session.readyToUpload(limits.operation());
            pointer = address;
            distance = 0;
        }
        inBlock = new AddressRange(0, 0);
        session.readBlock((int) (distance / blockSize), address, block, 0, length);
        inBlock = AddressRange.ofSize(address, length);
        proof.sample(address, block, length);
    }
}
