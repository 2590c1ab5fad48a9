package io.github.dfu4j.daisy;

/** What a person does with a Daisy Seed's buttons, or its cable, to get it into a mode. */
public enum Presses {
    /** BOOT held while RESET is tapped: the ROM bootloader. */
    ENTER_ROM(
            DaisyMode.ROM,
            "Hold BOOT, tap RESET, let BOOT go.",
            "The LED stays dark. No pulsing: that would be the Daisy bootloader."),
    /** RESET tapped, then BOOT while the LED pulses: the Daisy bootloader, to stay. */
    ENTER_BOOTLOADER(
            DaisyMode.DAISY_BOOTLOADER,
            "Tap RESET, and within two seconds, while the LED pulses, tap BOOT.",
            "The LED blinks quickly once it has seen BOOT, and the bootloader stays. Do not hold BOOT while you tap RESET."),
    /** RESET tapped: whatever internal flash holds. */
    RESET(DaisyMode.APPLICATION, "Tap RESET.", "The program starts.");

    private static final String PICTURE = """
                    +--[ USB ]--+
                    |   o LED   |
                    |           |
                    | (B)   (R) |     B = BOOT   R = RESET
                    |           |
                    +-----------+
            """;

    private final DaisyMode leadsTo;
    private final String words;
    private final String sign;

    Presses(DaisyMode leadsTo, String words, String sign) {
        this.leadsTo = leadsTo;
        this.words = words;
        this.sign = sign;
    }

    /** The mode that the board is in afterwards. */
    public DaisyMode leadsTo() {
        return leadsTo;
    }

    /** What to do, in whole sentences. */
    public String words() {
        return words;
    }

    /** By what one sees that it worked, in whole sentences. */
    public String sign() {
        return sign;
    }

    /** Where the buttons are, seen from above with the USB socket up, in ASCII; ends with a line feed. */
    public static String picture() {
        return PICTURE;
    }

    /** The presses that lead to a bootloader. */
    static Presses to(DaisyMode mode) {
        return mode == DaisyMode.ROM ? ENTER_ROM : mode.reachesQspi() ? ENTER_BOOTLOADER : RESET;
    }
}
