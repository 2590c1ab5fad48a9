package io.github.dfu4j.daisy;

import java.time.Duration;

/**
 * How a route is planned and taken.
 *
 * @param start whether the program is started in the end
 * @param replaceBootloader whether the Daisy bootloader is written even if one is there already
 * @param keepNeighbours whether what an erase takes along is read before and written back, where the device can be read
 * @param pressDeadline how long a person has for one press
 */
public record RouteOptions(boolean start, boolean replaceBootloader, boolean keepNeighbours, Duration pressDeadline) {

    /** Start the program, keep a bootloader that is there, keep neighbours, five minutes for a press. */
    public static final RouteOptions DEFAULT = new RouteOptions(true, false, true, Duration.ofMinutes(5));

    /** The same with or without starting the program. */
    public RouteOptions withStart(boolean wanted) {
        return new RouteOptions(wanted, replaceBootloader, keepNeighbours, pressDeadline);
    }

    /** The same with or without replacing the bootloader. */
    public RouteOptions withReplaceBootloader(boolean wanted) {
        return new RouteOptions(start, wanted, keepNeighbours, pressDeadline);
    }

    /** The same with or without keeping neighbours. */
    public RouteOptions withKeepNeighbours(boolean wanted) {
        return new RouteOptions(start, replaceBootloader, wanted, pressDeadline);
    }

    /** The same with another deadline for presses. */
    public RouteOptions withPressDeadline(Duration allowed) {
        return new RouteOptions(start, replaceBootloader, keepNeighbours, allowed);
    }
}
