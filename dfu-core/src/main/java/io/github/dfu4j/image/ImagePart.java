package io.github.dfu4j.image;

import java.util.Objects;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * A part of a firmware file with a destination of its own: an alternate setting in a DfuSe file, a chip family in a UF2 file,
 * or the whole of a file that names neither.
 *
 * @param alternate the alternate setting, 0 to 255, if the file names one
 * @param family the UF2 family number, 0 to 2<sup>32</sup>−1, if the file names one
 * @param name what the file calls this part; may be empty
 * @param image what it holds
 */
public record ImagePart(OptionalInt alternate, OptionalLong family, String name, FirmwareImage image) {

    /** Checks that nothing is null. */
    public ImagePart {
        Objects.requireNonNull(alternate, "alternate");
        Objects.requireNonNull(family, "family");
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(image, "image");
    }

    /** The only part of a file that names no destination. */
    public static ImagePart whole(FirmwareImage image) {
        return new ImagePart(OptionalInt.empty(), OptionalLong.empty(), "", image);
    }

    /** A part for an alternate setting. */
    public static ImagePart ofAlternate(int alternate, String name, FirmwareImage image) {
        return new ImagePart(OptionalInt.of(alternate), OptionalLong.empty(), name, image);
    }

    /** A part for a UF2 family. */
    public static ImagePart ofFamily(long family, String name, FirmwareImage image) {
        return new ImagePart(OptionalInt.empty(), OptionalLong.of(family), name, image);
    }

    /** What to call it in a message: {@code alternate 0 (Internal Flash)}, {@code family 0x6DB66082 (STM32H7)}. */
    public String describe() {
        String what = alternate.isPresent()
                ? "alternate " + alternate.getAsInt()
                : family.isPresent() ? "family " + AddressRange.hex(family.getAsLong()) : "image";
        return name.isEmpty() ? what : what + " (" + name + ")";
    }
}
