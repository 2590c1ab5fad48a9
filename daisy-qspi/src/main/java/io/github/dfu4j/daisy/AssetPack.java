package io.github.dfu4j.daisy;

import io.github.dfu4j.image.AddressRange;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.zip.CRC32;

/**
 * A pack of assets: files one after the other in QSPI flash, with an index that a program and a host can read.
 *
 * <p>The pack starts with an index: the magic {@code 0x41354651} ("QF5A"), the version 1, the number of assets, the size of the whole pack,
 * the CRC-32 of the index behind these 20 bytes, all as little-endian words; then for each asset 64 bytes: the name in UTF-8, filled with
 * zeros to 48 bytes, its address, its size, its CRC-32, and the number of its frames' bytes (0 if it is not audio). The assets follow in the
 * order of their names, each at a multiple of the alignment. The same files make the same pack, whatever their order.
 */
public final class AssetPack {

    private static final int MAGIC = 0x4135_4651;
    /** How many bytes of a pack must be read to know the size of its index. */
    public static final int HEAD = 20;

    private static final int ENTRY = 64;
    private static final int NAME = 48;
    private static final int MOST = 4096;

    /** What the macros of an asset end with. */
    private static final List<String> MACROS =
            Arrays.asList("", "_SIZE", "_FRAMES", "_RATE", "_CHANNELS", "_BITS", "_FLOAT");

    private final long address;
    private final List<Entry> entries;
    private final byte[] bytes;
    private final Map<String, Audio> audio;

    private AssetPack(long address, List<Entry> entries, byte[] bytes, Map<String, Audio> audio) {
        this.address = address;
        this.entries = Collections.unmodifiableList(entries);
        this.bytes = bytes;
        this.audio = audio;
    }

    /**
     * How the frames of audio are to be played. A frame has one little-endian sample for each channel.
     *
     * @param rate frames in a second
     * @param channels samples in a frame
     * @param bits bits of a sample, a multiple of 8; integers of 8 bits are unsigned and longer ones signed, as in WAV files
     * @param floating whether the samples are floating point instead
     */
    public record Audio(int rate, int channels, int bits, boolean floating) {

        /** Checks the numbers. */
        public Audio {
            if (rate < 1 || channels < 1 || bits < 8 || bits > 64 || bits % 8 != 0) {
                throw new IllegalArgumentException(
                        "no audio has a rate of " + rate + " Hz with " + channels + " channels of " + bits + " bits");
            }
        }

        /** How many bytes one frame has. */
        public int frameSize() {
            return channels * (bits / 8);
        }

        /** It in words, such as {@code 48000 Hz, 2 channels, 16 bits signed}. */
        @Override
        public String toString() {
            String kind = floating ? " floating point" : bits == 8 ? " unsigned" : " signed";
            return rate + " Hz, " + channels + (channels == 1 ? " channel, " : " channels, ") + bits + " bits" + kind;
        }
    }

    /** An asset to be packed. */
    public static final class Asset {
        private final String name;
        private final byte[] bytes;
        private final Optional<Audio> audio;

        /**
         * An asset that is not audio.
         *
         * @param name its name, 1 to 47 bytes in UTF-8
         * @param bytes its bytes, one or more; not copied, and not to be changed until it is packed
         */
        public Asset(String name, byte[] bytes) {
            this(name, bytes, Optional.empty());
        }

        /**
         * The frames of some audio, as an asset.
         *
         * @param name its name, 1 to 47 bytes in UTF-8
         * @param frames one or more; not copied, and not to be changed until they are packed
         * @param audio how they are to be played
         */
        public Asset(String name, byte[] frames, Audio audio) {
            this(name, frames, Optional.of(audio));
        }

        private Asset(String name, byte[] bytes, Optional<Audio> audio) {
            this.name = name;
            this.bytes = bytes;
            this.audio = audio;
        }
    }

    /**
     * An asset in a pack.
     *
     * @param name its name
     * @param range where it lies
     * @param crc32 the CRC-32 of its bytes, as zlib computes it
     * @param frameSize how many bytes one audio frame has; 0 if it is not audio
     */
    public record Entry(String name, AddressRange range, long crc32, int frameSize) {}

