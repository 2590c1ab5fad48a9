package io.github.dfu4j.cli;

import static io.github.dfu4j.cli.CommandRun.dfu;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.Reader;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.Writer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

class CommandLineTest {

    @Test
    void help_goes_to_the_output_and_names_every_command_and_exit_status() {
        CommandRun run = dfu("--help");

        assertThat(run.status()).isZero();
        assertThat(run.out()).contains("inspect", "layout", "--usb", "64", "65", "66", "69", "74", "75", "77", "130");
        assertThat(run.err()).isEmpty();
    }

    @Test
    void escape_sequences_in_the_names_of_files_and_devices_do_not_reach_the_terminal() {
        CommandRun missing = dfu("inspect", "no\u001b[2J\u009bsuch\r");
        assertThat(missing.err()).isEqualTo("dfu: There is no file no?[2J?such?.\n");
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        Console console = new Console(new StringReader(""), out, err, true);
        console.print("a\tb\nc\u001b[2J");
        console.overwrite("d\u001b[2J");
        console.flush();
        assertThat(out).hasToString("a\tb\nc?[2J\n");
        assertThat(err).hasToString("\rd?[2J\rd?[2J");
    }

    @Test
    void every_command_explains_itself_and_each_of_its_options_in_sentences() {
        assertThat(commands()).hasSizeGreaterThan(30).allSatisfy(command -> {
            CommandSpec spec = command.getCommandSpec();
            CommandRun run = dfu((spec.qualifiedName().substring("dfu ".length()) + " --help").split(" "));
            assertThat(run.status()).isZero();
            assertThat(run.out()).startsWith("Usage: " + spec.qualifiedName()).contains("Exit status");
            assertThat(spec.usageMessage().description())
                    .isNotEmpty()
                    .allSatisfy(text -> assertThat(text).endsWith("."));
            assertThat(spec.args())
                    .allSatisfy(arg -> assertThat(arg.description())
                            .as("%s of %s", arg, spec.qualifiedName())
                            .isNotEmpty()
                            .allSatisfy(text -> assertThat(text).endsWith(".")));
        });
    }

    @Test
    void an_option_of_one_name_takes_the_same_everywhere() {
        Map<String, Set<String>> taken = new TreeMap<>();
        for (CommandLine command : commands()) {
            for (OptionSpec option : command.getCommandSpec().options()) {
                if (option.arity().max() > 0) {
                    taken.computeIfAbsent(option.longestName(), name -> new TreeSet<>())
                            .add(option.paramLabel());
                }
            }
        }
        assertThat(taken.remove("--alt")).containsExactly("N", "N|NAME"); // a file has no names
        assertThat(taken).allSatisfy((name, labels) -> assertThat(labels).hasSize(1));
        assertThat(taken)
                .containsEntry("--at", Set.of("ADDR"))
                .containsEntry("--size", Set.of("BYTES"))
                .containsEntry("--timeout", Set.of("SECONDS"));
    }

    @Test
    void options_about_usb_are_shown_where_they_mean_something_and_taken_everywhere() {
        for (String command : List.of("list", "flash")) {
            assertThat(dfu((command + " --help").split(" ")).out())
                    .as(command)
                    .contains("--usb=", "--device=", "--flash-size=", "--trace=");
        }
        for (String command : List.of("daisy", "daisy info", "daisy assets load")) {
            assertThat(dfu((command + " --help").split(" ")).out())
                    .as(command)
                    .contains("--usb=", "--device=", "--trace=")
                    .doesNotContain("--flash-size=");
        }
        for (String command : List.of("inspect", "convert", "suffix", "suffix add", "sign", "simulate", "daisy pack")) {
            assertThat(dfu((command + " --help").split(" ")).out())
                    .as(command)
                    .doesNotContain("--usb=", "--device=", "--flash-size=", "--trace=");
        }
        assertThat(dfu("demo", "--help").out()).contains("--trace=").doesNotContain("--usb=", "--device=");
        assertThat(dfu("daisy", "info", "--help").out())
                .as("it asks for no press")
                .doesNotContain("--wait");

        assertThat(dfu("--usb", "sim:stm32f407", "layout", "@F/0x0/1*1Kg").status())
                .isZero();
        assertThat(dfu("layout", "@F/0x0/1*1Kg", "--usb", "sim:stm32f407").status())
                .isZero();
    }

    @Test
    void the_words_of_an_option_are_lower_case_in_the_help_and_any_case_on_the_command_line() {
        assertThat(dfu("daisy", "plan", "--help").out().replaceAll("\\s+", " "))
                .contains("rom, daisy-bootloader, other-bootloader,", "(default: nothing");
        CommandRun wrong = dfu("daisy", "flash", "x", "--from", "end");
        assertThat(wrong.status()).isEqualTo(ExitCode.USAGE);
        assertThat(wrong.err()).contains("'--from': expected one of bootloader, qspi, code, found \"end\"");
        assertThat(dfu("--usb", "sim:daisy-seed", "daisy", "bootloader", "--enter", "Rom")
                        .status())
                .isZero();
    }

    private static List<CommandLine> commands() {
        List<CommandLine> all = new ArrayList<>();
        collect(new DfuCommand(new Console(Reader.nullReader(), nothing(), nothing(), false)).commandLine(), all);
        return all;
    }

    private static void collect(CommandLine above, List<CommandLine> all) {
        for (CommandLine command : above.getSubcommands().values()) {
            all.add(command);
            collect(command, all);
        }
    }

    @Test
    void without_a_command_it_says_how_it_is_used() {
        CommandRun run = dfu();

        assertThat(run.status()).isEqualTo(ExitCode.USAGE);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("Which command?", "Usage: dfu", "dfu --help");
    }

    @Test
    void a_misspelt_command_is_named_and_the_right_one_suggested() {
        CommandRun run = dfu("inspct", "x");

        assertThat(run.status()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("There is no command inspct.", "Did you mean inspect?");
    }

    @ParameterizedTest
    @ValueSource(strings = {"inspect --bas 0 x", "inspect", "inspect a b", "inspect --base x y", "layout", "--usb"})
    void a_command_line_that_is_not_understood_is_status_64_and_no_stack_trace(String line) {
        CommandRun run = dfu(line.split(" "));

        assertThat(run.status()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).startsWith("dfu: ").contains("Usage: dfu").doesNotContain("Exception", "\tat ");
    }

    @Test
    void options_for_all_commands_stand_before_or_behind_the_command() {
        for (List<String> line : List.of(List.of("--usb", "nowhere:", "list"), List.of("list", "--usb", "nowhere:"))) {
            CommandRun run = dfu(line.toArray(String[]::new));

            assertThat(run.status()).isEqualTo(ExitCode.USAGE);
            assertThat(run.err()).contains("--usb nowhere:", "There are:");
        }
    }

    @Test
    void running_out_of_memory_is_said_in_a_sentence() {
        assertThat(explained(new OutOfMemoryError()))
                .contains("DFU_JAVA_OPTS=-Xmx")
                .doesNotContain("\tat ");
    }

    @Test
    void a_fault_of_the_command_itself_asks_for_a_report_and_shows_no_stack_trace() {
        assertThat(explained(new IllegalStateException("oops")))
                .contains("report", "oops")
                .doesNotContain("\tat ");
    }

    private static String explained(Throwable failure) {
        StringWriter err = new StringWriter();
        Console console = new Console(Reader.nullReader(), nothing(), err, false);
        assertThat(new Failures(new DfuCommand(console)).explain(failure)).isEqualTo(ExitCode.SOFTWARE);
        return err.toString();
    }

    private static Writer nothing() {
        return Writer.nullWriter();
    }
}
