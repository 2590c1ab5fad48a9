package io.github.dfu4j.cli;

import static io.github.dfu4j.cli.CommandRun.dfu;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class ReadmeTest {

    private static final Path README = Path.of("..", "README.md");

    /** Times are left out of the comparison, so that a faster flasher needs no other README. */
    @Test
    void the_picture_shows_lines_that_the_demo_prints_in_this_order() throws IOException {
        String text = Files.readString(README);
        List<String> picture = text.substring(
                        text.indexOf("== The image =="), text.indexOf("\n```", text.indexOf("== The end ==")))
                .lines()
                .filter(line -> !line.isBlank())
                .map(ReadmeTest::withoutTimes)
                .toList();

        assertThat(dfu("demo").out().lines().map(ReadmeTest::withoutTimes).toList())
                .containsSubsequence(picture);
    }

    private static String withoutTimes(String line) {
        return line.replaceAll("[0-9]+\\.[0-9] s\\b", "… s");
    }

    @Test
    void the_check_runs_the_tests_as_the_readme_says() throws IOException {
        assertThat(Files.readString(README)).contains("./dfu demo\nmvn -B verify\n");
        assertThat(Files.readString(Path.of("..", ".ci", "run"))).contains("\n    mvn -B verify\n");
    }
}
