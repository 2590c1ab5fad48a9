package io.github.dfu4j.image;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.github.dfu4j.image.internal.BinaryFormat;
import io.github.dfu4j.image.internal.DfuFormat;
import io.github.dfu4j.image.internal.ElfFormat;
import io.github.dfu4j.image.internal.IntelHexFormat;
import io.github.dfu4j.image.internal.SRecordFormat;
import io.github.dfu4j.image.internal.Uf2Format;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;

/**
 * Each reader given any bytes: it reads them or fails cleanly, holds no more than they can stand for, and what it has read can be written
 * and read again.
 *
 * <p>A build runs the kept inputs; {@code JAZZER_FUZZ=1} with one test chosen looks for new ones, for longer if {@code maxDuration} is
 * raised.
 */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class ReaderFuzzTest {

    private static final long LIMIT = 1 << 20;

    private static Optional<FirmwareFile> read(FirmwareFormat format, byte[] bytes) throws IOException {
        FirmwareSource source = FirmwareSource.of("file", bytes);
        try {
            format.recognises(source);
            FirmwareFile file = format.read(source, new ReadContext("file", OptionalLong.of(0x08000000L), LIMIT));
            long held = 0;
            for (ImagePart part : file.parts()) {
                held += part.image().dataSize();
            }
            assertThat(held).isLessThanOrEqualTo(bytes.length);
            return Optional.of(file);
        } catch (FirmwareFormatException | SegmentOverlapException e) {
            assertThat(e.getMessage()).isNotEmpty();
            return Optional.empty();
        }
    }

    private static void readAndReadAgain(FirmwareFormat format, FirmwareWriter writer, byte[] bytes)
            throws IOException {
        Optional<FirmwareFile> file = read(format, bytes);
        if (!file.isPresent()) {
            return;
        }
        try {
            FirmwareImage image = file.get().image();
            if (image.size() <= LIMIT) {
                ByteArrayOutputStream out = new ByteArrayOutputStream();
                writer.write(image, out);
                if (!image.isEmpty()) {
                    FirmwareImage again = FirmwareReader.standard().read(FirmwareSource.of("again", out.toByteArray()));
                    assertThat(again.sameBytes(image)).isTrue();
                }
            }
        } catch (FirmwareFormatException e) {
            assertThat(e.getMessage()).isNotEmpty();
        }
    }

    @FuzzTest(maxDuration = "10s")
    void elf(byte[] bytes) throws IOException {
        readAndReadAgain(new ElfFormat(), FirmwareWriter.uf2(OptionalLong.empty()), bytes);
    }

    @FuzzTest(maxDuration = "10s")
    void intelHex(byte[] bytes) throws IOException {
        readAndReadAgain(new IntelHexFormat(), FirmwareWriter.intelHex(), bytes);
    }

    @FuzzTest(maxDuration = "10s")
    void sRecords(byte[] bytes) throws IOException {
        readAndReadAgain(new SRecordFormat(), FirmwareWriter.sRecord("again"), bytes);
    }

    @FuzzTest(maxDuration = "10s")
    void uf2(byte[] bytes) throws IOException {
        readAndReadAgain(new Uf2Format(), FirmwareWriter.uf2(OptionalLong.empty()), bytes);
    }

    @FuzzTest(maxDuration = "10s")
    void binary(byte[] bytes) throws IOException {
        readAndReadAgain(new BinaryFormat(), FirmwareWriter.intelHex(), bytes);
    }

    @FuzzTest(maxDuration = "10s")
    void dfu(byte[] bytes) throws IOException {
        readAndReadAgain(new DfuFormat(), FirmwareWriter.intelHex(), bytes);
        ByteArrayOutputStream sealed = new ByteArrayOutputStream();
        DfuSuffix suffix = DfuSuffix.of(DfuSuffix.ANY, DfuSuffix.ANY, DfuSuffix.ANY, 0x0100);
        DfuEnvelope.write(Optional.empty(), FirmwareSource.of("file", bytes), Optional.of(suffix), sealed);
        readAndReadAgain(new DfuFormat(), FirmwareWriter.intelHex(), sealed.toByteArray());
    }
}
