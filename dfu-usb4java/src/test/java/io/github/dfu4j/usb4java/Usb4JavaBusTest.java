package io.github.dfu4j.usb4java;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyInt;
import static org.mockito.ArgumentMatchers.argThat;
import static org.mockito.ArgumentMatchers.eq;
import static org.mockito.Mockito.doAnswer;
import static org.mockito.Mockito.doReturn;
import static org.mockito.Mockito.inOrder;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.never;
import static org.mockito.Mockito.times;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import io.github.dfu4j.usb.ControlSetup;
import io.github.dfu4j.usb.PortPath;
import io.github.dfu4j.usb.RawDescriptor;
import io.github.dfu4j.usb.UsbBus;
import io.github.dfu4j.usb.UsbBusProvider;
import io.github.dfu4j.usb.UsbConnection;
import io.github.dfu4j.usb.UsbDevice;
import io.github.dfu4j.usb.UsbException;
import io.github.dfu4j.usb.UsbException.Kind;
import io.github.dfu4j.usb4java.internal.Attached;
import io.github.dfu4j.usb4java.internal.LibUsbCalls;
import io.github.dfu4j.usb4java.internal.Platform;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadInfo;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.ServiceLoader;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.mockito.InOrder;
import org.usb4java.Device;
import org.usb4java.LibUsb;

class Usb4JavaBusTest {

    private static final int SUCCESS = LibUsb.SUCCESS;
    private static final ControlSetup GETSTATUS = new ControlSetup(0xa1, 3, 0, 0, 6);

    @TempDir
    Path root;

    private final LibUsbCalls libusb = mock(LibUsbCalls.class);
    private final List<Attached> attached = new ArrayList<>();

    private Usb4JavaBus bus(Platform platform) {
        doAnswer(call -> {
                    List<Attached> list = call.getArgument(1);
                    list.addAll(attached);
                    return attached.size();
                })
                .when(libusb)
                .list(any(), any());
        when(libusb.errorName(anyInt())).thenAnswer(call -> "LIBUSB_ERROR_" + call.getArgument(0));
        return new Usb4JavaBus(libusb, platform, root == null ? Path.of("/nowhere") : root);
    }

    private UsbConnection open(Platform platform) throws UsbException {
        attached.clear();
        plug("1-2", 5, true);
        answerStrings();
        Usb4JavaBus bus = bus(platform);
        return bus.open(bus.devices().get(0));
    }

    @Test
    void a_dfu_device_is_listed_with_the_strings_that_its_descriptors_name() throws Exception {
        plug("1-2", 5, true);
        answerStrings();

        UsbDevice device = bus(Platform.LINUX).devices().get(0);

        assertThat(device).hasToString("0483:df11 \"string 2\" at port 1-2");
        assertThat(device.serialNumber()).contains("string 3");
        assertThat(device.string(4)).contains("string 4");
        assertThat(device.accessProblem()).isEmpty();
        verify(libusb, never())
                .controlTransfer(any(), argThat(s -> s != null && (s.value() & 0xff) > 4), any(), anyInt());
    }

    @Test
    void strings_are_read_once_for_an_attachment() throws Exception {
        plug("1-2", 5, true);
        answerStrings();
        Usb4JavaBus bus = bus(Platform.LINUX);

        assertThat(bus.devices()).isEqualTo(bus.devices());
        verify(libusb, times(1)).open(any(), any());

        attached.clear();
        plug("1-2", 6, true);
        assertThat(bus.devices().get(0).product()).contains("string 2");
        verify(libusb, times(2)).open(any(), any());
    }

    @Test
    void other_devices_are_not_opened_to_be_listed() throws Exception {
        plug("1-1", 4, false);

        assertThat(bus(Platform.LINUX).devices()).hasSize(1);
        verify(libusb, never()).open(any(), any());
    }

