package io.github.dfu4j.cli;

import io.github.dfu4j.dfu.DfuAlternate;
import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfuse.FlashTarget;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The choice of an alternate setting by number or name. */
final class AlternateOption {

    @Option(
            names = {"-a", "--alt"},
            paramLabel = "N|NAME",
            description =
                    "The alternate setting, by number or by name (\"Internal Flash\"); found by address if not said.")
    private @Nullable String alternate;

    /**
     * The number of the alternate setting chosen on a device.
     *
     * @return empty if none was chosen
     * @throws CommandException if the device has no such alternate setting, or two of that name
     */
    OptionalInt on(DfuInterface device) throws CommandException {
        String wanted = alternate;
        if (wanted == null) {
            return OptionalInt.empty();
        }
        List<Integer> found = new ArrayList<>();
        List<String> known = new ArrayList<>();
        for (DfuAlternate candidate : device.alternates()) {
            String name = name(device, candidate);
            known.add(candidate.number() + " (" + name + ")");
            if (wanted.equals(String.valueOf(candidate.number()))
                    || name.equalsIgnoreCase(wanted.strip())
                    || candidate.name().equals(Optional.of(wanted))) {
                found.add(candidate.number());
            }
        }
        if (found.size() != 1) {
            throw new CommandException(
                    ExitCode.USAGE,
                    (found.isEmpty() ? "There is no alternate setting \"" : "There are several alternate settings \"")
                            + wanted + "\" on " + device.device() + "; there are " + String.join(", ", known) + ".");
        }
        return OptionalInt.of(found.get(0));
    }

    private static String name(DfuInterface device, DfuAlternate alternate) {
        return FlashTarget.of(device).stream()
                .filter(t -> t.alternate() == alternate.number())
                .map(t -> t.layout().name())
                .findFirst()
                .orElse(alternate.name().orElse("without a name"));
    }
}
