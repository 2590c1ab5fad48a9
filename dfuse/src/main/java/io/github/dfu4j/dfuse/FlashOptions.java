package io.github.dfu4j.dfuse;

import io.github.dfu4j.image.FirmwareVerifier;
import java.time.Duration;
import java.util.Arrays;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * How a plan is to be made and carried out. Immutable; each method that sets something returns another instance.
 *
 * <p>The defaults are the safe and quick way: what is there already is not written again, the bytes around a partly covered sector are
 * kept, what was written is read back, all where the device can be read; nothing dangerous is allowed; the device stays in DFU mode.
 */
public final class FlashOptions {

    /** The defaults. */
    public static final FlashOptions DEFAULT = new FlashOptions(new Values());

    private static final class Values implements Cloneable {
        private boolean verify = true;
        private boolean skipUnchanged = true;
        private boolean skipBlank = true;
        private boolean keepNeighbours = true;
        private boolean massErase;
        private boolean optionBytes;
        private boolean readUnprotect;
        private boolean bootloaderRegion;
        private boolean restartSafe;
        private Optional<FirmwareVerifier> verifier = Optional.empty();
        private boolean leave;
        private OptionalLong leaveAddress = OptionalLong.empty();
        private OptionalInt alternate = OptionalInt.empty();
        private Optional<Duration> deadline = Optional.empty();

        @Override
        protected Values clone() {
            try {
                return (Values) super.clone();
            } catch (CloneNotSupportedException e) {
                throw new AssertionError(e);
            }
        }
    }

    private final Values values;

    private FlashOptions(Values values) {
        this.values = values;
    }

    /** Whether what was written is read back and compared, where the device can be read. Default: true. */
    public boolean verify() {
        return values.verify;
    }

    /** Sets {@link #verify()}. */
    public FlashOptions withVerify(boolean verify) {
        Values next = values.clone();
        next.verify = verify;
        return new FlashOptions(next);
    }

    /** Whether sectors that hold the right bytes already are left alone, where the device can be read. Default: true. */
    public boolean skipUnchanged() {
        return values.skipUnchanged;
    }

    /** Sets {@link #skipUnchanged()}. */
    public FlashOptions withSkipUnchanged(boolean skip) {
        Values next = values.clone();
        next.skipUnchanged = skip;
        return new FlashOptions(next);
    }

    /** Whether long stretches of what erased bytes read, mostly 0xFF, are not written to sectors that have just been erased. Default: true. */
    public boolean skipBlank() {
        return values.skipBlank;
    }

    /** Sets {@link #skipBlank()}. */
    public FlashOptions withSkipBlank(boolean skip) {
        Values next = values.clone();
        next.skipBlank = skip;
        return new FlashOptions(next);
    }

    /** Whether the bytes of a sector that the image does not cover are read before and written back. Default: true. */
    public boolean keepNeighbours() {
        return values.keepNeighbours;
    }

    /** Sets {@link #keepNeighbours()}. */
    public FlashOptions withKeepNeighbours(boolean keep) {
        Values next = values.clone();
        next.keepNeighbours = keep;
        return new FlashOptions(next);
    }

    /** Whether the target's whole memory is erased by one command instead of the sectors that need it. Default: false. */
    public boolean massErase() {
        return values.massErase;
    }

    /** Sets {@link #massErase()}. */
    public FlashOptions withMassErase(boolean massErase) {
        Values next = values.clone();
        next.massErase = massErase;
        return new FlashOptions(next);
    }

    /** Whether option bytes may be written. They configure the chip and can lock it. Default: false. */
    public boolean optionBytes() {
        return values.optionBytes;
    }

    /** Sets {@link #optionBytes()}. */
    public FlashOptions withOptionBytes(boolean allowed) {
        Values next = values.clone();
        next.optionBytes = allowed;
        return new FlashOptions(next);
    }

    /** Whether read protection may be removed, which erases all of the part's flash. Default: false. */
    public boolean readUnprotect() {
        return values.readUnprotect;
    }

    /** Sets {@link #readUnprotect()}. */
    public FlashOptions withReadUnprotect(boolean allowed) {
        Values next = values.clone();
        next.readUnprotect = allowed;
        return new FlashOptions(next);
    }

    /**
     * Whether sectors may be erased and written that the layout keeps from the host: usually the bootloader's own. Default: false.
     */
    public boolean bootloaderRegion() {
        return values.bootloaderRegion;
    }

    /** Sets {@link #bootloaderRegion()}. */
    public FlashOptions withBootloaderRegion(boolean allowed) {
        Values next = values.clone();
        next.bootloaderRegion = allowed;
        return new FlashOptions(next);
    }

    /**
     * Whether the sector of the vector table is erased first and written last even if its bytes do not change, so that a device that
     * loses power on the way never starts a mixture of two programs. It costs that sector's time. Default: false, since a sector that
     * does not change is not touched.
     */
    public boolean restartSafe() {
        return values.restartSafe;
    }

    /** Sets {@link #restartSafe()}. */
    public FlashOptions withRestartSafe(boolean safe) {
        Values next = values.clone();
        next.restartSafe = safe;
        return new FlashOptions(next);
    }

    /** A check that the very bytes to be written must pass before the first transfer. Default: none. */
    public Optional<FirmwareVerifier> verifier() {
        return values.verifier;
    }

    /** Sets {@link #verifier()}. */
    public FlashOptions withVerifier(FirmwareVerifier verifier) {
        Values next = values.clone();
        next.verifier = Optional.of(verifier);
        return new FlashOptions(next);
    }

    /** Whether the device leaves DFU mode in the end. Default: false. */
    public boolean leave() {
        return values.leave;
    }

    /** Sets {@link #leave()}. */
    public FlashOptions withLeave(boolean leave) {
        Values next = values.clone();
        next.leave = leave;
        return new FlashOptions(next);
    }

    /** Where the program starts after leave. Default: its vector table, or else the lowest address of the first target's image. */
    public OptionalLong leaveAddress() {
        return values.leaveAddress;
    }

    /** Sets {@link #leaveAddress()}, and {@link #leave()} with it. */
    public FlashOptions withLeaveAddress(long address) {
        Values next = values.clone();
        next.leave = true;
        next.leaveAddress = OptionalLong.of(address);
        return new FlashOptions(next);
    }

    /** The only alternate setting to use. Default: the one whose layout holds the address. */
    public OptionalInt alternate() {
        return values.alternate;
    }

    /** Sets {@link #alternate()}. */
    public FlashOptions withAlternate(int alternate) {
        Values next = values.clone();
        next.alternate = OptionalInt.of(alternate);
        return new FlashOptions(next);
    }

    /** How long the whole job may take. Default: no limit but those of the single operations. */
    public Optional<Duration> deadline() {
        return values.deadline;
    }

    /** Sets {@link #deadline()}. */
    public FlashOptions withDeadline(Duration allowed) {
        Values next = values.clone();
        next.deadline = Optional.of(allowed);
        return new FlashOptions(next);
    }

    private Object[] all() {
        Values v = values;
        return new Object[] {
            v.verify,
            v.skipUnchanged,
            v.skipBlank,
            v.keepNeighbours,
            v.massErase,
            v.optionBytes,
            v.readUnprotect,
            v.bootloaderRegion,
            v.restartSafe,
            v.verifier,
            v.leave,
            v.leaveAddress,
            v.alternate,
            v.deadline
        };
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof FlashOptions o && Arrays.equals(all(), o.all());
    }

    @Override
    public int hashCode() {
        return Objects.hash(all());
    }
}
