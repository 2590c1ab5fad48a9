package io.github.dfu4j.daisy;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.Quirk;
import io.github.dfu4j.dfu.QuirkTable;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.dfuse.DfuSeQuirks;
import io.github.dfu4j.dfuse.FlashTarget;
import io.github.dfu4j.dfuse.LayoutFormatException;
import io.github.dfu4j.dfuse.MemoryLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * What is odd about the two bootloaders of a Daisy Seed.
 *
 * <p>They are recognised by the memory that they describe and never by ids or names alone: both have ST's ids, and since the Daisy
 * bootloader's source is open anyone may change either. A future one may describe the same memory and read back truthfully;
 * {@link ReadBack} finds that out, and {@link #table(ReadBack)} has the rows that then apply.
 */
public final class DaisyQuirks {

    /** What the Daisy bootloader v4 to v6.4 says of its memory. */
    static final String LAYOUT = "@Flash /0x90000000/64*4Kg/0x90040000/60*64Kg/0x90400000/60*64Kg";

    private static final MemoryLayout QSPI = parse(LAYOUT);
    private static final String EXECUTED = "the released v6.4 binary, executed; v4 to v6.3 disassembled";

    private DaisyQuirks() {}

    /**
     * The rows of the Daisy bootloader, for tools that meet any device: it is taken to be unreadable, and no more is taken for erased, and
     * no less for lost, than every version makes true. What holds only where the board is known to be a Daisy Seed is not among them.
     */
    public static List<Quirk> rows() {
        return bootloaderRows(ReadBack.UNKNOWN);
    }

    /**
     * A table for a board that is known to be a Daisy Seed: the rows of DFU and DfuSe and of both its bootloaders.
     *
     * @param readBack what has been found out about the Daisy bootloader's upload
     */
    public static QuirkTable table(ReadBack readBack) {
        List<Quirk> rows = new ArrayList<>();
        rows.add(rom());
        rows.addAll(bootloaderRows(readBack));
        return DfuSeQuirks.table().plus(rows);
    }

    /** The ROM of an H743 looks the same and has all the memory that it shows, so this is for a Daisy Seed alone. */
    private static Quirk rom() {
        return Quirk.row("daisy-rom", "ROM bootloader of the STM32H750 on a Daisy Seed")
                .when("layouts at 0x08000000 and option bytes at 0x5200201C", DaisyQuirks::isRom)
                .says(Trait.FLASH_SIZE, DaisyMemory.INTERNAL_FLASH.range().size())
                .says(Trait.WRITE_ALIGNMENT, 32)
                .says(Trait.SERIAL_NOT_UNIQUE)
                .because(
                        "An H750 has one sector of 128 KB, though its ROM shows the 2 MB of an H743; every board shows the serial"
                                + " number 200364500000; flash is programmed in words of 32 bytes.")
                .source("DS12556; dfu-util listings of Daisy users");
    }

    private static List<Quirk> bootloaderRows(ReadBack readBack) {
        List<Quirk> rows = new ArrayList<>();
        rows.add(common(readBack == ReadBack.UNKNOWN ? 500 : 1));
        if (readBack != ReadBack.TRUTHFUL) {
            Quirk.Builder released = Quirk.row("daisy-bootloader-erase", "Daisy bootloader")
                    .when("its layout", DaisyQuirks::isDaisyBootloader)
                    .says(Trait.ERASE_REACH, 0x1_1000);
            if (readBack == ReadBack.UNTRUE) {
                released.says(Trait.ERASE_SPAN, 0x1_0000);
            }
            rows.add(released.because(
                            "An erase clears 64 KB from its address on whatever the layout says, up to v5.4 even 68 KB, and v5.4 looks"
                                    + " on the bus like v6.")
                    .source(EXECUTED));
        } else {
            rows.add(Quirk.row("daisy-bootloader-erase", "Daisy bootloader that reads back truthfully")
                    .when("its layout, and its answers to DFU_UPLOAD", DaisyQuirks::isDaisyBootloader)
                    .says(Trait.ERASE_REACH, 0x1_0000)
                    .because(
                            "None of the released versions reads back, so this is another; whether it still clears 64 KB is not known.")
                    .source("inferred"));
        }
        switch (readBack) {
            case TRUTHFUL ->
                rows.add(Quirk.row("daisy-bootloader-reads", "Daisy bootloader that reads back truthfully")
                        .when("its layout, and its answers to DFU_UPLOAD", DaisyQuirks::isDaisyBootloader)
                        .says(Trait.READS_TRUTHFULLY)
                        .because("Its uploads moved with the address pointer as memory does.")
                        .source("this device, just now"));
            case UNPROVED -> {
                // Says nothing: the flasher believes what proves itself.
            }
            case UNTRUE, UNKNOWN ->
                rows.add(Quirk.row("daisy-bootloader-upload", "Daisy bootloader v4 to v6.4")
                        .when("its layout", DaisyQuirks::isDaisyBootloader)
                        .says(Trait.NO_UPLOAD)
                        .because(
                                "The Daisy bootloader v4 to v6.4 answers DFU_UPLOAD with bytes of the processor's RAM from address 0, never"
                                        + " with flash.")
                        .source(EXECUTED));
        }
        rows.add(Quirk.row("daisy-bootloader-v5", "Daisy bootloader v5")
                .when("its layout", DaisyQuirks::isDaisyBootloader)
                .and("product id a360", i -> i.device().productId() == 0xa360)
                .says(Trait.ERASE_STOPS_AUTO_START, 2500)
                .because("Its grace period is 2.5 s; later ones wait 2 s.")
                .source("libDaisy core/Makefile; v5 disassembled"));
        return rows;
    }

    /** Whoever has looked at the device fences its last operation and need not wait for it. */
    private static Quirk common(long settleMillis) {
        return Quirk.row("daisy-bootloader", "Daisy bootloader")
                .when("its layout", DaisyQuirks::isDaisyBootloader)
                .says(Trait.NO_MASS_ERASE)
                .says(Trait.NO_READ_UNPROTECT)
                .says(Trait.ONE_BEHIND, settleMillis)
                .says(Trait.BUSY_FOREVER_ON_BAD_ADDRESS)
                .says(Trait.CLRSTATUS_ENTERS_ERROR)
                .says(Trait.NO_DETACH)
                .says(Trait.ERASE_STOPS_AUTO_START, 2000)
                .says(Trait.WRITE_ALIGNMENT, 1)
                .says(Trait.COMMAND_TIME, 3)
                .says(Trait.ERASE_TIME, 1400)
                .says(Trait.WRITE_TIME, 432)
                .because(
                        "Mass erase and read-unprotect do nothing; dfuDNLOAD-IDLE means accepted, not done (v6.4); an address outside QSPI flash leaves"
                                + " it busy for ever; DFU_DETACH hangs it; two seconds after its start it starts the application unless something"
                                + " was erased.")
                .source(EXECUTED + "; times: libDaisy pull request 694 (4 KB: erase 87 ms, write 27 ms)");
    }

    /** Whether a device is the ROM bootloader of an STM32H74x/H75x, as a Daisy Seed has it. */
    static boolean isRom(DfuInterface device) {
        boolean flash = false;
        boolean options = false;
        for (FlashTarget target : FlashTarget.of(device)) {
            flash |= target.layout()
                    .runAt(DaisyMemory.INTERNAL_FLASH.range().start())
                    .isPresent();
            options |= target.layout().runAt(0x5200_201cL).isPresent();
        }
        return flash && options;
    }

    /** Whether a device describes its memory exactly as the Daisy bootloader v4 to v6.4 does. */
    static boolean isDaisyBootloader(DfuInterface device) {
        List<FlashTarget> targets = FlashTarget.of(device);
        return targets.size() == 1 && targets.get(0).layout().runs().equals(QSPI.runs());
    }

    /** Whether a device offers QSPI flash where a Daisy has it. */
    static boolean offersQspi(DfuInterface device) {
        return FlashTarget.of(device).stream()
                .anyMatch(t -> t.layout()
                        .runAt(DaisyMemory.QSPI_FLASH.range().start())
                        .filter(r -> r.writable())
                        .isPresent());
    }

    private static MemoryLayout parse(String text) {
        try {
            return MemoryLayout.parse(text);
        } catch (LayoutFormatException e) {
            throw new ExceptionInInitializerError(e);
        }
    }
}
