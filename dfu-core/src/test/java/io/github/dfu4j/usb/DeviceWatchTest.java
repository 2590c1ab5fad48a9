package io.github.dfu4j.usb;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.junit.jupiter.api.Test;

class DeviceWatchTest {

    private static final int STM32 = 0xdf11;
    private static final String ROM_SERIAL = "200364500000";

    private final Scene scene = new Scene();

    @Test
    void a_device_that_stays_is_said_never_to_have_left() throws Exception {
        UsbDevice rom = scene.attach(device("a", "1-2", STM32, ROM_SERIAL, 0));

        Reenumeration result = scene.watch(rom).await(scene.in(5));

        assertThat(result).isEqualTo(new Reenumeration.NeverLeft(rom, rom, Duration.ofSeconds(5)));
        assertThat(result.device()).contains(rom);
        assertThat(result.words())
                .isEqualTo("0483:df11 at port 1-2 is still attached: it did not leave the bus within 5 s");
        assertThat(scene.now).isEqualTo(Duration.ofSeconds(5).toNanos());
    }

    @Test
    void a_device_that_leaves_and_returns_with_the_same_descriptors_is_back_as_it_was() throws Exception {
        UsbDevice rom = scene.attach(device("a", "1-2", STM32, ROM_SERIAL, 0));
        UsbDevice again = device("b", "1-2", STM32, ROM_SERIAL, 0);
        scene.at(300, () -> scene.detach(rom));
        scene.at(1200, () -> scene.attach(again));

        Reenumeration result = scene.watch(rom).await(scene.in(5));

        assertThat(result).isEqualTo(new Reenumeration.BackAsItWas(rom, again));
        assertThat(result.words()).isEqualTo("0483:df11 at port 1-2 left the bus and came back as it was");
        assertThat(scene.now).isEqualTo(Duration.ofMillis(1200).toNanos());
    }

    @Test
    void a_departure_too_short_for_the_polls_is_seen_by_the_new_attachment() throws Exception {
        UsbDevice rom = scene.attach(device("a", "1-2", STM32, ROM_SERIAL, 0));
        UsbDevice again = device("b", "1-2", STM32, ROM_SERIAL, 0);
        DeviceWatch watch = scene.watch(rom);
        scene.detach(rom);
        scene.attach(again);

        assertThat(watch.await(scene.in(5))).isEqualTo(new Reenumeration.BackAsItWas(rom, again));
    }

    @Test
    void another_bootloader_at_the_same_port_is_the_same_board_as_something_else() throws Exception {
        UsbDevice rom = scene.attach(device("a", "1-2", STM32, ROM_SERIAL, 0));
        UsbDevice bootloader = device("b", "1-2", STM32, "366B377A3039", 0);
        DeviceWatch watch = scene.watch(rom);
        scene.at(100, () -> scene.detach(rom));
        scene.at(400, () -> scene.attach(bootloader));

        Reenumeration result = watch.await(scene.in(5));

        assertThat(result).isEqualTo(new Reenumeration.BackAsAnother(rom, bootloader));
        assertThat(result.words())
                .isEqualTo("0483:df11 at port 1-2 left the bus and came back as another device: 0483:df11 at port 1-2");
    }

    @Test
    void a_different_layout_string_alone_makes_it_another_device() throws Exception {
        UsbDevice rom = scene.attach(device("a", "1-2", STM32, ROM_SERIAL, 0));
        UsbDevice other = UsbDevice.builder("b", rom.deviceDescriptor().toBytes(), rom.configuration())
                .port(PortPath.parse("1-2"))
                .string(3, string(ROM_SERIAL))
                .string(4, string("@Flash /0x90000000/64*4Kg"))
                .build();
        DeviceWatch watch = scene.watch(rom);
        scene.detach(rom);
        scene.attach(other);

        assertThat(watch.await(scene.in(5))).isInstanceOf(Reenumeration.BackAsAnother.class);
    }

    @Test
    void a_device_that_does_not_return_is_gone_and_not_back() throws Exception {
        UsbDevice rom = scene.attach(device("a", "1-2", STM32, ROM_SERIAL, 0));
        DeviceWatch watch = scene.watch(rom);
        scene.at(100, () -> scene.detach(rom));

        Reenumeration result = watch.await(scene.in(3));

        assertThat(result).isEqualTo(new Reenumeration.NotBack(rom, Duration.ofSeconds(3)));
        assertThat(result.device()).isEmpty();
        assertThat(result.words()).isEqualTo("0483:df11 at port 1-2 left the bus and was not back within 3 s");
    }

