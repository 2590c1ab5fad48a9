package io.github.dfu4j.image.internal;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareFile;
import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareWriter;
import io.github.dfu4j.image.ImagePart;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;

/** Writes UF2, a block for each 256 bytes of memory that hold something. */
public final class Uf2Writer implements FirmwareWriter {

    /** The payload that every UF2 bootloader takes. */
    private static final int PAYLOAD = 256;

    private final OptionalLong family;

    /** A writer with a family for what names none. */
    public Uf2Writer(OptionalLong family) {
        this.family = family;
    }

    @Override
    public String format() {
        return "uf2";
    }

    @Override
    public void write(FirmwareFile file, OutputStream out) throws IOException {
        Map<OptionalLong, List<FirmwareImage>> families = new LinkedHashMap<>();
        for (ImagePart part : file.parts()) {
            OptionalLong id = part.family().isPresent() ? part.family() : family;
            families.computeIfAbsent(id, key -> new ArrayList<>()).add(part.image());
        }
        for (Map.Entry<OptionalLong, List<FirmwareImage>> entry : families.entrySet()) {
            write(entry.getKey(), FirmwareImage.merge(entry.getValue()), out);
        }
    }

    private static void write(OptionalLong id, FirmwareImage image, OutputStream out) throws IOException {
        long end = image.span().map(AddressRange::end).orElse(0L);
        if (end > 1L << 32) {
            throw new FirmwareFormatException(
                    image.name(),
                    "",
                    "UF2 holds addresses of 32 bits, but the image reaches to " + AddressRange.hex(end - 1));
        }
        // A block may hold the end of data and the beginning of a fill.
        List<AddressRange> runs = image.runs();
        long blocks = 0;
        for (AddressRange run : runs) {
            blocks += (run.end() + PAYLOAD - 1) / PAYLOAD - run.start() / PAYLOAD;
        }
        byte[] block = new byte[Uf2Format.BLOCK];
        LittleEndian.put(block, 0, 4, Uf2Format.MAGIC_0);
        LittleEndian.put(block, 4, 4, Uf2Format.MAGIC_1);
        LittleEndian.put(block, 8, 4, id.isPresent() ? Uf2Format.FAMILY_PRESENT : 0);
        LittleEndian.put(block, 24, 4, blocks);
        LittleEndian.put(block, 28, 4, id.orElse(0));
        LittleEndian.put(block, 508, 4, Uf2Format.MAGIC_END);
        long number = 0;
        for (AddressRange run : runs) {
            for (long address = run.start(); address < run.end(); ) {
                int n = (int) (Math.min(run.end(), (address / PAYLOAD + 1) * PAYLOAD) - address);
                LittleEndian.put(block, 12, 4, address);
                LittleEndian.put(block, 16, 4, n);
                LittleEndian.put(block, 20, 4, number++);
                Arrays.fill(block, 32, 32 + PAYLOAD, (byte) 0);
                image.copy(address, block, 32, n);
                out.write(block, 0, block.length);
                address += n;
            }
        }
    }
}
