package io.github.dfu4j.simulator;

import io.github.dfu4j.image.AddressRange;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A device that speaks DFU 1.1 or 1.0 without DfuSe: an application with a run-time DFU interface, and a DFU mode that takes one firmware.
 *
 * <p>A download makes the firmware before it invalid at its first block, and a new one valid when its manifestation is complete. A reset
 * starts the firmware if it is valid, and DFU mode with errFIRMWARE otherwise.
 */
public final class PlainDfu extends VirtualBoard {

    /** The name of the memory that holds the firmware among the {@linkplain #memories() memories}. */
    public static final String FIRMWARE = "firmware";

    private static final int ATTACH_MILLIS = 200;

    private PlainProfile profile;
    private final FlashMemory memory;
    private String serial = "0001";
    private int firmwareSize;
    private boolean startsInDfu;
    private int awayMillis = ATTACH_MILLIS;
    /** For {@link Habit#SECOND_RESET_RETURNS}: whether it has been reset once. */
    private boolean resetOnce;

    /**
     * A device with a valid firmware of 4096 bytes.
     *
     * @param kind such as {@code dfu11}, one of {@link #kinds()}
     * @throws IllegalArgumentException if there is no such kind
     */
    public PlainDfu(String kind) {
        this(profile(kind));
    }

    private PlainDfu(PlainProfile profile) {
        super(profile.name());
        this.profile = profile;
        memory = new FlashMemory(
                FIRMWARE, 0, 1, FlashMemory.Rule.REPLACE, List.of(new FlashMemory.Run(profile.size() / 4096, 4096)));
        addMemory(memory);
        firmwareSize = 4096;
        memory.load(0, "delivered with this".getBytes(StandardCharsets.US_ASCII));
        startsInDfu = profile.runtimeProduct() == 0;
    }

    private static PlainProfile profile(String kind) {
        PlainProfile found = PlainProfile.all().get(kind);
        if (found == null) {
            throw new IllegalArgumentException("no kind \"" + kind + "\"; there are " + kinds());
        }
        return found;
    }

    /** The kinds there are. */
    public static Set<String> kinds() {
        return PlainProfile.all().keySet();
    }

    /** Gives it another serial number. */
    public PlainDfu serial(String number) {
        serial = number;
        return this;
    }

    /**
     * Gives it the ids of another device, to be recognised by them.
     *
     * @param runtimeProduct idProduct of the application, 0 if it has no run-time DFU interface
     * @param dfuProduct idProduct in DFU mode
     * @param release bcdDevice
     * @param protocol bInterfaceProtocol in DFU mode
     */
    public PlainDfu ids(int vendor, int runtimeProduct, int dfuProduct, int release, int protocol) {
        profile = profile.with(vendor, runtimeProduct, dfuProduct, release, protocol);
        startsInDfu = runtimeProduct == 0;
        return this;
    }

    /** Lets it take its time to come back in its other mode. */
    public PlainDfu awayFor(Duration time) {
        awayMillis = (int) time.toMillis();
        return this;
    }

    /** Lets the next start be in DFU mode. */
    public PlainDfu inDfuMode() {
        startsInDfu = true;
        return this;
    }

    /** The firmware, empty while there is no valid one. */
    public byte[] firmware() {
        return inside(() -> memory.read(0, firmwareSize));
    }

    void firmwareSize(int size) {
        firmwareSize = size;
    }

    int firmwareSize() {
        return firmwareSize;
    }

    boolean firmwareValid() {
        return firmwareSize > 0;
    }

    @Override
    Set<Habit> ownHabits() {
        return profile.habits();
    }

    @Override
    void start(Start why) {
        boolean dfu = startsInDfu || bootPressed() || !firmwareValid() || profile.runtimeProduct() == 0;
        startsInDfu = false;
        run(dfu ? Running.BOOTLOADER : Running.APPLICATION);
        later(ATTACH_MILLIS, () -> show(dfu));
    }

    /** Leaves the bus and comes back in the other mode. */
    void reenumerate(boolean dfu) {
        detach();
        run(dfu ? Running.BOOTLOADER : Running.APPLICATION);
        later(awayMillis, () -> show(dfu));
    }

    /** A bus reset in DFU mode has been answered by coming back in DFU mode; answers whether this was the first one. */
    boolean firstReset() {
        resetOnce = !resetOnce;
        return resetOnce;
    }

    private void show(boolean dfu) {
        attach(new PlainGadget(this, profile, serial, memory, dfu));
    }

    @Override
    void saveRunning(Map<String, String> fields) {
        fields.put("running", runs().name());
        fields.put("serial", serial);
        fields.put("firmwareSize", Integer.toString(firmwareSize));
    }

    @Override
    void restoreRunning(Map<String, String> fields) {
        serial = fields.getOrDefault("serial", serial);
        int size = Integer.parseInt(fields.getOrDefault("firmwareSize", "0"));
        if (size < 0 || size > memory.range().size()) {
            throw new IllegalArgumentException("a firmware of " + size + " bytes");
        }
        firmwareSize = size;
        boolean dfu = Running.BOOTLOADER.name().equals(fields.get("running"));
        run(dfu ? Running.BOOTLOADER : Running.APPLICATION);
        show(dfu);
    }

    /** The addresses that the firmware can take. */
    public AddressRange room() {
        return memory.range();
    }
}
