package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.github.dfu4j.image.DfuEnvelope;
import io.github.dfu4j.image.DfuSuffix;
import io.github.dfu4j.image.FirmwareFile;
import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.image.FirmwareSource;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;

/** The DfuSe reader given any bytes, behind a mark and in front of a suffix that are right. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class DfuSeFuzzTest {

    @FuzzTest(maxDuration = "10s")
    void dfuse(byte[] bytes) throws IOException {
        ByteArrayOutputStream content = new ByteArrayOutputStream();
        content.write(DfuSeFormat.SIGNATURE);
        content.write(bytes);
        ByteArrayOutputStream sealed = new ByteArrayOutputStream();
        DfuSuffix suffix = DfuSuffix.of(DfuSuffix.ANY, DfuSuffix.ANY, DfuSuffix.ANY, DfuSeFormat.BCD_DFU);
        DfuEnvelope.write(
                Optional.empty(), FirmwareSource.of("file", content.toByteArray()), Optional.of(suffix), sealed);
        try {
            FirmwareFile file = DfuSeFormat.reader().readFile(FirmwareSource.of("file", sealed.toByteArray()));
            long held =
                    file.parts().stream().mapToLong(p -> p.image().dataSize()).sum();
            assertThat(held).isLessThanOrEqualTo(bytes.length);
            ByteArrayOutputStream again = new ByteArrayOutputStream();
            new DfuSeWriter(DfuSuffix.ANY, DfuSuffix.ANY, DfuSuffix.ANY, 0).write(file, again);
            assertThat(DfuSeFormat.reader()
                            .readFile(FirmwareSource.of("again", again.toByteArray()))
                            .parts())
                    .isEqualTo(file.parts());
        } catch (FirmwareFormatException e) {
            assertThat(e.getMessage()).isNotEmpty();
        }
    }
}
