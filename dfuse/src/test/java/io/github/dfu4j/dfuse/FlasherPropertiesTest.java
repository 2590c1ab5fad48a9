package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dfu4j.dfu.Quirk;
import io.github.dfu4j.dfu.QuirkTable;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.usb.ControlSetup;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.stream.LongStream;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;

/** What must be true of plan and flasher for any image on any layout. */
class FlasherPropertiesTest {

    /** Words of one byte: nothing is widened, so every byte outside the image can be checked. */
    private static final Quirk BYTE_WORDS = Quirk.row("byte-words", "any")
            .when("always", i -> true)
            .says(Trait.WRITE_ALIGNMENT, 1)
            .because("the tests want it")
            .source("these tests");

    private static final Quirk TRUTHFUL = Quirk.row("truthful", "any")
            .when("always", i -> true)
            .says(Trait.READS_TRUTHFULLY)
            .because("the tests want it")
            .source("these tests");

    /** A device with something in its memory, and an image for it. */
    private record Case(FakeDfuSe device, FirmwareImage image, QuirkTable quirks, FlashOptions options) {

        FlashPlan plan() throws FlashPlanException {
            return FlashPlanner.plan(device.target(quirks), image, options);
        }

        FlashReport flash(FlashPlan plan) throws FlashException {
            return new Flasher(device.session(quirks), FlashListener.NONE).flash(plan);
        }

        Map<Long, Byte> memory() {
            Map<Long, Byte> result = new HashMap<>();
            device.sectors.forEach((range, bytes) -> {
                for (int i = 0; i < bytes.length; i++) {
                    result.put(range.start() + i, bytes[i]);
                }
            });
            return result;
        }
    }

    @Property(tries = 250)
    void erased_and_written_are_as_planned_and_nothing_else_changes(@ForAll("cases") Case c) throws Exception {
        Map<Long, Byte> before = c.memory();
        FlashPlan plan = c.plan();
        FlashReport report = c.flash(plan);

        FlashPlan.TargetPlan target = plan.targets().get(0);
        for (FlashPlan.SectorPlan sector : target.sectors()) {
            if (sector.erasable()) {
                assertThat(sector.written()).allMatch(w -> Ranges.contain(target.erased(), w));
            }
        }
        assertThat(c.device().erased).allMatch(e -> Ranges.contain(target.erased(), e));
        assertThat(c.device().programmed).allMatch(p -> Ranges.contain(target.written(), p));
        assertThat(Ranges.joined(c.device().erased)).isEqualTo(report.erased());
        assertThat(Ranges.joined(c.device().programmed)).isEqualTo(report.written());

        c.memory().forEach((address, now) -> {
            byte[] wanted = {0};
            if (c.image().copy(address, wanted, 0, 1) == 1) {
                assertThat(now).as("byte of the image at %x", address).isEqualTo(wanted[0]);
            } else if (Ranges.contain(target.kept(), AddressRange.ofSize(address, 1))
                    || !Ranges.contain(target.erased(), AddressRange.ofSize(address, 1))) {
                assertThat(now).as("byte outside the image at %x", address).isEqualTo(before.get(address));
            }
        });
    }

    @Property(tries = 120)
    void flashing_twice_gives_the_same_bytes_and_the_second_time_touches_nothing(@ForAll("cases") Case c)
            throws Exception {
        FlashPlan plan = c.plan();
        c.flash(plan);
        Map<Long, Byte> once = c.memory();
        c.device().erased.clear();
        c.device().programmed.clear();
        FlashReport again = c.flash(plan);
        boolean truthful = c.quirks().rows().contains(TRUTHFUL);
        Map<Long, Byte> twice = c.memory();
        if (!truthful && !c.options().keepNeighbours()) {
            // What is not kept may go the second time, if there is nothing left by which the device proves what it
            // says.
            once.keySet().retainAll(addresses(c.image()));
            twice.keySet().retainAll(addresses(c.image()));
        }
        assertThat(twice).isEqualTo(once);
        if (truthful && c.options().skipUnchanged()) {
            assertThat(c.device().erased).isEmpty();
            assertThat(c.device().programmed).isEmpty();
            assertThat(again.unchanged()).isEqualTo(c.image().runs());
        }
        assertThat(c.flash(plan).outcome()).isEqualTo(FlashReport.Outcome.COMPLETED);
    }

