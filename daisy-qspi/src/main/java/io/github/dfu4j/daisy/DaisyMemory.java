package io.github.dfu4j.daisy;

import io.github.dfu4j.image.AddressRange;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;

/** The memories of a Daisy Seed that a firmware file can name, and the uses of parts of them. */
public enum DaisyMemory {
    /** The internal flash: one sector of 128 KB, which holds a program or the Daisy bootloader. */
    INTERNAL_FLASH("internal flash", 0x0800_0000L, 0x2_0000),
    /** The QSPI flash, 8 MB (IS25LP064A). */
    QSPI_FLASH("QSPI flash", 0x9000_0000L, 0x80_0000),
    /** The AXI SRAM, 512 KB, where a program linked for BOOT_SRAM runs. */
    AXI_SRAM("AXI SRAM", 0x2400_0000L, 0x8_0000),
    /** The data tightly coupled RAM, 128 KB. */
    DTCM("DTCM", 0x2000_0000L, 0x2_0000),
    /** The instruction tightly coupled RAM, 64 KB. */
    ITCM("ITCM", 0, 0x1_0000),
    /** The RAM of domain D2 as the core's alias sees it. */
    D2_ALIAS("D2 SRAM (alias)", 0x1000_0000L, 0x4_8000),
    /** The RAM of domain D2, 288 KB. */
    D2_SRAM("D2 SRAM", 0x3000_0000L, 0x4_8000),
    /** The RAM of domain D3, 64 KB. */
    D3_SRAM("D3 SRAM", 0x3800_0000L, 0x1_0000),
    /** The backup SRAM, 4 KB. */
    BACKUP_SRAM("backup SRAM", 0x3880_0000L, 0x1000),
    /** The SDRAM, 64 MB. */
    SDRAM("SDRAM", 0xc000_0000L, 0x400_0000);

    /** Where the Daisy bootloader keeps the program, and what it copies to AXI SRAM from. */
    public static final long APPLICATION = 0x9004_0000L;

    /** How much the Daisy bootloader copies to AXI SRAM, in bytes; a BOOT_SRAM program must not be larger. */
    public static final int SRAM_PROGRAM_LIMIT = 0x7_8000;

    /** Where data can lie that a BOOT_SRAM program leaves alone; with a Daisy bootloader before v6, one of up to 448 KB. */
    public static final long DATA_BEHIND_PROGRAM = 0x900c_0000L;

    /** What one erase command of the Daisy bootloader clears at the least, in bytes. */
    public static final int ERASE_BLOCK = 0x1_0000;

    /** The first 256 KB of QSPI flash, which the Daisy bootloader's documentation reserves and many programs use for settings. */
    public static final AddressRange QSPI_RESERVED = new AddressRange(0x9000_0000L, APPLICATION);

    /** What the Daisy bootloader's memory layout shows of QSPI flash. */
    public static final AddressRange QSPI_ADVERTISED = new AddressRange(0x9000_0000L, 0x907c_0000L);

    /** What a BOOT_SRAM program of the largest size covers in QSPI flash. */
    public static final AddressRange PROGRAM_AREA = AddressRange.ofSize(APPLICATION, SRAM_PROGRAM_LIMIT);

    /** Where libDaisy's {@code PersistentStorage} keeps its settings unless told otherwise. */
    public static final AddressRange PERSISTENT_STORAGE = AddressRange.ofSize(0x9000_0000L, 0x1000);

    /** Where some programs keep presets: behind all that the Daisy bootloader shows, so no host writes or erases it. */
    public static final AddressRange LAST_SECTOR = AddressRange.ofSize(0x907f_f000L, 0x1000);

    private final String words;
    private final AddressRange range;

    DaisyMemory(String words, long start, long size) {
        this.words = words;
        this.range = AddressRange.ofSize(start, size);
    }

    /** Its name for people. */
    public String words() {
        return words;
    }

    /** Its addresses. */
    public AddressRange range() {
        return range;
    }

    /** Whether a program's stack can lie here, as the Daisy bootloader sees it. */
    boolean holdsStack() {
        return this != INTERNAL_FLASH && this != QSPI_FLASH && this != D2_SRAM && this != BACKUP_SRAM;
    }

    /** The memory that holds an address, or none. */
    static List<DaisyMemory> at(long address) {
        for (DaisyMemory memory : values()) {
            if (memory.range.contains(address)) {
                return Collections.singletonList(memory);
            }
        }
        return Collections.emptyList();
    }

    /**
     * What is known to lie in a part of QSPI flash that people may want to keep, in words; none if nothing is.
     *
     * @param programMatters whether the program that is there counts
     */
    static List<String> usesOf(AddressRange part, boolean programMatters) {
        List<String> uses = new ArrayList<>();
        if (part.overlaps(PERSISTENT_STORAGE)) {
            uses.add("settings of programs that use libDaisy's PersistentStorage (" + PERSISTENT_STORAGE + ")");
        } else if (part.overlaps(QSPI_RESERVED)) {
            uses.add("the area that the Daisy bootloader reserves (" + QSPI_RESERVED + ")");
        }
        if (programMatters && part.overlaps(PROGRAM_AREA)) {
            uses.add("the program that the Daisy bootloader starts (" + PROGRAM_AREA + ")");
        }
        return Collections.unmodifiableList(uses);
    }

    /** The memories that a host can fill through one bootloader or the other. */
    static List<DaisyMemory> flashes() {
        return Collections.unmodifiableList(Arrays.asList(INTERNAL_FLASH, QSPI_FLASH));
    }
}
