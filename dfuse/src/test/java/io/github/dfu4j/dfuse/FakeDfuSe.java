package io.github.dfu4j.dfuse;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.dfu.QuirkTable;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.Timebase;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/**
 * A device with any layout that insists on AN3156: a request that the document does not allow in the state the device is in fails the
 * test. Flash is erased sector by sector and programmed by clearing bits; a sector that the host cannot erase replaces what it holds.
 */
final class FakeDfuSe implements UsbConnection, Timebase {

    final MemoryLayout layout;
    final int transferSize;
    final Map<AddressRange, byte[]> sectors = new LinkedHashMap<>();
    final List<ControlSetup> transfers = new ArrayList<>();
    final List<Integer> alternates = new ArrayList<>();
    final List<AddressRange> erased = new ArrayList<>();
    final List<AddressRange> programmed = new ArrayList<>();
    /** What an upload returns instead of the memory, or null. */
    byte[] uploadsInstead;
    /** Spoils the bytes of an upload from an address on. */
    BiConsumer<Long, byte[]> lie = (address, bytes) -> {};
    /** Where it takes blocks of data: the last one, and what it did not cover. */
    final byte[] buffer;
    /** Sectors that take every command and stay as they are, as write-protected ones do. */
    final List<AddressRange> writeProtected = new ArrayList<>();
    /** How many bytes an erase clears at least, from the address of its sector on. */
    long eraseReach;

    private final UsbDevice device;
    private int state = 2;
    private byte[] pending;
    private int pendingBlock;
    private long pointer = 0x08000000L;
    private long nanos;

    FakeDfuSe(MemoryLayout layout, int transferSize) {
        this.layout = layout;
        this.transferSize = transferSize;
        this.buffer = new byte[transferSize];
        Arrays.fill(buffer, (byte) 0xff);
        for (SectorRun run : layout.runs()) {
            for (long i = 0; i < run.count(); i++) {
                byte[] blank = new byte[(int) run.sectorSize()];
                Arrays.fill(blank, (byte) 0xff);
                sectors.put(AddressRange.ofSize(run.start() + i * run.sectorSize(), run.sectorSize()), blank);
            }
        }
        device = describe(0x1209, 0x0001, 0, null, transferSize, 0x011a, 2, List.of(layout.toString()));
    }

    /** A snapshot of a DFU device with one interface. */
    static UsbDevice describe(
            int vendor,
            int product,
            int release,
            byte[] serial,
            int transferSize,
            int version,
            int protocol,
            List<String> names) {
        byte[] head = {
            18,
            1,
            0,
            2,
            0,
            0,
            0,
            64,
            (byte) vendor,
            (byte) (vendor >> 8),
            (byte) product,
            (byte) (product >> 8),
            (byte) release,
            (byte) (release >> 8),
            0,
            0,
            (byte) (serial == null ? 0 : 1),
            1
        };
        int total = 9 + 9 * names.size() + 9;
        byte[] configuration = Arrays.copyOf(new byte[] {9, 2, (byte) total, 0, 1, 1, 0, (byte) 0xc0, 50}, total);
        UsbDevice.Builder builder = null;
        int at = 9;
        for (int i = 0; i < names.size(); i++) {
            byte[] setting = {9, 4, 0, (byte) i, 0, (byte) 0xfe, 1, (byte) protocol, (byte) (4 + i)};
            System.arraycopy(setting, 0, configuration, at, 9);
            at += 9;
        }
        byte[] functional = {
            9,
            0x21,
            0x0b,
            (byte) 255,
            0,
            (byte) transferSize,
            (byte) (transferSize >> 8),
            (byte) version,
            (byte) (version >> 8)
        };
        System.arraycopy(functional, 0, configuration, at, 9);
        builder = UsbDevice.builder("fake", head, configuration);
        for (int i = 0; i < names.size(); i++) {
            builder.string(4 + i, string(names.get(i).getBytes(StandardCharsets.UTF_16LE)));
        }
        if (serial != null) {
            builder.string(1, string(serial));
        }
        return builder.build();
    }

    private static byte[] string(byte[] content) {
        byte[] whole = new byte[content.length + 2];
        whole[0] = (byte) whole.length;
        whole[1] = 3;
        System.arraycopy(content, 0, whole, 2, content.length);
        return whole;
    }

    DfuInterface target() {
        return target(QuirkTable.EMPTY);
    }

    DfuInterface target(QuirkTable quirks) {
        return DfuInterface.of(device, quirks).get(0);
    }

    DfuSeSession session(QuirkTable quirks) {
        return new DfuSeSession(new DfuSession(this, target(quirks), this));
    }

    byte byteAt(long address) {
        AddressRange sector = layout.sectorAt(address).orElseThrow();
        return sectors.get(sector)[(int) (address - sector.start())];
    }

    void load(long address, byte value) {
        AddressRange sector = layout.sectorAt(address).orElseThrow();
        sectors.get(sector)[(int) (address - sector.start())] = value;
    }