    @Test
    void of_two_boards_with_the_same_serial_number_the_one_at_the_port_is_taken() throws Exception {
        UsbDevice one = scene.attach(device("a", "1-1", STM32, ROM_SERIAL, 0));
        scene.attach(device("b", "1-2", STM32, ROM_SERIAL, 0));
        UsbDevice oneAgain = device("c", "1-1", STM32, ROM_SERIAL, 0);
        DeviceWatch watch = scene.watch(one);
        scene.at(100, () -> scene.detach(one));
        scene.at(1000, () -> scene.attach(oneAgain));

        assertThat(watch.await(scene.in(5))).isEqualTo(new Reenumeration.BackAsItWas(one, oneAgain));
    }

    @Test
    void a_neighbour_that_leaves_and_returns_is_not_taken_for_the_board() throws Exception {
        UsbDevice one = scene.attach(device("a", "1-1", STM32, ROM_SERIAL, 0));
        UsbDevice two = scene.attach(device("b", "1-2", STM32, ROM_SERIAL, 0));
        DeviceWatch watch = scene.watch(one);
        scene.detach(one);
        scene.detach(two);
        scene.attach(device("c", "1-2", STM32, ROM_SERIAL, 0));

        assertThat(watch.await(scene.in(5))).isInstanceOf(Reenumeration.NotBack.class);
    }

    @Test
    void a_unique_serial_number_finds_the_board_at_another_port() throws Exception {
        UsbDevice rom = scene.attach(device("a", "1-1", STM32, "A1", 0));
        scene.attach(device("b", "1-2", STM32, "B2", 0));
        UsbDevice moved = device("c", "1-3", STM32, "A1", 0);
        DeviceWatch watch = scene.watch(rom);
        scene.detach(rom);
        scene.attach(moved);

        assertThat(watch.await(scene.in(5))).isEqualTo(new Reenumeration.BackAsItWas(rom, moved));
    }

    @Test
    void the_same_ids_at_another_port_are_a_candidate_and_no_more() throws Exception {
        UsbDevice rom = scene.attach(device("a", "1-1", STM32, ROM_SERIAL, 0));
        UsbDevice stranger = device("c", "1-3", STM32, "366B377A3039", 0);
        DeviceWatch watch = scene.watch(rom);
        scene.detach(rom);
        scene.attach(stranger);

        Reenumeration result = watch.await(scene.in(5));

        assertThat(result).isEqualTo(new Reenumeration.Ambiguous(rom, List.of(stranger)));
        assertThat(result.device()).isEmpty();
        assertThat(result.words())
                .endsWith("so none was touched: 0483:df11 at port 1-3 with serial number 366B377A3039");
    }

    @Test
    void without_port_paths_a_unique_serial_number_finds_the_board() throws Exception {
        UsbDevice runTime = scene.attach(device("a", null, 0x5740, "A1", 0));
        scene.attach(device("b", null, 0x5740, "B2", 0));
        UsbDevice dfu = device("c", null, STM32, "A1", 0);
        DeviceWatch watch = scene.watch(runTime);
        scene.detach(runTime);
        scene.at(500, () -> scene.attach(dfu));

        assertThat(watch.await(scene.in(5))).isEqualTo(new Reenumeration.BackAsAnother(runTime, dfu));
    }

    @Test
    void without_port_paths_a_serial_number_that_two_boards_show_is_ambiguous() throws Exception {
        UsbDevice one = scene.attach(device("a", null, STM32, ROM_SERIAL, 0));
        UsbDevice two = scene.attach(device("b", null, STM32, ROM_SERIAL, 0));
        UsbDevice newcomer = device("c", null, STM32, ROM_SERIAL, 0);
        DeviceWatch watch = scene.watch(one);
        scene.detach(one);
        scene.attach(newcomer);

        Reenumeration result = watch.await(scene.in(5));

        assertThat(result).isEqualTo(new Reenumeration.Ambiguous(one, List.of(two, newcomer)));
        assertThat(scene.opened).isZero();
    }

