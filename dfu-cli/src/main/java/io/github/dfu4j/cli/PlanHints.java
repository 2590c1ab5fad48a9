package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.DaisyImage;
import io.github.dfu4j.daisy.DaisyImageException;
import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfuse.FlashPlanException;
import io.github.dfu4j.dfuse.FlashPlanException.Problem;
import io.github.dfu4j.dfuse.FlashPlanException.Reason;
import io.github.dfu4j.dfuse.FlashTarget;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Recognises, in the reasons why an image does not fit a device, the mistakes that people make, and names the way out. */
final class PlanHints {

    private static final AddressRange INTERNAL_FLASH = AddressRange.ofSize(0x0800_0000L, 2 << 20);
    private static final AddressRange DAISY_QSPI = AddressRange.ofSize(0x9000_0000L, 8 << 20);
    private static final AddressRange DAISY_SRAM = AddressRange.ofSize(0x2400_0000L, 512 << 10);

    private PlanHints() {}

    /** How a command lets be done what was refused: the rest of a sentence; empty if it cannot. */
    enum Remedies {
        FLASH("leave the fill out with --skip-fill", "say --option-bytes", "say --bootloader-region"),
        ERASE("", "replace them by \"dfu flash\" with --option-bytes", "say --bootloader-region"),
        VERIFY("leave the fill out with --skip-fill", "", ""),
        DFU_UTIL("", "say -s ADDRESS:will-reset", "take \"dfu flash --bootloader-region\"");

        private final String fill;
        private final String optionBytes;
        private final String notWritable;

        Remedies(String fill, String optionBytes, String notWritable) {
            this.fill = fill;
            this.optionBytes = optionBytes;
            this.notWritable = notWritable;
        }
    }

    /**
     * What happened and what the user can do.
     *
     * @param image what was to be written or compared; empty if it was an erase
     */
    static CommandException explain(
            FlashPlanException e, DfuInterface device, Optional<FirmwareImage> image, Remedies remedies) {
        StringBuilder text = new StringBuilder(
                e.problems().stream().map(Problem::message).distinct().limit(8).collect(Collectors.joining("\n")));
        if (e.problems().size() > 8) {
            text.append("\nAnd ").append(e.problems().size() - 8).append(" more like these.");
        }
        if (e.has(Reason.FLAT_BINARY)) {
            text.append("\nFlash the ELF or Intel HEX file that the .bin was made from")
                    .append(remedies.fill.isEmpty() ? "." : "; or " + remedies.fill + ".");
        }
        wrongBootloader(e, device, image.map(PlanHints::daisyFlash))
                .ifPresent(hint -> text.append('\n').append(hint));
        if (e.has(Reason.OPTION_BYTES)) {
            text.append(ifWanted(remedies.optionBytes));
        }
        if (e.has(Reason.NOT_WRITABLE)) {
            text.append(ifWanted(remedies.notWritable));
        }
        return new CommandException(
                ExitCode.DATA, text.append("\nNothing was touched.").toString());
    }

    private static String ifWanted(String remedy) {
        return remedy.isEmpty() ? "" : "\nIf that is what you want, " + remedy + ".";
    }

    /** The command that finds the way for an image. A flat binary needs its address, unless its vector table speaks of it. */
    private static String daisyFlash(FirmwareImage image) {
        String command = "dfu daisy flash " + Inputs.typed(image.name());
        if (image.format().equals("binary") && !image.isEmpty()) {
            long start = image.segments().get(0).start();
            try {
                DaisyImage.of(image.within(AddressRange.ofSize(start, 8)).moved(-start));
            } catch (DaisyImageException e) {
                command += " --base " + AddressRange.hex(start);
            }
        }
        return "\"" + command + "\"";
    }

    /** The two bootloaders of a Daisy Seed, and of boards like it, each reach one memory alone. */
    private static Optional<String> wrongBootloader(
            FlashPlanException e, DfuInterface device, Optional<String> daisyFlash) {
        List<AddressRange> outside = e.problems().stream()
                .filter(p -> p.reason() == Reason.OUTSIDE || p.reason() == Reason.FLAT_BINARY)
                .map(Problem::range)
                .toList();
        boolean rom = reaches(device, INTERNAL_FLASH);
        boolean qspi = reaches(device, DAISY_QSPI);
        if (rom && !qspi && outside.stream().anyMatch(DAISY_QSPI::overlaps)) {
            return Optional.of(
                    "This is ST's bootloader in ROM, which writes internal flash and cannot reach QSPI flash at "
                            + AddressRange.hex(DAISY_QSPI.start())
                            + ", whatever tool asks it. On a Daisy Seed the Daisy bootloader does that: "
                            + daisyFlash
                                    .map(flash -> flash + " takes the way over both.")
                                    .orElse("\"dfu daisy erase\" asks for it."));
        }
        if (qspi && !rom && outside.stream().anyMatch(INTERNAL_FLASH::overlaps)) {
            return Optional.of(
                    "This is a bootloader for QSPI flash, such as the Daisy bootloader, which cannot write internal"
                            + " flash at " + AddressRange.hex(INTERNAL_FLASH.start())
                            + ". On a Daisy Seed the bootloader in ROM does that (hold"
                            + " BOOT, press RESET)"
                            + daisyFlash
                                    .map(flash -> ": " + flash + " takes the way over both.")
                                    .orElse("."));
        }
        if ((qspi || rom) && outside.stream().anyMatch(DAISY_SRAM::overlaps)) {
            return daisyFlash.map(flash -> "The bytes at " + AddressRange.hex(DAISY_SRAM.start())
                    + " are linked to run from RAM. The Daisy bootloader copies such a program there from 0x90040000: "
                    + flash + " puts it in that place.");
        }
        if (qspi && !rom && e.has(Reason.FLAT_BINARY)) {
            return daisyFlash.map(flash ->
                    "A .bin of a Daisy program that is copied to RAM and has data in QSPI flash looks like this: "
                            + flash + " takes it apart.");
        }
        return Optional.empty();
    }

    private static boolean reaches(DfuInterface device, AddressRange memory) {
        return FlashTarget.of(device).stream()
                .flatMap(t -> t.layout().regions().stream())
                .anyMatch(memory::overlaps);
    }
}
