package io.github.dfu4j.examples;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.dfu4j.daisy.AssetPack;
import io.github.dfu4j.daisy.RouteReport;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.simulator.DaisySeed;
import io.github.dfu4j.simulator.Operator;
import io.github.dfu4j.simulator.VirtualBoard.Running;
import io.github.dfu4j.simulator.VirtualBus;
import java.awt.GraphicsEnvironment;
import java.awt.Point;
import java.awt.Rectangle;
import java.awt.Robot;
import java.awt.datatransfer.DataFlavor;
import java.awt.datatransfer.Transferable;
import java.awt.dnd.DnDConstants;
import java.awt.dnd.DragSource;
import java.awt.dnd.DragSourceAdapter;
import java.awt.dnd.DragSourceDragEvent;
import java.awt.dnd.DragSourceDropEvent;
import java.awt.event.InputEvent;
import java.awt.event.MouseEvent;
import java.awt.event.MouseMotionAdapter;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import javax.imageio.ImageIO;
import javax.swing.JComponent;
import javax.swing.JFrame;
import javax.swing.JLabel;
import javax.swing.SwingUtilities;
import javax.swing.TransferHandler;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

class DaisyExamplesTest {

    /** Code for internal flash and samples for QSPI flash, which the demo shows. */
    private static final Path BIRDS =
            Path.of("..", "dfu-cli", "src", "main", "resources", "io", "github", "dfu4j", "cli", "birds-internal.elf");

    @Test
    void a_tool_of_fifty_lines_fills_qspi_flash() throws IOException {
        DaisySeed board = new DaisySeed().withBootloader(DaisySeed.Bootloader.V6_4);
        VirtualBus bus = new VirtualBus();
        bus.plug(board);
        byte[] samples = new byte[100_000];
        new Random(2).nextBytes(samples);
        RouteReport report = EmbedQspiLoader.load(bus, request -> new Operator(board).enterBootloader(), samples);
        assertThat(report.unverified()).containsExactly(AddressRange.ofSize(0x900c_0000L, samples.length));
        assertThat(board.qspiFlash().read(0x900c_0000L, samples.length)).isEqualTo(samples);
        Path source = Path.of("src", "main", "java", "io", "github", "dfu4j", "examples", "EmbedQspiLoader.java");
        assertThat(Files.readAllLines(source)).hasSizeLessThanOrEqualTo(50);
    }

    @Test
    void a_program_in_c_plays_a_sample_of_a_pack_at_its_own_speed(@TempDir Path folder) throws Exception {
        assumeTrue(System.getProperty("os.name", "").equals("Linux"), "SKIPPED: maps memory as Linux does");
        assumeTrue(run("gcc", "--version").status() == 0, "SKIPPED: gcc is not installed");
        ByteBuffer frames = ByteBuffer.allocate(4 * 4).order(ByteOrder.LITTLE_ENDIAN);
        for (int left : new int[] {0, 1000, -3000, 500}) {
            frames.putShort((short) left).putShort((short) 7777);
        }
        AssetPack.Audio half = new AssetPack.Audio(24_000, 2, 16, false);
        AssetPack pack =
                AssetPack.of(0x900c_0000L, 0x1_0000, List.of(new AssetPack.Asset("kick.wav", frames.array(), half)));
        Path file = Files.write(folder.resolve("assets.bin"), pack.toBytes());
        Files.writeString(folder.resolve("assets.h"), pack.cHeader("assets"));
        Path main = Files.writeString(folder.resolve("main.c"), """
                #include "play_sample.h"
                #include <fcntl.h>
                #include <stdio.h>
                #include <sys/mman.h>
                int main(int argc, char **argv) {
                    int pack = open(argv[argc - 1], O_RDONLY);
                    void *flash = (void *)(uintptr_t)ASSETS_ADDRESS;
                    if (mmap(flash, ASSETS_SIZE, PROT_READ, MAP_PRIVATE | MAP_FIXED, pack, 0) != flash) return 1;
                    voice kick = {0};
                    for (int i = 0; i < 8; i++) printf("%.0f ", play(&kick, 48000.0f) * 32768.0f);
                    return 0;
                }
                """);
        String program = folder.resolve("play").toString();
        for (String[] compiler : new String[][] {{"gcc", "-x", "c"}, {"g++", "-x", "c++"}}) {
            List<String> compile = new ArrayList<>(List.of(compiler));
            compile.addAll(List.of("-Wall", "-Wextra", "-Werror", "-O2", "-I", "src/main/c", "-I", folder.toString()));
            compile.addAll(List.of("-o", program, main.toString()));
            Run compiled = run(compile.toArray(new String[0]));
            assertThat(compiled.status()).as(compiled.output()).isZero();
            assertThat(run(program, file.toString())).isEqualTo(new Run(0, "0 500 1000 -1000 -3000 -1250 0 0 "));
        }
    }

