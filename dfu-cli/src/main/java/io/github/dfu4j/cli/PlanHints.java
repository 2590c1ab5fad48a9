package io.github.dfu4j.cli;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfuse.FlashPlanException;
import io.github.dfu4j.dfuse.FlashPlanException.Problem;
import io.github.dfu4j.dfuse.FlashPlanException.Reason;
import io.github.dfu4j.dfuse.FlashTarget;
import io.github.dfu4j.image.AddressRange;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Recognises, in the reasons why an image does not fit a device, the mistakes that people make, and names the way out. */
final class PlanHints {

    private static final AddressRange INTERNAL_FLASH = AddressRange.ofSize(0x0800_0000L, 2 << 20);
    private static final AddressRange DAISY_QSPI = AddressRange.ofSize(0x9000_0000L, 8 << 20);
    private static final AddressRange DAISY_SRAM = AddressRange.ofSize(0x2400_0000L, 512 << 10);

    private PlanHints() {}

    /** What happened and what the user can do. */
    static CommandException explain(FlashPlanException e, DfuInterface device, String file) {
        StringBuilder text = new StringBuilder(
                e.problems().stream().map(Problem::message).distinct().limit(8).collect(Collectors.joining("\n")));
        if (e.problems().size() > 8) {
            text.append("\nAnd ").append(e.problems().size() - 8).append(" more like these.");
        }
        if (e.has(Reason.FLAT_BINARY)) {
            text.append(
                    "\nFlash the ELF or Intel HEX file that the .bin was made from; or leave the fill out with --skip-fill.");
        }
        wrongBootloader(e, device, file).ifPresent(hint -> text.append('\n').append(hint));
        if (e.has(Reason.OPTION_BYTES)) {
            text.append("\nIf that is what you want, say --option-bytes.");
        }
        if (e.has(Reason.NOT_WRITABLE)) {
            text.append("\nIf that is what you want, say --bootloader-region.");
        }
        return new CommandException(
                ExitCode.DATA, text.append("\nNothing was touched.").toString());
    }

    /** The two bootloaders of a Daisy Seed, and of boards like it, each reach one memory alone. */
    private static Optional<String> wrongBootloader(FlashPlanException e, DfuInterface device, String file) {
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
                            + ", whatever tool asks it. On a Daisy Seed the Daisy bootloader does"
                            + " that: \"dfu daisy flash " + file + "\" takes the way over both.");
        }
        if (qspi && !rom && outside.stream().anyMatch(INTERNAL_FLASH::overlaps)) {
            return Optional.of(
                    "This is a bootloader for QSPI flash, such as the Daisy bootloader, which cannot write internal"
                            + " flash at " + AddressRange.hex(INTERNAL_FLASH.start())
                            + ". On a Daisy Seed the bootloader in ROM does that (hold"
                            + " BOOT, press RESET): \"dfu daisy flash " + file + "\" takes the way over both.");
        }
        if ((qspi || rom) && outside.stream().anyMatch(DAISY_SRAM::overlaps)) {
            return Optional.of("The bytes at " + AddressRange.hex(DAISY_SRAM.start())
                    + " are linked to run from RAM. The Daisy bootloader copies such a program there from 0x90040000: \"dfu daisy flash "
                    + file + "\" puts it in that place.");
        }
        if (qspi && !rom && e.has(Reason.FLAT_BINARY)) {
            return Optional.of(
                    "A .bin of a Daisy program that is copied to RAM and has data in QSPI flash looks like this: \"dfu daisy flash "
                            + file + "\" takes it apart.");
        }
        return Optional.empty();
    }

    private static boolean reaches(DfuInterface device, AddressRange memory) {
        return FlashTarget.of(device).stream()
                .flatMap(t -> t.layout().regions().stream())
                .anyMatch(memory::overlaps);
    }
}
