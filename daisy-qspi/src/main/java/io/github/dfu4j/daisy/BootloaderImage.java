package io.github.dfu4j.daisy;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareVerifier;
import io.github.dfu4j.image.Segment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * A Daisy bootloader's own image, to be put into internal flash.
 *
 * <p>Electrosmith publishes it with libDaisy, in {@code core/dsy_bootloader_v*.bin}. It is not part of this library.
 *
 * @param image its bytes, at 0x08000000
 * @param version what can be told of its version, such as {@code v6.4 (intdfu, 2000 ms)}; {@code unknown version} if nothing
 * @param verifier a check that it has to pass before its first byte is sent
 */
public record BootloaderImage(FirmwareImage image, String version, Optional<FirmwareVerifier> verifier) {

    private static final String LAYOUT_MARK = "@Flash /0x90000000/";

    /**
     * Checks that an image is a Daisy bootloader.
     *
     * @param file a flat binary, or any format with addresses
     * @throws DaisyImageException if it is something else
     */
    public static BootloaderImage of(FirmwareImage file) throws DaisyImageException {
        FirmwareImage image = file.isEmpty() || file.segments().get(0).start() != 0
                ? file
                : file.moved(DaisyMemory.INTERNAL_FLASH.range().start());
        AddressRange internal = DaisyMemory.INTERNAL_FLASH.range();
        boolean fits = image.span().map(internal::contains).orElse(false);
        Optional<BootCheck> check = BootCheck.at(image, internal.start());
        boolean program =
                check.filter(c -> c.stackFits() && internal.contains(c.reset())).isPresent();
        if (!fits || !program || !DaisyImage.isBootloader(image)) {
            throw new DaisyImageException(
                    file.name(),
                    !fits
                            ? "It does not fit the 128 KB of internal flash at 0x08000000, so it is no Daisy bootloader."
                            : !program
                                    ? "It has no vector table for internal flash, so it is no Daisy bootloader."
                                    : "It is a program, but no Daisy bootloader: it does not describe QSPI flash ("
                                            + LAYOUT_MARK + "…).",
                    "Take core/dsy_bootloader_v6_4-intdfu-2000ms.bin of libDaisy, or a newer one.");
        }
        return new BootloaderImage(image, versionBySize(image.size()), Optional.empty());
    }

    /** The same with a check that it has to pass. */
    public BootloaderImage checkedBy(FirmwareVerifier check) {
        return new BootloaderImage(image, version, Optional.of(check));
    }

    /** What its user should know, as far as its version and its file's name tell, in whole sentences. */
    public List<String> remarks() {
        String told = image.name() + " " + version;
        List<String> remarks = new ArrayList<>();
        if (told.contains("extdfu")) {
            remarks.add(
                    "This Daisy bootloader speaks USB by the pins D29 and D30 and not in the Seed's own socket (extdfu): with the"
                            + " cable in that socket it does not show itself.");
        }
        if (told.matches(".*\\b10 ?ms.*")) {
            remarks.add(
                    "This Daisy bootloader waits for 10 ms instead of 2 s before it starts the program in QSPI flash, so it can hardly"
                            + " be caught once there is one. The 2000 ms variant can.");
        }
        if (version.matches("v[45].*")) {
            remarks.add("This Daisy bootloader is old: from v6 on programs run from QSPI flash properly.");
        }
        if (version.matches("v([45].*|6|6\\.[12]( .*)?)")) {
            remarks.add("v6.3 or later mends boards that start slowly or refuse to erase (a stuck write protection).");
        }
        return Collections.unmodifiableList(remarks);
    }

    /**
     * Looks for a Daisy bootloader in what was read from internal flash.
     *
     * @param flash the bytes from 0x08000000 on
     * @return the bootloader, as far as flash can show it; empty if something else is there
     */
    public static Optional<BootloaderImage> recognise(byte[] flash) {
        FirmwareImage.Builder builder = FirmwareImage.builder();
        int size = flash.length;
        while (size > 0 && flash[size - 1] == (byte) 0xff) {
            size--;
        }
        if (size < 8) {
            return Optional.empty();
        }
        builder.add(Segment.wrap(DaisyMemory.INTERNAL_FLASH.range().start(), flash, 0, size));
        try {
            return Optional.of(of(builder.build()));
        } catch (DaisyImageException e) {
            return Optional.empty();
        }
    }

    /** The published binaries differ in size; ends of 0xFF that flash cannot show may be missing. */
    private static String versionBySize(long size) {
        long[] sizes = {
            96_780, 107_084, 113_716, 126_556, 126_572, 123_404, 126_548, 124_556, 127_700, 127_044, 130_180, 130_188
        };
        String[] names = {
            "v4",
            "v5",
            "v5.4",
            "v6",
            "v6.1",
            "v6.2 (extdfu)",
            "v6.2 (intdfu)",
            "v6.3 (extdfu)",
            "v6.3 (intdfu)",
            "v6.4 (extdfu)",
            "v6.4 (intdfu, 10 ms)",
            "v6.4 (intdfu, 2000 ms)"
        };
        for (int i = 0; i < sizes.length; i++) {
            if (size == sizes[i]) {
                return names[i];
            }
        }
        return "unknown version";
    }

    static boolean contains(byte[] bytes, String text) {
        byte[] wanted = text.getBytes(StandardCharsets.US_ASCII);
        for (int i = 0; i + wanted.length <= bytes.length; i++) {
            int n = 0;
            while (n < wanted.length && bytes[i + n] == wanted[n]) {
                n++;
            }
            if (n == wanted.length) {
                return true;
            }
        }
        return false;
    }
}
