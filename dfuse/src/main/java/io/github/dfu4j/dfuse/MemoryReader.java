package io.github.dfu4j.dfuse;

import io.github.dfu4j.dfu.DfuException;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.usb.Deadline;
import java.util.function.Supplier;

/**
 * Reads memory in as few transfers as the protocol allows: one set-address, then blocks whose numbers say where they lie. A short block
 * and one that does not lie a whole number of blocks behind the pointer get an address of their own.
 */
final class MemoryReader {

    private final DfuSeSession session;
    private final Supplier<Deadline> operation;
    private final int blockSize;
    private long pointer = -1;

    MemoryReader(DfuSeSession session, Supplier<Deadline> operation) {
        this.session = session;
        this.operation = operation;
        this.blockSize = session.blockSize();
    }

    /** The pointer has been moved by others. */
    void forget() {
        pointer = -1;
    }

    /** Takes the bytes as they come. */
    interface Sink {
        /** Gets a block; answers whether to go on. */
        boolean block(long address, byte[] bytes, int length) throws DfuException;
    }

    /**
     * Reads a range, block by block.
     *
     * @return whether all of it was read; false if the sink did not want more
     */
    boolean read(AddressRange range, Sink sink) throws DfuException {
        byte[] block = new byte[blockSize];
        for (long address = range.start(); address < range.end(); ) {
            int length = (int) Math.min(blockSize, range.end() - address);
            long distance = address - pointer;
            boolean reachable = pointer >= 0
                    && length == blockSize
                    && distance >= 0
                    && distance % blockSize == 0
                    && distance / blockSize < DfuSeSession.BLOCKS_PER_ADDRESS;
            if (!reachable) {
                session.readyToUpload(operation.get()); // a set-address is not taken in dfuUPLOAD-IDLE
                session.setAddress(address, operation.get());
                session.readyToUpload(operation.get());
                pointer = address;
                distance = 0;
            }
            session.readBlock((int) (distance / blockSize), address, block, 0, length);
            address += length;
            if (!sink.block(address - length, block, length)) {
                return false;
            }
        }
        return true;
    }
}
