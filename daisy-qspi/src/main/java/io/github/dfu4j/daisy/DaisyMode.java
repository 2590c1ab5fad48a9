package io.github.dfu4j.daisy;

/** What of a Daisy Seed answers on the bus. */
public enum DaisyMode {
    /** The bootloader in the chip's ROM, which writes internal flash. */
    ROM("the ROM bootloader (writes internal flash)"),
    /** The Daisy bootloader, which writes QSPI flash. */
    DAISY_BOOTLOADER("the Daisy bootloader (writes QSPI flash)"),
    /** Another bootloader that offers QSPI flash at 0x90000000. */
    OTHER_BOOTLOADER("another bootloader that offers QSPI flash"),
    /** A USB device that is none of these: an application, or no Daisy at all. */
    APPLICATION("an application or another device"),
    /** Nothing: not connected, or running an application without USB. */
    NOTHING("nothing on the bus");

    private final String words;

    DaisyMode(String words) {
        this.words = words;
    }

    /** It in words, with its article. */
    public String words() {
        return words;
    }

    /** Whether what can be done in another mode can be done in this one: any bootloader that offers QSPI flash does for the other. */
    public boolean serves(DaisyMode wanted) {
        return this == wanted || (reachesQspi() && wanted.reachesQspi());
    }

    /** Whether QSPI flash can be written now. */
    public boolean reachesQspi() {
        return this == DAISY_BOOTLOADER || this == OTHER_BOOTLOADER;
    }
}
