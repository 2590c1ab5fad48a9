package io.github.dfu4j.cli;

import io.github.dfu4j.dfu.Quirk;
import io.github.dfu4j.dfu.Trait;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Lists what is known of odd devices. */
@Command(
        name = "quirks",
        description =
                "List the oddities of devices that dfu knows: how each is recognised, what it changes, why, and who says so.")
final class QuirksCommand extends Subcommand {

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() {
        List<Quirk> rows = Usb.knownQuirks().rows();
        if (json) {
            console().print(Json.write(rows.stream().map(QuirksCommand::json).toList()));
        } else {
            rows.forEach(this::print);
            console().print(rows.size() + " quirks. Those of an attached device are shown by \"dfu list\".");
        }
        return ExitCode.OK;
    }

    private void print(Quirk row) {
        console().print(row.id() + ": " + row.device());
        console().print("  recognised by  " + row.recognition());
        List<String> facts = new ArrayList<>();
        row.traits().forEach((trait, value) -> facts.add(trait.words(value)));
        console().print("  it             " + String.join("; ", facts));
        console().print("  why            " + Failures.sentence(row.reason()));
        console().print("  source         " + row.source());
        console().print("");
    }

    private static Map<String, Object> json(Quirk row) {
        Map<String, Object> result = Json.object();
        result.put("id", row.id());
        result.put("device", row.device());
        result.put("recognition", row.recognition());
        Map<String, Object> traits = Json.object();
        for (Map.Entry<Trait, Long> fact : row.traits().entrySet()) {
            traits.put(Words.of(fact.getKey()), fact.getValue());
        }
        result.put("traits", traits);
        result.put("reason", row.reason());
        result.put("source", row.source());
        return result;
    }
}
