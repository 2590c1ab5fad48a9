package io.github.dfu4j.image;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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

    /**
     * Several files as one: what they have for one destination becomes one part.
     *
     * <p>Prefix, suffix and entry points are those of the first file that has one; findings are left out.
     *
     * @param files one or more, with the names that a message should call them by
     * @throws FirmwareFormatException if two of them want different bytes at one address of one destination; it names both
     */
    public static FirmwareFile merge(List<FirmwareFile> files) throws FirmwareFormatException {
        if (files.size() == 1) {
            return files.get(0);
        }
        Map<List<Object>, List<ImagePart>> byDestination = new LinkedHashMap<>();
        List<String> names = new ArrayList<>();
        Optional<DfuPrefix> prefix = Optional.empty();
        Optional<DfuSuffix> suffix = Optional.empty();
        for (FirmwareFile file : files) {
            names.add(file.name);
            prefix = prefix.isPresent() ? prefix : file.prefix;
            suffix = suffix.isPresent() ? suffix : file.suffix;
            for (ImagePart part : file.parts) {
                byDestination
                        .computeIfAbsent(Arrays.asList(part.alternate(), part.family()), key -> new ArrayList<>())
                        .add(part);
            }
        }
        List<ImagePart> parts = new ArrayList<>();
        for (List<ImagePart> same : byDestination.values()) {
            ImagePart first = same.get(0);
            List<FirmwareImage> images = new ArrayList<>();
            for (ImagePart part : same) {
                images.add(part.image());
            }
            parts.add(new ImagePart(first.alternate(), first.family(), first.name(), FirmwareImage.merge(images)));
        }
        return of(String.join(" + ", names), files.get(0).format, parts).with(prefix, suffix);
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