    /** What came of a program. */
    private record Run(int status, String output) {}

    private static Run run(String... command) throws InterruptedException {
        try {
            Process process =
                    new ProcessBuilder(command).redirectErrorStream(true).start();
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            return new Run(process.waitFor(), output);
        } catch (IOException e) {
            return new Run(-1, e.toString());
        }
    }

    @Test
    @Timeout(400) // of a busy machine and five tries
    void a_file_dragged_onto_the_window_is_flashed_and_the_window_says_so() throws Exception {
        assumeTrue(
                !GraphicsEnvironment.isHeadless(),
                "SKIPPED: the drag-and-drop window needs a display; run under xvfb-run");
        VirtualBus bus = new VirtualBus();
        DaisySeed board = new DaisySeed();
        bus.plug(board);
        bus.time().sleep(Duration.ofSeconds(1));
        DropWindow window = onSwing(
                () -> new DropWindow(bus, bus.time(), DropWindow.byItself(board), Optional.of(DropWindow.standIn())));
        FileToDrag file = onSwing(() -> new FileToDrag(BIRDS));
        show(window.frame(), new Rectangle(0, 100, 900, 500));
        show(file.frame, new Rectangle(0, 0, 300, 80));
        file.dragTo(window.target());
        RouteReport report = window.finished().get(60, TimeUnit.SECONDS);
        assertThat(report.ending()).isEqualTo(RouteReport.Ending.LEFT);
        assertThat(board.running()).isEqualTo(Running.APPLICATION);
        assertThat(onSwing(window::shown))
                .contains("1. Write the Daisy bootloader")
                .contains("2. Let the ROM bootloader start")
                .contains("The Daisy bootloader takes the place of the program in internal flash.")
                .contains("Hold BOOT, tap RESET, let BOOT go.");
        Path shot = Path.of("target", "drop-window.png");
        Files.createDirectories(shot.toAbsolutePath().getParent());
        assertThat(ImageIO.write(onSwing(() -> picture(window)), "png", shot.toFile()))
                .isTrue();
        onSwing(() -> {
            window.frame().dispose();
            file.frame.dispose();
            return true;
        });
    }

    /** Where no window manager runs, a window may at first appear in the corner of the display, wherever it is to be. */
    private static void show(JFrame frame, Rectangle where) throws Exception {
        Robot display = new Robot();
        onSwing(() -> {
            frame.setBounds(where);
            frame.setVisible(true);
            return true;
        });
        display.waitForIdle();
        for (int i = 0; i < 50 && !onSwing(frame::getBounds).equals(where); i++) {
            onSwing(() -> {
                frame.setBounds(where);
                return true;
            });
            display.waitForIdle();
        }
        Rectangle shown = onSwing(frame::getBounds);
        assertThat(shown).isEqualTo(where);
    }

    private static BufferedImage picture(DropWindow window) {
        BufferedImage picture =
                new BufferedImage(window.frame().getWidth(), window.frame().getHeight(), BufferedImage.TYPE_INT_RGB);
        window.frame().paint(picture.getGraphics());
        return picture;
    }

