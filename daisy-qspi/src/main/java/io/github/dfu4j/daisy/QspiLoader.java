package io.github.dfu4j.daisy;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfuse.DfuSeSession;
import io.github.dfu4j.dfuse.FlashPlanException;
import io.github.dfu4j.dfuse.FlashTarget;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.usb.UsbException;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * Fills the QSPI flash of a Daisy Seed: the few methods that a tool needs to embed it.
 *
 * <p>Everything that changes flash is planned first, as a {@link DaisyRoute} to be shown, and done by {@link #run}. Only the 64 KB blocks
 * that the data touch are erased; what they take along is named in the route's warnings, and kept where the board can be read.
 */
public final class QspiLoader {

    private final RouteRunner runner;

    /**
     * A loader for one board.
     *
     * @param runner takes the routes to the board; has the bus, the port, the person at the board and the listener
     */
    public QspiLoader(RouteRunner runner) {
        this.runner = runner;
    }

    /**
     * What board this is, and in which mode.
     *
     * @return {@link DaisyBoard#NONE} if none shows itself
     * @throws UsbException if the bus cannot be read
     * @throws RouteException if there are several and none was chosen
     */
    public DaisyBoard board() throws UsbException, RouteException {
        return runner.look();
    }

    /**
     * Plans to load an image into QSPI flash. What it has for internal flash is refused: that needs {@link DaisyRoute#plan}.
     *
     * @param image a program for the Daisy bootloader, data, or both
     * @throws DaisyImageException if it has anything for internal flash
     * @throws FlashPlanException if it does not fit
     * @throws IOException if the bus cannot be read
     */
    public DaisyRoute plan(DaisyImage image) throws IOException {
        if (!image.internal().isEmpty()) {
            throw new DaisyImageException(
                    image.name(),
                    "It has " + image.internal().size()
                            + " bytes for internal flash, which the Daisy bootloader cannot reach.",
                    "Use \"dfu daisy flash\", which goes by way of both bootloaders.");
        }
        return runner.plan(image, Optional.empty());
    }

    /**
     * Plans to load bytes at an address.
     *
     * @param address 0x90000000 to 0x907BFFFF
     * @param data one byte or more; not copied until it is written
     * @param name what to call them
     * @throws DaisyImageException if they do not fit QSPI flash
     * @throws FlashPlanException if they do not fit what the bootloader offers
     * @throws IOException if the bus cannot be read
     */
    public DaisyRoute plan(long address, byte[] data, String name) throws IOException {
        return plan(DaisyImage.of(FirmwareImage.builder()
                .origin(name, "")
                .add(Segment.wrap(address, data, 0, data.length))
                .build()));
    }

    /**
     * Plans to erase a range.
     *
     * @throws FlashPlanException if it does not lie in what the bootloader offers
     * @throws IOException if the bus cannot be read
     */
    public DaisyRoute planErase(AddressRange range) throws IOException {
        return runner.planErase(Collections.singletonList(range));
    }

    /**
     * Does what was planned.
     *
     * @throws RouteException if it was not done to the end; says what was done
     */
    public RouteReport run(DaisyRoute route) throws RouteException {
        return runner.run(route);
    }

    /**
     * Finds out whether the board, in a bootloader that offers QSPI flash, can be read.
     *
     * @throws IOException if it is in another mode or does not answer
     */
    public ReadBack readBack() throws IOException {
        return readBack(Collections.emptyList());
    }

    private ReadBack readBack(List<AddressRange> matters) throws IOException {
        try (DfuSeSession session = session(ReadBack.UNPROVED)) {
            return ReadBack.probe(session, Collections.emptyList(), matters);
        }
    }

    /**
     * Reads QSPI flash, on a board that has just proved that it can be read, or internal flash through the ROM.
     *
     * @param range what to read
     * @param out where it goes
     * @throws UsbException of {@link UsbException.Kind#UNSUPPORTED} if the board cannot be read as it is
     * @throws IOException if a transfer fails
     */
    public void read(AddressRange range, OutputStream out) throws IOException {
        if (DaisyMemory.INTERNAL_FLASH.range().contains(range)) {
            readInternal(range, out);
            return;
        }
        ReadBack found = readBack(Collections.singletonList(range));
        if (found != ReadBack.TRUTHFUL) {
            throw new UsbException(
                    UsbException.Kind.UNSUPPORTED,
                    found == ReadBack.UNPROVED
                            ? "All that was read is blank, which proves nothing: this bootloader may not return flash at all."
                            : "This bootloader does not return flash: the Daisy bootloader v4 to v6.4 answers with bytes of the"
                                    + " processor's RAM. No program on the host can read QSPI flash through it.");
        }
        try (DfuSeSession session = session(found)) {
            read(session, range, out);
        }
    }

    private void readInternal(AddressRange range, OutputStream out) throws IOException {
        DaisyBoard board = board();
        if (board.mode() != DaisyMode.ROM || !board.dfu().isPresent()) {
            throw new UsbException(
                    UsbException.Kind.UNSUPPORTED,
                    "The board shows " + board.mode().words() + ". " + Presses.ENTER_ROM.words());
        }
        try (DfuSeSession session = runner.open(board.dfu().get())) {
            read(session, range, out);
        }
    }

    private void read(DfuSeSession session, AddressRange range, OutputStream out) throws IOException {
        FlashTarget target = FlashTarget.of(session.dfu().target()).stream()
                .filter(t -> t.layout().contains(range))
                .findFirst()
                .orElseThrow(() -> new IOException(range + " is not in what this bootloader offers."));
        runner.read(session, target, range, out);
    }

    private DfuSeSession session(ReadBack readBack) throws IOException {
        DaisyBoard board = board();
        if (!board.mode().reachesQspi() || !board.device().isPresent()) {
            throw new UsbException(
                    UsbException.Kind.UNSUPPORTED,
                    "The board shows " + board.mode().words() + ". " + Presses.ENTER_BOOTLOADER.words());
        }
        DfuInterface dfu = DaisyBoard.of(board.device().get(), readBack).dfu().orElseThrow(IllegalStateException::new);
        return runner.open(dfu);
    }
}
