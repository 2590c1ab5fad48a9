package io.github.dfu4j.cli;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfuse.DfuSeFormat;
import io.github.dfu4j.image.DfuSuffix;
import io.github.dfu4j.image.Finding;
import io.github.dfu4j.image.FirmwareFile;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareReader;
import io.github.dfu4j.image.ImagePart;
import java.io.IOException;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The firmware file of a command that sends or compares it, and how it is to be read. */
final class ImageInput {

    @Parameters(
            paramLabel = "FILE",
            description = "ELF, Intel HEX, S-record, UF2, DFU or DfuSe file, or a flat binary; - for standard input.")
    private String file = "";

    @Mixin
    private BaseOption base = new BaseOption();

    @Option(
            names = "--skip-fill",
            description =
                    "Leave long stretches of 0x00 or 0xFF in a flat binary alone: only its islands of data are used.")
    private boolean skipFill;

    @Option(names = "--any-device", description = "Do not mind that the file's DFU suffix names another device.")
    private boolean anyDevice;

    /** A reader of every format there is. */
    static FirmwareReader reader(@Nullable Long base) {
        FirmwareReader reader = DfuSeFormat.reader();
        return base == null ? reader : reader.withBase(base);
    }

    /** The name of the file. */
    String name() {
        return file;
    }

    /** Reads the file, and tells what is unusual about it. */
    FirmwareFile read(Console console) throws IOException, CommandException {
        FirmwareFile read = base.read(file);
        warn(console, read, false);
        base.warnIfUnused(console, List.of(read));
        return read;
    }

    /**
     * Tells what is unusual about a file.
     *
     * @param addressed whether it matters that a flat binary does not say where it goes
     */
    static void warn(Console console, FirmwareFile file, boolean addressed) {
        for (Finding finding : file.findings()) {
            if (finding.severity() == Finding.Severity.WARNING
                    && (addressed || !finding.code().equals("no-address"))) {
                console.warn(file.name() + ": " + Failures.sentence(finding.text()));
            }
        }
    }

    /**
     * What of a file is meant for a device.
     *
     * @param alternate the alternate setting that the user chose, if any
     */
    FirmwareImage imageFor(FirmwareFile read, DfuInterface device, OptionalInt alternate)
            throws IOException, CommandException {
        checkSuffix(read, device);
        if (device.isDfuSe()
                && !base.isGiven()
                && read.findings().stream().anyMatch(f -> f.code().equals("no-address"))) {
            throw new CommandException(
                    ExitCode.USAGE,
                    file + " is a flat binary, which does not say where it goes. Say it with --base, such as"
                            + " --base 0x08000000 for a program in the internal flash of an STM32.");
        }
        List<ImagePart> parts = read.parts().stream()
                .filter(p -> alternate.isEmpty()
                        || p.alternate().isEmpty()
                        || p.alternate().getAsInt() == alternate.getAsInt())
                .toList();
        if (parts.isEmpty()) {
            throw new CommandException(
                    ExitCode.DATA,
                    file + " holds nothing for alternate setting " + alternate.orElse(0) + ", only for "
                            + String.join(
                                    ", ",
                                    read.parts().stream()
                                            .map(ImagePart::describe)
                                            .toList()) + ".");
        }
        FirmwareImage image = FirmwareFile.of(read.name(), read.format(), parts).image();
        return skipFill ? image.withoutFills() : image;
    }

    private void checkSuffix(FirmwareFile read, DfuInterface device) throws CommandException {
        if (anyDevice || read.suffix().isEmpty()) {
            return;
        }
        DfuSuffix suffix = read.suffix().get();
        if (!suffix.fits(device.device().vendorId(), device.device().productId())) {
            throw new CommandException(
                    ExitCode.DATA,
                    file + " is for another device: its DFU suffix names " + InspectCommand.id(suffix.idVendor()) + ":"
                            + InspectCommand.id(suffix.idProduct()) + ", and this is " + device.device()
                            + ". If you know better, say --any-device.");
        }
    }
}
