package io.github.dfu4j.image.internal;

import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.image.FirmwareSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** A file of records of hexadecimal digits, each with a count in front and a checksum behind, one record a line. */
final class HexText {

    /** The most bytes that a record's digits stand for: 255 counted, and up to 5 that are not. */
    static final int LONGEST_RECORD = 260;

    /** What a record's mark and its digits take at most. */
    private static final int LONGEST_TEXT = 2 + 2 * LONGEST_RECORD;

    /** What stands for two characters that are not both digits: more than a record's bytes add up to, so that one test finds it. */
    private static final int NO_BYTE = 1 << 20;

    /** The byte for two characters, the first of which is the index's low byte. Of the ways tried, one look-up a byte is the fastest. */
    private static final int[] BYTES = new int[1 << 16];

    static {
        Arrays.fill(BYTES, NO_BYTE);
        for (int first = 0; first < 256; first++) {
            for (int second = 0; second < 256; second++) {
                if (isDigit(first) && isDigit(second)) {
                    BYTES[second << 8 | first] = Character.digit(first, 16) << 4 | Character.digit(second, 16);
                }
            }
        }
    }

    private final FirmwareSource source;
    private final long size;
    private final byte[] text = new byte[64 * 1024];
    private final ByteBuffer pairs = ByteBuffer.wrap(text).order(ByteOrder.LITTLE_ENDIAN);
    private int at;
    private int end;
    private long position;

    HexText(FirmwareSource source) throws IOException {
        this.source = source;
        this.size = source.size();
        refill();
        if (isUtf16(text, end)) {
            throw new FirmwareFormatException(
                    source.name(),
                    "offset 0x0",
                    "expected ASCII, found UTF-16 text, as PowerShell's > writes it:"
                            + " let the tool write the file itself, or write it with Out-File -Encoding ascii");
        }
        if (startsWithMark(text, end)) {
            at = 3;
        }
    }

    /**
     * Whether the head of a file is text in which a record follows some blanks. What comes behind the first line does not matter: files
     * are padded with all sorts of bytes.
     *
     * @param mark what a record begins with; a second character stands for any decimal digit
     */
    static boolean looksLike(FirmwareSource source, String mark) throws IOException {
        byte[] head = new byte[128];
        int n = source.read(0, head, 0, head.length);
        if (isUtf16(head, n)) {
            head = new String(head, 0, n, StandardCharsets.UTF_16).getBytes(StandardCharsets.US_ASCII);
            n = head.length;
        }
        int first = -1;
        for (int i = startsWithMark(head, n) ? 3 : 0; i < n; i++) {
            if (first >= 0 && (head[i] == '\r' || head[i] == '\n')) {
                break;
            }
            if (!isBlank(head[i])) {
                if (head[i] < ' ' || head[i] > '~') {
                    return false;
                }
                first = first < 0 ? i : first;
            }
        }
        return first >= 0
                && first + mark.length() < n
                && head[first] == mark.charAt(0)
                && (mark.length() == 1 || (head[first + 1] >= '0' && head[first + 1] <= '9'))
                && isDigit(head[first + mark.length()]);
    }

    /** Some editors put a byte-order mark in front of a text file. */
    private static boolean startsWithMark(byte[] b, int n) {
        return n >= 3 && b[0] == (byte) 0xef && b[1] == (byte) 0xbb && b[2] == (byte) 0xbf;
    }

    /** Text of two bytes a character, with its byte-order mark, which it would be a pity to take for a flat binary. */
    private static boolean isUtf16(byte[] b, int n) {
        return n >= 2 && ((b[0] == (byte) 0xff && b[1] == (byte) 0xfe) || (b[0] == (byte) 0xfe && b[1] == (byte) 0xff));
    }

    private static boolean isBlank(byte c) {
        return c == '\n' || c == '\r' || c == ' ' || c == '\t';
    }

    private static boolean isDigit(int c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || (c >= 'a' && c <= 'f');
    }

    /** How many characters are left in the file. */
    long left() {
        return size - position - at;
    }

    /** Goes to the next character that is no blank; false at the end of the file. */
    boolean next() throws IOException {
        do {
            while (at < end) {
                if (text[at] > ' ' || !isBlank(text[at])) {
                    if (end - at < LONGEST_TEXT) {
                        refill();
                    }
                    return true;
                }
                at++;
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

    /** Takes one character; −1 at the end of the file. */
    int character() {
        return at < end ? text[at++] & 0xff : -1;
    }

    /**
     * Takes the digits of a record, and checks its checksum.
     *
     * @param into where its bytes go, the count first and the checksum last
     * @param uncounted how many bytes it has beside those that it counts
     * @param proper what the low byte of the sum of all its bytes must be
     * @return the count
     */
    int record(byte[] into, int uncounted, int proper) throws IOException {
        int count = end - at < 2 ? NO_BYTE : BYTES[pairs.getChar(at)];
        int length = count == NO_BYTE ? 1 : count + uncounted;
        if (end - at < 2 * length) {
            throw noRecord(length);
        }
        int from = at;
        int sum = 0;
        for (int i = 0; i < length; i++) {
            int value = BYTES[pairs.getChar(from + 2 * i)];
            sum += value;
            into[i] = (byte) value;
        }
        if (sum >= NO_BYTE) {
            throw noRecord(length);
        }
        if ((sum & 0xff) != proper) {
            int found = into[length - 1] & 0xff;
            throw fail(String.format("bad checksum: expected %02X, found %02X", found + proper - sum & 0xff, found));
        }
        at = from + 2 * length;
        return count;
    }

    /** The number that some bytes of a record stand for, the highest byte first. */
    static long number(byte[] record, int from, int size) {
        long value = 0;
        for (int i = from; i < from + size; i++) {
            value = value << 8 | record[i] & 0xff;
        }
        return value;
    }

    private FirmwareFormatException noRecord(int length) throws IOException {
        int digits = 0;
        while (at + digits < end && isDigit(text[at + digits])) {
            digits++;
        }
        int found = at + digits < end ? text[at + digits] & 0xff : -1;
        if (found >= 0 && !isBlank((byte) found)) {
            return fail("expected a hexadecimal digit, found " + shown(found));
        }
        return fail(
                (found < 0 ? "the file" : "the line") + " ends after " + digits + (digits == 1 ? " digit" : " digits")
                        + " of a record" + (digits < 2 ? "" : "; its count asks for " + 2 * length));
    }

    /** Some characters for a message, those left out that are no text. */
    static String shown(int... characters) {
        StringBuilder shown = new StringBuilder();
        for (int c : characters) {
            if (c > ' ' && c <= '~') {
                shown.append((char) c);
            }
        }
        return shown.length() > 0 ? "'" + shown + "'" : "byte 0x" + Integer.toHexString(characters[0]);
    }

    /** A fault in the record at hand. */
    FirmwareFormatException fail(String message) throws IOException {
        return new FirmwareFormatException(source.name(), "line " + line(), message);
    }

    /** The number of the line at hand, from 1. Lines are counted only when one must be named, to keep reading fast. */
    long line() throws IOException {
        byte[] chunk = new byte[64 * 1024];
        long here = position + at;
        long line = 1;
        boolean afterReturn = false;
        for (long from = 0; from < here; from += chunk.length) {
            int n = source.read(from, chunk, 0, (int) Math.min(chunk.length, here - from));
            for (int i = 0; i < n; i++) {
                line += chunk[i] == '\r' || (chunk[i] == '\n' && !afterReturn) ? 1 : 0;
                afterReturn = chunk[i] == '\r';
            }
        }
        return line;
    }
}