    @Property(tries = 120)
    void a_cancel_at_any_transfer_leaves_dfu_idle_an_honest_report_and_a_job_that_can_be_run_again(
            @ForAll("cases") Case c, @ForAll @IntRange(max = 200) int transfer) throws Exception {
        FlashPlan plan = c.plan();
        int[] left = {transfer};
        Flasher flasher = new Flasher(c.device().session(c.quirks()), FlashListener.NONE, () -> left[0]-- <= 0);
        Map<Long, Byte> before = c.memory();
        try {
            assertThat(flasher.flash(plan).outcome()).isEqualTo(FlashReport.Outcome.COMPLETED);
        } catch (FlashException e) {
            FlashReport report = e.report();
            assertThat(e.isCancelled()).isTrue();
            assertThat(report.outcome()).isEqualTo(FlashReport.Outcome.CANCELLED);
            assertThat(report.idle()).isTrue();
            assertThat(c.device().erased).allMatch(r -> Ranges.contain(report.erased(), r));
            assertThat(c.device().programmed).allMatch(r -> Ranges.contain(report.written(), r));
            c.memory().forEach((address, now) -> {
                AddressRange one = AddressRange.ofSize(address, 1);
                if (!Ranges.contain(report.erased(), one) && !Ranges.contain(report.written(), one)) {
                    assertThat(now).isEqualTo(before.get(address));
                }
            });
            byte[] status = new byte[6];
            c.device().control(new ControlSetup(0xa1, 3, 0, 0, 6), status, 0, 1000);
            assertThat(status[4]).isEqualTo((byte) 2);
        }
        assertThat(c.flash(plan).outcome()).isEqualTo(FlashReport.Outcome.COMPLETED);
        byte[] wanted = {0};
        c.memory().forEach((address, now) -> {
            if (c.image().copy(address, wanted, 0, 1) == 1) {
                assertThat(now).isEqualTo(wanted[0]);
            }
        });
    }

    @Property(tries = 120)
    void what_is_outside_every_region_is_refused_and_nothing_is_sent(
            @ForAll("cases") Case c, @ForAll @IntRange(min = 1, max = 100) int size) {
        long end = c.device()
                .layout
                .regions()
                .get(c.device().layout.regions().size() - 1)
                .end();
        FirmwareImage.Builder builder = FirmwareImage.builder().add(c.image());
        FirmwareImage outside = builder.add(Segment.of(end, new byte[size])).build();
        assertThatThrownBy(() -> FlashPlanner.plan(c.device().target(c.quirks()), outside, c.options()))
                .isInstanceOfSatisfying(
                        FlashPlanException.class,
                        e -> assertThat(e.problems().get(0).range()).isEqualTo(AddressRange.ofSize(end, size)));
        assertThat(c.device().transfers).isEmpty();
    }

    @Property(tries = 120)
    void a_device_that_returns_something_else_than_its_memory_is_never_said_to_be_verified(
            @ForAll("cases") Case c, @ForAll @IntRange(max = 3) int kind) throws Exception {
        c.device().uploadsInstead = switch (kind) {
            case 0 -> new byte[] {0};
            case 1 -> new byte[] {(byte) 0xff};
            case 2 -> "a bootloader that sends its instruction memory".getBytes(StandardCharsets.US_ASCII);
            default -> {
                byte[] noise = new byte[301];
                new Random(5).nextBytes(noise);
                yield noise;
            }
        };
        Case liar = new Case(c.device(), c.image(), QuirkTable.EMPTY.plus(List.of(BYTE_WORDS)), c.options());
        FlashPlan plan = liar.plan();
        try {
            FlashReport report = liar.flash(plan);
            assertThat(report.verified()).isEmpty();
            assertThat(report.unchanged()).isEmpty();
            assertThat(Ranges.without(report.written(), report.unverified())).isEmpty();
        } catch (FlashException e) {
            // Blank as erased, and still blank when something was written: that may as well be a flash that does not
            // take it.
            assertThat(e.report().verified()).isEmpty();
            assertThat(kind < 2 || c.device().transferSize < 16).isTrue();
        }
        byte[] wanted = {0};
        c.memory().forEach((address, now) -> {
            if (c.image().copy(address, wanted, 0, 1) == 1) {
                assertThat(now).isEqualTo(wanted[0]);
            }
        });
    }

    @Example
    void blank_bytes_are_written_where_nothing_is_erased_and_a_device_only_says_that_it_is_blank() throws Exception {
        AddressRange all = AddressRange.ofSize(0x08000000L, 256);
        FakeDfuSe device = new FakeDfuSe(
                new MemoryLayout("Flash", List.of(new SectorRun(all.start(), 1, 256, true, false, true))), 64);
        device.sectors.values().forEach(bytes -> Arrays.fill(bytes, (byte) 121));
        device.uploadsInstead = new byte[] {(byte) 0xff};
        FirmwareImage halfBlank = FirmwareImage.builder()
                .add(Segment.filled(AddressRange.ofSize(all.start(), 128), 0xff))
                .add(Segment.filled(AddressRange.ofSize(all.start() + 128, 128), 7))
                .build();
        Case liar = new Case(
                device, halfBlank, QuirkTable.EMPTY.plus(List.of(BYTE_WORDS)), FlashOptions.DEFAULT.withVerify(false));

        assertThat(liar.flash(liar.plan()).written()).containsExactly(all);
        assertThat(liar.memory().values()).containsOnly((byte) 0xff, (byte) 7);
    }

