package io.github.dfu4j.image.internal;

/** Names of the UF2 family numbers that meet DFU bootloaders most (microsoft/uf2, utils/uf2families.json). */
public final class Uf2Families {

    private Uf2Families() {}

    /** The short name of a family, or an empty string. */
    public static String name(long family) {
        return switch ((int) family) {
            case 0x647824b6 -> "STM32F0";
            case 0x5ee21072 -> "STM32F1";
            case 0x5d1a0a2e -> "STM32F2";
            case 0x6b846188 -> "STM32F3";
            case 0x57755a57 -> "STM32F4";
            case 0x6d0922fa -> "STM32F407";
            case 0x8fb060fe -> "STM32F407VG";
            case 0x53b80f00 -> "STM32F7";
            case 0x300f5633 -> "STM32G0";
            case 0x4c71240a -> "STM32G4";
            case 0x6db66082 -> "STM32H7";
            case 0x202e3a91 -> "STM32L0";
            case 0x1e1f432d -> "STM32L1";
            case 0x00ff6919 -> "STM32L4";
            case 0x04240bdf -> "STM32L5";
            case 0x70d16653 -> "STM32WB";
            case 0x21460ff0 -> "STM32WL";
            case 0x9af03e33 -> "GD32VF103";
            case 0x31d228c6 -> "GD32F350";
            case 0x2abc77ec -> "LPC55";
            case 0x68ed2b88 -> "SAMD21";
            case 0x55114460 -> "SAMD51";
            case 0xada52840 -> "NRF52840";
            case 0xe48bff56 -> "RP2040";
            default -> "";
        };
    }
}
