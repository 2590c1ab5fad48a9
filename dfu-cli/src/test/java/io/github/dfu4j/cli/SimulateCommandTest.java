package io.github.dfu4j.cli;

import static io.github.dfu4j.cli.CommandRun.dfu;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.PipedReader;
import java.io.PipedWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SimulateCommandTest {

    private static final Pattern ADDRESS = Pattern.compile("usbip://\\S+(?= list)");

    @TempDir
    private Path directory;

    /** Serves a board, lets another dfu flash it over the loopback, and quits. */
    @Test
    void a_served_board_is_flashed_by_another_command_and_shows_what_was_done_to_it() throws Exception {
        Path program = Files.writeString(directory.resolve("program.bin"), "a program ".repeat(500));
        String state = directory.resolve("board").toString();
        StringWriter out = new StringWriter();
        PipedWriter keys = new PipedWriter();
        Console console = new Console(new PipedReader(keys), out, new StringWriter(), false);
        CompletableFuture<Integer> served = CompletableFuture.supplyAsync(
                () -> Main.run(console, "simulate", "stm32f407", "--usbip", "0", "--state", state));

        String usb = awaitAddress(out, served);
        CommandRun flash = dfu("--usb", usb, "flash", program.toString(), "--base", "0x08004000");
        keys.write("nonsense\nquit\n");
        keys.flush();

        assertThat(flash.status()).as(flash.err()).isZero();
        assertThat(served.get(60, TimeUnit.SECONDS)).isZero();
        assertThat(out.toString())
                .contains("usbip --tcp-port", "attach -r 127.0.0.1 -b 1-1")
                .contains("has taken 0483:df11", "programmed 0x08004000..0x")
                .contains("control transfers; erased nothing; programmed 0x08004000..0x");
        assertThat(dfu("--usb", "sim:stm32f407?state=" + state, "verify", program.toString(), "--base", "0x08004000")
                        .status())
                .isZero();
    }

    private static String awaitAddress(StringWriter out, CompletableFuture<Integer> served)
            throws InterruptedException {
        while (true) {
            Matcher address = ADDRESS.matcher(out.toString());
            if (address.find()) {
                return address.group();
            }
            assertThat(served).as("the server, which ended: " + out).isNotDone();
            Thread.onSpinWait();
        }
    }

    @Test
    void the_buttons_of_a_served_board_are_pressed_by_words() throws IOException {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        Console console =
                new Console(new StringReader("unplug\nplug\nboot\nreset 1-1\nreset 1-9\nquit\n"), out, err, false);

        assertThat(Main.run(console, "simulate", "daisy-seed", "--usbip", "0")).isZero();
        assertThat(out.toString()).contains("BOOT pressed", "RESET");
        assertThat(err.toString()).contains("There is no board at port 1-9.");
    }

    @Test
    void a_board_that_cannot_be_kept_is_an_error_in_the_end() throws Exception {
        Path place = Files.createDirectory(directory.resolve("place"));
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        PipedWriter keys = new PipedWriter();
        Console console = new Console(new PipedReader(keys), out, err, false);
        CompletableFuture<Integer> served = CompletableFuture.supplyAsync(() -> Main.run(
                console,
                "simulate",
                "dfu11",
                "--usbip",
                "0",
                "--state",
                place.resolve("board").toString()));
        awaitAddress(out, served);
        try (Stream<Path> files = Files.list(place)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(place);
        keys.write("quit\n");
        keys.flush();

        assertThat(served.get(60, TimeUnit.SECONDS)).isEqualTo(ExitCode.IO);
        assertThat(err.toString()).contains("there is no directory " + place + " to keep board in");
    }

    @Test
    void a_board_served_at_an_ipv6_address_is_reached_by_what_the_greeting_says() throws Exception {
        try (ServerSocket trial = new ServerSocket()) {
            byte[] loopback = new byte[16];
            loopback[15] = 1;
            trial.bind(new InetSocketAddress(InetAddress.getByAddress(loopback), 0));
        } catch (IOException e) {
            assumeTrue(false, "this machine has no IPv6");
        }
        StringWriter out = new StringWriter();
        PipedWriter keys = new PipedWriter();
        Console console = new Console(new PipedReader(keys), out, new StringWriter(), false);
        CompletableFuture<Integer> served = CompletableFuture.supplyAsync(
                () -> Main.run(console, "simulate", "stm32f407", "--usbip", "0", "--listen", "::1"));

        CommandRun list = dfu("--usb", awaitAddress(out, served), "list");
        keys.write("quit\n");
        keys.flush();

        assertThat(list.out()).as(list.err()).contains("0483:df11");
        assertThat(served.get(60, TimeUnit.SECONDS)).isZero();
    }

    @Test
    void what_cannot_be_listened_on_is_told_with_a_way_out() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            CommandRun run = dfu("simulate", "dfu11", "--usbip", Integer.toString(taken.getLocalPort()));
            assertThat(run.status()).isEqualTo(ExitCode.UNAVAILABLE);
            assertThat(run.err()).contains(":" + taken.getLocalPort() + ": ", "--usbip 0");
        }
        assertThat(dfu("simulate", "dfu11", "--listen", "1:no.such.name").err())
                .contains("there is no host of this name");
        assertThat(dfu("simulate", "dfu11", "--state", "a&b").err()).contains("cannot contain");
    }

    @Test
    void a_board_that_does_not_exist_is_status_64_with_the_ones_that_do() {
        CommandRun run = dfu("simulate", "teapot", "--usbip", "0");

        assertThat(run.status()).isEqualTo(ExitCode.USAGE);
        assertThat(run.err()).contains("teapot", "daisy-seed", "stm32f407");
    }
}