    @Test
    void devices_are_sorted_by_port() throws Exception {
        plug("2-1", 4, false);
        plug("1-10", 5, false);
        plug("1-2.3", 6, false);
        plug("1-2", 7, false);

        assertThat(bus(Platform.LINUX).devices())
                .extracting(d -> d.port().orElseThrow().toString())
                .containsExactly("1-2", "1-2.3", "1-10", "2-1");
    }

    @Test
    void on_linux_each_listing_has_a_context_of_its_own() throws Exception {
        plug("1-2", 5, false);
        Usb4JavaBus bus = bus(Platform.LINUX);
        bus.devices();
        bus.devices();

        verify(libusb, times(2)).init(any());
        verify(libusb, times(2)).exit(any());
    }

    @Test
    void elsewhere_one_context_lives_as_long_as_the_bus() throws Exception {
        Usb4JavaBus bus = bus(Platform.WINDOWS);
        bus.devices();
        bus.devices();
        verify(libusb, times(1)).init(any());
        verify(libusb, never()).exit(any());

        bus.close();
        bus.close();
        verify(libusb, times(1)).exit(any());
    }

    @Test
    void references_to_devices_are_given_back() throws Exception {
        plug("1-1", 4, false);
        plug("1-2", 5, true);
        answerStrings();
        Usb4JavaBus bus = bus(Platform.LINUX);
        bus.open(bus.devices().get(1)).close();

        for (Attached a : attached) {
            verify(libusb, times(2)).unref(a.device());
        }
    }

    @Test
    void without_permission_the_remedy_is_the_udev_rule_for_this_device() throws Exception {
        plug("1-2", 5, true);
        when(libusb.open(any(), any())).thenReturn(LibUsb.ERROR_ACCESS);
        Usb4JavaBus bus = bus(Platform.LINUX);

        UsbDevice listed = bus.devices().get(0);

        UsbException problem = listed.accessProblem().orElseThrow();
        assertThat(problem.kind()).isEqualTo(Kind.ACCESS_DENIED);
        assertThat(problem)
                .hasMessage("cannot open 0483:df11 at port 1-2: access to the device was denied (LIBUSB_ERROR_-3)");
        assertThat(problem.remedy().orElseThrow())
                .contains("/etc/udev/rules.d/70-dfu-0483-df11.rules")
                .contains(
                        "SUBSYSTEM==\"usb\", ATTR{idVendor}==\"0483\", ATTR{idProduct}==\"df11\", MODE=\"0660\", TAG+=\"uaccess\"")
                .contains("sudo udevadm control --reload && sudo udevadm trigger");
        assertKind(Kind.ACCESS_DENIED, () -> bus.open(listed));
        verify(libusb, times(2)).exit(any());
    }

    @Test
    void without_winusb_the_remedy_is_zadig() {
        plug("1-2", 5, true);
        when(libusb.open(any(), any())).thenReturn(LibUsb.ERROR_NOT_SUPPORTED);
        Usb4JavaBus bus = bus(Platform.WINDOWS);

        UsbException problem = failure(() -> bus.open(bus.devices().get(0)));

        assertThat(problem.kind()).isEqualTo(Kind.NO_DRIVER);
        assertThat(problem.remedy().orElseThrow())
                .contains("Zadig", "Options > List All Devices", "USB ID 0483 DF11", "WinUSB");
    }

    @ParameterizedTest
    @CsvSource({
        "LINUX, -12, UNSUPPORTED",
        "LINUX, -5, GONE",
        "LINUX, -4, GONE",
        "LINUX, -6, BUSY",
        "LINUX, -1, UNKNOWN",
        "WINDOWS, -5, NO_DRIVER",
        "WINDOWS, -3, ACCESS_DENIED",
        "MACOS, -3, ACCESS_DENIED",
        "OTHER, -3, ACCESS_DENIED"
    })
    void failures_to_open_have_kinds(Platform platform, int code, Kind kind) {
        plug("1-2", 5, true);
        when(libusb.open(any(), any())).thenReturn(code);
        Usb4JavaBus bus = bus(platform);

        UsbException failure = failure(() -> bus.open(bus.devices().get(0)));

        assertThat(failure.kind()).isEqualTo(kind);
        assertThat(failure.remedy().isPresent())
                .isEqualTo(kind == Kind.ACCESS_DENIED || kind == Kind.NO_DRIVER || kind == Kind.BUSY);
    }