    /**
     * Packs assets.
     *
     * @param address where the pack goes
     * @param alignment each asset starts at a multiple of this, a power of two from 4 to 65536; with 65536 each can be written again alone
     * @param assets the assets in any order
     * @throws IllegalArgumentException if a name is empty, too long or there twice, an asset is empty, or they do not fit QSPI flash
     */
    public static AssetPack of(long address, int alignment, List<Asset> assets) {
        if (Integer.bitCount(alignment) != 1 || alignment < 4 || alignment > DaisyMemory.ERASE_BLOCK) {
            throw new IllegalArgumentException("an alignment is a power of two from 4 to 65536, not " + alignment);
        }
        if (address % alignment != 0) {
            throw new IllegalArgumentException(
                    AddressRange.hex(address) + " is no multiple of the alignment, " + alignment);
        }
        if (assets.isEmpty() || assets.size() > MOST) {
            throw new IllegalArgumentException("a pack has 1 to " + MOST + " assets, not " + assets.size());
        }
        List<Asset> sorted = new ArrayList<>(assets);
        sorted.sort(Comparator.comparing((Asset a) -> a.name));
        long at = aligned(address + HEAD + (long) ENTRY * sorted.size(), alignment);
        List<Entry> entries = new ArrayList<>();
        Map<String, Audio> audio = new HashMap<>();
        String before = "";
        for (Asset asset : sorted) {
            int length = asset.name.getBytes(StandardCharsets.UTF_8).length;
            if (length == 0 || length >= NAME) {
                throw new IllegalArgumentException(
                        "the name of an asset has 1 to " + (NAME - 1) + " bytes: \"" + asset.name + "\"");
            }
            if (asset.name.equals(before)) {
                throw new IllegalArgumentException("there are two assets named \"" + before + "\"");
            }
            if (asset.bytes.length == 0) {
                throw new IllegalArgumentException("\"" + asset.name + "\" is empty");
            }
            before = asset.name;
            AddressRange range = AddressRange.ofSize(at, asset.bytes.length);
            int frameSize = asset.audio.map(Audio::frameSize).orElse(0);
            entries.add(new Entry(asset.name, range, crc(asset.bytes, 0, asset.bytes.length), frameSize));
            asset.audio.ifPresent(how -> audio.put(asset.name, how));
            at = aligned(range.end(), alignment);
        }
        AddressRange all = new AddressRange(
                address, entries.get(entries.size() - 1).range().end());
        if (!DaisyMemory.QSPI_ADVERTISED.contains(all)) {
            throw new IllegalArgumentException("the pack would lie at " + all + ", but QSPI flash can be written at "
                    + DaisyMemory.QSPI_ADVERTISED);
        }
        return new AssetPack(address, entries, bytes(address, entries, sorted, (int) all.size()), audio);
    }

