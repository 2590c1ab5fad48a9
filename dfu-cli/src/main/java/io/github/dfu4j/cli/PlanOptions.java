package io.github.dfu4j.cli;

import java.util.List;
import picocli.CommandLine.Option;

/** How a command that carries plans out shows them and what came of them. */
final class PlanOptions {

    @Option(
            names = {"-n", "--dry-run"},
            description = "Print the plan and touch nothing.")
    private boolean dryRun;

    @Option(names = "--json", description = "Print the report, or with --dry-run the plan, as JSON.")
    private boolean json;

    boolean isDryRun() {
        return dryRun;
    }

    boolean isJson() {
        return json;
    }

    /**
     * Prints plans as the result of a dry run.
     *
     * @param alone whether the only one stands for itself, and is no list of one
     */
    void show(Console console, List<Shown> plans, boolean alone) {
        if (json) {
            console.print(Json.write(
                    alone
                            ? plans.get(0).json()
                            : plans.stream().map(Shown::json).toList()));
            return;
        }
        for (Shown plan : plans) {
            plan.lines().forEach(console::print);
            plan.warnings().forEach(console::warn);
        }
        console.print("Nothing was touched.");
    }

    /** Tells of a plan that is about to be carried out. */
    static void tell(Console console, Shown plan) {
        plan.lines().forEach(console::note);
        plan.warnings().forEach(console::warn);
    }

    /** Prints a report. */
    void print(Console console, Shown report) {
        if (json) {
            console.print(Json.write(report.json()));
        } else {
            report.lines().forEach(console::print);
        }
    }
}
