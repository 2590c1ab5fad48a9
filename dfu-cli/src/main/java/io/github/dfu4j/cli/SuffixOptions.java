package io.github.dfu4j.cli;

import io.github.dfu4j.image.DfuSuffix;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The device that a DFU suffix is to name. */
final class SuffixOptions {

    @Option(
            names = "--vid",
            paramLabel = "ID",
            converter = Id.class,
            description = "The device's vendor id in the DFU suffix; any if not said.")
    private @Nullable Integer vendor;

    @Option(
            names = "--pid",
            paramLabel = "ID",
            converter = Id.class,
            description = "The device's product id in the DFU suffix; any if not said.")
    private @Nullable Integer product;

    @Option(
            names = "--version",
            paramLabel = "BCD",
            converter = Id.class,
            description = "The device's version (bcdDevice) in the DFU suffix; any if not said.")
    private @Nullable Integer version;

    /** Whether the user said anything of the device. */
    boolean isGiven() {
        return vendor != null || product != null || version != null;
    }

    /**
     * The suffix to write.
     *
     * @param bcdDfu the version of the file format
     * @param otherwise where what is not said is taken from
     */
    DfuSuffix suffix(int bcdDfu, Optional<DfuSuffix> otherwise) {
        return DfuSuffix.of(
                vendor != null ? vendor : otherwise.map(DfuSuffix::idVendor).orElse(DfuSuffix.ANY),
                product != null ? product : otherwise.map(DfuSuffix::idProduct).orElse(DfuSuffix.ANY),
                version != null ? version : otherwise.map(DfuSuffix::bcdDevice).orElse(DfuSuffix.ANY),
                bcdDfu);
    }

    /** Reads a number of 16 bits in hexadecimal, with or without {@code 0x}. */
    static final class Id implements ITypeConverter<Integer> {
        @Override
        public Integer convert(String text) {
            String digits = text.startsWith("0x") || text.startsWith("0X") ? text.substring(2) : text;
            if (!digits.matches("[0-9a-fA-F]{1,4}")) {
                throw new TypeConversionException(
                        "expected up to four hexadecimal digits such as 0483, found \"" + text + "\"");
            }
            return Integer.parseInt(digits, 16);
        }
    }
}
