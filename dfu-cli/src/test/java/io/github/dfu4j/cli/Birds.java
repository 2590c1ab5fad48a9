package io.github.dfu4j.cli;

import java.nio.file.Path;

/** The test images that lie beside the modules: a program with 104 152 bytes of code and 291 636 bytes of samples. */
final class Birds {

    private static final Path DIRECTORY = Path.of("..", "testdata", "birds");

    private Birds() {}

    /** The path of one of them. */
    static String path(String name) {
        return name.equals("birds-internal.elf")
                ? "src/main/resources/io/github/dfu4j/cli/birds-internal.elf"
                : DIRECTORY.resolve(name).toString();
    }
}
