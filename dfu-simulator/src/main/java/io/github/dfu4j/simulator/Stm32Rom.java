package io.github.dfu4j.simulator;

import io.github.dfu4j.image.AddressRange;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A board with a microcontroller that has a DfuSe bootloader in ROM: STM32 of several families, and GD32 and AT32 parts that copy them.
 *
 * <p>Plugged in for the first time it is in its ROM. After that a reset starts the ROM while BOOT is held, and what is in flash otherwise;
 * a flash without a plausible vector table crashes it.
 */
public final class Stm32Rom extends VirtualBoard {

    /** The name of the internal flash among the {@linkplain #memories() memories}. */
    public static final String FLASH = "internal flash";

    private static final int ROM_START_MILLIS = 300;

    private final RomProfile profile;
    private String serial;
    private boolean readProtected;
    private boolean fresh = true;
    private @Nullable ApplicationGadget application;

    /**
     * A board with erased flash.
     *
     * @param family such as {@code stm32f407}, one of {@link #families()}
     * @throws IllegalArgumentException if there is no such family
     */
    public Stm32Rom(String family) {
        this(profile(family));
    }

    private Stm32Rom(RomProfile profile) {
        super(profile.name());
        this.profile = profile;
        this.serial = profile.serial();
        addMemory(new FlashMemory(FLASH, RomProfile.FLASH_START, profile.word(), profile.rule(), profile.flash()));
        profile.options()
                .forEach((name, area) -> addMemory(new FlashMemory(
                        name,
                        area[0],
                        1,
                        name.startsWith("OTP") ? FlashMemory.Rule.AND : FlashMemory.Rule.REPLACE,
                        List.of(new FlashMemory.Run(1, (int) area[1])))));
    }

    private static RomProfile profile(String family) {
        RomProfile found = RomProfile.all().get(family);
        if (found == null) {
            throw new IllegalArgumentException("no family \"" + family + "\"; there are " + families());
        }
        return found;
    }

    /** The families there are. */
    public static Set<String> families() {
        return RomProfile.all().keySet();
    }

    /** Gives it another serial number than its family's usual one. */
    public Stm32Rom serial(String number) {
        serial = number;
        return this;
    }

    /** Lets the first start be a usual one, without BOOT. */
    public Stm32Rom startInFlash() {
        fresh = false;
        return this;
    }

    /** Lets its applications show a USB device while they run; without this they are not on the bus. */
    public Stm32Rom applicationUsb(int vendorId, int productId, String product) {
        application = new ApplicationGadget(this, vendorId, productId, product);
        return this;
    }

    /** Switches the flash's read protection on or off; it counts from the next start of the ROM. */
    public void readProtect(boolean on) {
        inside(() -> readProtected = on);
    }

    @Override
    Set<Habit> ownHabits() {
        return profile.habits();
    }

    @Override
    void start(Start why) {
        if (bootPressed() || fresh) {
            fresh = false;
            run(Running.ROM);
            later(ROM_START_MILLIS, this::attachRom);
        } else {
            jump(RomProfile.FLASH_START, false);
        }
    }

    private void attachRom() {
        attach(new RomGadget(this, profile, serial, readProtected, pointer -> jump(pointer, true)));
    }

    private void jump(long pointer, boolean fromRom) {
        FlashMemory flash = memory(FLASH);
        if (flash.range().contains(AddressRange.ofSize(pointer, 8)) && startable(flash, pointer)) {
            boolean hangs =
                    fromRom && has(Habit.H7_LEAVE_NEEDS_LOW_STACK) && RomProfile.isStackTooHigh(flash.word(pointer));
            run(hangs ? Running.NOTHING : Running.APPLICATION);
            happened(hangs ? "hangs: the stack pointer is too high for this ROM" : "application started");
            ApplicationGadget shown = application;
            if (shown != null && !hangs) {
                later(ROM_START_MILLIS, () -> attach(shown.again()));
            }
        } else if (fromRom) {
            restart(Start.SOFTWARE); // nothing to execute there: the ROM resets instead
        } else {
            run(Running.NOTHING);
            happened("crashed: no application in flash");
        }
    }

    private boolean startable(FlashMemory flash, long pointer) {
        if (profile.name().startsWith("gd32v")) {
            return flash.word(pointer) != 0xffff_ffffL; // RISC-V: code, no vector table
        }
        long stack = flash.word(pointer);
        long entry = flash.word(pointer + 4);
        return stack >= 0x1000_0000L && stack <= 0x3801_0000L && flash.range().contains(entry);
    }

    @Override
    void saveRunning(Map<String, String> fields) {
        fields.put("running", runs().name());
        fields.put("serial", serial);
        fields.put("readProtected", Boolean.toString(readProtected));
    }

    @Override
    void restoreRunning(Map<String, String> fields) {
        serial = fields.getOrDefault("serial", serial);
        readProtected = Boolean.parseBoolean(fields.get("readProtected"));
        Running was = Running.valueOf(fields.getOrDefault("running", Running.ROM.name()));
        run(was);
        if (was == Running.ROM) {
            attachRom();
        } else if (was == Running.APPLICATION && application != null) {
            attach(application.again());
        }
    }
}
