package io.github.dfu4j.simulator;

import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What a device without DfuSe looks like. Ids, protocol numbers and version numbers of real devices are those in dfu-util's and fwupd's
 * tables of oddities; their times are chosen here.
 *
 * @param name the board's name
 * @param vendor idVendor
 * @param runtimeProduct idProduct of the application, 0 if it has no run-time DFU interface
 * @param dfuProduct idProduct in DFU mode
 * @param release bcdDevice
 * @param version bcdDFUVersion, 0 for a functional descriptor of 7 bytes
 * @param protocol bInterfaceProtocol in DFU mode
 * @param attributes bmAttributes
 * @param transferSize wTransferSize
 * @param alternates names of the alternate settings, empty for none
 * @param size room for firmware, in bytes
 * @param blockMillis how long a block takes
 * @param manifestMillis how long the manifestation takes
 * @param habits its habits
 */
record PlainProfile(
        String name,
        int vendor,
        int runtimeProduct,
        int dfuProduct,
        int release,
        int version,
        int protocol,
        int attributes,
        int transferSize,
        List<String> alternates,
        int size,
        int blockMillis,
        int manifestMillis,
        Set<Habit> habits) {

    static final int CAN_DOWNLOAD = 1;
    static final int CAN_UPLOAD = 2;
    static final int TOLERANT = 4;
    static final int WILL_DETACH = 8;
    static final int DETACH_TIMEOUT = 1000;

    private static final int KIB = 1024;
    private static final Map<String, PlainProfile> ALL = new TreeMap<>();

    static {
        // dfu11: the plain case; the others differ from it in what their names say.
        add("dfu11", 0x1209, 0x0001, 0x0002, 0, 0x0110, 2, 7, 1024, List.of(""), 10, 50);
        add("dfu11-intolerant", 0x1209, 0x0001, 0x0002, 0, 0x0110, 2, 3, 1024, List.of(""), 10, 50);
        add("dfu11-will-detach", 0x1209, 0x0001, 0x0002, 0, 0x0110, 2, 15, 1024, List.of(""), 10, 50);
        add("dfu11-will-detach-intolerant", 0x1209, 0x0001, 0x0002, 0, 0x0110, 2, 11, 1024, List.of(""), 10, 50);
        add("dfu11-write-only", 0x1209, 0x0001, 0x0002, 0, 0x0110, 2, 5, 1024, List.of(""), 10, 50);
        add("dfu11-zero-poll", 0x1209, 0, 0x0002, 0, 0x0110, 2, 7, 4096, List.of(""), 3, 20, Habit.ZERO_POLL_TIMEOUT);
        add("dfu10", 0x1209, 0x0001, 0x0001, 0, 0, 0, 3, 256, List.of(""), 5, 20);
        add(
                "openmoko",
                0x1d50,
                0,
                0x5119,
                0,
                0x0100,
                2,
                7,
                4096,
                List.of("RAM 0x32000000", "u-boot", "u-boot_env", "kernel", "splash", "factory", "rootfs"),
                8,
                30,
                Habit.BOGUS_POLL_TIMEOUT);
        add("simtrace", 0x16c0, 0, 0x0762, 0, 0x0100, 2, 7, 256, List.of(""), 4, 20, Habit.BOGUS_POLL_TIMEOUT);
        add(
                "maple",
                0x1eaf,
                0,
                0x0003,
                0x0200,
                0x011a,
                2,
                11,
                1024,
                List.of("Upload to RAM", "Upload to Flash"),
                20,
                10);
        add("lpc", 0x1fc9, 0, 0x000c, 0x0100, 0x0100, 1, 11, 2048, List.of(""), 2, 10);
        add("jabra", 0x0b0e, 0, 0x0411, 0x0100, 0x0100, 0, 7, 64, List.of(""), 5, 100, Habit.UPLOAD_STALLS);
    }

    static Map<String, PlainProfile> all() {
        return ALL;
    }

    private static void add(
            String name,
            int vendor,
            int runtimeProduct,
            int dfuProduct,
            int release,
            int version,
            int protocol,
            int attributes,
            int transferSize,
            List<String> alternates,
            int blockMillis,
            int manifestMillis,
            Habit... habits) {
        ALL.put(
                name,
                new PlainProfile(
                        name,
                        vendor,
                        runtimeProduct,
                        dfuProduct,
                        release,
                        version,
                        protocol,
                        attributes,
                        transferSize,
                        alternates,
                        256 * KIB,
                        blockMillis,
                        manifestMillis,
                        Set.of(habits)));
    }

    PlainProfile with(int otherVendor, int otherRuntime, int otherDfu, int otherRelease, int otherProtocol) {
        return new PlainProfile(
                name,
                otherVendor,
                otherRuntime,
                otherDfu,
                otherRelease,
                version,
                otherProtocol,
                attributes,
                transferSize,
                alternates,
                size,
                blockMillis,
                manifestMillis,
                habits);
    }

    boolean can(int bit) {
        return (attributes & bit) != 0;
    }
}
