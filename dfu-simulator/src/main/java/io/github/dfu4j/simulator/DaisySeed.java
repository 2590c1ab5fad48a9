package io.github.dfu4j.simulator;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.simulator.internal.StandInBootloader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An Electro-Smith Daisy Seed: an STM32H750 with 128 KB of internal flash in one sector, 8 MB of QSPI flash (IS25LP064A), and the buttons
 * BOOT and RESET.
 *
 * <p>BOOT held at a reset starts the ROM bootloader, which reaches internal flash alone. Otherwise what internal flash holds is started:
 * a Daisy bootloader, which is a second DFU device and reaches QSPI alone; or an application; or, from an empty or damaged flash,
 * nothing. The Daisy bootloader starts an application in QSPI when its grace period is over, unless BOOT was pressed or a host has erased
 * something.
 */
public final class DaisySeed extends VirtualBoard {

    /** The name of the QSPI flash among the {@linkplain #memories() memories}. */
    public static final String QSPI = "QSPI flash";

    /** The first address of the QSPI flash. */
    public static final long QSPI_START = 0x9000_0000L;

    /** Where the Daisy bootloader keeps the application. */
    public static final long QSPI_APPLICATION = 0x9004_0000L;

    /** The versions of the Daisy bootloader. */
    public enum Bootloader {
        /** v4, 2021: shows ST's names. */
        V4("v4", 96_780, 2500),
        /** v5, 2022: has product id a360. */
        V5("v5", 107_084, 2500),
        /** v5.4, 2022. */
        V5_4("v5.4", 113_716, 2000),
        /** v6.0, 2022. */
        V6_0("v6.0", 126_556, 2000),
        /** v6.1, 2023. */
        V6_1("v6.1", 126_572, 2000),
        /** v6.2, 2023. */
        V6_2("v6.2", 126_548, 2000),
        /** v6.3, 2025. */
        V6_3("v6.3", 127_700, 2000),
        /** v6.4, 2026: queues its operations. */
        V6_4("v6.4", 130_188, 2000),
        /** v6.4 with a grace period of 10 ms. */
        V6_4_10MS("v6.4-10ms", 130_180, 10),
        /** One that does not exist: erases what it is told to, reads back truthfully, reports errors. */
        HONEST("honest", 120_000, 2000);

        private final String title;
        private final int size;
        private final int graceMillis;
        private final Set<Habit> habits;

        Bootloader(String title, int size, int graceMillis) {
            this.title = title;
            this.size = size;
            this.graceMillis = graceMillis;
            habits = EnumSet.noneOf(Habit.class);
            if (title.startsWith("v")) {
                habits.addAll(EnumSet.of(
                        Habit.CLRSTATUS_MAKES_ERROR,
                        Habit.MASS_ERASE_DOES_NOTHING,
                        Habit.STATE_FIFTEEN,
                        Habit.SILENT_ON_UNKNOWN_STRING,
                        Habit.UPLOAD_ITCM,
                        Habit.BUSY_FOR_EVER_ON_BAD_ADDRESS,
                        Habit.DETACH_HANGS));
                habits.add(title.compareTo("v6") < 0 ? Habit.ERASE_68K : Habit.ERASE_64K);
            }
            if (title.startsWith("v6.4")) {
                habits.add(Habit.QUEUED_OPERATIONS);
            }
        }

        /** How it is written, such as {@code v6.4}. */
        public String title() {
            return title;
        }

        /**
         * The version written so.
         *
         * @throws IllegalArgumentException if there is none
         */
        public static Bootloader of(String title) {
            return Arrays.stream(values())
                    .filter(v -> v.title.equals(title))
                    .findFirst()
                    .orElseThrow(() -> new IllegalArgumentException("no Daisy bootloader \"" + title + "\"; there are "
                            + Arrays.stream(values()).map(Bootloader::title).toList()));
        }

        /**
         * An image which a simulated Daisy Seed takes for this bootloader when its internal flash starts with it. It has the size of the
         * released binary and a plausible vector table, but is of our own making and runs nowhere else.
         */
        public byte[] standIn() {
            return standIn(size);
        }

        /**
         * As {@link #standIn()} with another size, for those who write it often.
         *
         * @param length its size in bytes, 2048 to 131 072
         */
        public byte[] standIn(int length) {
            return StandInBootloader.make(title, product(), length);
        }

