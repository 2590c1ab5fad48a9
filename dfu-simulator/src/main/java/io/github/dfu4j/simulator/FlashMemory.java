package io.github.dfu4j.simulator;

import io.github.dfu4j.image.AddressRange;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.BiConsumer;

/**
 * A memory of a board that behaves like flash: erasing sets all bits of a sector, programming can only clear bits. Some parts do it the
 * other way round ({@link Rule#OR}).
 *
 * <p>Only what differs from the erased state takes space. All methods may be called from any thread.
 */
public final class FlashMemory {

    private static final int PAGE = 4096;

    /** What programming does to a word that is not erased. */
    public enum Rule {
        /** Bits are cleared, none is set: the bitwise AND (STM32F4, SPI NOR flash). */
        AND,
        /** The bitwise AND, and the word's ECC is wrong from then on (STM32H7). */
        AND_BREAKS_ECC,
        /** The hardware refuses: the word stays as it was (STM32G4, STM32L4). */
        REFUSED,
        /** Bits are set, none is cleared: the bitwise OR. What is erased reads 0x00 (STM32L0, STM32L1). */
        OR,
        /** The new value replaces the old, as in RAM and option bytes. */
        REPLACE
    }

    /**
     * Sectors of equal size in a row.
     *
     * @param count how many
     * @param size bytes in each
     */
    public record Run(int count, int size) {}

    private final String name;
    private final AddressRange range;
    private final List<Run> runs;
    private final int word;
    private final Rule rule;
    private final byte erased;
    private final Map<Long, byte[]> pages = new HashMap<>();
    private final List<AddressRange> writeProtected = new ArrayList<>();

    /**
     * An erased memory.
     *
     * @param name what it is called in messages and in saved states
     * @param start its first address
     * @param word the size of what is programmed at once, in bytes, a power of two up to 4096
     * @param rule what programming does to a word that is not erased
     * @param runs its sectors in ascending order
     */
    public FlashMemory(String name, long start, int word, Rule rule, List<Run> runs) {
        this.name = name;
        this.word = word;
        this.rule = rule;
        this.erased = (byte) (rule == Rule.OR ? 0 : 0xff);
        this.runs = List.copyOf(runs);
        this.range = AddressRange.ofSize(
                start, runs.stream().mapToLong(r -> (long) r.count() * r.size()).sum());
    }

    /** What it is called. */
    public String name() {
        return name;
    }

    /** The addresses that exist. */
    public AddressRange range() {
        return range;
    }

    /** The bytes programmed at once. */
    public int wordSize() {
        return word;
    }

    /** What programming does to a word that is not erased. */
    public Rule rule() {
        return rule;
    }

    /**
     * The sector that holds an address.
     *
     * @throws IllegalArgumentException if the address is outside this memory
     */
    public AddressRange sector(long address) {
        long start = range.start();
        for (Run run : runs) {
            long end = start + (long) run.count() * run.size();
            if (address >= start && address < end) {
                return AddressRange.ofSize(address - (address - start) % run.size(), run.size());
            }
            start = end;
        }
        throw new IllegalArgumentException(AddressRange.hex(address) + " is not in " + name + ", " + range);
    }

    /** The sectors that have an address in common with a range, in ascending order. */
    public List<AddressRange> sectors(AddressRange within) {
        List<AddressRange> result = new ArrayList<>();
        long at = Math.max(range.start(), within.start());
        while (at < Math.min(range.end(), within.end())) {
            AddressRange sector = sector(at);
            result.add(sector);
            at = sector.end();
        }
        return Collections.unmodifiableList(result);
    }

    /**
     * The bytes at an address.
     *
     * @throws IllegalArgumentException if they are not all in this memory
     */
    public synchronized byte[] read(long address, int length) {
        check(address, length);
        byte[] result = new byte[length];
        for (int i = 0; i < length; ) {
            long at = address + i;
            int inPage = (int) (at % PAGE);
            int n = Math.min(length - i, PAGE - inPage);
            byte[] page = pages.get(at / PAGE);
            if (page == null) {
                Arrays.fill(result, i, i + n, erased);
            } else {
                System.arraycopy(page, inPage, result, i, n);
            }
            i += n;
        }
        return result;
    }

    /** The little-endian 32-bit word at an address, unsigned. */
    public synchronized long word(long address) {
        byte[] b = read(address, 4);
        return (b[0] & 0xffL) | (b[1] & 0xffL) << 8 | (b[2] & 0xffL) << 16 | (b[3] & 0xffL) << 24;
    }

    /** Puts bytes there as a debugger does: whatever was there, and without a trace in the ledger. */
    public synchronized void load(long address, byte[] bytes) {
        check(address, bytes.length);
        for (int i = 0; i < bytes.length; ) {
            long at = address + i;
            int inPage = (int) (at % PAGE);
            int n = Math.min(bytes.length - i, PAGE - inPage);
            System.arraycopy(bytes, i, page(at / PAGE), inPage, n);
            i += n;
        }
    }

    /** Whether every byte of a range is in the erased state: 0xFF, or 0x00 under {@link Rule#OR}. */
    public synchronized boolean isBlank(AddressRange part) {
        check(part.start(), part.size());
        for (long at = part.start(); at < part.end(); ) {
            int inPage = (int) (at % PAGE);
            int n = (int) Math.min(part.end() - at, PAGE - inPage);
            byte[] page = pages.get(at / PAGE);
            if (page != null && !isBlank(page, inPage, inPage + n)) {
                return false;
            }
            at += n;
        }
        return true;
    }