    @ParameterizedTest
    @CsvSource({
        "-9, STALL",
        "-7, TIMEOUT",
        "-4, GONE",
        "-3, ACCESS_DENIED",
        "-6, BUSY",
        "-12, UNSUPPORTED",
        "-1, UNKNOWN",
        "-2, UNKNOWN",
        "-8, UNKNOWN",
        "-10, UNKNOWN",
        "-11, UNKNOWN",
        "-99, UNKNOWN"
    })
    void failures_of_transfers_have_kinds(int code, Kind kind) throws Exception {
        UsbConnection connection = open(Platform.LINUX);
        when(libusb.controlTransfer(any(), eq(GETSTATUS), any(), anyInt())).thenReturn(code);

        UsbException failure = failure(() -> connection.control(GETSTATUS, new byte[6], 0, 10));

        assertThat(failure.kind()).isEqualTo(kind);
        assertThat(failure)
                .hasMessageContaining("a1 03 0000 0000 6")
                .hasMessageContaining("(LIBUSB_ERROR_" + code + ")");
    }

    @Property(tries = 50)
    void the_buffer_passed_to_libusb_is_direct_and_exactly_as_long_as_the_transfer(
            @ForAll @IntRange(max = 4096) int length, @ForAll @IntRange(max = 9) int offset) throws Exception {
        UsbConnection connection = open(Platform.LINUX);
        byte[] data = new byte[offset + length];
        Arrays.fill(data, offset, data.length, (byte) 7);
        ControlSetup out = new ControlSetup(0x21, 1, 2, 0, length);
        ControlSetup in = new ControlSetup(0xa1, 2, 2, 0, length);
        doAnswer(call -> {
                    ByteBuffer buffer = call.getArgument(2);
                    assertThat(buffer.isDirect()).isTrue();
                    assertThat(buffer.capacity()).isEqualTo(length);
                    for (int i = 0; i < length; i++) {
                        assertThat(buffer.get(i)).isEqualTo((byte) 7);
                    }
                    return length;
                })
                .when(libusb)
                .controlTransfer(any(), eq(out), any(), eq(321));
        doAnswer(call -> {
                    ByteBuffer buffer = call.getArgument(2);
                    assertThat(buffer.isDirect()).isTrue();
                    assertThat(buffer.capacity()).isEqualTo(length);
                    for (int i = 0; i < length / 2; i++) {
                        buffer.put(i, (byte) 9);
                    }
                    return length / 2;
                })
                .when(libusb)
                .controlTransfer(any(), eq(in), any(), eq(321));

        assertThat(connection.control(out, data, offset, 321)).isEqualTo(length);
        assertThat(connection.control(in, data, offset, 321)).isEqualTo(length / 2);
        for (int i = 0; i < data.length; i++) {
            assertThat(data[i]).isEqualTo((byte) (i < offset ? 0 : i < offset + length / 2 ? 9 : 7));
        }
    }

    @Test
    void what_libusb_cannot_carry_is_refused_before_it_is_tried() throws Exception {
        UsbConnection connection = open(Platform.LINUX);
        ControlSetup large = new ControlSetup(0x21, 1, 0, 0, 4097);

        assertThat(connection.maxControlLength()).isEqualTo(4096);
        assertKind(Kind.UNSUPPORTED, () -> connection.control(large, new byte[4097], 0, 10));
        assertThatThrownBy(() -> connection.control(GETSTATUS, new byte[6], 0, 0))
                .isInstanceOf(IllegalArgumentException.class);
        verify(libusb, never()).controlTransfer(any(), eq(large), any(), anyInt());
        verify(libusb, never()).controlTransfer(any(), any(), any(), eq(0));
    }