    private static <T> T onSwing(Callable<T> work) throws Exception {
        FutureTask<T> task = new FutureTask<>(work);
        SwingUtilities.invokeAndWait(task);
        return task.get();
    }

    /** A file manager's window, as far as a drag needs one. */
    private static final class FileToDrag {
        private final JFrame frame = new JFrame("files");
        private final JLabel icon;

        private FileToDrag(Path file) {
            icon = new JLabel(file.getFileName().toString());
            icon.setTransferHandler(new TransferHandler() {
                private static final long serialVersionUID = 1;

                @Override
                public int getSourceActions(JComponent component) {
                    return COPY;
                }

                @Override
                protected Transferable createTransferable(JComponent component) {
                    return new FileList(file);
                }
            });
            icon.addMouseMotionListener(new MouseMotionAdapter() {
                @Override
                public void mouseDragged(MouseEvent event) {
                    icon.getTransferHandler().exportAsDrag(icon, event, TransferHandler.COPY);
                }
            });
            frame.add(icon);
        }

        /**
         * Drags the file with the mouse: presses the button, moves, and lets go once the target has answered. Where the display is too slow
         * for that, it tries again.
         *
         * <p>The mouse does not wait for the display to be idle: while something is dragged it can wait in vain, each time for many
         * seconds.
         */
        private void dragTo(JComponent target) throws Exception {
            Robot mouse = new Robot();
            mouse.waitForIdle();
            Point from = onSwing(icon::getLocationOnScreen);
            Point to = onSwing(target::getLocationOnScreen);
            boolean dropped = false;
            for (int attempt = 0; attempt < 5 && !dropped; attempt++) {
                Drag drag = new Drag();
                DragSource.getDefaultDragSource().addDragSourceListener(drag);
                mouse.mouseMove(from.x + 10, from.y + 10);
                mouse.mousePress(InputEvent.BUTTON1_DOWN_MASK);
                for (int step = 0; step < 400 && !drag.isAnswered(); step++) {
                    int done = Math.min(step, 20);
                    mouse.mouseMove(
                            from.x + 10 + (to.x + 40 - from.x) * done / 20 + step % 2,
                            from.y + 10 + (to.y + 40 - from.y) * done / 20);
                }
                mouse.mouseRelease(InputEvent.BUTTON1_DOWN_MASK);
                dropped = drag.dropped
                        .completeOnTimeout(false, 30, TimeUnit.SECONDS)
                        .get();
                DragSource.getDefaultDragSource().removeDragSourceListener(drag);
            }
            assertThat(dropped).as("the window took the file").isTrue();
        }
    }

    /** What becomes of a drag. */
    private static final class Drag extends DragSourceAdapter {
        private final CountDownLatch answered = new CountDownLatch(1);
        private final CompletableFuture<Boolean> dropped = new CompletableFuture<>();

        /** Whether the target will take what is dragged, once it had a moment to say so. */
        boolean isAnswered() throws InterruptedException {
            return answered.await(50, TimeUnit.MILLISECONDS);
        }

        @Override
        public void dragEnter(DragSourceDragEvent event) {
            if (event.getTargetActions() != DnDConstants.ACTION_NONE) {
                answered.countDown();
            }
        }

        @Override
        public void dragOver(DragSourceDragEvent event) {
            dragEnter(event);
        }

        @Override
        public void dragDropEnd(DragSourceDropEvent event) {
            dropped.complete(event.getDropSuccess());
        }
    }

    /** What a file manager hands over: a list of files. */
    private record FileList(Path file) implements Transferable {
        @Override
        public DataFlavor[] getTransferDataFlavors() {
            return new DataFlavor[] {DataFlavor.javaFileListFlavor};
        }

        @Override
        public boolean isDataFlavorSupported(DataFlavor flavor) {
            return flavor.equals(DataFlavor.javaFileListFlavor);
        }

        @Override
        public Object getTransferData(DataFlavor flavor) {
            return List.of(file.toFile());
        }
    }
}
