package io.github.dfu4j.image;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The images of the mixed code-and-samples case that all modules' tests share. */
final class TestImages {

    static final Path BIRDS = Path.of("..", "testdata", "birds");

    static final Path BIRDS_ELF =
            Path.of("..", "dfu-cli", "src", "main", "resources", "io", "github", "dfu4j", "cli", "birds-internal.elf");

    private TestImages() {}

    static FirmwareFile file(Path path) throws IOException {
        try (FirmwareSource source = FirmwareSource.of(path)) {
            return FirmwareReader.standard().readFile(source);
        }
    }

    static FirmwareImage image(Path path) throws IOException {
        return file(path).image();
    }

    static byte[] wav() throws IOException {
        return Files.readAllBytes(BIRDS.resolve("birds.wav"));
    }

    /** All bytes of an image's range, 0 where there is none. */
    static byte[] bytes(FirmwareImage image, AddressRange range) {
        byte[] bytes = new byte[(int) range.size()];
        image.copy(range.start(), bytes, 0, bytes.length);
        return bytes;
    }
}