    @Test
    void a_kernel_driver_is_detached_for_the_claim_and_attached_again_at_the_end() throws Exception {
        UsbConnection connection = open(Platform.LINUX);
        connection.claim(0);
        connection.claim(0);
        connection.selectAlternate(0, 1);
        connection.close();
        connection.close();

        InOrder order = inOrder(libusb);
        order.verify(libusb).detachKernelDriver(any(), eq(0));
        order.verify(libusb).claimInterface(any(), eq(0));
        order.verify(libusb).setInterfaceAltSetting(any(), eq(0), eq(1));
        order.verify(libusb).releaseInterface(any(), eq(0));
        order.verify(libusb).attachKernelDriver(any(), eq(0));
        order.verify(libusb).close(any());
        order.verify(libusb).exit(any());
        order.verifyNoMoreInteractions();
    }

    @ParameterizedTest
    @CsvSource({"-5", "-12"})
    void no_kernel_driver_and_no_way_to_detach_one_are_fine(int code) throws Exception {
        UsbConnection connection = open(Platform.MACOS);
        when(libusb.detachKernelDriver(any(), anyInt())).thenReturn(code);

        connection.claim(0);
        connection.close();

        verify(libusb, never()).attachKernelDriver(any(), anyInt());
    }

    @Test
    void a_busy_interface_is_reported_with_the_kernel_driver_that_holds_it() throws Exception {
        driver("../../../../bus/usb/drivers/cdc_acm");
        UsbConnection connection = open(Platform.LINUX);
        when(libusb.claimInterface(any(), anyInt())).thenReturn(LibUsb.ERROR_BUSY);

        UsbException failure = failure(() -> connection.claim(0));

        assertThat(failure.kind()).isEqualTo(Kind.BUSY);
        assertThat(failure)
                .hasMessage(
                        "cannot claim interface 0 of 0483:df11 \"string 2\" at port 1-2: the device is in use by another program or"
                                + " driver (LIBUSB_ERROR_-6); it is held by the kernel driver cdc_acm");
        assertThat(failure.remedy().orElseThrow()).contains("cdc_acm");
    }

    @Test
    void a_busy_interface_is_reported_with_the_program_that_holds_it() throws Exception {
        driver("../../../../bus/usb/drivers/usbfs");
        Path process = Files.createDirectories(root.resolve("proc/4711/fd")).getParent();
        Files.createSymbolicLink(process.resolve("fd/3"), root.resolve("log"));
        Files.createSymbolicLink(process.resolve("fd/8"), Path.of("/dev/bus/usb/001/005"));
        Files.writeString(process.resolve("comm"), "dfu-util\n");
        Files.createDirectories(root.resolve("proc/4712/fd"));
        UsbConnection connection = open(Platform.LINUX);
        when(libusb.claimInterface(any(), anyInt())).thenReturn(LibUsb.ERROR_BUSY);

        assertThatThrownBy(() -> connection.claim(0)).hasMessageEndingWith("it is held by dfu-util (process 4711)");
    }

    @Test
    void a_busy_interface_of_which_nothing_is_known_is_reported_as_that() throws Exception {
        UsbConnection connection = open(Platform.LINUX);
        when(libusb.claimInterface(any(), anyInt())).thenReturn(LibUsb.ERROR_BUSY);

        assertThatThrownBy(() -> connection.claim(0)).hasMessageEndingWith("or driver (LIBUSB_ERROR_-6)");

        driver("../../../../bus/usb/drivers/usbfs");
        assertThatThrownBy(() -> connection.claim(0))
                .hasMessageEndingWith("it is held by another program, or this one by another connection");
    }

