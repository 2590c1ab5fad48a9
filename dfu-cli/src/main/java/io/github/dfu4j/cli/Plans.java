package io.github.dfu4j.cli;

import io.github.dfu4j.dfuse.FlashPlan;
import io.github.dfu4j.dfuse.FlashPlan.TargetPlan;
import io.github.dfu4j.image.AddressRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Shows a plan before anything is done. */
final class Plans {

    private Plans() {}

    /** A plan as it is shown. */
    static Shown shown(FlashPlan plan) {
        return new Shown(lines(plan), plan.warnings(), json(plan));
    }

    private static List<String> lines(FlashPlan plan) {
        List<String> lines = new ArrayList<>();
        lines.add("Plan for " + plan.device() + ":");
        for (TargetPlan target : plan.targets()) {
            lines.add("  " + target.target()
                    + (target.image().isEmpty()
                            ? ""
                            : ": " + Numbers.bytes(target.image().size()) + " of " + plan.image()));
            if (target.massErase()) {
                lines.add("    erase   all of it by one command");
            } else if (!target.erases().isEmpty()) {
                lines.add("    erase   " + ranges(target.erased()) + " in "
                        + target.erases().size() + (target.erases().size() == 1 ? " step" : " steps"));
            }
            if (!target.written().isEmpty()) {
                lines.add("    write   " + ranges(target.written()));
            }
            if (!target.kept().isEmpty()) {
                lines.add("    keep    " + ranges(target.kept()) + ", read before and written back");
            }
            lines.add("    verify  " + verification(plan, target));
        }
        if (plan.removesReadProtection()) {
            lines.add("  remove the read protection, which erases all flash of the part");
        }
        plan.leaveAddress()
                .ifPresent(address ->
                        lines.add("  then leave DFU mode and start the program at " + AddressRange.hex(address)));
        if (plan.targets().isEmpty()) {
            return lines; // nobody knows how long the part takes to erase itself
        }
        lines.add("  about " + FlashProgress.seconds(plan.estimate())
                + (plan.options().skipUnchanged() && plan.targets().stream().anyMatch(Plans::readable)
                        ? ", less if some of it is there already"
                        : ""));
        return lines;
    }

    private static boolean readable(TargetPlan target) {
        return target.readback() != FlashPlan.Readback.IMPOSSIBLE
                && !target.image().isEmpty();
    }

    private static String verification(FlashPlan plan, TargetPlan target) {
        if (target.optionBytes()) {
            return "not before the device has restarted";
        }
        return !plan.options().verify()
                ? "not asked for"
                : switch (target.readback()) {
                    case TRUSTED -> "by reading back";
                    case TO_BE_PROVED -> "by reading back, if this device turns out to return its memory";
                    case IMPOSSIBLE -> "not possible: this device does not return its memory";
                };
    }

    private static String ranges(List<AddressRange> ranges) {
        return ranges.stream().map(AddressRange::toString).collect(Collectors.joining(", ")) + " ("
                + Numbers.bytes(ranges.stream().mapToLong(AddressRange::size).sum()) + ")";
    }

    private static Map<String, Object> json(FlashPlan plan) {
        Map<String, Object> result = Json.object();
        result.put("device", plan.device());
        result.put("image", plan.image());
        List<Object> targets = new ArrayList<>();
        for (TargetPlan target : plan.targets()) {
            Map<String, Object> one = Json.object();
            one.put("alternate", target.target().alternate());
            one.put("name", target.target().layout().name());
            one.put("erase", json(target.erased()));
            one.put("write", json(target.written()));
            one.put("keep", json(target.kept()));
            one.put("massErase", target.massErase());
            one.put("verifiable", target.readback() != FlashPlan.Readback.IMPOSSIBLE);
            targets.add(one);
        }
        result.put("targets", targets);
        plan.leaveAddress().ifPresent(address -> result.put("leave", AddressRange.hex(address)));
        result.put("readUnprotect", plan.removesReadProtection());
        result.put("warnings", plan.warnings());
        result.put("estimateMillis", plan.estimate().toMillis());
        return result;
    }

    /** Ranges for programs. */
    static List<Map<String, Object>> json(List<AddressRange> ranges) {
        List<Map<String, Object>> result = new ArrayList<>();
        for (AddressRange range : ranges) {
            Map<String, Object> one = Json.object();
            one.put("start", AddressRange.hex(range.start()));
            one.put("size", range.size());
            result.add(one);
        }
        return result;
    }
}
