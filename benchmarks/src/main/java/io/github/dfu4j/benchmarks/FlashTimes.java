package io.github.dfu4j.benchmarks;

import io.github.dfu4j.daisy.DaisyQuirks;
import io.github.dfu4j.daisy.ReadBack;
import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.dfu.QuirkTable;
import io.github.dfu4j.dfuse.DfuSeQuirks;
import io.github.dfu4j.dfuse.DfuSeSession;
import io.github.dfu4j.dfuse.FlashListener;
import io.github.dfu4j.dfuse.FlashOptions;
import io.github.dfu4j.dfuse.FlashPlan;
import io.github.dfu4j.dfuse.FlashPlanner;
import io.github.dfu4j.dfuse.FlashTarget;
import io.github.dfu4j.dfuse.Flasher;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.simulator.DaisySeed;
import io.github.dfu4j.simulator.Ledger;
import io.github.dfu4j.simulator.Stm32Rom;
import io.github.dfu4j.simulator.VirtualBoard;
import io.github.dfu4j.simulator.VirtualBus;
import io.github.dfu4j.usb.UsbConnection;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * How long it takes to flash simulated boards, how much of that time the device was busy or the wire was, and how long dfu-util's sequence
 * takes for the same. All times are simulated ones, so they do not depend on the machine.
 */
public final class FlashTimes {

    private static final long FLASH = 0x08000000L;
    private static final long QSPI = 0x90040000L;

    /**
     * One measurement.
     *
     * @param elapsed the whole time
     * @param floor the time in which the device was busy or a transfer on the wire
     * @param transfers control transfers
     */
    public record Time(Duration elapsed, Duration floor, long transfers) {

        /** The whole time by the time that nobody could have saved. */
        public double ratio() {
            return (double) elapsed.toNanos() / floor.toNanos();
        }
    }

    /**
     * One board.
     *
     * @param board its name
     * @param size bytes of the image
     * @param least the transfers that the protocol needs: three a sector, three a block, one set-address, and five around them
     * @param plain writing everything, reading nothing
     * @param checked the default: read first, verify afterwards
     * @param dfuUtil dfu-util's sequence
     * @param again the default once more, with one byte changed
     */
    public record Row(String board, int size, long least, Time plain, Time checked, Time dfuUtil, Time again) {}

    private FlashTimes() {}

    /** Measures all boards. */
    public static List<Row> measure() throws Exception {
        List<Row> rows = new ArrayList<>();
        rows.add(row("stm32f407", FLASH, 1 << 20));
        rows.add(row("stm32g474", FLASH, 512 << 10));
        rows.add(row("stm32h743", FLASH, 1 << 20));
        rows.add(row("stm32h750", FLASH, 128 << 10));
        rows.add(row("daisy", QSPI, 512 << 10));
        return rows;
    }

    private static Row row(String board, long start, int size) throws Exception {
        byte[] bytes = new byte[size];
        new Random(1).nextBytes(bytes);
        bytes[0] = 0;
        bytes[1] = 0;
        bytes[2] = 0;
        bytes[3] = 0x20;
        FirmwareImage image =
                FirmwareImage.builder().add(Segment.of(start, bytes)).build();
        FlashOptions plain = FlashOptions.DEFAULT
                .withVerify(false)
                .withSkipUnchanged(false)
                .withSkipBlank(false)
                .withKeepNeighbours(false);

        Board it = new Board(board, start, size);
        Time first = it.flash(image, plain);
        FlashTarget target = FlashTarget.of(it.target()).stream()
                .filter(t -> t.layout().contains(AddressRange.ofSize(start, size)))
                .findFirst()
                .orElseThrow();
        int transferSize = it.target().functional().transferSize();
        long sectors = 0;
        for (long address = start; address < start + size; sectors++) {
            address = target.layout().sectorAt(address).orElseThrow().end();
        }
        long least = 5 + 3 + 3 * sectors + 3L * ((size + transferSize - 1) / transferSize);

        Board checked = new Board(board, start, size);
        Time second = checked.flash(image, FlashOptions.DEFAULT);
        bytes[size / 2] ^= 1;
        Time again = checked.flash(
                FirmwareImage.builder().add(Segment.of(start, bytes)).build(), FlashOptions.DEFAULT);

        Board other = new Board(board, start, size);
        Time third = other.dfuUtil(target, image.segments().get(0));
        return new Row(board, size, least, first, second, third, again);
    }

    /** A board whose memory is not blank where the image goes. */
    private static final class Board {
        private final VirtualBus bus = new VirtualBus();
        private final VirtualBoard board;
        private final QuirkTable quirks;

        Board(String name, long start, int size) throws Exception {
            boolean daisy = name.equals("daisy");
            board = daisy ? new DaisySeed().withBootloader(DaisySeed.Bootloader.of("v6.4")) : new Stm32Rom(name);
            quirks = daisy ? DaisyQuirks.table(ReadBack.UNTRUE) : DfuSeQuirks.table();
            bus.plug(board);
            bus.time().sleep(Duration.ofSeconds(1));
            if (daisy) {
                board.tapReset();
                bus.time().sleep(Duration.ofSeconds(1));
                board.tapBoot();
                bus.time().sleep(Duration.ofSeconds(1));
            }
            board.memoryAt(start).load(start, new byte[size]);
        }

        DfuInterface target() throws Exception {
            return DfuInterface.of(bus.devices().get(0), quirks).get(0);
        }

        Time flash(FirmwareImage image, FlashOptions options) throws Exception {
            DfuInterface target = target();
            FlashPlan plan = FlashPlanner.plan(target, image, options);
            board.ledger().clear();
            try (DfuSeSession session = new DfuSeSession(DfuSession.open(bus, target, bus.time()))) {
                new Flasher(session, FlashListener.NONE).flash(plan);
                return used();
            }
        }

        Time dfuUtil(FlashTarget memory, Segment image) throws Exception {
            DfuInterface target = target();
            board.ledger().clear();
            try (UsbConnection connection = bus.open(target.device())) {
                connection.claim(target.number());
                new DfuUtilSequence(connection, target, bus.time())
                        .flash(memory, target.functional().transferSize(), image);
                return used();
            }
        }

        private Time used() {
            Ledger.TimeUse use = board.ledger().timeUse();
            return new Time(
                    use.elapsed(),
                    use.elapsed().minus(use.host()),
                    board.ledger().transfers());
        }
    }

    /** Prints the table. */
    public static void print(List<Row> rows, PrintStream out) {
        out.println(
                "| board | image | least transfers | ours | time | × floor | dfu-util | time | read, write, verify | one byte changed |");
        out.println("|---|---|---|---|---|---|---|---|---|---|");
        for (Row r : rows) {
            out.printf(
                    Locale.ROOT,
                    "| %s | %d KiB | %d | %d | %.2f s | %.3f | %d | %.2f s | %.2f s (× %.3f) | %.2f s |%n",
                    r.board(),
                    r.size() >> 10,
                    r.least(),
                    r.plain().transfers(),
                    seconds(r.plain()),
                    r.plain().ratio(),
                    r.dfuUtil().transfers(),
                    seconds(r.dfuUtil()),
                    seconds(r.checked()),
                    r.checked().ratio(),
                    seconds(r.again()));
        }
    }

    private static double seconds(Time time) {
        return time.elapsed().toMillis() / 1000.0;
    }

    /** Measures and prints. */
    public static void main(String[] args) throws Exception {
        print(measure(), System.out);
    }
}