    /** Makes a range read-only: erasing and programming it change nothing, and nobody is told. */
    public synchronized void writeProtect(AddressRange part) {
        writeProtected.add(part);
    }

    /** Takes back all write protection. */
    public synchronized void removeWriteProtection() {
        writeProtected.clear();
    }

    /**
     * Brings a range into the erased state.
     *
     * @return false if the range is write-protected and stayed as it was
     */
    public synchronized boolean erase(AddressRange part) {
        check(part.start(), part.size());
        if (isProtected(part)) {
            return false;
        }
        for (long at = part.start(); at < part.end(); ) {
            int inPage = (int) (at % PAGE);
            int n = (int) Math.min(part.end() - at, PAGE - inPage);
            if (n == PAGE) {
                pages.remove(at / PAGE);
            } else if (pages.containsKey(at / PAGE)) {
                Arrays.fill(page(at / PAGE), inPage, inPage + n, erased);
            }
            at += n;
        }
        return true;
    }

    /**
     * Programs bytes by this memory's {@link Rule}.
     *
     * @param address the first address, anywhere
     * @param bytes the bytes; parts of words around them count as erased
     * @return the ranges of words that were not erased before
     */
    public synchronized List<AddressRange> program(long address, byte[] bytes) {
        check(address, bytes.length);
        List<AddressRange> over = new ArrayList<>();
        long end = address + bytes.length;
        long number = -1;
        byte[] page = {};
        for (long w = address - address % word; w < end; w += word) {
            if (!writeProtected.isEmpty() && isProtected(AddressRange.ofSize(w, word))) {
                continue;
            }
            if (w / PAGE != number) {
                number = w / PAGE;
                page = page(number);
            }
            int first = (int) (w % PAGE);
            boolean blank = rule == Rule.REPLACE || isBlank(page, first, first + word);
            if (!blank) {
                addTo(over, w);
            }
            if (blank || rule != Rule.REFUSED) {
                for (long at = Math.max(w, address); at < Math.min(w + word, end); at++) {
                    byte value = bytes[(int) (at - address)];
                    int inPage = (int) (at % PAGE);
                    page[inPage] = switch (rule) {
                        case REPLACE -> value;
                        case OR -> (byte) (page[inPage] | value);
                        case AND, AND_BREAKS_ECC, REFUSED -> (byte) (page[inPage] & value);
                    };
                }
            }
        }
        return over;
    }

    /** The parts of a range that are in words that can be programmed. */
    synchronized List<AddressRange> writable(AddressRange part) {
        if (writeProtected.isEmpty()) {
            return List.of(part);
        }
        List<AddressRange> words = new ArrayList<>();
        for (long w = part.start() - part.start() % word; w < part.end(); w += word) {
            if (!isProtected(AddressRange.ofSize(w, word))) {
                addTo(words, w);
            }
        }
        return words.stream().flatMap(r -> r.intersection(part).stream()).toList();
    }

    private void addTo(List<AddressRange> ranges, long start) {
        int last = ranges.size() - 1;
        if (last >= 0 && ranges.get(last).end() == start) {
            ranges.set(last, new AddressRange(ranges.get(last).start(), start + word));
        } else {
            ranges.add(AddressRange.ofSize(start, word));
        }
    }

    private boolean isBlank(byte[] bytes, int from, int to) {
        for (int i = from; i < to; i++) {
            if (bytes[i] != erased) {
                return false;
            }
        }
        return true;
    }

    /**
     * Leaves a range as an erase leaves it that was cut off: some bits as erased, some as they were.
     *
     * @param part the range
     * @param random decides which
     * @return false if the range is write-protected and stayed as it was
     */
    synchronized boolean tearErase(AddressRange part, Random random) {
        if (isProtected(part)) {
            return false;
        }
        byte[] bytes = read(part.start(), (int) part.size());
        byte[] noise = new byte[bytes.length];
        random.nextBytes(noise);
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] ^= (byte) ((bytes[i] ^ erased) & noise[i]);
        }
        load(part.start(), bytes);
        return true;
    }

    /** Hands out what is not erased, page by page, for saving. */
    synchronized void forEachPage(BiConsumer<Long, byte[]> sink) {
        new TreeMap<>(pages).forEach((page, bytes) -> sink.accept(page * PAGE, bytes));
    }

    /** Takes back what {@link #forEachPage} handed out. */
    synchronized void restorePage(long address, byte[] bytes) {
        pages.put(address / PAGE, bytes.clone());
    }

    private byte[] page(long number) {
        return pages.computeIfAbsent(number, n -> {
            byte[] fresh = new byte[PAGE];
            Arrays.fill(fresh, erased);
            return fresh;
        });
    }

    private boolean isProtected(AddressRange part) {
        return writeProtected.stream().anyMatch(part::overlaps);
    }

    private void check(long address, long length) {
        if (length < 0 || address < range.start() || address + length > range.end()) {
            throw new IllegalArgumentException(
                    length + " bytes at " + AddressRange.hex(address) + " are not all in " + name + ", " + range);
        }
    }
}
