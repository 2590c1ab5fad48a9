import io.github.dfu4j.simulator.DaisySeed;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes the simulator's stand-in for the Daisy bootloader v6.4 into a file. */
public final class StandIn {
    private StandIn() {}

    public static void main(String[] args) throws Exception {
        Files.write(Path.of(args[0]), DaisySeed.Bootloader.of("v6.4").standIn());
    }
}
