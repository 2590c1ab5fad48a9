package io.github.dfu4j.dfuse;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareVerifier;
import io.github.dfu4j.usb.UsbDevice;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * A plan: what a job will erase, write, keep and read back, target by target. It is a value, made without touching the device, and can
 * be printed, compared and confirmed before a byte is sent.
 *
 * <p>It is the most that happens: where the device can be read, sectors that hold the right bytes already are left alone.
 *
 * @param device the device it was made for, in words
 * @param image the image's name
 * @param targets what happens to each target, in the order of the job
 * @param leaveAddress where the program is started in the end, if the device is to leave DFU mode
 * @param warnings what the user should know before it starts, in whole sentences
 * @param estimate roughly how long it takes if nothing can be left out
 * @param options how it was made and is to be carried out
 */
public record FlashPlan(
        String device,
        String image,
        List<TargetPlan> targets,
        OptionalLong leaveAddress,
        List<String> warnings,
        Duration estimate,
        FlashOptions options) {

    /** Copies the lists. */
    public FlashPlan {
        targets = Collections.unmodifiableList(new ArrayList<>(targets));
        warnings = Collections.unmodifiableList(new ArrayList<>(warnings));
    }

    /** How far the device's answers to DFU_UPLOAD are believed. */
    public enum Readback {
        /** It is known to return its memory. */
        TRUSTED,
        /** It says it can be read; that is believed once it has returned bytes that it cannot have made up. */
        TO_BE_PROVED,
        /** It cannot be read, or is known to return something else. */
        IMPOSSIBLE
    }

    /**
     * What happens to one target.
     *
     * @param target the alternate setting and its layout
     * @param image what of the image goes there
     * @param sectors the sectors that the image touches, in address order
     * @param erases the erase commands, in address order
     * @param massErase whether one command erases everything instead
     * @param readback how far the device's read-back is believed
     * @param writeAlignment the flash word in bytes: what is written starts and ends at a multiple of it within its sector
     * @param erasedByte what each byte reads that is erased, 0 to 255
     * @param blockSize the bytes of a full block, {@code wTransferSize}
     * @param vectorTable the address that the program starts from, its vector table, whose first words are written last; empty if the image
     *     holds none
     */
    public record TargetPlan(
            FlashTarget target,
            FirmwareImage image,
            List<SectorPlan> sectors,
            List<Erase> erases,
            boolean massErase,
            Readback readback,
            int writeAlignment,
            int erasedByte,
            int blockSize,
            OptionalLong vectorTable) {

        /** Copies the lists. */
        public TargetPlan {
            sectors = Collections.unmodifiableList(new ArrayList<>(sectors));
            erases = Collections.unmodifiableList(new ArrayList<>(erases));
        }

        /** Whether these are option bytes: one block, written as a whole without an erase, after which the device resets itself. */
        public boolean optionBytes() {
            return target.layout().isOptionBytes();
        }

        /** All addresses that are cleared, joined. */
        public List<AddressRange> erased() {
            List<AddressRange> cleared = new ArrayList<>();
            if (massErase) {
                cleared.addAll(target.layout().regions());
            }
            erases.forEach(e -> cleared.add(e.cleared()));
            return Ranges.joined(cleared);
        }

        /** All addresses that are written, joined: the image's, and fill bytes up to the device's alignment. */
        public List<AddressRange> written() {
            List<AddressRange> written = new ArrayList<>();
            sectors.forEach(s -> written.addAll(s.written()));
            return Ranges.joined(written);
        }

        /** Addresses outside the image whose bytes are read before and written back. */
        public List<AddressRange> kept() {
            List<AddressRange> kept = new ArrayList<>();
            sectors.forEach(s -> kept.addAll(s.kept()));
            return Ranges.joined(kept);
        }
    }

    /**
     * What happens to one sector.
     *
     * @param sector its addresses
     * @param erasable whether the host has to erase it before it is written
     * @param written the parts that are written at the most, aligned as the device wants it
     * @param kept the parts outside the image that are read before and written back
     */
    public record SectorPlan(
            AddressRange sector, boolean erasable, List<AddressRange> written, List<AddressRange> kept) {

        /** Copies the lists. */
        public SectorPlan {
            written = Collections.unmodifiableList(new ArrayList<>(written));
            kept = Collections.unmodifiableList(new ArrayList<>(kept));
        }
    }

    /**
     * An erase command.
     *
     * @param address the address that it carries
     * @param cleared what it clears on this device
     */
    public record Erase(long address, AddressRange cleared) {}

    /** Whether the only thing to be done is to remove the read protection, which erases all flash (AN3156 §5.4). */
    public boolean removesReadProtection() {
        return targets.isEmpty() && options.readUnprotect();
    }

    /**
     * Asks the verifier of the options about the very bytes that will be written, and where.
     *
     * @param flashed the device that they will be written to
     * @return what the verifier has found to be true; empty if there is no verifier
     * @throws io.github.dfu4j.image.FirmwareRejectedException if the firmware must not be flashed
     * @throws IOException if what the check needs cannot be read
     */
    public Optional<String> authenticate(UsbDevice flashed) throws IOException {
        if (!options.verifier().isPresent()) {
            return Optional.empty();
        }
        FirmwareImage.Builder bytes = FirmwareImage.builder().origin(image, "");
        List<String> layouts = new ArrayList<>();
        for (TargetPlan target : targets) {
            bytes.add(target.image());
            layouts.add(target.target().layout().name());
        }
        FirmwareVerifier.Target where = new FirmwareVerifier.Target(flashed.vendorId(), flashed.productId(), layouts);
        return Optional.of(options.verifier().get().verify(bytes.build(), where));
    }

    /** The number of bytes that are written at the most. */
    public long bytesToWrite() {
        return targets.stream()
                .flatMap(t -> t.sectors().stream())
                .flatMap(s -> s.written().stream())
                .mapToLong(AddressRange::size)
                .sum();
    }
}
