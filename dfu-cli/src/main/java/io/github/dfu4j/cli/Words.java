package io.github.dfu4j.cli;

import java.util.Arrays;
import java.util.Iterator;
import java.util.Locale;
import java.util.stream.Stream;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * The words that an option takes, one for each constant of an enum: reads them, and names them for the help.
 *
 * @param <E> the enum
 */
abstract class Words<E extends Enum<E>> implements ITypeConverter<E>, Iterable<String> {

    private final Class<E> type;

    Words(Class<E> type) {
        this.type = type;
    }

    /** The word for a constant, as people and JSON get it: {@code daisy-bootloader} for {@code DAISY_BOOTLOADER}. */
    static String of(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    private Stream<E> constants() {
        return Arrays.stream(type.getEnumConstants());
    }

    @Override
    public E convert(String text) {
        return constants()
                .filter(constant -> of(constant).equalsIgnoreCase(text.replace('_', '-')))
                .findFirst()
                .orElseThrow(() -> new TypeConversionException(
                        "expected one of " + String.join(", ", this) + ", found \"" + text + "\""));
    }

    @Override
    public Iterator<String> iterator() {
        return constants().map(Words::of).iterator();
    }
}