    @Override
    public int control(ControlSetup s, byte[] data, int offset, int timeoutMillis) throws UsbException {
        transfers.add(s);
        return switch (s.requestType() << 8 | s.request()) {
            case 0x2101 -> download(s, Arrays.copyOfRange(data, offset, offset + s.length()));
            case 0xa102 -> upload(s, data, offset);
            case 0xa103 -> status(data, offset);
            case 0x2106 -> {
                require(state == 2 || state == 5 || state == 9, s);
                state = 2;
                yield 0;
            }
            default -> throw new AssertionError("unexpected " + s + " in state " + state);
        };
    }

    private void require(boolean allowed, ControlSetup s) {
        if (!allowed) {
            throw new AssertionError("the host sent " + s + " in state " + state);
        }
    }

    private int download(ControlSetup s, byte[] bytes) {
        require((state == 2 || state == 5) && s.value() != 1 && bytes.length <= transferSize, s);
        pending = bytes;
        if (s.value() >= 2) {
            System.arraycopy(bytes, 0, buffer, 0, bytes.length);
        }
        pendingBlock = s.value();
        state = bytes.length == 0 ? 6 : 3;
        return bytes.length;
    }

    private int upload(ControlSetup s, byte[] into, int offset) {
        require((state == 2 || state == 9) && s.value() >= 2 && s.length() <= transferSize, s);
        require(s.length() == transferSize || s.value() == 2, s);
        state = 9;
        long address = pointer + (s.value() - 2L) * transferSize;
        for (int i = 0; i < s.length(); i++) {
            AddressRange sector = layout.sectorAt(address + i)
                    .orElseThrow(() -> new AssertionError("the host reads outside the memory"));
            require(layout.runAt(sector.start()).orElseThrow().readable(), s);
            into[offset + i] = uploadsInstead == null ? byteAt(address + i) : uploadsInstead[i % uploadsInstead.length];
        }
        byte[] told = Arrays.copyOfRange(into, offset, offset + s.length());
        lie.accept(address, told);
        System.arraycopy(told, 0, into, offset, told.length);
        return s.length();
    }

    private int status(byte[] answer, int offset) {
        if (state == 3) {
            execute();
            state = 4;
        } else if (state == 4) {
            state = 5;
        } else if (state == 6) {
            state = 7;
        }
        Arrays.fill(answer, offset, offset + 6, (byte) 0);
        answer[offset + 4] = (byte) state;
        return 6;
    }

    private void execute() {
        if (pendingBlock >= 2) {
            if (pending.length != transferSize && pendingBlock != 2) {
                throw new AssertionError("a short block without an address of its own");
            }
            program(pointer + (pendingBlock - 2L) * transferSize);
            return;
        }
        long address = 0;
        for (int i = pending.length - 1; i > 0; i--) {
            address = address << 8 | (pending[i] & 0xff);
        }
        if (pending[0] == 0x21) {
            pointer = address;
        } else if (pending[0] == 0x41 && pending.length == 1) {
            sectors.keySet().forEach(this::erase);
        } else if (pending[0] == 0x41) {
            AddressRange sector = layout.sectorAt(address).orElseThrow();
            if (sector.start() != address) {
                throw new AssertionError("an erase must name the start of a sector");
            }
            erase(sector);
            for (long at = sector.end();
                    at < address + eraseReach && layout.sectorAt(at).isPresent();
                    at++) {
                load(at, (byte) 0xff);
            }
        } else {
            throw new AssertionError("unknown command " + pending[0]);
        }
    }

    private void erase(AddressRange sector) {
        if (!layout.runAt(sector.start()).orElseThrow().erasable()) {
            throw new AssertionError("the host erases " + sector + ", which is not erasable");
        }
        erased.add(sector);
        if (writeProtected.stream().noneMatch(sector::overlaps)) {
            Arrays.fill(sectors.get(sector), (byte) 0xff);
        }
    }

    private void program(long address) {
        programmed.add(AddressRange.ofSize(address, pending.length));
        for (int i = 0; i < pending.length; i++) {
            long at = address + i;
            SectorRun run =
                    layout.runAt(at).orElseThrow(() -> new AssertionError("the host writes outside the memory"));
            if (!run.writable()) {
                throw new AssertionError("the host writes what it must not");
            }
            if (writeProtected.stream().noneMatch(r -> r.contains(at))) {
                load(at, run.erasable() ? (byte) (byteAt(at) & pending[i]) : pending[i]);
            }
        }
    }

    @Override
    public UsbDevice device() {
        return device;
    }

    @Override
    public void claim(int interfaceNumber) {}

    @Override
    public void selectAlternate(int interfaceNumber, int alternateSetting) {
        alternates.add(alternateSetting);
        state = 2;
    }

    @Override
    public boolean reset() {
        return true;
    }

    @Override
    public void close() {}

    @Override
    public long nanos() {
        return nanos;
    }

    @Override
    public void sleep(Duration duration) {
        nanos += Math.max(0, duration.toNanos());
    }
}
