import io.github.dfu4j.dfuse.DfuSeFormat;
import io.github.dfu4j.image.FirmwareSource;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.simulator.SimulatorBusProvider;
import io.github.dfu4j.simulator.VirtualBoard;
import io.github.dfu4j.simulator.VirtualBus;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * Compares a simulated board's memory with files, past every bootloader: NAME (ADDRESS FILE)... A file with the address "-" says itself where
 * its bytes are.
 */
public final class Memory {
    private static boolean same = true;

    private Memory() {}

    public static void main(String[] args) throws Exception {
        try (VirtualBus bus = new SimulatorBusProvider().open(args[0])) {
            VirtualBoard board = bus.boards().values().iterator().next();
            for (int i = 1; i < args.length; i += 2) {
                Path file = Path.of(args[i + 1]);
                if (!args[i].equals("-")) {
                    compare(board, Long.decode(args[i]), Files.readAllBytes(file), file);
                    continue;
                }
                try (FirmwareSource source = FirmwareSource.of(file)) {
                    for (Segment segment : DfuSeFormat.reader().read(source).segments()) {
                        byte[] bytes = new byte[Math.toIntExact(segment.size())];
                        segment.copy(segment.start(), bytes, 0, bytes.length);
                        compare(board, segment.start(), bytes, file);
                    }
                }
            }
        }
        System.exit(same ? 0 : 1);
    }

    private static void compare(VirtualBoard board, long address, byte[] expected, Path file) {
        int difference = Arrays.mismatch(expected, board.memoryAt(address).read(address, expected.length));
        if (difference >= 0) {
            System.out.printf("memory at 0x%08X is not what %s has%n", address + difference, file);
            same = false;
        }
    }
}
