package io.github.dfu4j.benchmarks;

import io.github.dfu4j.dfuse.DfuSeWriter;
import io.github.dfu4j.image.DfuSuffix;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareWriter;
import io.github.dfu4j.image.Segment;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;
import java.util.Random;

/** The files that the benchmarks read. */
final class SampleFiles {

    /** Where the images begin. */
    static final long BASE = 0x08000000L;

    /** How many bytes of firmware the large image has. */
    static final int SIZE = 64 << 20;

    private SampleFiles() {}

    /** Writes the 64 MiB image in a format. */
    static Path write(Path folder, String format) throws IOException {
        byte[] bytes = new byte[SIZE];
        new Random(1).nextBytes(bytes);
        FirmwareImage image =
                FirmwareImage.builder().add(Segment.wrap(BASE, bytes, 0, SIZE)).build();
        Path path = folder.resolve("image." + format);
        try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(path))) {
            switch (format) {
                case "elf" -> writeElf(bytes, out);
                case "ihex" -> FirmwareWriter.intelHex().write(image, out);
                case "srec" -> FirmwareWriter.sRecord("image").write(image, out);
                case "uf2" -> FirmwareWriter.uf2(OptionalLong.of(0x6db66082L)).write(image, out);
                case "binary" -> FirmwareWriter.binary().write(image, out);
                case "dfu" ->
                    FirmwareWriter.dfu(DfuSuffix.of(0x0483, 0xdf11, 0, 0x0100)).write(image, out);
                case "dfuse" -> new DfuSeWriter(0x0483, 0xdf11, 0, 0).write(image, out);
                default -> throw new IllegalArgumentException(format);
            }
        }
        return path;
    }

    /** A 32-bit little-endian program of one segment and one section. */
    private static void writeElf(byte[] bytes, OutputStream out) throws IOException {
        byte[] names = "\0.text\0.shstrtab\0".getBytes(StandardCharsets.US_ASCII);
        int data = 4096;
        byte[] head = new byte[data];
        ByteBuffer b = ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN);
        b.put(new byte[] {0x7f, 'E', 'L', 'F', 1, 1, 1}).position(16);
        b.putShort((short) 2).putShort((short) 40).putInt(1).putInt((int) BASE);
        b.putInt(52).putInt(data + bytes.length + names.length).putInt(0);
        for (int half : new int[] {52, 32, 1, 40, 3, 2}) {
            b.putShort((short) half);
        }
        for (int word : new int[] {1, data, (int) BASE, (int) BASE, bytes.length, bytes.length, 5, 4}) {
            b.putInt(word);
        }
        byte[] sections = new byte[3 * 40];
        ByteBuffer s = ByteBuffer.wrap(sections).order(ByteOrder.LITTLE_ENDIAN);
        s.position(40);
        for (int word : new int[] {1, 1, 6, (int) BASE, data, bytes.length, 0, 0, 4, 0}) {
            s.putInt(word);
        }
        for (int word : new int[] {7, 3, 0, 0, data + bytes.length, names.length, 0, 0, 1, 0}) {
            s.putInt(word);
        }
        out.write(head);
        out.write(bytes);
        out.write(names);
        out.write(sections);
    }

    /** A flat binary of two islands, 104 152 bytes at its start and 291 636 at 2.28 GB, with nothing stored between them. */
    static Path writeFlat(Path folder) throws IOException {
        Path path = folder.resolve("flat.bin");
        byte[] bytes = new byte[291_636];
        new Random(2).nextBytes(bytes);
        try (RandomAccessFile out = new RandomAccessFile(path.toFile(), "rw")) {
            out.write(bytes, 0, 104_152);
            out.seek(0x90040000L - BASE);
            out.write(bytes);
        }
        return path;
    }
}
