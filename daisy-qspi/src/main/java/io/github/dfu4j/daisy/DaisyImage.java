package io.github.dfu4j.daisy;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareFile;
import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.image.SegmentOverlapException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * A firmware file as a Daisy Seed needs it: what goes into internal flash, what into QSPI flash, and what kind of program it is.
 *
 * <p>A program linked for AXI SRAM (0x24000000) is moved to 0x90040000, where the Daisy bootloader takes it from. A flat binary is
 * recognised by its vector table and cut into its islands of data.
 */
public final class DaisyImage {

    private static final String LAYOUT_MARK = "@Flash /0x90000000/";

    /** Up to v5.4 an erase clears 68 KB: that of a program's last block reaches 0x900C0FFF if the program is longer than 448 KB. */
    private static final String SAFE = "from any program that is copied to RAM, or before v6 from one of up to 448 KB";

    private final String name;
    private final ApplicationType type;
    private final FirmwareImage internal;
    private final FirmwareImage qspi;
    private final AddressRange moved;
    private final List<String> warnings;
    private final List<String> advice;

    private DaisyImage(Sorter sorter, ApplicationType type) {
        this.name = sorter.name;
        this.type = type;
        this.internal = sorter.internal;
        this.qspi = sorter.qspi;
        this.moved = sorter.moved;
        this.warnings = Collections.unmodifiableList(sorter.warnings);
        this.advice = Collections.unmodifiableList(sorter.advice);
    }

    /**
     * Sorts a firmware file.
     *
     * @param file any file; a flat binary may have been read without a base address
     * @throws DaisyImageException if it cannot work on a Daisy Seed; says why and what to change
     * @throws FirmwareFormatException if the file's parts contradict each other
     */
    public static DaisyImage of(FirmwareFile file) throws DaisyImageException, FirmwareFormatException {
        return of(file.image());
    }

    /**
     * Sorts an image.
     *
     * @param image any image; a flat binary may start at address 0
     * @throws DaisyImageException if it cannot work on a Daisy Seed; says why and what to change
     */
    public static DaisyImage of(FirmwareImage image) throws DaisyImageException {
        return new Sorter(image).sort();
    }

    /** The file's name. */
    public String name() {
        return name;
    }

    /** Where the program in it runs. */
    public ApplicationType type() {
        return type;
    }

    /** What goes into internal flash, through the bootloader in ROM; may be empty. */
    public FirmwareImage internal() {
        return internal;
    }

    /** What goes into QSPI flash, through the Daisy bootloader, at the addresses where it is stored; may be empty. */
    public FirmwareImage qspi() {
        return qspi;
    }

    /** Whether the program was moved from where it runs, 0x24000000, to where it is stored, 0x90040000. */
    public boolean movedFromSram() {
        return !moved.isEmpty();
    }

    /** All of it at the addresses that its file gives it; a flat binary at those it speaks of, and without its sea of fill. */
    public FirmwareImage asInFile() {
        return FirmwareImage.builder()
                .origin(name, internal.format())
                .add(internal)
                .add(asInFile(qspi))
                .build();
    }

    /** A part of it at the addresses that its file gives it: a program that was moved to where it is stored is moved back. */
    FirmwareImage asInFile(FirmwareImage part) {
        if (!movedFromSram()) {
            return part;
        }
        long back = DaisyMemory.AXI_SRAM.range().start() - DaisyMemory.APPLICATION;
        return FirmwareImage.builder()
                .origin(part.name(), part.format())
                .add(part.within(moved).moved(back))
                .add(part.without(moved))
                .build();
    }

    /** Whether the Daisy bootloader can start a program in it. */
    public boolean startsFromQspi() {
        return type == ApplicationType.BOOT_SRAM || type == ApplicationType.BOOT_QSPI;
    }

    /** Whether it is a Daisy bootloader itself. */
    public boolean isDaisyBootloader() {
        return isBootloader(internal);
    }

    /** What its user should know before it is flashed, in whole sentences. */
    public List<String> warnings() {
        return warnings;
    }

