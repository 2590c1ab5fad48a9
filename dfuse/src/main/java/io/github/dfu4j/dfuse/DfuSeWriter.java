package io.github.dfu4j.dfuse;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.DfuEnvelope;
import io.github.dfu4j.image.DfuSuffix;
import io.github.dfu4j.image.FirmwareFile;
import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareWriter;
import io.github.dfu4j.image.ImagePart;
import io.github.dfu4j.image.Segment;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Writes DfuSe files: a target for each part, an element for each segment, and the suffix (UM0391).
 *
 * <p>Parts that name no alternate setting become one target, together with the first part for the setting that they are given.
 *
 * <p>DFUImageSize is the length without the suffix, which is what ST's tools write and every reader takes.
 */
public final class DfuSeWriter implements FirmwareWriter {

    private final DfuSuffix suffix;
    private final int alternate;

    /**
     * A writer.
     *
     * @param idVendor the vendor id the file is for, or {@link DfuSuffix#ANY}
     * @param idProduct the product id, or {@link DfuSuffix#ANY}
     * @param bcdDevice the device's release number, or {@link DfuSuffix#ANY}
     * @param alternate the alternate setting for parts that name none, 0 to 255
     */
    public DfuSeWriter(int idVendor, int idProduct, int bcdDevice, int alternate) {
        if (alternate < 0 || alternate > 255) {
            throw new IllegalArgumentException("an alternate setting is 0 to 255, not " + alternate);
        }
        this.suffix = DfuSuffix.of(idVendor, idProduct, bcdDevice, DfuSeFormat.BCD_DFU);
        this.alternate = alternate;
    }

    @Override
    public String format() {
        return "dfuse";
    }

    @Override
    public void write(FirmwareFile file, OutputStream out) throws IOException {
        List<ImagePart> targets = targets(file);
        if (targets.size() > 255) {
            throw fail(file, "a DfuSe file holds 255 targets, not " + targets.size());
        }
        long size = DfuSeFormat.PREFIX_SIZE;
        for (ImagePart part : targets) {
            long end = part.image().span().map(AddressRange::end).orElse(0L);
            if (end > 1L << 32) {
                throw fail(file, "DfuSe addresses have 32 bits, but the image reaches to " + AddressRange.hex(end - 1));
            }
            if (part.name().length() >= DfuSeFormat.NAME_SIZE) {
                throw fail(file, "a target's name has at most 254 characters: " + part.name());
            }
            size += DfuSeFormat.TARGET_SIZE + elementsSize(part);
        }
        if (size + DfuSuffix.SIZE >= 1L << 32) {
            throw fail(file, "a DfuSe file of " + size + " bytes cannot be: its sizes have 32 bits");
        }
        long imageSize = size;
        DfuEnvelope.write(Optional.of(suffix), out, to -> writeBody(targets, imageSize, to));
    }

    private List<ImagePart> targets(FirmwareFile file) throws FirmwareFormatException {
        List<ImagePart> targets = new ArrayList<>();
        List<FirmwareImage> joined = new ArrayList<>();
        int at = -1;
        boolean named = false;
        for (ImagePart part : file.parts()) {
            if (part.alternate().isPresent() && (named || part.alternate().getAsInt() != alternate)) {
                targets.add(part);
                continue;
            }
            FirmwareImage image = part.image();
            joined.add(image.withOrigin(image.name() + " " + part.describe(), image.format()));
            if (at < 0) {
                at = targets.size();
                targets.add(part);
            } else if (part.alternate().isPresent()) {
                targets.set(at, part);
            }
            named |= part.alternate().isPresent();
        }
        if (joined.size() > 1) {
            targets.set(at, ImagePart.ofAlternate(alternate, targets.get(at).name(), FirmwareImage.merge(joined)));
        }
        return targets;
    }

    private void writeBody(List<ImagePart> targets, long size, OutputStream out) throws IOException {
        byte[] prefix = new byte[DfuSeFormat.PREFIX_SIZE];
        numbers(prefix)
                .put(DfuSeFormat.SIGNATURE)
                .put((byte) 1)
                .putInt((int) size)
                .put((byte) targets.size());
        out.write(prefix);
        for (ImagePart part : targets) {
            byte[] name = part.name().getBytes(StandardCharsets.US_ASCII);
            byte[] target = new byte[DfuSeFormat.TARGET_SIZE];
            ByteBuffer b = numbers(target)
                    .put(DfuSeFormat.TARGET)
                    .put((byte) part.alternate().orElse(alternate))
                    .putInt(name.length == 0 ? 0 : 1)
                    .put(name);
            b.putInt(266, (int) elementsSize(part));
            b.putInt(270, part.image().segments().size());
            out.write(target);
            for (Segment segment : part.image().segments()) {
                byte[] element = new byte[DfuSeFormat.ELEMENT_SIZE];
                numbers(element).putInt((int) segment.start()).putInt((int) segment.size());
                out.write(element);
                segment.writeTo(out);
            }
        }
    }

    private static long elementsSize(ImagePart part) {
        return part.image().size()
                + (long) DfuSeFormat.ELEMENT_SIZE * part.image().segments().size();
    }

    private static ByteBuffer numbers(byte[] b) {
        return ByteBuffer.wrap(b).order(ByteOrder.LITTLE_ENDIAN);
    }

    private static FirmwareFormatException fail(FirmwareFile file, String message) {
        return new FirmwareFormatException(file.name(), "", message);
    }
}
