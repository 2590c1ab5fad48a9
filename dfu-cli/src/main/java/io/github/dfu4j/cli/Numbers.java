package io.github.dfu4j.cli;

import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads the numbers of a command line: decimal, or hexadecimal with {@code 0x}; a size may end in {@code K} or {@code M} (binary). */
final class Numbers implements ITypeConverter<Long> {

    @Override
    public Long convert(String text) {
        return parse(text);
    }

    static long parse(String text) {
        String digits = text.replace("_", "");
        long unit = 1;
        if (digits.endsWith("K") || digits.endsWith("k")) {
            unit = 1 << 10;
        } else if (digits.endsWith("M") || digits.endsWith("m")) {
            unit = 1 << 20;
        }
        digits = unit == 1 ? digits : digits.substring(0, digits.length() - 1);
        try {
            long value = digits.startsWith("0x") || digits.startsWith("0X")
                    ? Long.parseLong(digits.substring(2), 16)
                    : Long.parseLong(digits);
            if (value >= 0 && !digits.contains("+") && value <= Long.MAX_VALUE / unit) {
                return value * unit;
            }
        } catch (NumberFormatException e) {
            // one message for all
        }
        throw new TypeConversionException(
                "expected a number such as 0x08000000, 131072 or 128K, found \"" + text + "\"");
    }

    /** A count with its digits in groups of three, as {@code 104 152}. */
    static String grouped(long count) {
        return String.format(Locale.ROOT, "%,d", count).replace(',', ' ');
    }

    /** A count of bytes in groups, with its unit. */
    static String bytes(long count) {
        return grouped(count) + (count == 1 ? " byte" : " bytes");
    }
}
