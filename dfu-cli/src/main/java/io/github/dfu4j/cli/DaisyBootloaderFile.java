package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.BootloaderImage;
import io.github.dfu4j.image.FirmwareReader;
import io.github.dfu4j.image.FirmwareSource;
import io.github.dfu4j.simulator.DaisySeed;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Finds the Daisy bootloader's binary, which is not part of dfu. */
final class DaisyBootloaderFile {

    private static final Pattern NAME = Pattern.compile("dsy_bootloader_v(\\d+)(?:_(\\d+))?(?:-(.*))?\\.bin");

    private DaisyBootloaderFile() {}

    /**
     * The bootloader in the file given, else the newest of libDaisy, else the simulator's stand-in for a simulated board.
     *
     * @param console is told if there should be one and is none
     * @param given the file's name, if the user said one
     */
    static Optional<BootloaderImage> find(Console console, @Nullable String given, boolean simulated)
            throws IOException, CommandException {
        String folder = System.getenv("LIBDAISY_DIR");
        Optional<Path> file = given != null
                ? Optional.of(Inputs.path(given))
                : folder == null || folder.isEmpty() ? Optional.empty() : ofLibDaisy(folder, console);
        if (file.isPresent()) {
            try (FirmwareSource source = Inputs.open(file.get().toString())) {
                return Optional.of(read(source));
            }
        }
        return simulated ? Optional.of(standIn()) : Optional.empty();
    }

    /** What the simulator takes for a Daisy bootloader. */
    static BootloaderImage standIn() throws IOException {
        DaisySeed.Bootloader version = DaisySeed.Bootloader.V6_4;
        return read(FirmwareSource.of("the simulator's stand-in for " + version.title(), version.standIn()));
    }

    private static BootloaderImage read(FirmwareSource source) throws IOException {
        return BootloaderImage.of(FirmwareReader.standard().read(source));
    }

    /** The newest bootloader of a libDaisy; says so if it has none. */
    static Optional<Path> ofLibDaisy(String folder, Console console) throws IOException, CommandException {
        Path core = Inputs.path(folder).resolve("core");
        Optional<Path> newest = newest(core);
        if (newest.isEmpty()) {
            console.warn("LIBDAISY_DIR is " + folder + ", but there is no "
                    + core.resolve("dsy_bootloader_v*-intdfu-2000ms.bin") + ".");
        }
        return newest;
    }

    /** The newest bootloader in a folder for the Seed's own USB socket with the long grace period, or without variants. */
    static Optional<Path> newest(Path core) throws IOException {
        if (!Files.isDirectory(core)) {
            return Optional.empty();
        }
        List<Path> found = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(core, "dsy_bootloader_v*.bin")) {
            files.forEach(found::add);
        }
        return found.stream().filter(f -> rank(f) >= 0).max(Comparator.comparingInt(DaisyBootloaderFile::rank));
    }

    private static int rank(Path file) {
        Matcher version = NAME.matcher(file.getFileName().toString());
        if (!version.matches()) {
            return -1;
        }
        String variant = version.group(3);
        if (variant != null && !variant.equals("intdfu-2000ms")) {
            return -1;
        }
        int minor = version.group(2) == null ? 0 : Integer.parseInt(version.group(2));
        return Integer.parseInt(version.group(1)) * 1000 + minor;
    }
}
