package io.github.dfu4j.daisy;

/** Where a program runs from: libDaisy's {@code APP_TYPE}, and none of them. */
public enum ApplicationType {
    /** In internal flash, without the Daisy bootloader. */
    BOOT_NONE("BOOT_NONE", "runs in internal flash"),
    /** In AXI SRAM, where the Daisy bootloader copies it from QSPI flash. */
    BOOT_SRAM("BOOT_SRAM", "is stored in QSPI flash at 0x90040000 and copied to AXI SRAM by the Daisy bootloader"),
    /** In QSPI flash, where the Daisy bootloader starts it. */
    BOOT_QSPI("BOOT_QSPI", "runs in QSPI flash, started by the Daisy bootloader"),
    /** No program: data alone. */
    DATA("data", "holds no program");

    private final String title;
    private final String words;

    ApplicationType(String title, String words) {
        this.title = title;
        this.words = words;
    }

    /** As it is written in a Makefile. */
    public String title() {
        return title;
    }

    /** What it means, as the rest of a sentence about a program. */
    public String words() {
        return words;
    }
}
