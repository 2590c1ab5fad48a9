package io.github.dfu4j.dfu;

import java.util.Locale;

/**
 * What a quirk can say of a device. Each is a fact about the device, not an instruction; the code that it concerns decides what
 * follows. Some carry a number.
 */
public enum Trait {
    /** The interface looks like DFU but is not, or its DFU is of no use. */
    NOT_DFU("is not usable as a DFU device"),
    /** The device is in DFU mode although its interface protocol says otherwise. */
    DFU_MODE("is in DFU mode whatever its descriptor says"),
    /** {@code bcdDFUVersion} is wrong; the number is the right one. */
    DFU_VERSION("speaks another version of DFU than it says", "%04x"),
    /** {@code wTransferSize} is wrong or harmful; the number is what works, in bytes. */
    TRANSFER_SIZE("works with another transfer size than it says", "%d bytes"),
    /** {@code bitManifestationTolerant} should be set. */
    MANIFESTATION_TOLERANT("answers after manifestation"),
    /** {@code bitWillDetach} should be set. */
    WILL_DETACH("re-attaches by itself"),
    /** DFU_UPLOAD does not return the memory, or not reliably; the device must be taken as unreadable. */
    NO_UPLOAD("cannot be read back"),
    /** DFU_UPLOAD is known to return the memory as it is. */
    READS_TRUTHFULLY("can be read back"),
    /** {@code bwPollTimeout} is nonsense; the number is the poll time to use, in milliseconds. */
    POLL_TIMEOUT("reports useless poll times", "%d ms"),
    /** A poll time of 0 is meant. */
    ZERO_POLL_TIMEOUT("means it when it reports a poll time of 0"),
    /** DFU_GETSTATUS may stall while the device is busy; the number says how often in a row. */
    STATUS_STALLS_WHILE_BUSY("may stall DFU_GETSTATUS while it is busy", "%d times"),
    /** No DFU_GETSTATUS between uploads. */
    NO_STATUS_IN_UPLOAD("must not be asked for its status during an upload"),
    /** After an erase the device can say dfuDNBUSY for ever; two DFU_CLRSTATUS end it, and the erase is done. The number is the lowest address concerned. */
    STUCK_BUSY_AFTER_ERASE("stays busy for ever after some erases", "from 0x%08X on"),
    /** DFU_CLRSTATUS outside dfuERROR leads into dfuERROR, so two of them get out of any state. */
    CLRSTATUS_ENTERS_ERROR("gets out of any state by two DFU_CLRSTATUS"),
    /** An address outside its memory is not refused: the device stays busy for ever. */
    BUSY_FOREVER_ON_BAD_ADDRESS("stays busy for ever on an address outside its memory"),
    /**
     * dfuDNLOAD-IDLE means accepted, not done: erase and program run on, and the next one waits. The number is the time in milliseconds
     * after which the last one is done.
     */
    ONE_BEHIND("accepts an operation before it has done it", "%d ms"),
    /** Erasing 64 KiB takes about this many milliseconds, with the waits that the device asks for. For estimates. */
    ERASE_TIME("erases at a known speed", "64 KiB in %d ms"),
    /** Writing 64 KiB takes about this many milliseconds, with the waits and without the transfers. For estimates. */
    WRITE_TIME("writes at a known speed", "64 KiB in %d ms"),
    /** A command takes at least this many milliseconds, however little it does. For estimates. */
    COMMAND_TIME("takes its time for a command", "%d ms"),
    /** A block takes at least this many milliseconds, however short it is. For estimates. */
    BLOCK_TIME("takes its time for a block", "%d ms"),
    /** An erase clears this many bytes from its address on, whatever the layout says. */
    ERASE_SPAN("erases more than a sector of its layout", "%d bytes"),
    /**
     * An erase may clear up to this many bytes from its address on, and clears at least the sector of its layout (or ERASE_SPAN bytes). For
     * devices of which versions differ that look alike.
     */
    ERASE_REACH("may erase more than a sector of its layout", "%d bytes"),
    /** What is erased does not read 0xFF; the number is the byte that it reads. */
    ERASED_BYTE("does not read 0xFF where it is erased", "0x%02X"),
    /** Mass erase reports success and does nothing. */
    NO_MASS_ERASE("does not do a mass erase"),
    /** Mass erase takes this many milliseconds, whatever the poll time says. */
    MASS_ERASE_TIME("needs longer for a mass erase than it says", "%d ms"),
    /** Read-unprotect is accepted and does nothing. */
    NO_READ_UNPROTECT("does not remove read protection"),
    /** The internal flash has this many bytes, whatever the layout says. */
    FLASH_SIZE("has less flash than its layout says", "%d bytes"),
    /** Some parts that look like this one end their internal flash after this many bytes, whatever the layout says. */
    SMALLEST_FLASH("may have less flash than its layout says", "%d bytes"),
    /** Every block must be a multiple of this many bytes. */
    WRITE_ALIGNMENT("wants blocks of a multiple of its flash word", "%d bytes"),
    /** After leave the device is gone before it answers DFU_GETSTATUS. */
    LEAVES_WITHOUT_STATUS("is gone before it answers after leave"),
    /** Leaves DFU mode only if the address pointer was set before. */
    LEAVE_NEEDS_ADDRESS("leaves DFU mode only after a set-address"),
    /** It can stay busy for ever. */
    BUSY_WITHOUT_END("can stay busy for ever"),
    /** DFU_CLRSTATUS outside dfuERROR is stalled. */
    CLRSTATUS_STALLS("stalls DFU_CLRSTATUS unless it reports an error"),
    /** A request for the functional descriptor alone is never answered; it stands in the configuration descriptor. */
    NO_DESCRIPTOR_REQUEST("never answers a request for its functional descriptor"),
    /** String descriptors are shorter than their own length says. */
    STRINGS_CUT_SHORT("sends strings that are shorter than they say"),
    /** DFU_DETACH in DFU mode hangs the device. */
    NO_DETACH("hangs on DFU_DETACH"),
    /** DFU_DETACH takes the device from DFU mode back to its application. */
    DETACH_TO_ATTACH("returns to its application by DFU_DETACH"),
    /** DFU_DETACH wants bit 8 of {@code wIndex} set. */
    DETACH_INDEX_BIT("wants bit 8 of wIndex set in DFU_DETACH"),
    /** DFU_GETSTATUS must go on during dfuMANIFEST. */
    POLL_IN_MANIFEST("must be polled during manifestation"),
    /** The device wants this many milliseconds before the first DFU_GETSTATUS of manifestation. */
    MANIFEST_DELAY("needs time before it is asked during manifestation", "%d ms"),
    /** No bus reset to return to the application. */
    NO_BUS_RESET("must not be reset to return to its application"),
    /** A bus reset is needed to return to the application, even where the descriptor says otherwise. */
    EXTRA_RESET("needs a bus reset to return to its application"),
    /** An upload or a download is needed before the device returns to its application. */
    ATTACH_NEEDS_TRANSFER("returns to its application only after a transfer"),
    /** Vendor and product id are the same in both modes. */
    SAME_IDS_IN_BOTH_MODES("has the same ids in both modes"),
    /** Ids in the other mode; the number is vendor id times 65 536 plus product id. */
    COUNTERPART("has other ids in its other mode", "%08x"),
    /** It has no run-time DFU interface. */
    NO_RUN_TIME("has no run-time DFU interface"),
    /** Re-enumeration takes up to this many milliseconds. */
    RETURN_TIME("takes long to come back", "%d ms"),
    /** The serial number is the same on many boards. */
    SERIAL_NOT_UNIQUE("has a serial number that many boards share"),
    /** The serial number's string is bytes, not UTF-16. */
    SERIAL_IS_BYTES("has a serial number that is not UTF-16"),
    /** The layout string has an unusual form, which is understood. */
    LAYOUT_FORM("writes its layout in a form of its own"),
    /** The layout string is wrong; the quirk says what is right. */
    WRONG_LAYOUT("describes its memory wrongly"),
    /** Only an accepted erase keeps the bootloader from starting the application. The number is the time for it, in milliseconds. */
    ERASE_STOPS_AUTO_START("starts its application unless something is erased soon", "%d ms");

    private final String words;
    private final String number;

    Trait(String words) {
        this(words, "");
    }

    Trait(String words, String number) {
        this.words = words;
        this.number = number;
    }

    /** What it says of the device, a clause without subject and full stop. */
    public String words() {
        return words;
    }

    /** The same with the number that it carries, in its unit; without one where it carries none. */
    public String words(long value) {
        return number.isEmpty() ? words : words + " (" + String.format(Locale.ROOT, number, value) + ")";
    }
}
