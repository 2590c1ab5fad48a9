import io.github.dfu4j.dfuse.DfuSeWriter;
import io.github.dfu4j.image.DfuEnvelope;
import io.github.dfu4j.image.DfuSuffix;
import io.github.dfu4j.image.FirmwareFile;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareSource;
import io.github.dfu4j.image.ImagePart;
import io.github.dfu4j.image.Segment;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** Writes DfuSe files of every shape for an STM32G474 into the folder FOLDER; no two of them have an address in common. */
public final class DfuSeFiles {
    private static final Random RANDOM = new Random(11);
    private static final int DFU_IMAGE_SIZE = 6;

    private DfuSeFiles() {}

    public static void main(String[] args) throws IOException {
        Path folder = Path.of(args[0]);
        Files.write(folder.resolve("elements.dfu"), file(target("sizes", 0x08002000L, 1, 2, 3, 2047, 2048, 4097)));
        Files.write(
                folder.resolve("targets.dfu"),
                file(target("one", 0x08010000L, 1025), target("", 0x08014000L, 9), target("three", 0x08018000L, 5000)));
        int[] many = new int[40];
        for (int i = 0; i < many.length; i++) {
            many[i] = i + 1;
        }
        Files.write(folder.resolve("many.dfu"), file(target("many", 0x08020000L, many)));
        Files.write(folder.resolve("whole-size.dfu"), enveloped(file(target("", 0x08050000L, 333)), true, 16));
        Files.write(folder.resolve("long-suffix.dfu"), enveloped(file(target("", 0x08054000L, 777)), false, 255));
    }

    /** A target for alternate setting 0 whose elements begin at pages of their own. */
    private static ImagePart target(String name, long address, int... sizes) {
        FirmwareImage.Builder image = FirmwareImage.builder();
        long page = address;
        for (int size : sizes) {
            byte[] bytes = new byte[size];
            RANDOM.nextBytes(bytes);
            image.add(Segment.of(page, bytes));
            page += (size / 2048 + 1) * 2048L;
        }
        return ImagePart.ofAlternate(0, name, image.build());
    }

    private static byte[] file(ImagePart... targets) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new DfuSeWriter(0x0483, 0xdf11, DfuSuffix.ANY, 0).write(FirmwareFile.of("made", "dfuse", List.of(targets)), out);
        return out.toByteArray();
    }

    /** The same file with the other meaning of DFUImageSize, or with a longer suffix. */
    private static byte[] enveloped(byte[] file, boolean wholeSize, int suffixLength) throws IOException {
        byte[] content = new byte[file.length - DfuSuffix.SIZE];
        System.arraycopy(file, 0, content, 0, content.length);
        if (wholeSize) {
            ByteBuffer.wrap(content).order(ByteOrder.LITTLE_ENDIAN).putInt(DFU_IMAGE_SIZE, file.length);
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        DfuSuffix suffix = new DfuSuffix(DfuSuffix.ANY, 0xdf11, 0x0483, 0x011a, suffixLength, 0);
        DfuEnvelope.write(Optional.empty(), FirmwareSource.of("made", content), Optional.of(suffix), out);
        return out.toByteArray();
    }
}
