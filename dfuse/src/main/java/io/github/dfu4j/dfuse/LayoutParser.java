package io.github.dfu4j.dfuse;

import java.util.ArrayList;
import java.util.List;

/** Reads the written form of a {@link MemoryLayout}, one character at a time. Whatever is taken, the blanks behind it are taken too. */
final class LayoutParser {

    private static final long ADDRESS_SPACE = 1L << 32;

    private final String text;
    private int at;

    LayoutParser(String text) {
        this.text = text;
    }

    MemoryLayout parse() throws LayoutFormatException {
        List<SectorRun> runs = new ArrayList<>();
        skipBlanks();
        String name = name();
        regions(runs);
        // Some bootloaders put several descriptions into one string; they are one memory map to the host.
        while (at < text.length() && text.charAt(at) == '@') {
            name();
            regions(runs);
        }
        take(';');
        if (at < text.length()) {
            throw expected("',', '/' or the end");
        }
        return new MemoryLayout(name, runs);
    }

    private String name() throws LayoutFormatException {
        if (at >= text.length() || text.charAt(at) != '@') {
            throw expected("'@'");
        }
        int slash = text.indexOf('/', at);
        if (slash < 0) {
            at = text.length();
            throw expected("'/' and an address");
        }
        String name = text.substring(at + 1, slash).trim();
        at = slash;
        return name;
    }

    private void regions(List<SectorRun> runs) throws LayoutFormatException {
        while (take('/')) {
            long address = address();
            if (!take('/')) {
                throw expected("'/' behind the address");
            }
            do {
                address = run(address, runs);
            } while (take(','));
        }
    }

    private long address() throws LayoutFormatException {
        if (!text.regionMatches(true, at, "0x", 0, 2)) {
            throw expected("an address such as 0x08000000");
        }
        at += 2;
        return number(16, "a hexadecimal digit", ADDRESS_SPACE - 1, "an address of at most 32 bits");
    }

    private long run(long address, List<SectorRun> runs) throws LayoutFormatException {
        int start = at;
        long count =
                number(10, "a number of sectors", ADDRESS_SPACE, "a number of sectors that fits 32 bits of address");
        if (!take('*')) {
            throw expected("'*'");
        }
        long size =
                number(10, "a sector size", ADDRESS_SPACE, "a sector size that fits 32 bits of address") << unitShift();
        if (at >= text.length() || !isType(text.charAt(at))) {
            throw expected("a type letter a to g");
        }
        int type = text.charAt(at++) & 7;
        skipBlanks();
        if (count == 0) {
            return address;
        }
        if (size == 0 || count > ADDRESS_SPACE / size || address + count * size > ADDRESS_SPACE) {
            at = start;
            throw expected("sectors that fit 32 bits of address");
        }
        runs.add(new SectorRun(address, count, size, (type & 1) != 0, (type & 2) != 0, (type & 4) != 0));
        return address + count * size;
    }

    /**
     * The unit, if there is one: a letter that is followed by a type letter, or that cannot itself be a type. So {@code 512g} has no
     * unit, {@code 16Be} is in bytes, and {@code 16B} is a type.
     */
    private int unitShift() {
        if (at == text.length()) {
            return 0;
        }
        int unit = at;
        int shift = switch (text.charAt(at)) {
            case 'B' -> 0;
            case 'K', 'k' -> 10;
            case 'M', 'm' -> 20;
            case 'G' -> 30;
            default -> -1;
        };
        if (shift < 0) {
            return 0;
        }
        at++;
        skipBlanks();
        boolean typeFollows = at < text.length() && isType(text.charAt(at));
        if (typeFollows || !isType(text.charAt(unit))) {
            return shift;
        }
        at = unit;
        return 0;
    }

    private long number(int radix, String what, long max, String limit) throws LayoutFormatException {
        int start = at;
        long value = 0;
        while (at < text.length() && text.charAt(at) < 128 && Character.digit(text.charAt(at), radix) >= 0) {
            value = value * radix + Character.digit(text.charAt(at), radix);
            if (value > max) {
                at = start;
                throw expected(limit);
            }
            at++;
        }
        if (at == start) {
            throw expected(what);
        }
        skipBlanks();
        return value;
    }

    private boolean take(char wanted) {
        if (at < text.length() && text.charAt(at) == wanted) {
            at++;
            skipBlanks();
            return true;
        }
        return false;
    }

    private void skipBlanks() {
        while (at < text.length() && isBlank(text.charAt(at))) {
            at++;
        }
    }

    /** Anything that is not printable ASCII stands where real devices have left-over bytes. */
    private static boolean isBlank(char c) {
        return c <= ' ' || c > '~';
    }

    private static boolean isType(char c) {
        return (c >= 'a' && c <= 'g') || (c >= 'A' && c <= 'G');
    }

    private LayoutFormatException expected(String what) {
        return new LayoutFormatException(text, at, what);
    }
}