    /** What would make it easier next time, in whole sentences. */
    public List<String> advice() {
        return advice;
    }

    @Override
    public String toString() {
        return name + ": " + type.title() + ", internal flash " + internal.size() + " bytes, QSPI flash " + qspi.size()
                + " bytes";
    }

    /** Whether internal flash with these bytes holds a Daisy bootloader: it describes QSPI flash in its own string. */
    static boolean isBootloader(FirmwareImage internal) {
        for (Segment segment : internal.segments()) {
            if (!segment.isFill()) {
                byte[] bytes = new byte[(int) segment.size()];
                segment.copy(segment.start(), bytes, 0, bytes.length);
                if (BootloaderImage.contains(bytes, LAYOUT_MARK)) {
                    return true;
                }
            }
        }
        return false;
    }

    /** Sorts the segments of one image. */
    private static final class Sorter {
        private final String name;
        private final FirmwareImage image;
        private final boolean flat;
        private final List<String> warnings = new ArrayList<>();
        private final List<String> advice = new ArrayList<>();
        private FirmwareImage internal;
        private FirmwareImage qspi;
        private AddressRange moved = AddressRange.ofSize(DaisyMemory.APPLICATION, 0);

        private Sorter(FirmwareImage image) throws DaisyImageException {
            this.name = image.name();
            this.flat = image.format().equals("binary");
            this.image = flat ? placed(image) : image;
            this.internal = FirmwareImage.builder().build();
            this.qspi = internal;
        }

        private DaisyImage sort() throws DaisyImageException {
            if (image.isEmpty()) {
                throw refuse("There is no byte to flash in it.", "Check that it is the file that was meant.");
            }
            FirmwareImage islands = flat ? islands() : image;
            if (islands.isEmpty()) {
                throw refuse(
                        "It is nothing but fill: long stretches of 0x00 or 0xFF.",
                        "Check that it is the file that was meant; \"dfu daisy load\" writes bytes as they are.");
            }
            internal = part(islands, DaisyMemory.INTERNAL_FLASH);
            FirmwareImage data = part(islands, DaisyMemory.QSPI_FLASH);
            FirmwareImage sram = part(islands, DaisyMemory.AXI_SRAM);
            refuseOutside(islands);
            qspi = sram.isEmpty() ? data : stored(sram, data);
            ApplicationType type = type();
            look(type, data, sram);
            return new DaisyImage(this, type);
        }

        private DaisyImageException refuse(String reason, String remedy) {
            return new DaisyImageException(name, reason, remedy);
        }

        private FirmwareImage part(FirmwareImage from, DaisyMemory memory) {
            FirmwareImage.Builder part = FirmwareImage.builder().origin(name, image.format());
            from.within(memory.range()).segments().forEach(part::add);
            image.entryPoint().ifPresent(part::entryPoint);
            return part.build();
        }

        /** Gives a flat binary that starts at 0 the address that its vector table speaks of. */
        private FirmwareImage placed(FirmwareImage unplaced) throws DaisyImageException {
            if (unplaced.isEmpty() || unplaced.segments().get(0).start() != 0) {
                return unplaced;
            }
            Optional<BootCheck> start = BootCheck.at(unplaced.segments().get(0));
            Optional<ApplicationType> type = start.flatMap(BootCheck::runsAs);
            if (!type.isPresent()) {
                throw refuse(
                        "It is a flat binary and does not say where it goes: "
                                + start.map(
                                                words -> "its first two words, " + AddressRange.hex(words.stack())
                                                        + " and "
                                                        + AddressRange.hex(words.reset())
                                                        + ", are not the stack pointer and the reset vector of a program for a Daisy Seed.")
                                        .orElse("it does not begin with a vector table."),
                        "Give its address with --base, or write it with \"dfu daisy load --at ADDRESS\".");
            }
            return unplaced.moved(
                    type.get() == ApplicationType.BOOT_NONE
                            ? DaisyMemory.INTERNAL_FLASH.range().start()
                            : type.get() == ApplicationType.BOOT_SRAM
                                    ? DaisyMemory.AXI_SRAM.range().start()
                                    : DaisyMemory.APPLICATION);
        }

