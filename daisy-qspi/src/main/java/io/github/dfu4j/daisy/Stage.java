package io.github.dfu4j.daisy;

import io.github.dfu4j.dfuse.FlashPlan;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareVerifier;
import io.github.dfu4j.image.Segment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** One stage of a route. */
public sealed interface Stage {

    /** What happens, in one sentence or two. */
    String words();

    private static String because(String sentence, String why) {
        return why.isEmpty() ? sentence : sentence + " " + why;
    }

    /**
     * A person presses buttons, and the board shows itself as the other bootloader at the same port.
     *
     * @param presses which
     * @param why what for, a whole sentence
     */
    record Press(Presses presses, String why) implements Stage {
        @Override
        public String words() {
            return because(presses.words(), why);
        }
    }

    /**
     * The ROM bootloader leaves for internal flash, where the Daisy bootloader is. Nobody has to press anything, unless it fails to: some
     * ROMs (V9.0) hang.
     *
     * @param why what for, a whole sentence
     */
    record Handover(String why) implements Stage {
        @Override
        public String words() {
            return because("Let the ROM bootloader start the Daisy bootloader.", why);
        }
    }

    /** The parts of a route that write, in their order. */
    enum Part {
        /** The Daisy bootloader is put into internal flash. */
        BOOTLOADER,
        /** QSPI flash is written. */
        QSPI,
        /** The code is put into internal flash. */
        CODE
    }

    /** What a flash stage is about. */
    enum Content {
        /** The Daisy bootloader, into internal flash. */
        BOOTLOADER(Part.BOOTLOADER, "the Daisy bootloader"),
        /** Data in QSPI flash. */
        DATA(Part.QSPI, "the data"),
        /** A program that the Daisy bootloader starts, perhaps with data. */
        QSPI_PROGRAM(Part.QSPI, "the program"),
        /** Code in internal flash. */
        CODE(Part.CODE, "the code");

        private final Part part;
        private final String words;

        Content(Part part, String words) {
            this.part = part;
            this.words = words;
        }

        /** The part of the route that it belongs to. */
        public Part part() {
            return part;
        }

        /** It in words, with its article. */
        public String words() {
            return words;
        }
    }

    /**
     * One bootloader writes.
     *
     * @param mode the bootloader
     * @param content what it is about
     * @param image the bytes
     * @param plan what is erased and written, planned for that bootloader as it is expected to show itself; the runner plans again when it
     *     sees it, and refuses to erase anything that this plan does not
     * @param estimate roughly how long it takes, with a bootloader that behaves as the released ones
     * @param unlessPresent whether it is left out if a Daisy bootloader is there already
     * @param verifier a check that the image has to pass before its first byte is sent
     */
    record Flash(
            DaisyMode mode,
            Content content,
            FirmwareImage image,
            FlashPlan plan,
            Duration estimate,
            boolean unlessPresent,
            Optional<FirmwareVerifier> verifier)
            implements Stage {

        /** Whether the board leaves DFU mode in the end. */
        public boolean leaves() {
            return plan.leaveAddress().isPresent();
        }

        @Override
        public String words() {
            String ranges = image.segments().stream()
                    .map(Segment::range)
                    .map(AddressRange::toString)
                    .collect(Collectors.joining(", "));
            return "Write " + content.words() + ", " + image.size() + " bytes at " + ranges + ", through "
                    + (mode == DaisyMode.ROM ? "the ROM bootloader" : "the Daisy bootloader")
                    + (unlessPresent ? ", unless one is there already" : "")
                    + (leaves() ? ", and start it." : ".");
        }
    }

    /**
     * The Daisy bootloader erases.
     *
     * @param ranges what is to be blank afterwards
     * @param plan what is erased for it, planned as a flash stage's
     * @param estimate roughly how long it takes, as for a flash stage
     */
    record Erase(List<AddressRange> ranges, FlashPlan plan, Duration estimate) implements Stage {

        /** Copies the list. */
        public Erase {
            ranges = Collections.unmodifiableList(new ArrayList<>(ranges));
        }

        @Override
        public String words() {
            return "Erase " + ranges.stream().map(AddressRange::toString).collect(Collectors.joining(", "))
                    + " through the Daisy bootloader.";
        }
    }
}
