package io.github.dfu4j.cli;

/** The exit statuses of the command: those of sysexits.h that it uses. */
final class ExitCode {

    static final int OK = 0;
    /** The command line is wrong, or does not say which of several devices is meant. */
    static final int USAGE = 64;
    /** A file, a layout or a plan is not as it must be. */
    static final int DATA = 65;
    /** There is no such input file. */
    static final int NO_INPUT = 66;
    /** There is no such device, or no way to it. */
    static final int UNAVAILABLE = 69;
    /** The command itself is at fault. */
    static final int SOFTWARE = 70;
    /** The output file cannot be made. */
    static final int CANNOT_CREATE = 73;
    /** A transfer failed, or what is on the device is not what should be. */
    static final int IO = 74;
    /** It may work when tried again. */
    static final int TRY_AGAIN = 75;
    /** The device is in another state than it must be; of dfu-util's command line only. */
    static final int PROTOCOL = 76;
    /** The operating system does not allow it. */
    static final int NO_PERMISSION = 77;

    private ExitCode() {}
}
