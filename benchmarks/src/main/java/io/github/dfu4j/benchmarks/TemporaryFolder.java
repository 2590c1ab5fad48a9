package io.github.dfu4j.benchmarks;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** A folder that lives as long as one benchmark. */
@State(Scope.Benchmark)
public class TemporaryFolder {

    private Path path = Path.of("");

    Path path() {
        return path;
    }

    /** Makes the folder. */
    @Setup(Level.Trial)
    public void make() throws IOException {
        path = Files.createTempDirectory("dfu4j-benchmark");
    }

    /** Removes it and its files. */
    @TearDown(Level.Trial)
    public void remove() throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(path)) {
            for (Path file : files) {
                Files.delete(file);
            }
        }
        Files.delete(path);
    }
}
