package io.github.dfu4j.benchmarks;

import io.github.dfu4j.dfuse.DfuSeFormat;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** How long it takes to read a file of 64 MiB of firmware that lies in the page cache; the rate is 67.1 MB by the time. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(
        value = 1,
        jvmArgsAppend = {"-Xms1g", "-Xmx1g", "-XX:+UseSerialGC"})
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
public class ImageReadBenchmark {

    /** The format of the file. */
    @Param({"elf", "ihex", "srec", "uf2", "binary", "dfu", "dfuse"})
    public String format = "";

    private Path file = Path.of("");

    /** Writes the file. */
    @Setup(Level.Trial)
    public void write(TemporaryFolder folder) throws IOException {
        file = SampleFiles.write(folder.path(), format);
    }

    /** Recognises and reads the file. */
    @Benchmark
    public FirmwareImage read() throws IOException {
        try (FirmwareSource source = FirmwareSource.of(file)) {
            return DfuSeFormat.reader().withBase(SampleFiles.BASE).read(source);
        }
    }
}
