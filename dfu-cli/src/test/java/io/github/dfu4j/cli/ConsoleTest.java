package io.github.dfu4j.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.Reader;
import java.io.StringWriter;
import java.io.Writer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConsoleTest {

    @Test
    void what_is_said_while_a_line_is_written_over_does_not_tear_it() {
        StringWriter err = new StringWriter();
        Console console = new Console(Reader.nullReader(), new StringWriter(), err, true);

        console.overwrite("writing alt 0  50 % [=====     ]");
        console.note("dfu: stopping …");
        console.overwrite("writing alt 0  51 % [=====     ]");
        console.overwrite("");

        assertThat(asSeen(err.toString())).containsExactly("dfu: stopping …", "");
    }

    /** The lines that a terminal shows in the end. */
    private static List<String> asSeen(String printed) {
        List<String> lines = new ArrayList<>();
        for (String line : printed.split("\n", -1)) {
            StringBuilder shown = new StringBuilder();
            for (String over : line.split("\r", -1)) {
                shown.replace(0, Math.min(shown.length(), over.length()), over);
            }
            lines.add(shown.toString().stripTrailing());
        }
        return lines;
    }

    @ParameterizedTest
    @ValueSource(ints = {60, 80, 100, 200})
    void help_is_no_wider_than_the_terminal_and_than_people_read(int columns) {
        for (String line : List.of("--help", "flash --help", "daisy plan --help", "flash --no-such-option")) {
            StringWriter printed = new StringWriter();
            Main.run(new Console(Reader.nullReader(), printed, printed, false, columns), line.split(" "));

            assertThat(printed.toString().lines())
                    .isNotEmpty()
                    .allSatisfy(text -> assertThat(text).hasSizeLessThanOrEqualTo(Math.min(columns, 100)));
        }
    }

    @Test
    void what_was_printed_and_is_lost_is_no_success() {
        StringWriter err = new StringWriter();
        int status = Main.run(
                new Console(Reader.nullReader(), failing("No space left on device"), err, false), "quirks", "--json");

        assertThat(status).isEqualTo(ExitCode.IO);
        assertThat(err).hasToString("dfu: What it printed could not be written: No space left on device.\n");
    }

    @Test
    void a_reader_who_has_seen_enough_is_no_failure() {
        StringWriter err = new StringWriter();
        int status = Main.run(new Console(Reader.nullReader(), failing("Broken pipe"), err, false), "quirks", "--json");

        assertThat(status).isEqualTo(ExitCode.OK);
        assertThat(err.toString()).isEmpty();
    }

    private static Writer failing(String why) {
        return new Writer() {
            @Override
            public void write(char[] text, int from, int count) throws IOException {
                throw new IOException(why);
            }

            @Override
            public void flush() throws IOException {
                throw new IOException(why);
            }

            @Override
            public void close() {}
        };
    }
}
