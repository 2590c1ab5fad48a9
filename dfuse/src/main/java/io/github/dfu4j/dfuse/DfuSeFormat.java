package io.github.dfu4j.dfuse;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.DfuEnvelope;
import io.github.dfu4j.image.DfuSuffix;
import io.github.dfu4j.image.Finding;
import io.github.dfu4j.image.FirmwareFile;
import io.github.dfu4j.image.FirmwareFormat;
import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareReader;
import io.github.dfu4j.image.FirmwareSource;
import io.github.dfu4j.image.ImagePart;
import io.github.dfu4j.image.ReadContext;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.image.SegmentOverlapException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The DfuSe file format, {@code .dfu}: targets, each for one alternate setting, with elements, each an address and its bytes, and a DFU
 * suffix (UM0391).
 *
 * <p>Numbers are little-endian, as every tool writes them, though UM0391 says otherwise. Of DFUImageSize both conventions are read: the
 * length without the suffix, which ST's tools write, and the length of the whole file, which UM0391 says; {@link FirmwareFile#findings()}
 * tells which it was.
 */
public final class DfuSeFormat implements FirmwareFormat {

    /** The version in bcdDFU of the suffix of a DfuSe file. */
    public static final int BCD_DFU = 0x011a;

    static final byte[] SIGNATURE = "DfuSe".getBytes(StandardCharsets.US_ASCII);
    static final byte[] TARGET = "Target".getBytes(StandardCharsets.US_ASCII);
    static final int PREFIX_SIZE = 11;
    static final int TARGET_SIZE = 274;
    static final int ELEMENT_SIZE = 8;
    static final int NAME_SIZE = 255;

    /** Where in a target's prefix its name begins. */
    private static final int NAME = 11;

    /** Makes the format. */
    public DfuSeFormat() {}

    /** The standard reader with this format. */
    public static FirmwareReader reader() {
        return FirmwareReader.standard().with(new DfuSeFormat());
    }

    @Override
    public String name() {
        return "dfuse";
    }

    @Override
    public boolean recognises(FirmwareSource source) throws IOException {
        byte[] b = new byte[SIGNATURE.length];
        return source.read(0, b, 0, b.length) == b.length && Arrays.equals(b, SIGNATURE);
    }

    @Override
    public FirmwareFile read(FirmwareSource source, ReadContext context) throws IOException {
        DfuEnvelope envelope = DfuEnvelope.open(source);
        if (!envelope.suffix().isPresent()) {
            throw new FirmwareFormatException(
                    source.name(),
                    "offset 0x" + Long.toHexString(source.size()),
                    "expected a DFU suffix at the end of a DfuSe file, found none: the file was cut");
        }
        DfuSuffix suffix = envelope.suffix().get();
        Body body = new Body(envelope.content(), source.size(), context);
        List<ImagePart> parts = body.read();
        envelope.checkCrc();
        if (suffix.length() > DfuSuffix.SIZE) {
            context.add(Finding.note("long-suffix", "the DFU suffix has " + suffix.length() + " bytes instead of 16"));
        }
        if (suffix.bcdDfu() != BCD_DFU) {
            context.add(Finding.warning(
                    "bcd-dfu",
                    String.format(
                            "the DFU suffix says bcdDFU 0x%04X; a DfuSe file has 0x011A, and dfu-util refuses others",
                            suffix.bcdDfu())));
        }
        return FirmwareFile.of(source.name(), name(), parts).with(envelope.prefix(), envelope.suffix());
    }

    /** The addresses of an element, and where in the file its bytes are. */
    private record Element(AddressRange range, long offset) {}

    /** Goes through the file in order, so that the checksum can be worked out on the way. */
    private final class Body {
        private final FirmwareSource content;
        private final long size;
        private final long fileSize;
        private final ReadContext context;
        private long position;

        Body(FirmwareSource content, long fileSize, ReadContext context) throws IOException {
            this.content = content;
            this.size = content.size();
            this.fileSize = fileSize;
            this.context = context;
        }

        List<ImagePart> read() throws IOException {
            ByteBuffer prefix = numbers(next(PREFIX_SIZE, "the DfuSe prefix"));
            int version = prefix.get(5) & 0xff;
            if (version != 1) {
                throw fail(5, "expected DfuSe version 1, found " + version);
            }
            remarkSize(prefix.getInt(6) & 0xffffffffL);
            int targets = prefix.get(10) & 0xff;
            List<ImagePart> parts = new ArrayList<>();
            boolean[] seen = new boolean[256];
            for (int i = 0; i < targets; i++) {
                ImagePart part = target(i, targets);
                int alternate = part.alternate().getAsInt();
                if (seen[alternate]) {
                    context.add(
                            Finding.note("repeated-alternate", "more than one target is for alternate " + alternate));
                }
                seen[alternate] = true;
                parts.add(part);
            }
            if (position < size) {
                context.add(Finding.warning(
                        "trailing",
                        (size - position) + " bytes stand between the last element and the suffix, at offset 0x"
                                + Long.toHexString(position) + ", and are left out"));
            }
            return parts;
        }