        int productId() {
            return this == V5 ? 0xa360 : 0xdf11;
        }

        String manufacturer() {
            return this == V4 ? "STMicroelectronics" : "Electrosmith";
        }

        String product() {
            return this == V4 ? "STM32 DownLoad Firmware Update" : "Daisy Bootloader";
        }

        int erasePoll() {
            return title.startsWith("v6.4") ? 200 : 150;
        }
    }

    /** How an application asks for a bootloader: libDaisy's {@code System::ResetToBootloader}. */
    public enum Entry {
        /** The bootloader in ROM. */
        STM,
        /** The Daisy bootloader with its usual grace period. */
        DAISY,
        /** The Daisy bootloader with a grace period of 0.1 s. */
        DAISY_SKIP_TIMEOUT,
        /** The Daisy bootloader, for ever; one before v6.2 does not know it and keeps its usual grace period. */
        DAISY_INFINITE_TIMEOUT
    }

    private static final int INTERNAL_SIZE = 128 * 1024;
    private static final int ROM_START_MILLIS = 300;
    // A v6.4 shows its device 0.3 s and leaves it 2.4 s after power-on; its main loop runs after 0.7 s.
    private static final int BOOTLOADER_ATTACH_MILLIS = 300;
    private static final int BOOTLOADER_MAIN_LOOP_MILLIS = 700;
    private static final int GRACE_BEGINS_MILLIS = 400;
    private static final int DEBOUNCE_MILLIS = 20;
    private static final int RETRY_MILLIS = 5500;
    private static final int LEAVE_MILLIS = 200;
    private static final int LEAVE_EARLY_MILLIS = 600;
    private static final int BACK_AFTER_MILLIS = 170;
    private static final int APPLICATION_START_MILLIS = 115;
    private static final RomProfile ROM =
            java.util.Objects.requireNonNull(RomProfile.all().get("stm32h750"));

    private final FlashMemory internal =
            new FlashMemory(Stm32Rom.FLASH, RomProfile.FLASH_START, ROM.word(), ROM.rule(), ROM.flash());
    private final FlashMemory qspi =
            new FlashMemory(QSPI, QSPI_START, 1, FlashMemory.Rule.AND, List.of(new FlashMemory.Run(2048, 4096)));
    private final byte[] itcm = new byte[64 * 1024];

    private String serial = "366B377A3039";
    private @Nullable Running first = Running.ROM;
    private @Nullable ApplicationGadget application;
    private Entry handOver = Entry.DAISY;
    private Bootloader version = Bootloader.V6_4;
    private boolean stays;
    private boolean erased;
    private boolean fromQspi;
    private long began;

    /** A board with both flashes erased, which is in its ROM bootloader when it is plugged in for the first time. */
    public DaisySeed() {
        super("daisy-seed");
        addMemory(internal);
        addMemory(qspi);
        ROM.options()
                .forEach((name, area) -> addMemory(new FlashMemory(
                        name, area[0], 1, FlashMemory.Rule.REPLACE, List.of(new FlashMemory.Run(1, (int) area[1])))));
    }

    /** Gives it another serial number for the Daisy bootloader to show. The ROM shows the same one on all boards. */
    public DaisySeed serial(String number) {
        serial = number;
        return this;
    }

    /** Puts the stand-in of a Daisy bootloader into internal flash and lets the first start be a usual one, without BOOT. */
    public DaisySeed withBootloader(Bootloader installed) {
        inside(() -> {
            internal.erase(internal.range());
            internal.load(RomProfile.FLASH_START, installed.standIn());
            first = null;
            return null;
        });
        return this;
    }

    /** Puts an image into internal flash as a debugger does, and lets the first start be a usual one, without BOOT. */
    public DaisySeed withInternalFlash(byte[] image) {
        inside(() -> {
            internal.erase(internal.range());
            internal.load(RomProfile.FLASH_START, image);
            first = null;
            return null;
        });
        return this;
    }

    /** Lets the first start be in the ROM bootloader, as if BOOT had been held; the way it is without any of these methods. */
    public DaisySeed startInRom() {
        first = Running.ROM;
        return this;
    }

    /** Lets its applications show a USB device while they run; without this they are not on the bus. */
    public DaisySeed applicationUsb(int vendorId, int productId, String product) {
        application = new ApplicationGadget(this, vendorId, productId, product);
        return this;
    }

