package io.github.dfu4j.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.dfu4j.daisy.RouteReport;
import io.github.dfu4j.simulator.DaisySeed;
import io.github.dfu4j.simulator.Operator;
import io.github.dfu4j.simulator.VirtualBus;
import java.awt.GraphicsEnvironment;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import javax.imageio.ImageIO;
import javax.swing.SwingUtilities;
import org.junit.jupiter.api.Test;

class DaisyExamplesTest {

    private static final Path BIRDS = Path.of("..", "testdata", "birds");

    @Test
    void a_tool_of_fifty_lines_fills_qspi_flash() throws IOException {
        DaisySeed board = new DaisySeed().withBootloader(DaisySeed.Bootloader.V6_4);
        VirtualBus bus = new VirtualBus();
        bus.plug(board);
        byte[] samples = new byte[100_000];
        new java.util.Random(2).nextBytes(samples);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        EmbedQspiLoader.load(
                bus,
                request -> new Operator(board).enterBootloader(),
                samples,
                new PrintStream(out, true, StandardCharsets.UTF_8));
        assertThat(out.toString(StandardCharsets.UTF_8))
                .contains("Tap RESET")
                .contains("WRITE 100 %")
                .contains("cannot be read back");
        assertThat(board.qspiFlash().read(0x900c_0000L, samples.length)).isEqualTo(samples);
    }

    @Test
    void a_file_given_to_the_window_is_flashed_and_the_window_says_so() throws Exception {
        assumeTrue(
                !GraphicsEnvironment.isHeadless(),
                "SKIPPED: the drag-and-drop window needs a display; run under xvfb-run");
        VirtualBus bus = new VirtualBus();
        DaisySeed board = new DaisySeed();
        bus.plug(board);
        bus.time().sleep(Duration.ofSeconds(1));
        AtomicReference<DropWindow> window = new AtomicReference<>();
        SwingUtilities.invokeAndWait(() -> {
            window.set(new DropWindow(bus, bus.time(), DropWindow.byItself(board), Optional.of(DropWindow.standIn())));
            window.get().frame().setVisible(true);
        });
        SwingUtilities.invokeAndWait(() -> window.get().flash(BIRDS.resolve("birds-sram.elf")));
        RouteReport report = window.get().job().orElseThrow().get(60, TimeUnit.SECONDS);
        assertThat(report.ending()).isEqualTo(RouteReport.Ending.LEFT);
        BufferedImage picture = new BufferedImage(900, 500, BufferedImage.TYPE_INT_RGB);
        SwingUtilities.invokeAndWait(() -> {}); // what the worker published is shown before this
        SwingUtilities.invokeAndWait(() -> {
            window.get().frame().setSize(900, 500);
            window.get().frame().validate();
            window.get().frame().paint(picture.getGraphics());
            assertThat(window.get().shown())
                    .contains("1. Write the Daisy bootloader")
                    .contains("Tap RESET, and within two seconds")
                    .contains("Write the program");
            window.get().frame().dispose();
        });
        Path shot = Path.of("target", "drop-window.png");
        Files.createDirectories(shot.toAbsolutePath().getParent());
        assertThat(ImageIO.write(picture, "png", shot.toFile())).isTrue();
    }
}
