package io.github.dfu4j.simulator;

/**
 * A bad habit of a real bootloader. Each board has those of the device it stands for, and each can be switched on or off with
 * {@link VirtualBoard#habit(Habit, boolean)}.
 */
public enum Habit {
    /** Starts in dfuERROR with status errFIRMWARE (most STM32 ROMs). */
    ERROR_AT_START,
    /** CLRSTATUS outside dfuERROR puts the device into dfuERROR with errUNKNOWN (ST's device library, STM32H743 ROM). */
    CLRSTATUS_MAKES_ERROR,
    /** CLRSTATUS outside dfuERROR is stalled (STM32C5 ROM). */
    C5_STRICT_CLRSTATUS,
    /** GET_DESCRIPTOR for the DFU functional descriptor alone is never answered (STM32C5 ROM). */
    NO_STANDALONE_FUNCTIONAL_DESCRIPTOR,
    /** An erase at or above 0x08100000 is done, but dfuDNBUSY stays until CLRSTATUS is sent twice (STM32H743 rev V ROM 9.1). */
    H7_STUCK_BUSY,
    /** Mass erase is accepted and erases nothing (STM32H74x/75x ROM 13.3; Daisy bootloader). */
    MASS_ERASE_DOES_NOTHING,
    /** Mass erase announces 100 ms and takes its true time, in which nothing is answered (STM32F405 ROM). */
    F405_MASS_ERASE_LIES,
    /** GETSTATUS is stalled up to three times while a sector is erased (some STM32L4 ROMs). */
    L4_STATUS_STALL,
    /** A last flash word that is not complete is not written, and no error is told (STM32H7 ROM, STM32L476 ROM). */
    PARTIAL_WORD_LOST,
    /** Leave hangs if the application's initial stack pointer is not below the end of its RAM by 16 bytes (STM32H7 ROM 9.0). */
    H7_LEAVE_NEEDS_LOW_STACK,
    /** Leaves the bus before it answers the GETSTATUS that starts a leave. */
    LEAVE_DROPS_STATUS,
    /** Leaves at the zero-length download already, without a GETSTATUS (GD32VF103 ROM). */
    LEAVE_WITHOUT_STATUS,
    /** Reading past the end of the flash crashes the bootloader: no answer until reset (STM32 ROMs). */
    UPLOAD_PAST_END_CRASHES,
    /** An unsupported command puts 15 into the state field of the status (ST's device library). */
    STATE_FIFTEEN,
    /** A string index that the device does not have is never answered (Daisy bootloader). */
    SILENT_ON_UNKNOWN_STRING,
    /** A string descriptor's bLength is larger than what it sends (STM32F42x ROM). */
    STRING_LONGER_THAN_SENT,
    /** The serial number is sent as bytes where UTF-16 belongs (GD32VF103 ROM). */
    EIGHT_BIT_SERIAL,
    /** An erase always clears 64 KiB forward (Daisy bootloader v6 and later). */
    ERASE_64K,
    /** An erase clears 68 KiB forward (Daisy bootloader v4 to v5.4). */
    ERASE_68K,
    /** Upload returns bytes of the core's instruction RAM instead of flash (Daisy bootloader). */
    UPLOAD_ITCM,
    /** Operations are queued one deep and run after the device said dfuDNLOAD-IDLE (Daisy bootloader v6.4). */
    QUEUED_OPERATIONS,
    /** A bad address or command leaves dfuDNBUSY for ever instead of an error (Daisy bootloader). */
    BUSY_FOR_EVER_ON_BAD_ADDRESS,
    /** DETACH takes the device off the bus until it is reset (Daisy bootloader). */
    DETACH_HANGS,
    /** The QSPI flash is write-protected: erase and program run into time-outs of 5 s and change nothing. */
    QSPI_WRITE_PROTECTED,
    /** bwPollTimeout is far too long to be true (Openmoko, SIMtrace and others). */
    BOGUS_POLL_TIMEOUT,
    /** bwPollTimeout is always zero, however long an operation takes. */
    ZERO_POLL_TIMEOUT,
    /** bmAttributes says that upload works, but it is stalled (Jabra). */
    UPLOAD_STALLS,
    /** GETSTATUS during an upload ends it (Openmoko FreeRunner). */
    STATUS_ENDS_UPLOAD,
    /** Nothing is answered for most of a second after the download of length 0 (TAS1020B). */
    SILENT_BEFORE_MANIFEST,
    /** Manifestation goes on only while it is polled (Poly cameras, FlatFrog). */
    MANIFEST_NEEDS_POLLS,
    /** DETACH in DFU mode starts the application, and a bus reset does not (Realtek, SunplusIT, Sonix and AVer cameras). */
    DETACH_RETURNS,
    /** DETACH is stalled unless bit 8 of wIndex is set (Poly cameras). */
    DETACH_WANTS_BIT_8,
    /** Nothing is answered after a bus reset in DFU mode (Poly cameras). */
    RESET_HANGS,
    /** A bus reset in DFU mode leads into DFU mode once more, and the next one to the application (Jabra). */
    SECOND_RESET_RETURNS,
    /** A bus reset returns to the application only after an upload or a download (M-Stack). */
    RETURN_NEEDS_TRANSFER
}
