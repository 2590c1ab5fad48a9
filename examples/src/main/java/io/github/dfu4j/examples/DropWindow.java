package io.github.dfu4j.examples;

import io.github.dfu4j.daisy.BootloaderImage;
import io.github.dfu4j.daisy.DaisyImage;
import io.github.dfu4j.daisy.DaisyRoute;
import io.github.dfu4j.daisy.Hands;
import io.github.dfu4j.daisy.Presses;
import io.github.dfu4j.daisy.RouteEvent;
import io.github.dfu4j.daisy.RouteListener;
import io.github.dfu4j.daisy.RouteOptions;
import io.github.dfu4j.daisy.RouteReport;
import io.github.dfu4j.daisy.RouteRunner;
import io.github.dfu4j.dfuse.FlashEvent;
import io.github.dfu4j.image.FirmwareReader;
import io.github.dfu4j.image.FirmwareSource;
import io.github.dfu4j.simulator.DaisySeed;
import io.github.dfu4j.simulator.Operator;
import io.github.dfu4j.simulator.VirtualBus;
import io.github.dfu4j.simulator.VirtualTime;
import io.github.dfu4j.usb.Timebase;
import io.github.dfu4j.usb.UsbBus;
import java.awt.BorderLayout;
import java.awt.Font;
import java.awt.datatransfer.DataFlavor;
import java.awt.datatransfer.UnsupportedFlavorException;
import java.io.File;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.swing.JButton;
import javax.swing.JFrame;
import javax.swing.JLabel;
import javax.swing.JPanel;
import javax.swing.JProgressBar;
import javax.swing.JScrollPane;
import javax.swing.JTextArea;
import javax.swing.SwingUtilities;
import javax.swing.SwingWorker;
import javax.swing.TransferHandler;

/** A window onto which a firmware file is dropped to flash it to a Daisy Seed: shows the route, the presses and the progress. */
public final class DropWindow {

    private final UsbBus bus;
    private final Timebase time;
    private final Hands hands;
    private final Optional<BootloaderImage> bootloader;
    private final AtomicBoolean cancelled = new AtomicBoolean();
    private final JFrame frame = new JFrame("Daisy");
    private final JLabel prompt = new JLabel("Drop an ELF, HEX or .bin file here");
    private final JTextArea text = new JTextArea(Presses.picture(), 18, 84);
    private final JProgressBar bar = new JProgressBar(0, 1000);
    private final JButton stop = new JButton("Stop");
    private final CompletableFuture<RouteReport> finished = new CompletableFuture<>();

    /**
     * A window for one bus.
     *
     * @param hands is asked for presses in addition to the window's own words
     * @param bootloader the Daisy bootloader's binary, if there is one to be installed
     */
    DropWindow(UsbBus bus, Timebase time, Hands hands, Optional<BootloaderImage> bootloader) {
        this.bus = bus;
        this.time = time;
        this.hands = hands;
        this.bootloader = bootloader;
        text.setEditable(false);
        text.setFont(new Font(Font.MONOSPACED, Font.PLAIN, 12));
        bar.setStringPainted(true);
        bar.setString("");
        stop.setEnabled(false);
        stop.addActionListener(event -> cancelled.set(true));
        JPanel below = new JPanel(new BorderLayout());
        below.add(bar, BorderLayout.CENTER);
        below.add(stop, BorderLayout.EAST);
        frame.add(prompt, BorderLayout.NORTH);
        frame.add(new JScrollPane(text), BorderLayout.CENTER);
        frame.add(below, BorderLayout.SOUTH);
        text.setTransferHandler(new Drop());
        frame.getRootPane().setTransferHandler(text.getTransferHandler());
        frame.setDefaultCloseOperation(JFrame.DISPOSE_ON_CLOSE);
        frame.pack();
    }

    /** Opens the window on a simulated board, at its true pace, whose buttons press themselves. */
    public static void main(String[] args) throws IOException {
        VirtualBus bus = new VirtualBus(VirtualTime.realTime());
        DaisySeed board = new DaisySeed();
        bus.plug(board);
        SwingUtilities.invokeLater(() -> {
            DropWindow window = new DropWindow(bus, bus.time(), byItself(board), Optional.of(standIn()));
            window.frame.setVisible(true);
            if (args.length > 0) {
                window.flash(Path.of(args[0]));
            }
        });
    }

