package io.github.dfu4j.daisy;

import io.github.dfu4j.dfuse.DfuSeSession;
import io.github.dfu4j.dfuse.FlashPlan.TargetPlan;
import io.github.dfu4j.dfuse.FlashReport;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.usb.Deadline;
import java.io.IOException;
import java.time.Duration;
import java.util.List;

/**
 * Finds out that a bootloader that only accepts its operations has done the last one: it takes another write no sooner than that. The
 * write is one byte 0xFF over the last byte that was erased, which changes no bit of NOR flash.
 */
final class Fence {

    private static final Duration ALLOWED = Duration.ofSeconds(30);

    /** One byte is programmed within this time, whatever else happens. */
    private static final Duration LAST = Duration.ofMillis(50);

    private Fence() {}

    /** Waits until the last operation of a job is done. */
    static void settle(DfuSeSession session, TargetPlan plan, FlashReport report) throws IOException {
        List<AddressRange> changed = report.erased().isEmpty() ? report.written() : report.erased();
        if (changed.isEmpty()) {
            return;
        }
        long last = changed.get(changed.size() - 1).last();
        long shown = plan.target().layout().regions().stream()
                .mapToLong(AddressRange::last)
                .max()
                .orElse(last);
        long address = Math.min(last, shown);
        Deadline deadline = Deadline.in(session.dfu().time(), ALLOWED);
        session.setAddress(address, deadline);
        session.writeBlock(0, address, new byte[] {(byte) 0xff}, 0, 1, deadline);
        session.dfu().waitFor(LAST);
        session.toIdle(deadline);
    }
}