    @Test
    void without_port_paths_and_serial_numbers_a_lone_newcomer_with_the_ids_is_the_board() throws Exception {
        UsbDevice rom = scene.attach(device("a", null, STM32, null, 0));
        UsbDevice again = device("b", null, STM32, null, 0);
        DeviceWatch watch = scene.watch(rom);
        scene.detach(rom);
        scene.attach(device("x", null, 0x5740, "mouse", 0));
        scene.attach(again);

        assertThat(watch.await(scene.in(5))).isEqualTo(new Reenumeration.BackAsItWas(rom, again));
    }

    @Test
    void without_port_paths_two_newcomers_alike_are_ambiguous() throws Exception {
        UsbDevice rom = scene.attach(device("a", null, STM32, null, 0));
        UsbDevice one = device("b", null, STM32, null, 0);
        UsbDevice two = device("c", null, STM32, null, 0);
        DeviceWatch watch = scene.watch(rom);
        scene.detach(rom);
        scene.attach(one);
        scene.attach(two);

        assertThat(watch.await(scene.in(5))).isEqualTo(new Reenumeration.Ambiguous(rom, List.of(one, two)));
    }

    @Test
    void without_port_paths_a_newcomer_is_ambiguous_if_a_neighbour_alike_left_as_well() throws Exception {
        UsbDevice one = scene.attach(device("a", null, STM32, null, 0));
        UsbDevice two = scene.attach(device("b", null, STM32, null, 0));
        UsbDevice newcomer = device("c", null, STM32, null, 0);
        DeviceWatch watch = scene.watch(one);
        scene.detach(one);
        scene.detach(two);
        scene.attach(newcomer);

        assertThat(watch.await(scene.in(5))).isEqualTo(new Reenumeration.Ambiguous(one, List.of(newcomer)));
    }

    @Test
    void a_newcomer_without_permissions_yet_is_given_time_to_get_them() throws Exception {
        UsbDevice rom = scene.attach(device("a", "1-2", STM32, ROM_SERIAL, 0));
        UsbDevice closed = UsbDevice.builder("b", rom.deviceDescriptor().toBytes(), rom.configuration())
                .port(PortPath.parse("1-2"))
                .accessProblem(new UsbException(UsbException.Kind.ACCESS_DENIED, "no permission"))
                .build();
        UsbDevice open = device("b", "1-2", STM32, ROM_SERIAL, 0);
        DeviceWatch watch = scene.watch(rom);
        scene.detach(rom);
        scene.attach(closed);
        scene.at(700, () -> {
            scene.detach(closed);
            scene.attach(open);
        });

        Reenumeration result = watch.await(scene.in(5));

        assertThat(result).isEqualTo(new Reenumeration.BackAsItWas(rom, open));
        assertThat(result.device().flatMap(UsbDevice::accessProblem)).isEmpty();
    }

    @Test
    void a_newcomer_that_stays_closed_is_reported_as_it_is() throws Exception {
        UsbDevice rom = scene.attach(device("a", "1-2", STM32, ROM_SERIAL, 0));
        UsbDevice closed = UsbDevice.builder("b", rom.deviceDescriptor().toBytes(), rom.configuration())
                .port(PortPath.parse("1-2"))
                .accessProblem(new UsbException(UsbException.Kind.ACCESS_DENIED, "no permission"))
                .build();
        DeviceWatch watch = scene.watch(rom);
        scene.detach(rom);
        scene.attach(closed);

        assertThat(watch.await(scene.in(30)).device()).containsSame(closed);
        assertThat(scene.now).isEqualTo(Duration.ofSeconds(2).toNanos());
    }

    @Test
    void departure_alone_can_be_waited_for() throws Exception {
        UsbDevice rom = scene.attach(device("a", "1-2", STM32, ROM_SERIAL, 0));
        DeviceWatch watch = scene.watch(rom);
        scene.at(1500, () -> scene.detach(rom));

        assertThat(watch.awaitDeparture(scene.in(1))).isFalse();
        assertThat(watch.awaitDeparture(scene.in(1))).isTrue();
        assertThat(scene.now).isEqualTo(Duration.ofMillis(1500).toNanos());
    }

