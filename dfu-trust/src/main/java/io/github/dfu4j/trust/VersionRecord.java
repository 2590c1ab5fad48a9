package io.github.dfu4j.trust;

import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.trust.internal.Json;
import io.github.dfu4j.trust.internal.Json.Obj;
import io.github.dfu4j.trust.internal.Text;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * A record of the highest version of each firmware that was flashed, so that an older one, though signed, can be refused.
 *
 * <p>The host keeps it, as a small JSON file or wherever the application wants: a DFU device does not tell which version it holds.
 *
 * @param versions the highest version by firmware name
 */
public record VersionRecord(Map<String, FirmwareVersion> versions) {

    /** The most bytes that the file of a record may have. */
    public static final int MAX_SIZE = 1 << 20;

    private static final String FORMAT = "dfu4j-versions";
    private static final long FORMAT_VERSION = 1;

    /** Nothing flashed yet. */
    public static final VersionRecord EMPTY = new VersionRecord(Map.of());

    /** Copies the map. */
    public VersionRecord {
        versions = Map.copyOf(versions);
    }

    /**
     * Reads a record's file.
     *
     * @param source the file's name, for messages
     * @param json the file, at most {@link #MAX_SIZE} bytes
     * @throws FirmwareFormatException if it is not such a record
     */
    public static VersionRecord parse(String source, byte[] json) throws FirmwareFormatException {
        Obj root = Json.parse(source, json, MAX_SIZE);
        Manifest.format(root, FORMAT, FORMAT_VERSION);
        Obj versions = root.object("versions");
        root.end();
        Map<String, FirmwareVersion> result = new TreeMap<>();
        for (String name : versions.names()) {
            try {
                result.put(Text.printable("firmware name", name), new FirmwareVersion(versions.string(name)));
            } catch (IllegalArgumentException e) {
                throw new FirmwareFormatException(source, "versions", String.valueOf(e.getMessage()));
            }
        }
        return new VersionRecord(result);
    }

    /** The highest version flashed of a firmware. */
    public Optional<FirmwareVersion> of(String name) {
        return Optional.ofNullable(versions.get(name));
    }

    /** The record after a firmware was flashed; a lower version changes nothing. */
    public VersionRecord with(String name, FirmwareVersion version) {
        Map<String, FirmwareVersion> result = new TreeMap<>(versions);
        result.merge(name, version, (a, b) -> a.compareTo(b) >= 0 ? a : b);
        return new VersionRecord(result);
    }

    /** The record's file in canonical form (RFC 8785). */
    public byte[] toJson() {
        Map<String, String> texts = new TreeMap<>();
        versions.forEach((name, version) -> texts.put(name, version.text()));
        return Json.write(Map.of("format", FORMAT, "formatVersion", FORMAT_VERSION, "versions", texts));
    }
}
