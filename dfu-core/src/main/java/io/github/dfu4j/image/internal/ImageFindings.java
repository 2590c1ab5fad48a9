package io.github.dfu4j.image.internal;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.Finding;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** What is worth knowing about an image whatever file it came from. */
public final class ImageFindings {

    /** A hole this long between data was hardly meant by the one who made a flat binary. */
    private static final long SUSPICIOUS_HOLE = 1 << 20;

    private ImageFindings() {}

    /** Looks an image over. */
    public static List<Finding> of(FirmwareImage image) {
        List<Finding> findings = new ArrayList<>();
        if (!image.span().isPresent()) {
            findings.add(Finding.warning("empty", "there is no byte to flash in it"));
            return findings;
        }
        AddressRange span = image.span().get();
        if (span.end() > 1L << 32) {
            findings.add(Finding.warning(
                    "beyond-32-bits",
                    "it reaches to " + AddressRange.hex(span.last()) + ", but DfuSe addresses have 32 bits"));
        }
        List<Segment> islands =
                image.segments().stream().filter(s -> !s.isFill()).collect(Collectors.toList());
        boolean hole = image.segments().stream()
                .anyMatch(s ->
                        s.isFill() && s.size() >= SUSPICIOUS_HOLE && span.start() < s.start() && s.end() < span.end());
        if (islands.isEmpty()) {
            findings.add(Finding.warning("only-fill", "every byte of it is 0x00 or 0xFF in long stretches"));
        } else if (hole && islands.size() > 1) {
            findings.add(Finding.warning(
                    "flat-binary",
                    "it is a flat binary of " + span.size() + " bytes, of which only "
                            + image.dataSize() + " are data, in " + islands.size() + " islands (" + list(islands)
                            + "): a program whose sections lie far apart was turned into one .bin; better flash its ELF or Intel HEX file."
                            + " Bytes at an island's end that equal the fill behind it count as fill"));
        } else if (span.size() > 64 * SUSPICIOUS_HOLE && span.size() / 16 > image.size()) {
            findings.add(Finding.note(
                    "far-apart",
                    "its segments lie far apart: as a flat binary it would have " + span.size()
                            + " bytes, so keep it in a format with addresses"));
        }
        image.entryPoint().ifPresent(entry -> {
            if (image.segments().stream().noneMatch(s -> s.range().contains(entry))) {
                findings.add(Finding.warning(
                        "entry-outside", "the entry point " + AddressRange.hex(entry) + " lies in no segment"));
            }
        });
        return findings;
    }

    private static String list(List<Segment> islands) {
        String shown = islands.stream().limit(4).map(Segment::toString).collect(Collectors.joining(", "));
        return islands.size() > 4 ? shown + ", …" : shown;
    }
}