        /**
         * A flat binary's data without the sea of fill between them. Fill right behind data stays as far as the same erase block reaches:
         * the data may have ended in bytes that look like it.
         */
        private FirmwareImage islands() {
            FirmwareImage.Builder islands = FirmwareImage.builder().origin(name, image.format());
            image.entryPoint().ifPresent(islands::entryPoint);
            long dataEnd = -1;
            boolean cut = false;
            for (Segment segment : image.segments()) {
                if (!segment.isFill()) {
                    islands.add(segment);
                    dataEnd = segment.end();
                } else if (segment.start() == dataEnd) {
                    long end = Math.min(segment.end(), blockEnd(dataEnd));
                    if (end > segment.start()) {
                        islands.add(segment.slice(new AddressRange(segment.start(), end)));
                    }
                    cut |= end < segment.end();
                } else {
                    cut = true;
                }
            }
            if (cut) {
                warnings.add(
                        "It is a flat binary of "
                                + image.span().map(AddressRange::size).orElse(0L)
                                + " bytes with " + image.dataSize()
                                + " bytes of data in it; only these are flashed. Better flash the ELF or HEX file it was made from.");
            }
            return islands.build();
        }

        private static long blockEnd(long address) {
            boolean inInternal = DaisyMemory.INTERNAL_FLASH.range().contains(address);
            long block = inInternal ? DaisyMemory.INTERNAL_FLASH.range().size() : DaisyMemory.ERASE_BLOCK;
            return (address + block - 1) / block * block;
        }

        private void refuseOutside(FirmwareImage islands) throws DaisyImageException {
            AddressRange internalFlash = DaisyMemory.INTERNAL_FLASH.range();
            for (Segment segment : islands.segments()) {
                AddressRange range = segment.range();
                if (internalFlash.contains(range.start()) && range.end() > internalFlash.end()) {
                    throw refuse(
                            "Its code ends at " + AddressRange.hex(range.last()) + ", "
                                    + (range.end() - internalFlash.end())
                                    + " bytes behind the 128 KB of internal flash that a Daisy Seed has"
                                    + " (its ROM bootloader shows 2 MB, which are not there).",
                            "Rebuild with APP_TYPE=BOOT_SRAM (up to 480 KB) or APP_TYPE=BOOT_QSPI.");
                }
                AddressRange shown = DaisyMemory.QSPI_ADVERTISED;
                if (DaisyMemory.QSPI_FLASH.range().contains(range.start()) && !shown.contains(range)) {
                    throw refuse(
                            "It has bytes up to " + AddressRange.hex(range.last())
                                    + ", but the Daisy bootloader offers QSPI flash only up to "
                                    + AddressRange.hex(shown.last()) + "."
                                    + (range.overlaps(DaisyMemory.LAST_SECTOR)
                                            ? " In the last sector some programs keep their presets; they alone can write it."
                                            : ""),
                            "Move the data below " + AddressRange.hex(shown.end()) + ".");
                }
                boolean known = internalFlash.contains(range)
                        || DaisyMemory.QSPI_FLASH.range().contains(range)
                        || DaisyMemory.AXI_SRAM.range().contains(range);
                if (!known) {
                    List<DaisyMemory> there = DaisyMemory.at(range.start());
                    throw refuse(
                            "It has " + range.size() + " bytes at " + range
                                    + (there.isEmpty()
                                            ? ", where a Daisy Seed has no flash."
                                            : " in " + there.get(0).words() + ", which forgets them without power."),
                            "Check the linker script: code and data must have load addresses in internal flash"
                                    + " (0x08000000, 128 KB) or QSPI flash (0x90000000, 8 MB).");
                }
            }
        }