    /** Hands that belong to a simulated person. */
    static Hands byItself(DaisySeed board) {
        Operator operator = new Operator(board);
        return request -> {
            switch (request.presses()) {
                case ENTER_ROM -> operator.enterRom();
                case ENTER_BOOTLOADER -> operator.enterBootloader();
                case RESET -> operator.reset();
            }
        };
    }

    /** What the simulator takes for a Daisy bootloader. */
    static BootloaderImage standIn() {
        try {
            return BootloaderImage.of(
                    FirmwareReader.standard().read(FirmwareSource.of("stand-in", DaisySeed.Bootloader.V6_4.standIn())));
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    JFrame frame() {
        return frame;
    }

    String shown() {
        return text.getText();
    }

    JTextArea target() {
        return text;
    }

    /** The report of the first job, once the window has said how it went. */
    Future<RouteReport> finished() {
        return finished;
    }

    /** Flashes a file in the background; one at a time. */
    void flash(Path file) {
        text.setText("");
        cancelled.set(false);
        stop.setEnabled(true);
        new Work(file).execute();
    }

    /** The job, away from the window's thread. */
    private final class Work extends SwingWorker<RouteReport, String> implements RouteListener {
        private final Path file;

        private Work(Path file) {
            this.file = file;
        }

        @Override
        protected RouteReport doInBackground() throws IOException {
            DaisyImage image;
            try (FirmwareSource source = FirmwareSource.of(file)) {
                image = DaisyImage.of(FirmwareReader.standard().readFile(source));
            }
            RouteRunner runner =
                    new RouteRunner(bus, Optional.empty(), time, this::ask, this, cancelled::get, RouteOptions.DEFAULT);
            DaisyRoute route = runner.plan(image, bootloader);
            publish(route.toString());
            route.warnings().forEach(this::publish);
            publish("");
            return runner.run(route);
        }

        private void ask(Hands.Request request) {
            publish("\n" + Presses.picture() + request.noticed() + " "
                    + request.presses().words() + "\n");
            hands.press(request);
        }

        @Override
        public void on(RouteEvent event) {
            if (event instanceof RouteEvent.Flashing flashing && flashing.event() instanceof FlashEvent.Progress p) {
                SwingUtilities.invokeLater(() -> {
                    bar.setValue((int) (1000 * p.done() / Math.max(1, p.total())));
                    bar.setString(p.phase() + " " + p.done() + " of " + p.total());
                });
            } else if (event instanceof RouteEvent.StageStarted started) {
                publish(started.index() + 1 + ". " + started.stage().words());
            } else if (event instanceof RouteEvent.Note note) {
                publish("   " + note.text());
            }
        }

        @Override
        protected void process(List<String> lines) {
            lines.forEach(line -> text.append(line + "\n"));
        }

        @Override
        protected void done() {
            stop.setEnabled(false);
            try {
                prompt.setText(get().ending().words());
                finished.complete(get());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (ExecutionException e) {
                Throwable why = e.getCause() == null ? e : e.getCause();
                prompt.setText("It did not work.");
                text.append(why.getMessage() + "\n");
                finished.completeExceptionally(why);
            }
        }
    }

    /** Takes a file that is dropped. */
    private final class Drop extends TransferHandler {
        private static final long serialVersionUID = 1;

        @Override
        public boolean canImport(TransferSupport support) {
            return !stop.isEnabled() && support.isDataFlavorSupported(DataFlavor.javaFileListFlavor);
        }

        @Override
        public boolean importData(TransferSupport support) {
            try {
                Object files = support.getTransferable().getTransferData(DataFlavor.javaFileListFlavor);
                if (files instanceof List<?> list && !list.isEmpty() && list.get(0) instanceof File first) {
                    flash(first.toPath());
                    return true;
                }
                return false;
            } catch (UnsupportedFlavorException | IOException e) {
                text.append(e.getMessage() + "\n");
                return false;
            }
        }
    }
}
