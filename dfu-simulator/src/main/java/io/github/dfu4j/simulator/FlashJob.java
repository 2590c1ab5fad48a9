package io.github.dfu4j.simulator;

import io.github.dfu4j.image.AddressRange;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * A flash operation that takes its time: steps of equal length, which take effect when it ends, or as far as they got when it is cut off.
 */
record FlashJob(List<Step> steps, long start, long end) {

    sealed interface Step {}

    record Erase(FlashMemory memory, AddressRange range) implements Step {}

    @SuppressWarnings("ArrayRecordComponent") // never compared
    record Program(FlashMemory memory, long address, byte[] bytes) implements Step {}

    void finish(Ledger ledger) {
        steps.forEach(step -> apply(step, Duration.ofNanos(end), ledger));
    }

    /** Ends it at a time before its end. The same board, time and operation always leave the same rubbish. */
    void cut(long now, Ledger ledger) {
        if (now < start || steps.isEmpty()) {
            return;
        }
        double progress = (double) (now - start) / Math.max(1, end - start) * steps.size();
        int whole = Math.min(steps.size() - 1, (int) progress);
        Duration at = Duration.ofNanos(now);
        for (Step step : steps.subList(0, whole)) {
            apply(step, at, ledger);
        }
        Random random = new Random(now * 31 + whole);
        if (steps.get(whole) instanceof Erase erase) {
            if (erase.memory().tearErase(erase.range(), random)) {
                ledger.add(new Ledger.Torn(at, erase.range()));
            }
        } else if (steps.get(whole) instanceof Program program) {
            int word = program.memory().wordSize();
            int done = (int) ((progress - whole) * program.bytes().length) / word * word;
            apply(new Program(program.memory(), program.address(), Arrays.copyOf(program.bytes(), done)), at, ledger);
            int torn = Math.min(word, program.bytes().length - done);
            byte[] noise = new byte[torn];
            random.nextBytes(noise);
            for (int i = 0; i < torn; i++) {
                noise[i] |= program.bytes()[done + i];
            }
            program.memory().program(program.address() + done, noise);
            program.memory()
                    .writable(AddressRange.ofSize(program.address() + done, torn))
                    .forEach(range -> ledger.add(new Ledger.Torn(at, range)));
        }
    }

    private static void apply(Step step, Duration at, Ledger ledger) {
        if (step instanceof Erase erase) {
            if (erase.memory().erase(erase.range())) {
                ledger.add(new Ledger.Erased(at, erase.range()));
            }
        } else if (step instanceof Program program && program.bytes().length > 0) {
            List<AddressRange> over = program.memory().program(program.address(), program.bytes());
            program.memory()
                    .writable(AddressRange.ofSize(program.address(), program.bytes().length))
                    .forEach(range -> ledger.add(new Ledger.Programmed(at, range)));
            over.forEach(range -> ledger.add(new Ledger.OverProgrammed(at, range)));
        }
    }
}