        /** The program linked for AXI SRAM, moved to where it is stored, with the data beside it. */
        private FirmwareImage stored(FirmwareImage sram, FirmwareImage data) throws DaisyImageException {
            AddressRange span = sram.span().orElseThrow(IllegalStateException::new);
            long sramStart = DaisyMemory.AXI_SRAM.range().start();
            if (span.start() != sramStart) {
                throw refuse(
                        "Its code starts at " + AddressRange.hex(span.start())
                                + ", but the Daisy bootloader starts a program at " + AddressRange.hex(sramStart) + ".",
                        "Link it with libDaisy's linker script for APP_TYPE=BOOT_SRAM.");
            }
            if (span.size() > DaisyMemory.SRAM_PROGRAM_LIMIT) {
                throw refuse(
                        "Its code has " + span.size() + " bytes, but the Daisy bootloader copies only "
                                + DaisyMemory.SRAM_PROGRAM_LIMIT + " bytes (480 KB) to AXI SRAM.",
                        "Rebuild with APP_TYPE=BOOT_QSPI.");
            }
            moved = AddressRange.ofSize(DaisyMemory.APPLICATION, span.size());
            for (Segment segment : data.segments()) {
                if (segment.range().overlaps(moved)) {
                    throw refuse(
                            "The program runs at " + AddressRange.hex(sramStart)
                                    + " (APP_TYPE=BOOT_SRAM) and so is stored at " + moved
                                    + ", but the file has data at " + segment.range()
                                    + " too: both want the same flash.",
                            "Move the data: in the linker script let QSPIFLASH begin at 0x900C0000 (ORIGIN = 0x900C0000,"
                                    + " LENGTH = 7168K), behind the largest program that the bootloader can copy; then one"
                                    + " pass through the Daisy bootloader flashes both.");
                }
            }
            FirmwareImage.Builder both = FirmwareImage.builder()
                    .origin(name, image.format())
                    .add(sram.moved(DaisyMemory.APPLICATION - sramStart))
                    .add(data);
            image.entryPoint().ifPresent(both::entryPoint);
            try {
                return both.build();
            } catch (SegmentOverlapException e) {
                throw refuse("Its code and its data want the same flash: " + e.getMessage() + ".", "");
            }
        }

        private ApplicationType type() throws DaisyImageException {
            Optional<BootCheck> atInternal =
                    BootCheck.at(internal, DaisyMemory.INTERNAL_FLASH.range().start());
            Optional<BootCheck> atQspi = BootCheck.at(qspi, DaisyMemory.APPLICATION);
            if (!moved.isEmpty()) {
                Optional<String> wrong = atQspi.map(BootCheck::refusedByDaisyBootloader)
                        .orElse(Optional.of("It is too short for a program."));
                if (wrong.isPresent()) {
                    throw refuse(wrong.get(), "Check the linker script: the vector table must come first.");
                }
                if (!internal.isEmpty()) {
                    warnings.add(
                            "It has code for internal flash and code for AXI SRAM. What is written to internal flash"
                                    + " takes the place of the Daisy bootloader, and without that nobody copies the other to AXI SRAM.");
                }
                return ApplicationType.BOOT_SRAM;
            }
            if (!internal.isEmpty()) {
                if (!atInternal
                        .filter(c -> c.stack() % 4 == 0
                                && DaisyMemory.INTERNAL_FLASH.range().contains(c.reset()))
                        .isPresent()) {
                    warnings.add(
                            "What goes to the start of internal flash does not look like a program: no stack pointer and"
                                    + " reset vector there. The board will start nothing from it.");
                }
                return ApplicationType.BOOT_NONE;
            }
            if (atQspi.isPresent() && !atQspi.get().refusedByDaisyBootloader().isPresent()) {
                return atQspi.get().runsAs().orElse(ApplicationType.DATA);
            }
            boolean meantAsProgram = image.entryPoint().isPresent()
                    && DaisyMemory.QSPI_FLASH
                            .range()
                            .contains(image.entryPoint().getAsLong());
            if (meantAsProgram) {
                throw refuse(
                        atQspi.flatMap(BootCheck::refusedByDaisyBootloader)
                                .orElse("Its entry point lies in QSPI flash, but there is no vector table at "
                                        + AddressRange.hex(DaisyMemory.APPLICATION)
                                        + ", where the Daisy bootloader looks for one."),
                        "Link it with libDaisy's linker script for APP_TYPE=BOOT_QSPI.");
            }
            return ApplicationType.DATA;
        }

