package io.github.dfu4j.dfu;

import io.github.dfu4j.image.AddressRange;
import java.util.OptionalLong;

/**
 * What a job was doing when something went wrong.
 *
 * @param what the step, as a verb phrase such as {@code erase the sector}
 * @param address the target address that it was about, if it was about one
 */
public record Step(String what, OptionalLong address) {

    /** A step that is about no address. */
    public static Step of(String what) {
        return new Step(what, OptionalLong.empty());
    }

    /** A step at a target address. */
    public static Step of(String what, long address) {
        return new Step(what, OptionalLong.of(address));
    }

    /** The step with its address, such as {@code erase the sector at 0x08000000}. */
    @Override
    public String toString() {
        return address.isPresent() ? what + " at " + AddressRange.hex(address.getAsLong()) : what;
    }
}
