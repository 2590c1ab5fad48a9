package io.github.dfu4j.dfuse;

import io.github.dfu4j.dfu.DfuProtocolException;
import io.github.dfu4j.dfu.Step;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.dfuse.FlashEvent.Phase;
import io.github.dfu4j.dfuse.FlashPlan.Erase;
import io.github.dfu4j.dfuse.FlashPlan.Readback;
import io.github.dfu4j.dfuse.FlashPlan.SectorPlan;
import io.github.dfu4j.dfuse.FlashPlan.TargetPlan;
import io.github.dfu4j.image.AddressRange;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The work on one target of a plan, whose alternate setting is selected and in dfuIDLE: flashing it, or comparing it with the image. */
final class TargetJob {

    private final DfuSeSession session;
    private final JobLimits limits;
    private final JobRecord record;
    private final TargetPlan plan;
    private final FlashTarget target;
    private final FlashOptions options;
    private final ReadbackProof proof;

    TargetJob(DfuSeSession session, JobLimits limits, JobRecord record, TargetPlan plan, FlashOptions options) {
        this.session = session;
        this.limits = limits;
        this.record = record;
        this.plan = plan;
        this.target = plan.target();
        this.options = options;
        this.proof = new ReadbackProof(plan.readback());
    }

    /** A reader that knows nothing of the address pointer, which every command and block in between may have moved. */
    private MemoryReader reader() {
        return new MemoryReader(session, target, proof, limits);
    }

    /** Surveys, erases, writes and verifies. */
    void flash() throws IOException {
        SectorSurvey survey = new SectorSurvey(plan, options, proof);
        if (survey.wanted()) {
            survey(survey);
        }
        SectorSurvey.Changes changes = survey.decide();
        record.unchanged.addAll(changes.unchanged());
        if (plan.massErase()) {
            massErase();
        } else {
            erase(changes.erases());
        }
        write(changes);
        if (!changes.erases().isEmpty() || !changes.writes().isEmpty()) {
            session.dfu().waitFor(Duration.ofMillis(session.dfu().quirks().value(Trait.ONE_BEHIND, 0)));
        }
        if (changes.touched().isEmpty()) {
            return;
        }
        if (plan.readback() == Readback.IMPOSSIBLE) {
            record.unread.addAll(changes.touched());
            record.notVerified(cannotRead());
        } else if (options.verify()) {
            compare(changes.touched(), record.verified, changes::fill);
        } else {
            record.unread.addAll(changes.touched());
        }
    }

    private void survey(SectorSurvey survey) throws IOException {
        phase(Phase.SURVEY, survey.total());
        survey.read(reader(), (address, done) -> progress(Phase.SURVEY, address, done, survey.total()));
        session.readyToWrite(limits.operation());
        if (!proof.believed() && !plan.kept().isEmpty()) {
            record.note(
                    target
                            + (proof.lying()
                                    ? " does not return its memory when it is read, so the bytes around the image are lost."
                                    : " shows one byte everywhere, so it is not certain that the bytes around the image are kept."));
        }
    }

    private void massErase() throws IOException {
        List<AddressRange> all = target.layout().regions();
        long total = Ranges.size(all);
        phase(Phase.ERASE, total);
        record.erased.addAll(all);
        session.massErase(limits.massErase());
        progress(Phase.ERASE, all.get(0).start(), total, total);
        canary(all.get(0));
    }

    private void erase(List<Erase> erases) throws IOException {
        if (erases.isEmpty()) {
            return;
        }
        List<AddressRange> cleared = new ArrayList<>();
        erases.forEach(e -> cleared.add(e.cleared()));
        long total = Ranges.size(Ranges.joined(cleared)); // some devices clear more than the next erase begins at
        cleared.clear();
        phase(Phase.ERASE, total);
        for (Erase erase : erases) {
            limits.check();
            record.erased.add(erase.cleared()); // even if the command fails: it may have begun
            session.erase(erase.address(), limits.operation());
            cleared.add(erase.cleared());
            progress(Phase.ERASE, erase.address(), Ranges.size(Ranges.joined(cleared)), total);
        }
        canary(erases.get(0).cleared());
    }

    /** A device that does not show blank memory after an erase does not show its memory at all. */
    private void canary(AddressRange cleared) throws IOException {
        for (AddressRange region : target.layout().readable()) {
            Optional<AddressRange> seen = region.intersection(cleared);
            if (seen.isPresent() && proof.open() && options.verify()) {
                long size = Math.min(session.blockSize(), seen.get().size());
                reader().readExactly(AddressRange.ofSize(seen.get().start(), size), (address, bytes, length) -> {
                    proof.afterErase(bytes, length, (byte) plan.erasedByte());
                    return true;
                });
                session.readyToWrite(limits.operation());
                return;
            }
        }
    }

    private void write(SectorSurvey.Changes changes) throws IOException {
        long total = Ranges.size(changes.writes());
        if (total == 0) {
            return;
        }
        phase(Phase.WRITE, total);
        long done = 0;
        for (AddressRange run : changes.writes()) {
            writeRun(changes, run, done, total);
            done += run.size();
        }
    }

    /** Writes a run: full blocks count up from one set-address, a short one at the end gets its own. */
    private void writeRun(SectorSurvey.Changes changes, AddressRange run, long doneBefore, long total)
            throws IOException {
        int blockSize = session.blockSize();
        byte[] block = new byte[blockSize];
        int index = session.blocksPerAddress();
        for (long address = run.start(); address < run.end(); ) {
            limits.check();
            int length = (int) Math.min(blockSize, run.end() - address);
            if (index == session.blocksPerAddress() || (length < blockSize && index > 0)) {
                session.setAddress(address, limits.operation());
                index = 0;
            }
            changes.fill(address, block, length);
            record.written.add(AddressRange.ofSize(address, length));
            session.writeBlock(index++, address, block, 0, length, limits.operation());
            address += length;
            progress(Phase.WRITE, address - length, doneBefore + address - run.start(), total);
        }
    }

