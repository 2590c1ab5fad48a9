package io.github.dfu4j.cli;

import java.time.Duration;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a time of the command line, in whole seconds: no more than time can be counted by, which is years. */
final class Seconds implements ITypeConverter<Duration> {

    @Override
    public Duration convert(String text) {
        if (!text.matches("[0-9]{1,9}")) {
            throw new TypeConversionException("expected seconds, such as 30, found \"" + text + "\"");
        }
        return Duration.ofSeconds(Long.parseLong(text));
    }
}
