package io.github.dfu4j.daisy;

import io.github.dfu4j.dfuse.FlashReport;
import io.github.dfu4j.image.AddressRange;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * What was done on a route, and how it is known.
 *
 * @param stages a report for each stage that was begun
 * @param ending what became of the board in the end
 * @param took how long all of it took, the presses included
 */
public record RouteReport(List<StageReport> stages, Ending ending, Duration took) {

    /** Copies the list. */
    public RouteReport {
        stages = Collections.unmodifiableList(new ArrayList<>(stages));
    }

    /** How a stage ended. */
    public enum Result {
        /** It was done. */
        DONE,
        /** It was not needed: what it would have brought about was so already. */
        NOT_NEEDED,
        /** It failed or was cancelled. */
        FAILED
    }

    /** What became of the board after it was asked to start its program. */
    public enum Ending {
        /** It was not asked to. */
        STAYS("The board stays in its bootloader."),
        /** It left the bus and did not come back as a bootloader. Whether the program does what it should nobody can see from here. */
        LEFT("The board left its bootloader for the program."),
        /** It left the ROM bootloader, and the Daisy bootloader came up. */
        HANDED_OVER("The board started the Daisy bootloader."),
        /** It left the bus and came back as the same bootloader: it found nothing that it would start. */
        REFUSED(
                "The board came back as its bootloader: it found no program that it would start. If one was written, QSPI flash may be stuck"
                        + " in write protection, which the Daisy bootloader v6.3 or later mends."),
        /** It answered and stayed; a known fault of one ROM version. */
        STUCK("The board was asked to start the program and did not leave its bootloader. Tap RESET.");

        private final String words;

        Ending(String words) {
            this.words = words;
        }

        /** It as a sentence. */
        public String words() {
            return words;
        }
    }

    /**
     * How one stage went.
     *
     * @param stage the stage
     * @param result how it ended
     * @param flash what was flashed; empty if nothing was
     * @param readBack what was found out about the bootloader's read-back; {@link ReadBack#UNKNOWN} if it was not looked
     * @param settled whether the flash is known to have done its last operation, not only to have accepted it
     * @param stuck whether QSPI flash took so long for a block that it is likely to be write-protected, and nothing to be written
     * @param asked how often a person was asked for presses
     * @param took how long it took
     */
    public record StageReport(
            Stage stage,
            Result result,
            Optional<FlashReport> flash,
            ReadBack readBack,
            boolean settled,
            boolean stuck,
            int asked,
            Duration took) {}

    /** Everything on the board in the end that was written and read back equal, or found right without writing. */
    public List<AddressRange> verified() {
        return standing(flash -> {
            List<AddressRange> good = new ArrayList<>(flash.verified());
            good.addAll(flash.unchanged());
            return good;
        });
    }

    /** Everything on the board in the end that was written, or erased by an erase stage, and could not be read back. */
    public List<AddressRange> unverified() {
        return standing(FlashReport::unverified);
    }

    /** What of some ranges of all stages has not been erased by a later stage. */
    private List<AddressRange> standing(Function<FlashReport, List<AddressRange>> which) {
        List<AddressRange> result = new ArrayList<>();
        for (StageReport stage : stages) {
            if (stage.flash().isPresent()) {
                result = Ranges.without(result, stage.flash().get().erased());
                result.addAll(which.apply(stage.flash().get()));
                Collections.sort(result);
            }
        }
        return result;
    }
}