    /** Writes option bytes: each block of them as a whole (AN3156 §5.1). */
    void writeOptionBytes() throws IOException {
        for (SectorPlan part : plan.sectors()) {
            AddressRange block = part.sector();
            if (record.gone) {
                throw new DfuProtocolException(
                        Step.of("write the option bytes", block.start()),
                        "the device has reset itself after the block before.",
                        null,
                        "Connect it again in its bootloader and run the command once more.");
            }
            byte[] there = new byte[(int) block.size()];
            boolean unchangedCounts = plan.readback() == Readback.TRUSTED && options.skipUnchanged();
            if (unchangedCounts || !part.kept().isEmpty()) {
                reader().read(block, (address, read, length) -> {
                    System.arraycopy(read, 0, there, (int) (address - block.start()), length);
                    return true;
                });
                session.readyToWrite(limits.operation());
            }
            byte[] bytes = there.clone();
            plan.image().copy(block.start(), bytes, 0, bytes.length);
            if (unchangedCounts && Arrays.equals(bytes, there)) {
                record.unchanged.addAll(plan.image().within(block).runs());
                continue;
            }
            phase(Phase.WRITE, bytes.length);
            record.written.add(block);
            record.gone = session.writeOptionBytes(block.start(), bytes, limits.operation());
            progress(Phase.WRITE, block.start(), bytes.length, bytes.length);
            record.notVerified(
                    record.gone
                            ? "The device resets itself after its option bytes are written; read them when it is back."
                            : "The device has not reset itself after its option bytes were written, and may take them over"
                                    + " only then; reset it and read them.");
        }
    }

    /** Compares the memory with the image and changes nothing. */
    void compareWithImage() throws IOException {
        List<AddressRange> ranges = plan.image().runs();
        if (plan.readback() == Readback.IMPOSSIBLE) {
            record.unread.addAll(ranges);
            record.notVerified(cannotRead());
            return;
        }
        compare(
                ranges,
                record.unchanged,
                (address, bytes, length) -> plan.image().copy(address, bytes, 0, length));
    }

    /** What the bytes of some addresses should be. */
    private interface Expected {
        void fill(long address, byte[] bytes, int length);
    }

    /** Reads ranges back and compares them; a difference is one only if what the device returns is its memory. */
    private void compare(List<AddressRange> wantedRanges, List<AddressRange> equal, Expected expected)
            throws IOException {
        List<AddressRange> readable = target.layout().readable();
        List<AddressRange> hidden = Ranges.without(wantedRanges, readable);
        if (!hidden.isEmpty()) {
            record.unread.addAll(hidden);
            record.notVerified(target + " does not let the host read " + hidden.get(0) + ".");
        }
        List<AddressRange> ranges = Ranges.without(wantedRanges, hidden);
        if (ranges.isEmpty()) {
            return;
        }
        long total = Ranges.size(ranges);
        phase(Phase.VERIFY, total);
        MemoryReader reader = reader();
        byte[] wanted = new byte[reader.blockSize()];
        List<AddressRange> same = new ArrayList<>();
        List<FlashReport.RangeDigest> digests = new ArrayList<>();
        Optional<VerifyException> difference = Optional.empty();
        long[] done = {0};
        for (AddressRange range : ranges) {
            Comparison comparison = new Comparison(adviceOnDifference());
            reader.read(range, (address, bytes, length) -> {
                expected.fill(address, wanted, length);
                boolean more = comparison.block(address, bytes, wanted, length);
                done[0] += length;
                progress(Phase.VERIFY, address, done[0], total);
                return more;
            });
            difference = comparison.difference();
            if (difference.isPresent()) {
                break;
            }
            same.add(range);
            digests.add(new FlashReport.RangeDigest(range, comparison.digest()));
        }
        proof.examineOnPurpose(reader, ranges, readable);
        session.readyToWrite(limits.operation());
        if (proof.lying()) {
            record.unread.addAll(ranges);
            record.notVerified(
                    target + " cannot be read back: this bootloader returns something else than its memory.");
            return;
        }
        if (proof.open() && !difference.isPresent()) {
            record.unread.addAll(ranges);
            record.notVerified(target + " was read back, but one byte repeated does not show that this bootloader"
                    + " returns its memory.");
            return;
        }
        if (proof.believed()) {
            equal.addAll(same); // what differs later may be a device that returns one byte for everything
            record.digests.addAll(digests);
        }
        if (difference.isPresent()) {
            throw difference.get();
        }
    }

    private String adviceOnDifference() {
        return record.written.isEmpty() && record.erased.isEmpty()
                ? ""
                : "The sector may be write-protected, which DfuSe devices do not report, or the flash worn out"
                        + (plan.readback() == Readback.TO_BE_PROVED
                                ? "; or this bootloader does not return its memory when it is read."
                                : ".");
    }

    private String cannotRead() {
        return session.dfu()
                .quirks()
                .row(Trait.NO_UPLOAD)
                .map(row -> target + " cannot be read back: " + row.reason())
                .orElse(target + " cannot be read back: its descriptors say so.");
    }

    private void phase(Phase phase, long total) {
        record.phase(target, phase, total);
    }

    private void progress(Phase phase, long address, long done, long total) {
        record.progress(target, phase, address, done, total);
    }
}