    private static byte[] bytes(long address, List<Entry> entries, List<Asset> assets, int size) {
        byte[] result = new byte[size];
        Arrays.fill(result, (byte) 0xff);
        ByteBuffer out = ByteBuffer.wrap(result).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            int at = HEAD + ENTRY * i;
            Arrays.fill(result, at, at + ENTRY, (byte) 0);
            byte[] name = entry.name().getBytes(StandardCharsets.UTF_8);
            System.arraycopy(name, 0, result, at, name.length);
            out.putInt(at + NAME, (int) entry.range().start());
            out.putInt(at + NAME + 4, (int) entry.range().size());
            out.putInt(at + NAME + 8, (int) entry.crc32());
            out.putInt(at + NAME + 12, entry.frameSize());
            byte[] bytes = assets.get(i).bytes;
            System.arraycopy(bytes, 0, result, (int) (entry.range().start() - address), bytes.length);
        }
        out.putInt(0, MAGIC);
        out.putInt(4, 1);
        out.putInt(8, entries.size());
        out.putInt(12, size);
        out.putInt(16, (int) crc(result, HEAD, ENTRY * entries.size()));
        return result;
    }

    /**
     * Reads a whole pack.
     *
     * @param bytes the pack, and nothing else
     * @throws IllegalArgumentException if it is no pack, is cut short, or is damaged; says where
     */
    public static AssetPack read(byte[] bytes) {
        List<Entry> entries = index(bytes);
        int size = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(12);
        if (size != bytes.length) {
            throw new IllegalArgumentException(
                    "the asset pack should have " + (size & 0xffffffffL) + " bytes and has " + bytes.length);
        }
        long address = entries.get(entries.size() - 1).range().end() - size;
        AddressRange all = AddressRange.ofSize(address, size);
        for (Entry entry : entries) {
            if (!all.contains(entry.range())
                    || entry.crc32()
                            != crc(bytes, (int) (entry.range().start() - address), (int)
                                    entry.range().size())) {
                throw new IllegalArgumentException("\"" + entry.name() + "\" in the asset pack is damaged");
            }
        }
        return new AssetPack(address, entries, bytes.clone(), Collections.emptyMap());
    }

    /**
     * How many bytes of a pack must be read to read its index.
     *
     * @param head the first {@link #HEAD} bytes of what may be a pack
     * @throws IllegalArgumentException if it is none
     */
    public static int indexSize(byte[] head) {
        if (head.length < HEAD) {
            throw new IllegalArgumentException("no asset pack: too short");
        }
        ByteBuffer in = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
        int count = in.getInt(8);
        if (in.getInt(0) != MAGIC || in.getInt(4) != 1 || count < 1 || count > MOST) {
            throw new IllegalArgumentException("no asset pack: it does not start with an index");
        }
        return HEAD + ENTRY * count;
    }

    /**
     * Reads the index of a pack.
     *
     * @param start the pack's first bytes, at least {@link #indexSize}
     * @throws IllegalArgumentException if it is no pack, or its index is damaged
     */
    public static List<Entry> index(byte[] start) {
        int size = indexSize(start);
        ByteBuffer in = ByteBuffer.wrap(start).order(ByteOrder.LITTLE_ENDIAN);
        if (start.length < size || in.getInt(16) != (int) crc(start, HEAD, size - HEAD)) {
            throw new IllegalArgumentException("the index of the asset pack is damaged");
        }
        List<Entry> entries = new ArrayList<>();
        for (int at = HEAD; at < size; at += ENTRY) {
            int length = 0;
            while (length < NAME && start[at + length] != 0) {
                length++;
            }
            entries.add(new Entry(
                    new String(start, at, length, StandardCharsets.UTF_8),
                    AddressRange.ofSize(in.getInt(at + NAME) & 0xffffffffL, in.getInt(at + NAME + 4) & 0x7fffffffL),
                    in.getInt(at + NAME + 8) & 0xffffffffL,
                    in.getInt(at + NAME + 12)));
        }
        return Collections.unmodifiableList(entries);
    }

    /** Where the pack goes. */
    public long address() {
        return address;
    }

    /** The assets, by name. */
    public List<Entry> entries() {
        return entries;
    }

    /** The bytes of the whole pack; a copy. */
    public byte[] toBytes() {
        return bytes.clone();
    }

    /**
     * A C header with the address and the size of each asset, and for audio with the number of its frames and how they are to be played.
     * The latter is not in the index, so the header of a pack that was read does without it.
     *
     * @param title what its macros begin with, mostly the name of its file without ending; two packs of one program need different ones
     */
    public String cHeader(String title) {
        String word = identifier(title);
        String prefix = word.isEmpty() || word.charAt(0) < 'A' || word.charAt(0) > 'Z' ? "ASSETS_" + word : word;
        List<String> taken = new ArrayList<>();
        StringBuilder text = new StringBuilder();
        text.append("/* Assets in QSPI flash, packed by dfu4j. Made again with each pack; do not edit. */\n");
        text.append("#ifndef ")
                .append(prefix)
                .append("_H\n#define ")
                .append(prefix)
                .append("_H\n");
        text.append("#include <stdint.h>\n\n");
        taken.add(prefix + "_H");
        define(text, taken, prefix + "_ADDRESS", AddressRange.hex(address) + "u");
        define(text, taken, prefix + "_SIZE", bytes.length + "u");
        define(text, taken, prefix + "_COUNT", entries.size() + "u");
        for (Entry entry : entries) {
            String name = free(prefix + "_" + identifier(entry.name()), taken);
            Audio how = audio.get(entry.name());
            text.append("\n/* ")
                    .append(comment(entry.name() + (how == null ? "" : ": " + how)))
                    .append(" */\n");
            AddressRange range = entry.range();
            define(text, taken, name, "((const uint8_t *)" + AddressRange.hex(range.start()) + "u)");
            define(text, taken, name + "_SIZE", range.size() + "u");
            if (entry.frameSize() > 0) {
                define(text, taken, name + "_FRAMES", range.size() / entry.frameSize() + "u");
            }
            if (how != null) {
                define(text, taken, name + "_RATE", how.rate() + "u");
                define(text, taken, name + "_CHANNELS", how.channels() + "u");
                define(text, taken, name + "_BITS", how.bits() + "u");
                define(text, taken, name + "_FLOAT", how.floating() ? "1" : "0");
            }
        }
        return text.append("\n#endif\n").toString();
    }

    private static void define(StringBuilder text, List<String> taken, String macro, String value) {
        text.append("#define ").append(macro).append(' ').append(value).append('\n');
        taken.add(macro);
    }

    /** What a C comment can hold of a text without ending, or seeming to begin another. */
    private static String comment(String text) {
        return text.replace("*/", "* /").replace("/*", "/ *");
    }

    /** What a C identifier can hold of a name. */
    private static String identifier(String name) {
        StringBuilder id = new StringBuilder();
        for (char c : name.toUpperCase(Locale.ROOT).toCharArray()) {
            id.append((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ? c : '_');
        }
        return id.toString();
    }

    /** A name for an asset's macros, none of which is taken. */
    private static String free(String name, List<String> taken) {
        String result = name;
        for (int n = 2; isTaken(result, taken); n++) {
            result = name + "_" + n;
        }
        return result;
    }

    private static boolean isTaken(String name, List<String> taken) {
        return MACROS.stream().anyMatch(ending -> taken.contains(name + ending));
    }

    private static long aligned(long address, int alignment) {
        return (address + alignment - 1) / alignment * alignment;
    }

    private static long crc(byte[] bytes, int offset, int length) {
        CRC32 crc = new CRC32();
        crc.update(bytes, offset, length);
        return crc.getValue();
    }
}
