package io.github.dfu4j.dfuse;

import io.github.dfu4j.image.AddressRange;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Collectors;

/** An image that cannot be flashed to a device as asked. Nothing has been touched. */
public final class FlashPlanException extends IOException {

    private static final long serialVersionUID = 1;

    /** Why not. */
    public enum Reason {
        /** There is nothing in the image. */
        EMPTY,
        /** Some bytes lie outside every region of the device. */
        OUTSIDE,
        /** Some bytes lie where the host must not write. */
        NOT_WRITABLE,
        /** A flat binary holds a sea of fill bytes between its islands of data, and the fill does not fit. */
        FLAT_BINARY,
        /** Option bytes would be written without the caller's word. */
        OPTION_BYTES,
        /** Read protection would be removed without the caller's word. */
        READ_UNPROTECT,
        /** The device cannot do it. */
        UNSUPPORTED,
        /** The device names no memory that can be understood. */
        NO_LAYOUT
    }

    /**
     * One obstacle.
     *
     * @param reason why not
     * @param range the addresses concerned
     * @param message the obstacle in a whole sentence
     */
    public record Problem(Reason reason, AddressRange range, String message) {}

    private final transient List<Problem> problems;

    /**
     * Obstacles found.
     *
     * @param problems one or more
     */
    public FlashPlanException(List<Problem> problems) {
        super(ordered(problems).stream().map(Problem::message).collect(Collectors.joining("\n")));
        this.problems = Collections.unmodifiableList(ordered(problems));
    }

    private static List<Problem> ordered(List<Problem> problems) {
        List<Problem> ordered = new ArrayList<>(problems);
        ordered.sort(Comparator.comparing(Problem::range));
        return ordered;
    }

    /** The obstacles, in address order. */
    public List<Problem> problems() {
        return problems;
    }

    /** Whether one of the obstacles is of a kind. */
    public boolean has(Reason reason) {
        return problems.stream().anyMatch(p -> p.reason() == reason);
    }
}
