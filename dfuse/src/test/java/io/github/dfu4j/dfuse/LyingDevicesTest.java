package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.dfu.QuirkTable;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Devices of no known kind that return something else than their memory. */
class LyingDevicesTest {

    private static final long FLASH = 0x08000000L;
    private static final int SECTOR = 1024;
    private static final int SECTORS = 8;
    private static final int BLOCK = 128;

    /** What a lie makes of an upload, given the device. */
    private interface Lie {
        void tell(FakeDfuSe device, long address, byte[] bytes);
    }

    private static Map<String, Lie> lies() {
        Map<String, Lie> lies = new LinkedHashMap<>();
        lies.put("zeros", (device, address, bytes) -> Arrays.fill(bytes, (byte) 0));
        lies.put("blank", (device, address, bytes) -> Arrays.fill(bytes, (byte) 0xff));
        lies.put("its buffer", (device, address, bytes) -> System.arraycopy(device.buffer, 0, bytes, 0, bytes.length));
        lies.put("the truth of its first block, and noise", (device, address, bytes) -> {
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = address + i < FLASH + BLOCK ? bytes[i] : (byte) (address * 17 + i * 5L);
            }
        });
        lies.put("the truth of its first sector, and noise", (device, address, bytes) -> {
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = address + i < FLASH + SECTOR ? bytes[i] : (byte) (address * 31 + i * 7L);
            }
        });
        lies.put("the next sector", (device, address, bytes) -> {
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = device.byteAt(FLASH + (address + i + SECTOR - FLASH) % (SECTOR * SECTORS));
            }
        });
        lies.put("another memory", (device, address, bytes) -> {
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) ((address + i) * 2654435761L >> 13);
            }
        });
        lies.put("its first kilobyte over and over", (device, address, bytes) -> {
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = device.byteAt(FLASH + (address + i) % 1024);
            }
        });
        lies.put("the answer before", new Lie() {
            private byte[] before = {};

            @Override
            public void tell(FakeDfuSe device, long address, byte[] bytes) {
                byte[] now = bytes.clone();
                System.arraycopy(before, 0, bytes, 0, Math.min(before.length, bytes.length));
                before = now;
            }
        });
        lies.put("one bit wrong in 64 bytes", (device, address, bytes) -> {
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = (byte) (bytes[i] ^ ((address + i) % 64 == 0 ? 1 : 0));
            }
        });
        return lies;
    }

    private static Map<String, FirmwareImage> images() {
        Map<String, FirmwareImage> images = new LinkedHashMap<>();
        images.put("three sectors and a half", Boards.image(FLASH, Boards.program(FLASH, 3 * SECTOR + 500, 1)));
        images.put("one block", Boards.image(FLASH, Boards.program(FLASH, BLOCK, 2)));
        images.put("one block of zeros", Boards.image(FLASH + SECTOR, new byte[BLOCK]));
        images.put("one sector of zeros", Boards.image(FLASH, new byte[SECTOR]));
        images.put("six bytes", Boards.image(FLASH + 2 * SECTOR, new byte[] {1, 2, 3, 4, 5, 6}));
        images.put("all of it, zeros", Boards.image(FLASH, new byte[SECTOR * SECTORS]));
        byte[] same = new byte[SECTOR * 3];
        for (int i = 0; i < same.length; i++) {
            same[i] = (byte) (i % 251 + i / 4 % 3);
        }
        images.put("in the middle", Boards.image(FLASH + 2 * SECTOR + 100, same));
        return images;
    }

    static Stream<Arguments> cases() {
        return lies().keySet().stream()
                .flatMap(lie -> images().keySet().stream()
                        .flatMap(image -> Stream.of("blank", "noise", "zeros")
                                .flatMap(before -> Stream.of(true, false)
                                        .map(writes -> Arguments.of(lie, image, before, writes)))));
    }

    private static FakeDfuSe device(String before, boolean writes) {
        FakeDfuSe device = new FakeDfuSe(
                new MemoryLayout("Flash", List.of(new SectorRun(FLASH, SECTORS, SECTOR, true, true, true))), BLOCK);
        Random random = new Random(4);
        device.sectors.values().forEach(bytes -> {
            if (before.equals("noise")) {
                random.nextBytes(bytes);
            } else {
                Arrays.fill(bytes, (byte) (before.equals("blank") ? 0xff : 0));
            }
        });
        if (!writes) {
            device.writeProtected.addAll(device.layout.regions());
        }
        return device;
    }

    private static FlashReport flash(FakeDfuSe device, FirmwareImage image) throws Exception {
        FlashPlan plan = FlashPlanner.plan(device.target(), image, FlashOptions.DEFAULT);
        try (DfuSeSession session = device.session(QuirkTable.EMPTY)) {
            return new Flasher(session, FlashListener.NONE).flash(plan);
        } catch (FlashException e) {
            return e.report();
        }
    }

    @ParameterizedTest(name = "{0}; image: {1}; before: {2}; takes it: {3}")
    @MethodSource("cases")
    void what_is_said_to_be_right_is_right(String lie, String image, String before, boolean writes) throws Exception {
        FakeDfuSe device = device(before, writes);
        Lie told = lies().get(lie);
        device.lie = (address, bytes) -> told.tell(device, address, bytes);
        FirmwareImage wanted = images().get(image);

        FlashReport report = flash(device, wanted);

        Function<AddressRange, byte[]> memory = range -> {
            byte[] bytes = new byte[(int) range.size()];
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = device.byteAt(range.start() + i);
            }
            return bytes;
        };
        Stream.concat(report.verified().stream(), report.unchanged().stream()).forEach(range -> {
            byte[] held = memory.apply(range);
            byte[] right = held.clone();
            wanted.copy(range.start(), right, 0, right.length);
            assertThat(held).as("%s in %s", range, report).isEqualTo(right);
        });
        if (writes && report.outcome() == FlashReport.Outcome.COMPLETED) {
            byte[] right = new byte[(int) wanted.size()];
            wanted.copy(wanted.segments().get(0).start(), right, 0, right.length);
            assertThat(memory.apply(wanted.segments().get(0).range())).isEqualTo(right);
        }
    }

    @Test
    void an_honest_device_proves_itself_by_few_bytes_and_by_zeros_unless_all_of_it_is_zeros() throws Exception {
        for (String image : List.of("six bytes", "one block of zeros", "in the middle", "one block")) {
            for (String before : List.of("blank", "noise", "zeros")) {
                assertThat(flash(device(before, true), images().get(image)).proved())
                        .as("%s on %s", image, before)
                        .isEqualTo(!image.endsWith("zeros") || !before.equals("zeros"));
            }
        }
    }
}
