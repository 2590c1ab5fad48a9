package io.github.dfu4j.benchmarks;

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

/** How long objcopy takes for the files of {@link ImageReadBenchmark}, as a measure to compare with. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Fork(1)
@Warmup(iterations = 1, time = 2)
@Measurement(iterations = 5, time = 2)
public class ObjcopyBenchmark {

    /** The format of the file. */
    @Param({"ihex", "srec"})
    public String format = "";

    private Path file = Path.of("");
    private Path binary = Path.of("");

    /** Writes the file. */
    @Setup(Level.Trial)
    public void write(TemporaryFolder folder) throws IOException {
        file = SampleFiles.write(folder.path(), format);
        binary = folder.path().resolve("binary");
    }

    /** Turns the file into a flat binary. */
    @Benchmark
    public int objcopy() throws IOException, InterruptedException {
        int code = new ProcessBuilder("objcopy", "-I", format, "-O", "binary", file.toString(), binary.toString())
                .inheritIO()
                .start()
                .waitFor();
        if (code != 0) {
            throw new IOException("objcopy failed: " + code);
        }
        return code;
    }
}
