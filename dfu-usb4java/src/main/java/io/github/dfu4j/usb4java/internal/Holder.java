package io.github.dfu4j.usb4java.internal;

import io.github.dfu4j.usb.UsbDevice;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Finds out what holds an interface on Linux, from /sys and, as far as this user may look, from /proc. */
public final class Holder {

    /** The kernel's name for a claim by a program. */
    private static final String PROGRAM = "usbfs";

    private final Path root;

    /** Looks below a root directory, {@code /} but for tests. */
    public Holder(Path root) {
        this.root = root;
    }

    /** Who holds an interface, such as {@code the kernel driver cdc_acm} or {@code dfu-util (process 4711)}. */
    public Optional<String> find(UsbDevice device, int address, int interfaceNumber) {
        return device.port().flatMap(port -> {
            Path link = root.resolve("sys/bus/usb/devices/" + port + ":" + device.configurationValue() + "."
                    + interfaceNumber + "/driver");
            try {
                String driver = Files.readSymbolicLink(link).getFileName().toString();
                return driver.equals(PROGRAM)
                        ? Optional.of(program(port.bus(), address)
                                .orElse("another program, or this one by another connection"))
                        : Optional.of("the kernel driver " + driver);
            } catch (IOException e) {
                return Optional.empty(); // no driver, or no way to know
            }
        });
    }

    private Optional<String> program(int bus, int address) {
        Path node = Path.of(String.format(Locale.ROOT, "/dev/bus/usb/%03d/%03d", bus, address));
        List<String> found = new ArrayList<>();
        long self = ProcessHandle.current().pid();
        try (DirectoryStream<Path> processes = Files.newDirectoryStream(root.resolve("proc"), "[0-9]*")) {
            for (Path process : processes) {
                if (!process.endsWith(Long.toString(self)) && opens(process, node)) {
                    found.add(name(process));
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            // then nobody is found
        }
        return found.isEmpty() ? Optional.empty() : Optional.of(String.join(" or ", found));
    }

    private static boolean opens(Path process, Path node) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(process.resolve("fd"))) {
            for (Path file : files) {
                if (Files.readSymbolicLink(file).equals(node)) {
                    return true;
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            // another user's process, or one that has ended or closed a file meanwhile
        }
        return false;
    }

    private static String name(Path process) {
        String number = "process " + process.getFileName();
        try {
            return Files.readString(process.resolve("comm"), StandardCharsets.UTF_8)
                            .strip() + " (" + number + ")";
        } catch (IOException e) {
            return number;
        }
    }
}
