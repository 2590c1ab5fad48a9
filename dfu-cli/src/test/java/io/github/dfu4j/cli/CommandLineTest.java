package io.github.dfu4j.cli;

import static io.github.dfu4j.cli.CommandRun.dfu;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CommandLineTest {

    @Test
    void help_goes_to_the_output_and_names_every_command_and_exit_status() {
        CommandRun run = dfu("--help");

        assertThat(run.status()).isZero();
        assertThat(run.out()).contains("inspect", "layout", "--usb", "64", "65", "66", "69", "74", "75", "77");
        assertThat(run.err()).isEmpty();
    }

    @Test
    void every_command_explains_itself() {
        new picocli.CommandLine(new DfuCommand(new Console(java.io.Reader.nullReader(), nothing(), nothing(), false)))
                .getSubcommands()
                .keySet()
                .forEach(name -> {
                    CommandRun run = dfu(name, "--help");
                    assertThat(run.status()).as(name).isZero();
                    assertThat(run.out()).as(name).startsWith("Usage: dfu " + name);
                });
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
        java.io.StringWriter err = new java.io.StringWriter();
        Console console = new Console(java.io.Reader.nullReader(), nothing(), err, false);
        assertThat(new Failures(new DfuCommand(console)).explain(failure)).isEqualTo(ExitCode.SOFTWARE);
        return err.toString();
    }

    private static java.io.Writer nothing() {
        return java.io.Writer.nullWriter();
    }
}