    private static Set<Long> addresses(FirmwareImage image) {
        Set<Long> result = new HashSet<>();
        for (AddressRange range : image.runs()) {
            LongStream.range(range.start(), range.end()).forEach(result::add);
        }
        return result;
    }

    @Provide
    static Arbitrary<Case> cases() {
        Arbitrary<long[]> run = Combinators.combine(
                        Arbitraries.longs().between(1, 6),
                        Arbitraries.of(32L, 64L, 96L, 256L, 1024L),
                        Arbitraries.of(7L, 7L, 7L, 5L, 1L),
                        Arbitraries.of(0L, 0L, 0x100L))
                .as((count, size, type, gap) -> new long[] {count, size, type, gap});
        Arbitrary<MemoryLayout> layout = run.list().ofMinSize(1).ofMaxSize(4).map(pieces -> {
            List<SectorRun> runs = new ArrayList<>();
            long at = 0x08000000L;
            boolean writable = false;
            for (long[] p : pieces) {
                long type = p == pieces.get(pieces.size() - 1) && !writable ? 7 : p[2];
                writable |= type != 1;
                runs.add(new SectorRun(at, p[0], p[1], true, (type & 2) != 0, (type & 4) != 0));
                at += p[0] * p[1] + p[3];
            }
            return new MemoryLayout("Flash", runs);
        });
        Arbitrary<FlashOptions> options = Arbitraries.integers()
                .between(0, 31)
                .map(bits -> FlashOptions.DEFAULT
                        .withSkipUnchanged((bits & 1) == 0)
                        .withSkipBlank((bits & 2) == 0)
                        .withKeepNeighbours((bits & 4) == 0)
                        .withVerify((bits & 8) == 0)
                        .withRestartSafe((bits & 24) == 24));
        Arbitrary<QuirkTable> quirks = Arbitraries.of(
                QuirkTable.EMPTY.plus(List.of(BYTE_WORDS)), QuirkTable.EMPTY.plus(List.of(BYTE_WORDS, TRUTHFUL)));
        return Combinators.combine(layout, Arbitraries.of(8, 32, 64, 200), Arbitraries.longs(), options, quirks)
                .as((l, transferSize, seed, o, q) -> make(l, transferSize, new Random(seed), q, o));
    }

    private static Case make(
            MemoryLayout layout, int transferSize, Random random, QuirkTable quirks, FlashOptions options) {
        FakeDfuSe device = new FakeDfuSe(layout, transferSize);
        List<AddressRange> writable = new ArrayList<>();
        for (SectorRun run : layout.runs()) {
            if (run.writable()) {
                writable.add(run.range());
            }
        }
        List<AddressRange> room = Ranges.joined(writable);
        FirmwareImage.Builder image = FirmwareImage.builder().origin("image", "");
        int segments = 1 + random.nextInt(3);
        List<AddressRange> taken = new ArrayList<>();
        for (int i = 0; i < segments; i++) {
            AddressRange region = room.get(random.nextInt(room.size()));
            int start = random.nextInt((int) region.size());
            int size = 1 + random.nextInt((int) region.size() - start);
            AddressRange range = AddressRange.ofSize(region.start() + start, size);
            if (taken.stream().noneMatch(range::overlaps)) {
                taken.add(range);
                image.add(
                        random.nextInt(5) == 0
                                ? Segment.filled(range, random.nextBoolean() ? 0xff : 0)
                                : Segment.of(range.start(), bytes(size, random)));
            }
        }
        FirmwareImage built = image.build();
        // What is there before: rubbish, blank, or the image in parts.
        device.sectors.forEach((range, bytes) -> {
            int kind = random.nextInt(4);
            if (kind == 0) {
                random.nextBytes(bytes);
            } else if (kind == 1) {
                random.nextBytes(bytes);
                built.copy(range.start(), bytes, 0, bytes.length);
            } else if (kind == 2) {
                built.copy(range.start(), bytes, 0, bytes.length);
            }
        });
        return new Case(device, built, quirks, options);
    }

    /** Bytes with blank stretches in them. */
    private static byte[] bytes(int size, Random random) {
        byte[] result = new byte[size];
        random.nextBytes(result);
        if (random.nextBoolean()) {
            int from = random.nextInt(size);
            Arrays.fill(result, from, from + random.nextInt(size - from + 1), (byte) 0xff);
        }
        return result;
    }
}
