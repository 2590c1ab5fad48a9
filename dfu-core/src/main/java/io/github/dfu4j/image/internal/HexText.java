package io.github.dfu4j.image.internal;

import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.image.FirmwareSource;
import java.io.IOException;
import java.util.Arrays;

/** The lines of a file of hexadecimal records, and the bytes that their digits stand for. */
final class HexText {

    /** The longest record has 255 bytes counted, with a mark, a type and the count in front and a checksum behind. */
    private static final int LONGEST_RECORD = 2 * 255 + 16;

    /** What stands for a character that is no digit: more than the sum of all bytes of a record, so that one test of the sum finds it. */
    private static final int NO_DIGIT = 1 << 20;

    private static final int[] HIGH = new int[256];
    private static final int[] LOW = new int[256];

    static {
        Arrays.fill(HIGH, NO_DIGIT);
        Arrays.fill(LOW, NO_DIGIT);
        for (int digit = 0; digit < 16; digit++) {
            for (char c : new char[] {"0123456789ABCDEF".charAt(digit), "0123456789abcdef".charAt(digit)}) {
                HIGH[c] = digit << 4;
                LOW[c] = digit;
            }
        }
    }

    private final FirmwareSource source;
    private final long size;
    private final byte[] text = new byte[256 * 1024];
    private int at;
    private int end;
    private long position;
    private long line = 1;
    private boolean afterReturn;

    HexText(FirmwareSource source) throws IOException {
        this.source = source;
        this.size = source.size();
        refill();
        if (startsWithMark(text, end)) {
            at = 3;
        }
    }

    /** Whether the head of a file is text in which a record follows some blanks. */
    static boolean looksLike(FirmwareSource source, String mark) throws IOException {
        byte[] head = new byte[128];
        int n = source.read(0, head, 0, head.length);
        int i = startsWithMark(head, n) ? 3 : 0;
        int first = -1;
        for (; i < n; i++) {
            byte c = head[i];
            boolean blank = c == ' ' || c == '\t' || c == '\r' || c == '\n';
            if (!blank && (c < ' ' || c > '~')) {
                return false;
            }
            if (!blank && first < 0) {
                first = i;
            }
        }
        return first >= 0
                && first + mark.length() < n
                && (head[first] == mark.charAt(0))
                && (mark.length() == 1 || (head[first + 1] >= '0' && head[first + 1] <= '9'))
                && HIGH[head[first + mark.length()]] < NO_DIGIT;
    }

    /** Some editors put a byte-order mark in front of a text file. */
    private static boolean startsWithMark(byte[] b, int n) {
        return n >= 3 && b[0] == (byte) 0xef && b[1] == (byte) 0xbb && b[2] == (byte) 0xbf;
    }

    /** The number of the line that the next record is in, from 1. */
    long line() {
        return line;
    }

    /** How many bytes the rest of the file can stand for at most. */
    long bytesLeft() {
        return (size - position - at) / 2;
    }

    /** Goes to the next character that is no blank; false at the end of the file. */
    boolean next() throws IOException {
        do {
            int i = at;
            boolean found = false;
            while (i < end) {
                byte c = text[i];
                if (c == '\n') {
                    line += afterReturn ? 0 : 1;
                } else if (c == '\r') {
                    line++;
                } else if (c != ' ' && c != '\t') {
                    found = true;
                    break;
                }
                afterReturn = c == '\r';
                i++;
            }
            at = i;
            if (found) {
                afterReturn = false;
                if (end - i < LONGEST_RECORD) {
                    refill();
                }
                return true;
            }
        } while (refill());
        return false;
    }

    private boolean refill() throws IOException {
        System.arraycopy(text, at, text, 0, end - at);
        end -= at;
        position += at;
        at = 0;
        int n = source.read(position + end, text, end, text.length - end);
        end += n;
        return n > 0;
    }

    /** Takes one character, which {@link #next} has made sure is there. */
    int character() {
        return at < end ? text[at++] & 0xff : -1;
    }

    /**
     * Takes the digits of a number.
     *
     * @param size how many bytes it has, 1 to 4
     */
    long number(int size, String what) throws FirmwareFormatException {
        if (end - at < 2 * size) {
            throw tooShort(what);
        }
        int sum = 0;
        int value = 0;
        for (int i = 0; i < size; i++) {
            int next = HIGH[text[at + 2 * i] & 0xff] + LOW[text[at + 2 * i + 1] & 0xff];
            sum += next;
            value = value << 8 | next & 0xff;
        }
        if (sum >= NO_DIGIT) {
            throw noDigits(what, size);
        }
        at += 2 * size;
        return value & 0xffffffffL;
    }

    /** The sum of the bytes of a number. */
    static int sumOf(long number) {
        return (int) ((number >> 24) + (number >> 16 & 0xff) + (number >> 8 & 0xff) + (number & 0xff));
    }

    /**
     * Takes the digits of some bytes.
     *
     * @return the sum of the bytes
     */
    int many(byte[] into, int to, int count, String what) throws FirmwareFormatException {
        if (end - at < 2 * count) {
            throw tooShort(what);
        }
        int sum = 0;
        byte[] chars = text;
        int from = at;
        for (int i = 0; i < count; i++) {
            int value = HIGH[chars[from + 2 * i] & 0xff] + LOW[chars[from + 2 * i + 1] & 0xff];
            sum += value;
            into[to + i] = (byte) value;
        }
        if (sum >= NO_DIGIT) {
            throw noDigits(what, count);
        }
        at += 2 * count;
        return sum;
    }

    private FirmwareFormatException tooShort(String what) {
        return fail("the file ends within " + what);
    }

    private FirmwareFormatException noDigits(String what, int count) {
        for (int i = at; i < at + 2 * count; i++) {
            int c = text[i] & 0xff;
            if (LOW[c] == NO_DIGIT) {
                return c == '\r' || c == '\n'
                        ? fail("the line ends within " + what)
                        : fail("expected a hexadecimal digit of " + what + ", found "
                                + (c > ' ' && c <= '~' ? "'" + (char) c + "'" : "byte 0x" + Integer.toHexString(c)));
            }
        }
        throw new IllegalStateException();
    }

    /** A fault in the line at hand. */
    FirmwareFormatException fail(String message) {
        return new FirmwareFormatException(source.name(), "line " + line, message);
    }
}