    @Test
    void a_reset_after_which_the_device_enumerates_anew_says_so() throws Exception {
        UsbConnection connection = open(Platform.LINUX);
        when(libusb.resetDevice(any())).thenReturn(SUCCESS, LibUsb.ERROR_NOT_FOUND, LibUsb.ERROR_NO_DEVICE);

        assertThat(connection.reset()).isTrue();
        assertThat(connection.reset()).isFalse();
        assertKind(Kind.GONE, connection::reset);
    }

    @Test
    void windows_cannot_reset_a_port_and_is_not_asked_to() throws Exception {
        UsbConnection connection = open(Platform.WINDOWS);

        assertKind(Kind.UNSUPPORTED, connection::reset);
        verify(libusb, never()).resetDevice(any());
    }

    @Test
    void a_device_that_left_between_listing_and_opening_is_gone() throws Exception {
        plug("1-2", 5, true);
        answerStrings();
        Usb4JavaBus bus = bus(Platform.LINUX);
        UsbDevice listed = bus.devices().get(0);
        attached.clear();
        plug("1-2", 6, true);

        assertKind(Kind.GONE, () -> bus.open(listed));
        verify(libusb, times(2)).exit(any());
    }

    @Test
    void a_closed_connection_calls_libusb_no_more() throws Exception {
        UsbConnection connection = open(Platform.LINUX);
        connection.close();

        assertKind(Kind.GONE, () -> connection.control(GETSTATUS, new byte[6], 0, 10));
        assertKind(Kind.GONE, () -> connection.claim(0));
        assertKind(Kind.GONE, () -> connection.selectAlternate(0, 0));
        assertKind(Kind.GONE, connection::reset);
        verify(libusb, never()).controlTransfer(any(), eq(GETSTATUS), any(), anyInt());
    }

    @Test
    void closing_the_bus_closes_its_connections() throws Exception {
        plug("1-2", 5, true);
        answerStrings();
        Usb4JavaBus bus = bus(Platform.LINUX);
        UsbConnection connection = bus.open(bus.devices().get(0));
        bus.close();

        assertKind(Kind.GONE, () -> connection.claim(0));
        verify(libusb, times(2)).exit(any());
    }

    /** libusb must not be told to close a handle on which another thread's transfer runs: the process would crash. */
    @Test
    void a_device_is_not_closed_while_a_transfer_runs() throws Exception {
        plug("1-2", 5, true);
        answerStrings();
        Usb4JavaBus bus = bus(Platform.LINUX);
        UsbConnection connection = bus.open(bus.devices().get(0));
        Thread closer = new Thread(bus::close);
        doAnswer(call -> {
                    closer.start();
                    while (closer.isAlive() && !waitsForThisThread(closer)) {
                        Thread.onSpinWait();
                    }
                    verify(libusb, times(1)).close(any()); // which listed the device
                    return 6;
                })
                .when(libusb)
                .controlTransfer(any(), eq(GETSTATUS), any(), anyInt());

        assertThat(connection.control(GETSTATUS, new byte[6], 0, 10)).isEqualTo(6);

        closer.join();
        verify(libusb, times(2)).close(any());
        assertKind(Kind.GONE, () -> connection.control(GETSTATUS, new byte[6], 0, 10));
    }

    private static boolean waitsForThisThread(Thread thread) {
        ThreadInfo info = ManagementFactory.getThreadMXBean().getThreadInfo(thread.getId());
        return info != null && info.getLockOwnerId() == Thread.currentThread().getId();
    }

    @Test
    void a_machine_without_usb_is_told_so() {
        Usb4JavaBus bus = bus(Platform.LINUX);
        when(libusb.init(any())).thenReturn(LibUsb.ERROR_OTHER);

        assertThat(failure(bus::devices))
                .hasMessage("this machine offers no USB: libusb cannot start (LIBUSB_ERROR_-99)")
                .satisfies(e -> assertThat(e.remedy().orElseThrow()).contains("/dev/bus/usb"));
    }

