package io.github.dfu4j.usb4java.internal;

import java.util.Locale;

/** The operating systems whose USB differs in what a failure means. */
public enum Platform {
    LINUX,
    WINDOWS,
    MACOS,
    OTHER;

    /** This machine's. */
    public static Platform current() {
        return of(System.getProperty("os.name", ""));
    }

    /** By the value of the system property {@code os.name}. */
    static Platform of(String osName) {
        String name = osName.toLowerCase(Locale.ROOT);
        if (name.startsWith("linux")) {
            return LINUX;
        }
        if (name.startsWith("windows")) {
            return WINDOWS;
        }
        return name.startsWith("mac") ? MACOS : OTHER;
    }
}
