package io.github.dfu4j.image;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * A firmware file as read: its format, its parts, and what is worth knowing about it.
 *
 * <p>Most files are one part. A DfuSe file has one for each alternate setting it is meant for, a UF2 file one for each chip family.
 */
public final class FirmwareFile {

    private final String name;
    private final String format;
    private final List<ImagePart> parts;
    private final Optional<DfuPrefix> prefix;
    private final Optional<DfuSuffix> suffix;
    private final List<Finding> findings;

    private FirmwareFile(
            String name,
            String format,
            List<ImagePart> parts,
            Optional<DfuPrefix> prefix,
            Optional<DfuSuffix> suffix,
            List<Finding> findings) {
        this.name = name;
        this.format = format;
        this.parts = Collections.unmodifiableList(new ArrayList<>(parts));
        this.prefix = prefix;
        this.suffix = suffix;
        this.findings = Collections.unmodifiableList(new ArrayList<>(findings));
    }

    /** A file of several parts. */
    public static FirmwareFile of(String name, String format, List<ImagePart> parts) {
        return new FirmwareFile(name, format, parts, Optional.empty(), Optional.empty(), Collections.emptyList());
    }

    /** A file of one image that names no destination. */
    public static FirmwareFile of(FirmwareImage image) {
        return of(image.name(), image.format(), Collections.singletonList(ImagePart.whole(image)));
    }

    /** The same file with a DFU prefix and suffix around it. */
    public FirmwareFile with(Optional<DfuPrefix> newPrefix, Optional<DfuSuffix> newSuffix) {
        return new FirmwareFile(name, format, parts, newPrefix, newSuffix, findings);
    }

    FirmwareFile with(List<Finding> newFindings) {
        return new FirmwareFile(name, format, parts, prefix, suffix, newFindings);
    }

    /** The name of the file, for messages. */
    public String name() {
        return name;
    }

    /** The name of its format: {@code elf}, {@code ihex}, {@code srec}, {@code uf2}, {@code dfu}, {@code dfuse}, {@code binary}. */
    public String format() {
        return format;
    }

    /** The parts in the file's order. */
    public List<ImagePart> parts() {
        return parts;
    }

    /** The Stellaris or LPC prefix, if there is one. */
    public Optional<DfuPrefix> prefix() {
        return prefix;
    }

    /** The DFU suffix, if there is one. */
    public Optional<DfuSuffix> suffix() {
        return suffix;
    }

    /** What is worth knowing, in the order in which it was noticed. */
    public List<Finding> findings() {
        return findings;
    }

    /**
     * All parts as one image.
     *
     * @throws FirmwareFormatException if two parts want different bytes at one address, so that one must be chosen
     */
    public FirmwareImage image() throws FirmwareFormatException {
        if (parts.size() == 1) {
            return parts.get(0).image();
        }
        List<FirmwareImage> images = new ArrayList<>();
        for (ImagePart part : parts) {
            images.add(part.image().withOrigin(name + " " + part.describe(), format));
        }
        return FirmwareImage.merge(images).withOrigin(name, format);
    }

    @Override
    public String toString() {
        return name + " (" + format + ") " + parts;
    }
}