    @Test
    void a_linux_without_a_bus_is_not_one_without_devices() throws Exception {
        assertThat(failure(bus(Platform.LINUX)::devices))
                .hasMessage("this machine offers no USB: there is no /dev/bus/usb")
                .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.UNREACHABLE));
        assertThat(bus(Platform.MACOS).devices()).isEmpty();

        Files.createDirectories(root.resolve("dev/bus/usb"));
        assertThat(bus(Platform.LINUX).devices()).isEmpty();
    }

    @Test
    void a_native_library_that_cannot_be_loaded_is_an_ordinary_failure() {
        Usb4JavaBus bus = bus(Platform.LINUX);
        when(libusb.init(any())).thenThrow(new UnsatisfiedLinkError("no such thing"));

        assertThat(failure(bus::devices))
                .hasMessage("the native library of libusb for this machine could not be loaded: no such thing")
                .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.UNSUPPORTED));
    }

    @Test
    void a_list_that_fails_is_an_ordinary_failure() {
        Usb4JavaBus bus = bus(Platform.LINUX);
        doReturn(LibUsb.ERROR_NO_MEM).when(libusb).list(any(), any());

        assertThat(failure(bus::devices)).hasMessage("cannot list the USB devices of this machine (LIBUSB_ERROR_-11)");
        verify(libusb).exit(any());
    }

    @Test
    void the_real_libusb_loads_and_lists_or_says_why_not() throws Exception {
        UsbBusProvider provider = ServiceLoader.load(UsbBusProvider.class).stream()
                .map(ServiceLoader.Provider::get)
                .filter(p -> p.scheme().equals("libusb"))
                .findFirst()
                .orElseThrow();
        try (UsbBus bus = provider.open("libusb:")) {
            assertThat(bus.devices()).allMatch(d -> d.port().isPresent());
        } catch (UsbException e) {
            assertThat(e).hasMessageStartingWith("this machine offers no USB: ");
        }
        assertThatThrownBy(() -> provider.open("libusb:1-2")).isInstanceOf(IllegalArgumentException.class);
    }

    private void driver(String target) throws Exception {
        Path links = Files.createDirectories(root.resolve("sys/bus/usb/devices/1-2:1.0"));
        Files.createSymbolicLink(links.resolve("driver"), Path.of(target));
    }

    private void plug(String port, int address, boolean dfu) {
        byte[] device = {18, 1, 0, 1, 0, 0, 0, 64, (byte) 0x83, 0x04, 0x11, (byte) 0xdf, 0, 0x22, 1, 2, 3, 1};
        byte[] configuration = {
            9, 2, 27, 0, 1, 1, 0, (byte) 0xc0, 50, // configuration
            9, 4, 0, 0, 0, (byte) (dfu ? 0xfe : 3), (byte) (dfu ? 1 : 0), 2, 4, // interface named by string 4
            9, 0x21, 0x0b, (byte) 0xff, 0, 0, 4, 0x1a, 1
        };
        attached.add(new Attached(
                mock(Device.class),
                address,
                PortPath.parse(port),
                new RawDescriptor(device),
                new RawDescriptor(configuration)));
    }

    private void answerStrings() {
        doAnswer(call -> {
                    int index = call.getArgument(1, ControlSetup.class).value() & 0xff;
                    byte[] text = ("string " + index).getBytes(StandardCharsets.UTF_16LE);
                    ByteBuffer buffer = call.getArgument(2);
                    if (index == 0) {
                        buffer.put(new byte[] {4, 3, 9, 4});
                    } else {
                        buffer.put((byte) (2 + text.length)).put((byte) 3).put(text);
                    }
                    int length = buffer.position();
                    buffer.rewind();
                    return length;
                })
                .when(libusb)
                .controlTransfer(any(), argThat(s -> s != null && s.value() >> 8 == 3), any(), anyInt());
    }

    private static UsbException failure(ThrowingCallable call) {
        return catchThrowableOfType(UsbException.class, call);
    }

    private static void assertKind(Kind kind, ThrowingCallable call) {
        assertThat(failure(call).kind()).isEqualTo(kind);
    }
}
