package io.github.dfu4j.daisy;

import io.github.dfu4j.dfuse.FlashPlan;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;

/** One stage of a route. */
public sealed interface Stage {

    /** What happens, in one sentence. */
    String words();

    /**
     * A person presses buttons, and the board shows itself as the other bootloader at the same port.
     *
     * @param presses which
     * @param why what for, a whole sentence
     */
    record Press(Presses presses, String why) implements Stage {
        @Override
        public String words() {
            return presses.words() + " " + why;
        }
    }

    /** What a flash stage is about. */
    enum Content {
        /** The Daisy bootloader, into internal flash. */
        BOOTLOADER("the Daisy bootloader"),
        /** Data in QSPI flash. */
        DATA("the data"),
        /** A program that the Daisy bootloader starts, perhaps with data. */
        QSPI_PROGRAM("the program"),
        /** Code in internal flash. */
        CODE("the code");

        private final String words;

        Content(String words) {
            this.words = words;
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
     * @param unlessPresent whether it is left out if a Daisy bootloader is there already
     */
    record Flash(DaisyMode mode, Content content, FirmwareImage image, FlashPlan plan, boolean unlessPresent)
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
     */
    record Erase(List<AddressRange> ranges, FlashPlan plan) implements Stage {

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
