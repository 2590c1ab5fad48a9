package io.github.dfu4j.dfuse;

import io.github.dfu4j.dfu.Quirks;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.dfuse.FlashPlan.Erase;
import io.github.dfu4j.dfuse.FlashPlan.Readback;
import io.github.dfu4j.dfuse.FlashPlan.SectorPlan;
import io.github.dfu4j.dfuse.FlashPlan.TargetPlan;
import io.github.dfu4j.image.AddressRange;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;

/**
 * Adds up how long a plan takes if nothing can be left out: the transfers on a full-speed bus, and what the kind of device needs for a
 * command, a block and a sector, by its quirks. All in microseconds.
 */
final class Estimate {

    /** A control transfer without its data stage, with a host's own time. */
    private static final long TRANSFER = 200;

    /** A thousand bytes of a data stage in packets of 64. */
    private static final long KILOBYTE = 950;

    private static final long MILLI = 1000;
    private static final long REFERENCE = 65_536;

    /** For a device of which nothing is known: what most bootloaders of its kind announce. */
    private static final long UNKNOWN_POLL = 100;

    private static final long UNKNOWN_ERASE = 500;

    /** Flash of larger sectors erases one after the other, of smaller pages all at once in the time of one. */
    private static final long LARGEST_PAGE = 8192;

    private final Quirks quirks;
    private final FlashOptions options;

    private Estimate(Quirks quirks, FlashOptions options) {
        this.quirks = quirks;
        this.options = options;
    }

    static Duration of(List<TargetPlan> plans, boolean leaves, Quirks quirks, FlashOptions options) {
        Estimate estimate = new Estimate(quirks, options);
        long micros = leaves ? estimate.command() + 2 * TRANSFER : 0;
        for (TargetPlan plan : plans) {
            micros += estimate.of(plan);
        }
        return Duration.of(micros, ChronoUnit.MICROS);
    }

    private long of(TargetPlan plan) {
        long micros = plan.massErase() ? massErase(plan) : 0;
        for (Erase erase : plan.erases()) {
            micros += erase(erase);
        }
        List<AddressRange> written = plan.written();
        for (AddressRange run : written) {
            micros += write(run, plan.blockSize());
        }
        if (plan.vectorTable().isPresent()) {
            micros += 2 * write(new AddressRange(0, 1), plan.blockSize()); // it is cut out of its run
        }
        if (plan.readback() != Readback.IMPOSSIBLE && plan.image().isEmpty() && options.verify()) {
            for (AddressRange erased : plan.erased()) {
                micros += read(erased.size(), plan.blockSize());
            }
        } else if (plan.readback() != Readback.IMPOSSIBLE && !written.isEmpty() && !plan.optionBytes()) {
            micros += plan.massErase() ? 0 : survey(plan);
            for (AddressRange run : options.verify() ? written : plan.kept()) {
                micros += read(run.size(), plan.blockSize());
            }
        }
        return micros + quirks.value(Trait.ONE_BEHIND, 0) * MILLI;
    }

    /** Of a sector that is to change one block is read, and all of what is kept. */
    private long survey(TargetPlan plan) {
        long micros = command();
        for (SectorPlan sector : plan.sectors()) {
            micros += transfer(Math.min(plan.blockSize(), sector.sector().size()));
            for (AddressRange kept : sector.kept()) {
                micros += read(kept.size(), plan.blockSize());
            }
        }
        return micros;
    }

    private long read(long size, int blockSize) {
        return command() + (size + blockSize - 1) / blockSize * TRANSFER + size * KILOBYTE / 1000;
    }

    private long write(AddressRange run, int blockSize) {
        long blocks = run.size() / blockSize;
        long rest = run.size() % blockSize;
        int addresses = (blocks > 0 ? 1 : 0) + (rest > 0 ? 1 : 0);
        return addresses * command() + blocks * block(blockSize) + (rest > 0 ? block(rest) : 0);
    }

    private long block(long size) {
        long device = Math.max(
                quirks.value(Trait.BLOCK_TIME, quirks.has(Trait.WRITE_TIME) ? 0 : UNKNOWN_POLL) * MILLI,
                quirks.value(Trait.WRITE_TIME, 0) * MILLI * size / REFERENCE);
        return transfer(size) + 2 * TRANSFER + device;
    }

    private static long transfer(long bytes) {
        return TRANSFER + bytes * KILOBYTE / 1000;
    }

    private long command() {
        return 3 * TRANSFER + quirks.value(Trait.COMMAND_TIME, UNKNOWN_POLL) * MILLI;
    }

    private long erase(Erase erase) {
        if (erase.address() >= quirks.value(Trait.STUCK_BUSY_AFTER_ERASE, Long.MAX_VALUE)) {
            return DfuSeSession.LONGEST_ERASE.toMillis() * MILLI;
        }
        return 3 * TRANSFER
                + Math.max(
                        quirks.value(Trait.COMMAND_TIME, UNKNOWN_POLL) * MILLI,
                        sector(erase.cleared().size()));
    }

    private long sector(long size) {
        return quirks.value(Trait.ERASE_TIME, UNKNOWN_ERASE) * MILLI * size / REFERENCE;
    }

    private long massErase(TargetPlan plan) {
        long sum = 0;
        for (SectorRun run : plan.target().layout().runs()) {
            long one = sector(run.sectorSize());
            sum = run.sectorSize() > LARGEST_PAGE ? sum + one * run.count() : Math.max(sum, one);
        }
        return 3 * TRANSFER + Math.max(sum, quirks.value(Trait.MASS_ERASE_TIME, 0) * MILLI);
    }
}