    /** The internal flash. */
    public FlashMemory internalFlash() {
        return inside(() -> internal);
    }

    /** The QSPI flash. */
    public FlashMemory qspiFlash() {
        return inside(() -> qspi);
    }

    /** The Daisy bootloader that internal flash holds, intact, if it does. */
    public Optional<Bootloader> installedBootloader() {
        return inside(() -> Optional.ofNullable(bootloaderIn(internal.read(RomProfile.FLASH_START, INTERNAL_SIZE))));
    }

    /** The core's instruction RAM, which the Daisy bootloader's upload shows instead of flash; to be changed at will. */
    public byte[] itcm() {
        return itcm;
    }

    /**
     * Lets the application that runs ask for a bootloader.
     *
     * @return whether anything happens: an application in internal flash can only go to the ROM
     */
    public boolean resetToBootloader(Entry entry) {
        return inside(() -> {
            if (runs() != Running.APPLICATION || (entry != Entry.STM && !fromQspi)) {
                return false;
            }
            happened("application asks for bootloader: " + entry);
            handOver = entry;
            restart(Start.SOFTWARE);
            return true;
        });
    }

    String serial() {
        return serial;
    }

    long mainLoopFrom() {
        return began + BOOTLOADER_MAIN_LOOP_MILLIS * 1_000_000L;
    }

    void eraseAccepted() {
        erased = true;
    }

    void hang(String why) {
        detach();
        run(Running.NOTHING);
        happened(why);
    }

    @Override
    Set<Habit> ownHabits() {
        return switch (runs()) {
            case ROM -> ROM.habits();
            case BOOTLOADER -> version.habits;
            default -> Set.of();
        };
    }

    @Override
    void start(Start why) {
        if (why == Start.POWER_ON) {
            handOver = Entry.DAISY;
        }
        boolean rom = bootPressed() || first == Running.ROM || handOver == Entry.STM;
        first = null;
        if (rom) {
            handOver = Entry.DAISY;
            run(Running.ROM);
            later(ROM_START_MILLIS, this::attachRom);
        } else {
            startInternalFlash();
        }
    }

    private void attachRom() {
        attach(new RomGadget(this, ROM, ROM.serial(), false, this::leaveRom));
    }

    private void leaveRom(long pointer) {
        boolean high = RomProfile.isStackTooHigh(internal.word(RomProfile.FLASH_START));
        if (pointer != RomProfile.FLASH_START || !internalStartable()) {
            restart(Start.SOFTWARE);
        } else if (high && has(Habit.H7_LEAVE_NEEDS_LOW_STACK)) {
            hang("hangs: the stack pointer is too high for this ROM");
        } else {
            startInternalFlash();
        }
    }

    private boolean internalStartable() {
        long stack = internal.word(RomProfile.FLASH_START);
        return inRam(stack - 1) && internal.range().contains(internal.word(RomProfile.FLASH_START + 4));
    }

    private void startInternalFlash() {
        byte[] image = internal.read(RomProfile.FLASH_START, INTERNAL_SIZE);
        Bootloader found = bootloaderIn(image);
        if (!internalStartable() || (found == null && StandInBootloader.present(image))) {
            run(Running.NOTHING);
            happened("crashed: nothing that can start in internal flash");
        } else if (found != null) {
            startBootloader(found);
        } else {
            startApplication(false);
        }
    }

    /** The Daisy bootloader which an image is, by our stand-in's own word or by the strings and the size of a released binary. */
    private static @Nullable Bootloader bootloaderIn(byte[] image) {
        String standIn = StandInBootloader.version(image);
        if (!standIn.isEmpty()) {
            return Bootloader.of(standIn);
        }
        String text = new String(image, StandardCharsets.ISO_8859_1);
        boolean names = text.contains("Daisy Bootloader") || text.contains(Bootloader.V4.product());
        if (StandInBootloader.present(image) || !names || !text.contains("@Flash /0x90000000/")) {
            return null;
        }
        int size = image.length;
        while (size > 0 && image[size - 1] == (byte) 0xff) {
            size--;
        }
        int length = size;
        return Arrays.stream(Bootloader.values())
                .filter(v -> v != Bootloader.HONEST && Math.abs(v.size - length) < 8)
                .findFirst()
                .orElse(Bootloader.V6_4);
    }

