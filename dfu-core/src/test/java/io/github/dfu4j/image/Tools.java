package io.github.dfu4j.image;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The reference tools of the field, where they are installed. */
final class Tools {

    private Tools() {}

    /** Skips the test if a tool is not there. */
    static void assumeInstalled(String tool) {
        boolean there = Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                .anyMatch(folder -> Files.isExecutable(Path.of(folder, tool)));
        assumeTrue(there, tool + " is not installed");
    }

    /** Runs a tool that must succeed, and returns what it said. */
    static String run(Object... command) throws IOException, InterruptedException {
        Result result = result(command);
        assertThat(result.status())
                .as("%s said: %s", Arrays.asList(command), result.said())
                .isZero();
        return result.said();
    }

    /**
     * What dfu-util says of a file before it looks for a device. It is told to take none but one at a port that no machine has, so that
     * nothing is sent to a device that happens to be attached.
     */
    static String dfuUtilOn(Path file) throws IOException, InterruptedException {
        Result result = result("dfu-util", "-v", "-p", "none", "-a", "0", "-D", file);
        assertThat(result.said()).contains("No DFU capable USB device available");
        return result.said();
    }

    private record Result(int status, String said) {}

    private static Result result(Object... command) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>();
        for (Object word : command) {
            words.add(word.toString());
        }
        assumeInstalled(words.get(0));
        Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
        process.getOutputStream().close();
        try (InputStream in = process.getInputStream()) {
            String said = new String(in.readAllBytes(), StandardCharsets.ISO_8859_1);
            return new Result(process.waitFor(), said);
        }
    }
}
