package io.github.dfu4j.simulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dfu4j.simulator.internal.WireTime;
import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.PortPath;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class VirtualBusTest {

    private static final ControlSetup GETSTATUS = new ControlSetup(0xa1, 3, 0, 0, 6);
    /** A timeout in real time that does not run out because the machine has other things to do. */
    private static final int PATIENT = 60_000;

    private static VirtualBus with(VirtualBoard... boards) throws InterruptedException {
        VirtualBus bus = new VirtualBus();
        for (VirtualBoard board : boards) {
            bus.plug(board);
        }
        bus.time().sleep(Duration.ofSeconds(1));
        return bus;
    }

    @Test
    void boards_are_listed_by_port_and_two_with_the_same_serial_number_are_two() throws Exception {
        VirtualBus bus = new VirtualBus();
        bus.plug(new Stm32Rom("stm32h743"), PortPath.parse("1-2.3"));
        bus.plug(new Stm32Rom("stm32h743"), PortPath.parse("1-2.1"));
        assertThat(bus.devices()).isEmpty();
        bus.time().sleep(Duration.ofSeconds(1));
        List<UsbDevice> devices = bus.devices();
        assertThat(devices).extracting(d -> d.port().orElseThrow().toString()).containsExactly("1-2.1", "1-2.3");
        assertThat(devices.get(0).serialNumber()).isEqualTo(devices.get(1).serialNumber());
        assertThat(devices.get(0).key()).isNotEqualTo(devices.get(1).key());
    }

    @Test
    void a_board_cannot_be_in_two_places_nor_two_in_one() throws Exception {
        Stm32Rom board = new Stm32Rom("stm32f407");
        VirtualBus bus = with(board);
        assertThatThrownBy(() -> bus.plug(board)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> bus.plug(new DaisySeed(), PortPath.parse("1-1")))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("1-1");
    }

    @Test
    void a_device_unplugged_between_list_and_open_is_gone() throws Exception {
        Stm32Rom board = new Stm32Rom("stm32f407");
        VirtualBus bus = with(board);
        UsbDevice device = bus.devices().get(0);
        UsbConnection open = bus.open(device);
        bus.unplug(board);
        assertThatThrownBy(() -> bus.open(device)).extracting("kind").isEqualTo(UsbException.Kind.GONE);
        assertThatThrownBy(() -> open.control(GETSTATUS, new byte[6], 0, 100))
                .extracting("kind")
                .isEqualTo(UsbException.Kind.GONE);
        bus.plug(board);
        assertThat(board.ledger().entries(Ledger.Happened.class))
                .extracting(Ledger.Happened::what)
                .contains("unplugged", "plugged in");
    }

    @Test
    void an_interface_is_claimed_by_one_connection_at_a_time() throws Exception {
        VirtualBus bus = with(new Stm32Rom("stm32f407"));
        UsbDevice device = bus.devices().get(0);
        try (UsbConnection second = bus.open(device)) {
            try (UsbConnection first = bus.open(device)) {
                first.claim(0);
                first.claim(0);
                assertThatThrownBy(() -> second.claim(0)).extracting("kind").isEqualTo(UsbException.Kind.BUSY);
            }
            second.claim(0);
        }
    }

    @Test
    void unplugging_in_mid_erase_ends_a_transfer_that_waits() throws Exception {
        Stm32Rom board = new Stm32Rom("stm32h743");
        VirtualBus bus = with(board);
        UsbConnection c = bus.open(bus.devices().get(0));
        c.control(new ControlSetup(0x21, 4, 0, 0, 0), new byte[0], 0, 100);
        c.control(new ControlSetup(0x21, 1, 0, 0, 5), new byte[] {0x41, 0, 0, 0, 8}, 0, 100);
        new Operator(board, Duration.ofMillis(500)).cyclePower();
        assertThatThrownBy(() -> c.control(GETSTATUS, new byte[6], 0, 10_000))
                .extracting("kind")
                .isEqualTo(UsbException.Kind.GONE);
        assertThat(board.ledger().entries(Ledger.Torn.class)).hasSize(1);
    }

    @Test
    void a_transfer_takes_its_time_on_a_full_speed_bus() {
        // setup 8 bytes: 9107 + 83.54 x 77 = 15539.6; status: 9107 + 83.54 x 3 = 9357.6; 6 bytes of data: 9107 + 83.54
        // x 59 = 14035.9
        assertThat(WireTime.of(GETSTATUS, 6, 64)).isEqualTo(Math.round((15539.58 + 9357.62 + 14035.86) * 1500 / 1494));
        ControlSetup block = new ControlSetup(0x21, 1, 2, 0, 1024);
        assertThat(WireTime.of(block, 1024, 64)).isBetween(970_000L, 985_000L);
        ControlSetup read = new ControlSetup(0xa1, 2, 2, 0, 1024);
        assertThat(WireTime.of(read, 64, 64))
                .as("a short answer ends with an empty packet")
                .isGreaterThan(WireTime.of(new ControlSetup(0xa1, 2, 2, 0, 64), 64, 64));
    }

    @Test
    void the_listener_sees_every_transfer() throws Exception {
        Stm32Rom board = new Stm32Rom("stm32f407");
        VirtualBus bus = with(board);
        List<Ledger.Entry> seen = new ArrayList<>();
        board.ledger().onEntry(seen::add);
        bus.open(bus.devices().get(0)).control(GETSTATUS, new byte[6], 0, 100);
        assertThat(seen).singleElement().isInstanceOfSatisfying(Ledger.Transfer.class, t -> {
            assertThat(t.setup()).isEqualTo(GETSTATUS);
            assertThat(t.transferred()).isEqualTo(6);
            assertThat(t.failure()).isNull();
        });
    }

    @Test
    void a_listener_may_look_at_the_bus_while_another_thread_pulls_the_board_out_or_plugs_it_in() throws Exception {
        Stm32Rom board = new Stm32Rom("stm32f407");
        VirtualBus bus = with(board);
        for (Runnable other : List.<Runnable>of(() -> bus.unplug(board), () -> bus.plug(board))) {
            Thread waiting = new Thread(other);
            waiting.setDaemon(true);
            AtomicBoolean first = new AtomicBoolean(true);
            board.ledger().onEntry(entry -> {
                if (first.getAndSet(false)) {
                    waiting.start();
                    while (waiting.getState() != Thread.State.BLOCKED) {
                        Thread.onSpinWait();
                    }
                    assertThat(bus.boards()).hasSizeLessThanOrEqualTo(1);
                }
            });
            CompletableFuture.runAsync(board::tapReset).get(60, TimeUnit.SECONDS);
            waiting.join();
        }
        assertThat(bus.boards()).containsValue(board);
    }

    @Test
    void simulated_time_costs_no_real_time() throws Exception {
        long begin = System.nanoTime();
        VirtualTime time = new VirtualTime();
        time.sleep(Duration.ofDays(1));
        assertThat(time.now()).isEqualTo(Duration.ofDays(1));
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofMinutes(1));
    }

    @Test
    void fast_forward_skips_what_is_slept_and_goes_on_by_itself() throws Exception {
        long begin = System.nanoTime();
        VirtualTime time = VirtualTime.fastForward();
        time.sleep(Duration.ofDays(1));
        Duration first = time.now();
        assertThat(first).isGreaterThanOrEqualTo(Duration.ofDays(1));
        while (time.now().equals(first)) {
            Thread.onSpinWait();
        }
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofMinutes(1));
    }

    @Test
    void pulling_the_plug_ends_a_transfer_that_waits_in_real_time() throws Exception {
        VirtualBus bus = new VirtualBus(VirtualTime.realTime());
        Stm32Rom board = new Stm32Rom("stm32f767");
        bus.plug(board);
        while (bus.devices().isEmpty()) {
            Thread.onSpinWait();
        }
        UsbConnection c = bus.open(bus.devices().get(0));
        c.control(new ControlSetup(0x21, 4, 0, 0, 0), new byte[0], 0, PATIENT);
        c.control(new ControlSetup(0x21, 1, 0, 0, 1), new byte[] {0x41}, 0, PATIENT);
        c.control(GETSTATUS, new byte[6], 0, PATIENT);
        Thread puller = new Thread(() -> bus.unplug(board));
        long begin = System.nanoTime();
        puller.start();
        assertThatThrownBy(() -> c.control(GETSTATUS, new byte[6], 0, PATIENT))
                .extracting("kind")
                .isEqualTo(UsbException.Kind.GONE);
        puller.join();
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofMinutes(1));
    }

    @Test
    void an_interrupt_ends_a_sleep_in_any_time() {
        for (VirtualTime time : List.of(new VirtualTime(), VirtualTime.realTime(), VirtualTime.fastForward())) {
            Thread.currentThread().interrupt();
            assertThatThrownBy(() -> time.sleep(Duration.ofSeconds(100))).isInstanceOf(InterruptedException.class);
            assertThat(Thread.currentThread().isInterrupted()).isFalse();
        }
    }

    @Test
    void many_boards_are_driven_side_by_side_in_real_time() throws Exception {
        VirtualBus bus = new VirtualBus(VirtualTime.realTime());
        List<Stm32Rom> boards = new ArrayList<>();
        for (int i = 0; i < 16; i++) {
            Stm32Rom board = new Stm32Rom("stm32g474");
            boards.add(board);
            bus.plug(board);
        }
        while (bus.devices().size() < 16) {
            Thread.onSpinWait();
        }
        ExecutorService pool = Executors.newFixedThreadPool(16);
        try {
            List<Future<Integer>> results = new ArrayList<>();
            for (UsbDevice device : bus.devices()) {
                Callable<Integer> job = () -> eraseTenSectors(bus, device);
                results.add(pool.submit(job));
            }
            for (Future<Integer> result : results) {
                assertThat(result.get()).isEqualTo(10);
            }
        } finally {
            pool.shutdownNow();
        }
        assertThat(boards)
                .allSatisfy(b -> assertThat(b.ledger().erased().get(0).size()).isEqualTo(20 * 1024));
    }

    @Test
    void while_one_board_is_waited_for_in_real_time_another_is_driven() throws Exception {
        VirtualBus bus = new VirtualBus(VirtualTime.realTime());
        bus.plug(new Stm32Rom("stm32g474"));
        bus.plug(new Stm32Rom("stm32g474"));
        while (bus.devices().size() < 2) {
            Thread.onSpinWait();
        }
        List<UsbDevice> devices = bus.devices();
        CountDownLatch waits = new CountDownLatch(1);
        CompletableFuture<Boolean> interrupted = new CompletableFuture<>();
        Thread one = new Thread(() -> {
            try (UsbConnection c = bus.open(devices.get(0))) {
                c.control(new ControlSetup(0x21, 4, 0, 0, 0), new byte[0], 0, PATIENT);
                waits.countDown();
                bus.time().sleep(Duration.ofDays(1));
                interrupted.complete(false);
            } catch (InterruptedException e) {
                interrupted.complete(true);
            } catch (Exception e) {
                interrupted.completeExceptionally(e);
            }
        });
        one.start();
        waits.await();

        assertThat(eraseTenSectors(bus, devices.get(1))).isEqualTo(10);

        assertThat(interrupted).isNotDone();
        one.interrupt();
        assertThat(interrupted.get()).isTrue();
    }

    private static int eraseTenSectors(VirtualBus bus, UsbDevice device) throws Exception {
        try (UsbConnection c = bus.open(device)) {
            byte[] status = new byte[6];
            c.control(new ControlSetup(0x21, 4, 0, 0, 0), new byte[0], 0, PATIENT);
            int done = 0;
            for (int sector = 0; sector < 10; sector++) {
                byte[] erase = {0x41, 0, (byte) (sector * 8), 0, 8};
                c.control(new ControlSetup(0x21, 1, 0, 0, 5), erase, 0, PATIENT);
                c.control(GETSTATUS, status, 0, PATIENT);
                bus.time().sleep(Duration.ofMillis(status[1]));
                c.control(GETSTATUS, status, 0, PATIENT);
                done += status[4] == 5 ? 1 : 0;
            }
            return done;
        }
    }
}