        private void remarkSize(long said) {
            if (said == size) {
                context.add(Finding.note(
                        "image-size",
                        "DFUImageSize is the length without the suffix, " + said + ", as ST's tools write it"));
            } else if (said == fileSize) {
                context.add(Finding.note(
                        "image-size",
                        "DFUImageSize is the length of the whole file, " + said
                                + ", as UM0391 says and dfuse-pack writes it;"
                                + " fwupd and qFlipper refuse such files"));
            } else {
                context.add(Finding.warning(
                        "image-size",
                        "DFUImageSize is " + said + "; expected " + size + ", the length without the suffix, or "
                                + fileSize + ", the length of the file"));
            }
        }

        private ImagePart target(int number, int targets) throws IOException {
            byte[] bytes = next(TARGET_SIZE, "target " + (number + 1) + " of " + targets);
            ByteBuffer b = numbers(bytes);
            if (!Arrays.equals(Arrays.copyOf(bytes, TARGET.length), TARGET)) {
                throw fail(
                        position - TARGET_SIZE,
                        "expected the mark \"Target\" of target " + (number + 1) + " of " + targets + ", found \""
                                + text(bytes, 0, TARGET.length) + "\"");
            }
            int alternate = b.get(6) & 0xff;
            String name = b.getInt(7) == 0 ? "" : name(bytes);
            long said = b.getInt(266) & 0xffffffffL;
            long elements = b.getInt(270) & 0xffffffffL;
            if (elements == 0) {
                context.add(
                        Finding.warning("no-elements", "the target for alternate " + alternate + " has no elements"));
            }
            long start = position;
            List<Element> read = new ArrayList<>();
            FirmwareImage.Builder image = FirmwareImage.builder().origin(content.name(), DfuSeFormat.this.name());
            for (long i = 0; i < elements; i++) {
                read.add(element(image, i, elements));
            }
            if (position - start != said) {
                context.add(Finding.warning(
                        "target-size",
                        "the target for alternate " + alternate + " says " + said + " bytes, but its elements have "
                                + (position - start)));
            }
            try {
                return ImagePart.ofAlternate(alternate, name, image.build());
            } catch (SegmentOverlapException e) {
                nameOverlap(read, e.address());
                throw e;
            }
        }

        private Element element(FirmwareImage.Builder image, long number, long elements) throws IOException {
            long at = position;
            String what = "element " + (number + 1) + " of " + elements;
            ByteBuffer b = numbers(next(ELEMENT_SIZE, what));
            long address = b.getInt(0) & 0xffffffffL;
            long length = b.getInt(4) & 0xffffffffL;
            if (length > size - position) {
                throw fail(
                        at + 4, what + " says it has " + length + " bytes, but only " + (size - position) + " follow");
            }
            if (address + length > 1L << 32) {
                throw fail(
                        at,
                        what + ": " + length + " bytes at " + AddressRange.hex(address)
                                + " wrap around the end of the address space");
            }
            if (length > Integer.MAX_VALUE - 8) {
                throw fail(at + 4, what + " has " + length + " bytes, more than 2 GiB");
            }
            context.take(length + ReadContext.SEGMENT_COST);
            Element element = new Element(AddressRange.ofSize(address, length), position);
            if (length == 0) {
                context.add(Finding.note("empty-element", "an element is empty"));
                return element;
            }
            byte[] bytes = new byte[(int) length];
            ReadContext.readFully(content, position, bytes, 0, bytes.length);
            position += length;
            image.add(Segment.wrap(address, bytes, 0, bytes.length));
            return element;
        }

        /** Names the first two elements that want different bytes at an address. */
        private void nameOverlap(List<Element> elements, long address) throws IOException {
            int first = -1;
            byte[] expected = new byte[1];
            byte[] found = new byte[1];
            for (int i = 0; i < elements.size(); i++) {
                Element element = elements.get(i);
                if (element.range.contains(address)) {
                    long offset = element.offset + (address - element.range.start());
                    ReadContext.readFully(content, offset, found, 0, 1);
                    if (first < 0) {
                        first = i;
                        expected[0] = found[0];
                    } else if (found[0] != expected[0]) {
                        throw fail(
                                offset,
                                String.format(
                                        "the byte at %s is 0x%02X in element %d, but 0x%02X in element %d of the target",
                                        AddressRange.hex(address), found[0], i + 1, expected[0], first + 1));
                    }
                }
            }
        }

        private String name(byte[] target) {
            int end = NAME;
            while (end < NAME + NAME_SIZE && target[end] != 0) {
                end++;
            }
            return text(target, NAME, end);
        }

        private String text(byte[] b, int from, int to) {
            StringBuilder text = new StringBuilder();
            for (int i = from; i < to; i++) {
                text.append(b[i] >= ' ' && b[i] <= '~' ? (char) b[i] : '?');
            }
            return text.toString();
        }

        private byte[] next(int length, String what) throws IOException {
            byte[] b = new byte[length];
            int n = content.read(position, b, 0, length);
            if (n < length) {
                throw fail(
                        position,
                        "expected " + length + " bytes of " + what + ", found " + n + " in front of the suffix");
            }
            position += length;
            return b;
        }

        private ByteBuffer numbers(byte[] b) {
            return ByteBuffer.wrap(b).order(ByteOrder.LITTLE_ENDIAN);
        }

        private FirmwareFormatException fail(long offset, String message) {
            return new FirmwareFormatException(content.name(), "offset 0x" + Long.toHexString(offset), message);
        }
    }
}