    @Property
    void a_board_at_its_port_is_found_whenever_it_returns_before_the_deadline(
            @ForAll @IntRange(max = 20_000) int leaves,
            @ForAll @IntRange(max = 20_000) int stays,
            @ForAll @IntRange(min = 1, max = 30_000) int allowed)
            throws Exception {
        Scene own = new Scene();
        UsbDevice rom = own.attach(device("a", "1-2", STM32, ROM_SERIAL, 0));
        UsbDevice again = device("b", "1-2", STM32, ROM_SERIAL, 0);
        DeviceWatch watch = own.watch(rom);
        own.at(leaves, () -> own.detach(rom));
        own.at(leaves + stays, () -> own.attach(again));

        Reenumeration result = watch.await(Deadline.in(own, Duration.ofMillis(allowed)));

        if (leaves + stays <= allowed) {
            assertThat(result).isEqualTo(new Reenumeration.BackAsItWas(rom, again));
        } else if (leaves <= allowed) {
            assertThat(result).isInstanceOf(Reenumeration.NotBack.class);
        } else {
            assertThat(result).isInstanceOf(Reenumeration.NeverLeft.class);
        }
        assertThat(own.now).isLessThanOrEqualTo(Duration.ofMillis(allowed).toNanos());
    }

    /** A bus whose devices come and go at moments of its own clock. */
    private static final class Scene implements UsbBus, Timebase {
        private final List<UsbDevice> attached = new ArrayList<>();
        private final TreeMap<Long, List<Runnable>> events = new TreeMap<>();
        private long now;
        private int opened;

        UsbDevice attach(UsbDevice device) {
            attached.add(device);
            return device;
        }

        void detach(UsbDevice device) {
            attached.remove(device);
        }

        void at(long millis, Runnable event) {
            events.computeIfAbsent(Duration.ofMillis(millis).toNanos(), t -> new ArrayList<>())
                    .add(event);
        }

        DeviceWatch watch(UsbDevice device) throws UsbException {
            return new DeviceWatch(this, device, this);
        }

        Deadline in(int seconds) {
            return Deadline.in(this, Duration.ofSeconds(seconds));
        }

        @Override
        public long nanos() {
            return now;
        }

        @Override
        public void sleep(Duration duration) {
            now += duration.toNanos();
            while (!events.isEmpty() && events.firstKey() <= now) {
                events.pollFirstEntry().getValue().forEach(Runnable::run);
            }
        }

        @Override
        public List<UsbDevice> devices() {
            sleep(Duration.ZERO);
            List<UsbDevice> result = new ArrayList<>(attached);
            result.sort(Comparator.comparing(UsbDevice::key));
            return result;
        }

        @Override
        public UsbConnection open(UsbDevice device) {
            opened++;
            throw new AssertionError("nothing is to be opened");
        }

        @Override
        public void close() {}
    }

    private static UsbDevice device(String key, String port, int product, String serial, int release) {
        byte[] descriptor = {
            18,
            1,
            0,
            1,
            0,
            0,
            0,
            64,
            (byte) 0x83,
            0x04,
            (byte) product,
            (byte) (product >> 8),
            (byte) release,
            0x22,
            0,
            0,
            (byte) (serial == null ? 0 : 3),
            1
        };
        byte[] configuration = {
            9, 2, 27, 0, 1, 1, 0, (byte) 0xc0, 50, // configuration
            9, 4, 0, 0, 0, (byte) 0xfe, 1, 2, 4, // DFU interface named by string 4
            9, 0x21, 0x0b, (byte) 0xff, 0, 0, 4, 0x1a, 1
        };
        UsbDevice.Builder builder = UsbDevice.builder(key, descriptor, configuration)
                .string(4, string("@Internal Flash /0x08000000/1*128Kg"));
        if (port != null) {
            builder.port(PortPath.parse(port));
        }
        if (serial != null) {
            builder.string(3, string(serial));
        }
        return builder.build();
    }

    private static byte[] string(String text) {
        byte[] utf16 = text.getBytes(StandardCharsets.UTF_16LE);
        byte[] result = new byte[2 + utf16.length];
        result[0] = (byte) result.length;
        result[1] = 3;
        System.arraycopy(utf16, 0, result, 2, utf16.length);
        return result;
    }
}
