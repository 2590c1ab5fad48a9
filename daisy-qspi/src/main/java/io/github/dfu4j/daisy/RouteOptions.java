package io.github.dfu4j.daisy;

import io.github.dfu4j.image.FirmwareVerifier;
import java.time.Duration;
import java.util.Optional;

/**
 * How a route is planned and taken.
 *
 * @param start whether the program is started in the end
 * @param replaceBootloader whether the Daisy bootloader is written even if one is there already
 * @param keepNeighbours whether what an erase takes along is read before and written back, where the device can be read
 * @param pressDeadline how long a person has for one press
 * @param from the first part of the whole route that is taken; what comes before is taken for done, by an earlier run
 * @param verifier a check that each part of the firmware has to pass, at the addresses that its file gives it, before its first byte is
 *     sent; the Daisy bootloader's own image is no part of the firmware
 */
public record RouteOptions(
        boolean start,
        boolean replaceBootloader,
        boolean keepNeighbours,
        Duration pressDeadline,
        Stage.Part from,
        Optional<FirmwareVerifier> verifier) {

    /** Start the program, keep a bootloader that is there, keep neighbours, five minutes for a press, the whole route, no check. */
    public static final RouteOptions DEFAULT =
            new RouteOptions(true, false, true, Duration.ofMinutes(5), Stage.Part.BOOTLOADER, Optional.empty());

    /** The same with or without starting the program. */
    public RouteOptions withStart(boolean wanted) {
        return new RouteOptions(wanted, replaceBootloader, keepNeighbours, pressDeadline, from, verifier);
    }

    /** The same with or without replacing the bootloader. */
    public RouteOptions withReplaceBootloader(boolean wanted) {
        return new RouteOptions(start, wanted, keepNeighbours, pressDeadline, from, verifier);
    }

    /** The same with or without keeping neighbours. */
    public RouteOptions withKeepNeighbours(boolean wanted) {
        return new RouteOptions(start, replaceBootloader, wanted, pressDeadline, from, verifier);
    }

    /** The same with another deadline for presses. */
    public RouteOptions withPressDeadline(Duration allowed) {
        return new RouteOptions(start, replaceBootloader, keepNeighbours, allowed, from, verifier);
    }

    /** The same from another part of the route on. */
    public RouteOptions withFrom(Stage.Part first) {
        return new RouteOptions(start, replaceBootloader, keepNeighbours, pressDeadline, first, verifier);
    }

    /** The same with a check of the firmware. */
    public RouteOptions withVerifier(FirmwareVerifier check) {
        return new RouteOptions(start, replaceBootloader, keepNeighbours, pressDeadline, from, Optional.of(check));
    }
}
