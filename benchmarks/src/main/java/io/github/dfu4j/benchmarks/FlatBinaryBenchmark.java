package io.github.dfu4j.benchmarks;

import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareReader;
import io.github.dfu4j.image.FirmwareSource;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** How long it takes, with a heap of 64 MB, to find the two islands in a flat binary of 2 282 255 156 bytes, and to copy its bytes. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgsAppend = "-Xmx64m")
@Warmup(iterations = 1)
@Measurement(iterations = 5)
public class FlatBinaryBenchmark {

    private Path file = Path.of("");
    private Path copy = Path.of("");

    /** Writes the file. */
    @Setup(Level.Trial)
    public void write(TemporaryFolder folder) throws IOException {
        file = SampleFiles.writeFlat(folder.path());
        copy = folder.path().resolve("copy.bin");
    }

    /** Finds the islands. */
    @Benchmark
    public FirmwareImage read() throws IOException {
        try (FirmwareSource source = FirmwareSource.of(file)) {
            FirmwareImage image =
                    FirmwareReader.standard().withBase(SampleFiles.BASE).read(source);
            if (image.segments().size() != 3) {
                throw new IllegalStateException(image.toString());
            }
            return image;
        }
    }

    /** Copies every byte. */
    @Benchmark
    public long copy() throws IOException {
        try (InputStream in = Files.newInputStream(file);
                OutputStream out = Files.newOutputStream(copy)) {
            return in.transferTo(out);
        }
    }
}