        /** What the Daisy bootloader does not look at before it starts a program, though the program will not run. */
        private void doubt(ApplicationType type) {
            BootCheck check = BootCheck.at(qspi, DaisyMemory.APPLICATION).orElseThrow(IllegalStateException::new);
            boolean copied = type == ApplicationType.BOOT_SRAM;
            long offset = check.reset() - (copied ? DaisyMemory.AXI_SRAM.range().start() : DaisyMemory.APPLICATION);
            boolean inside = (!copied || offset < DaisyMemory.SRAM_PROGRAM_LIMIT)
                    && qspi.copy(DaisyMemory.APPLICATION + offset, new byte[1], 0, 1) == 1;
            if (!inside || check.reset() % 2 == 0) {
                warnings.add("The Daisy bootloader will start it, but it will not run: its reset vector, "
                        + AddressRange.hex(check.reset())
                        + (inside
                                ? ", is even, which means ARM code, and the processor knows only Thumb."
                                : ", points to none of its code."));
            }
            long behind = DaisyMemory.PROGRAM_AREA.end();
            if (copied && qspi.copy(behind - 1, new byte[2], 0, 2) == 2) {
                warnings.add("The Daisy bootloader copies the first 480 KB of it to AXI SRAM; what it has from "
                        + AddressRange.hex(behind)
                        + " on stays in QSPI flash. If that is code, rebuild with APP_TYPE=BOOT_QSPI.");
            }
        }

        private void look(ApplicationType type, FirmwareImage data, FirmwareImage sram) {
            if (type == ApplicationType.BOOT_SRAM || type == ApplicationType.BOOT_QSPI) {
                doubt(type);
            }
            if (qspi.segments().stream().anyMatch(s -> s.range().overlaps(DaisyMemory.PERSISTENT_STORAGE))) {
                warnings.add(
                        "It has data at 0x90000000, where libDaisy's PersistentStorage keeps settings unless told"
                                + " otherwise: the program may overwrite them, and these data overwrite settings that are there.");
            }
            boolean inProgramArea =
                    qspi.segments().stream().anyMatch(s -> s.range().overlaps(DaisyMemory.PROGRAM_AREA));
            if (type == ApplicationType.DATA && inProgramArea) {
                warnings.add("It has data in " + DaisyMemory.PROGRAM_AREA
                        + ", where the Daisy bootloader keeps the program: they take the place of a program that is there."
                        + " Data from 0x900C0000 on are safe: " + SAFE + ".");
            }
            long dataSize = data.span().map(AddressRange::size).orElse(0L);
            boolean fits = dataSize <= DaisyMemory.QSPI_ADVERTISED.end() - DaisyMemory.DATA_BEHIND_PROGRAM;
            if (type == ApplicationType.BOOT_NONE && dataSize > 0 && fits) {
                advice.add(
                        "Built with APP_TYPE=BOOT_SRAM and its data at 0x900C0000, this program would need one bootloader, one pass and"
                                + " one press less each time: the Daisy bootloader could stay.");
            }
            if (!sram.isEmpty() && !data.isEmpty()) {
                long programEnd = DaisyMemory.APPLICATION
                        + sram.span().map(AddressRange::size).orElse(0L);
                long block = (programEnd - 1) / DaisyMemory.ERASE_BLOCK;
                for (Segment s : data.segments()) {
                    if (s.start() >= programEnd && s.start() / DaisyMemory.ERASE_BLOCK <= block) {
                        warnings.add("The data at " + s.range()
                                + " begin in the same 64 KB as the program ends, so flashing the program"
                                + " alone later erases them. Data at 0x900C0000 are safe: " + SAFE + ".");
                    }
                }
            }
        }
    }
}