    private void startBootloader(Bootloader found) {
        run(Running.BOOTLOADER);
        version = found;
        began = now();
        erased = false;
        stays = handOver == Entry.DAISY_INFINITE_TIMEOUT && found.compareTo(Bootloader.V6_2) >= 0;
        int grace = handOver == Entry.DAISY_SKIP_TIMEOUT ? 100 : found.graceMillis;
        handOver = Entry.DAISY;
        later(BOOTLOADER_ATTACH_MILLIS, () -> attach(new DaisyGadget(this, version)));
        later(GRACE_BEGINS_MILLIS + grace, this::graceOver);
    }

    private void graceOver() {
        if (stays || erased || runs() != Running.BOOTLOADER) {
            return;
        }
        if (qspiStartable()) {
            startQspi();
        } else {
            later(RETRY_MILLIS, this::graceOver);
        }
    }

    /** The device has said dfuMANIFEST. */
    void leaveBootloader() {
        long usual = now() + (now() < mainLoopFrom() ? LEAVE_EARLY_MILLIS : LEAVE_MILLIS) * 1_000_000L;
        at(Math.max(usual, busyUntil()), () -> {
            if (runs() != Running.BOOTLOADER) {
                return;
            }
            erased = false;
            if (qspiStartable()) {
                startQspi();
            } else {
                detach();
                happened("no application in QSPI flash that could start");
                later(BACK_AFTER_MILLIS, () -> attach(new DaisyGadget(this, version)));
                later(RETRY_MILLIS, this::graceOver);
            }
        });
    }

    /** The bootloader is over from here on, also for a state file that is written before the application has started. */
    private void startQspi() {
        detach();
        run(Running.APPLICATION);
        fromQspi = true;
        later(APPLICATION_START_MILLIS, () -> startApplication(true));
    }

    private boolean qspiStartable() {
        long stack = qspi.word(QSPI_APPLICATION);
        long entry = qspi.word(QSPI_APPLICATION + 4);
        boolean ram = inRam(stack - 1) && !new AddressRange(0x3000_0000L, 0x3800_0000L).contains(stack - 1);
        return ram && (qspi.range().contains(entry) || new AddressRange(0x2400_0000L, 0x2408_0000L).contains(entry));
    }

    private static boolean inRam(long address) {
        return List.of(
                        new AddressRange(0, 0x1_0000L),
                        new AddressRange(0x1000_0000L, 0x1004_8000L),
                        new AddressRange(0x2000_0000L, 0x2002_0000L),
                        new AddressRange(0x2400_0000L, 0x2408_0000L),
                        new AddressRange(0x3000_0000L, 0x3004_8000L),
                        new AddressRange(0x3800_0000L, 0x3801_0000L),
                        new AddressRange(0xc000_0000L, 0xc400_0000L))
                .stream()
                .anyMatch(r -> r.contains(address));
    }

    private void startApplication(boolean inQspi) {
        run(Running.APPLICATION);
        fromQspi = inQspi;
        happened("application started from " + (inQspi ? QSPI : Stm32Rom.FLASH));
        ApplicationGadget shown = application;
        if (shown != null) {
            later(ROM_START_MILLIS, () -> attach(shown.again()));
        }
    }

    @Override
    void bootChanged(boolean pressed) {
        if (pressed && runs() == Running.BOOTLOADER) {
            later(DEBOUNCE_MILLIS, () -> {
                if (bootPressed() && runs() == Running.BOOTLOADER) {
                    stays = true;
                    happened("stays in the bootloader");
                }
            });
        }
    }

    @Override
    void saveRunning(Map<String, String> fields) {
        fields.put("running", runs().name());
        fields.put("serial", serial);
        fields.put("fromQspi", Boolean.toString(fromQspi));
        fields.put("stays", Boolean.toString(stays || erased));
    }

    @Override
    void restoreRunning(Map<String, String> fields) {
        serial = fields.getOrDefault("serial", serial);
        first = null;
        switch (Running.valueOf(fields.getOrDefault("running", Running.ROM.name()))) {
            case ROM -> {
                run(Running.ROM);
                attachRom();
            }
            case BOOTLOADER -> {
                startInternalFlash();
                stays = Boolean.parseBoolean(fields.get("stays"));
            }
            case APPLICATION -> startApplication(Boolean.parseBoolean(fields.get("fromQspi")));
            case NOTHING -> run(Running.NOTHING);
        }
    }
}
