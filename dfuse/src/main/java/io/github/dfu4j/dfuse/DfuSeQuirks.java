package io.github.dfu4j.dfuse;

import io.github.dfu4j.dfu.DfuAlternate;
import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.Quirk;
import io.github.dfu4j.dfu.QuirkTable;
import io.github.dfu4j.dfu.Trait;
import io.github.dfu4j.usb.RawDescriptor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * The oddities of bootloaders that speak DfuSe.
 *
 * <p>ST's bootloaders in ROM all have the ids 0483:df11; which part it is shows in the layouts alone.
 */
public final class DfuSeQuirks {

    private static final String ST = "0483:df11";
    private static final String GD32 = "28e9:0189";
    private static final String AT32 = "2e3c:df11";

    private static final Pattern F4_SECTORS = Pattern.compile("/0x08000000/04\\*016Kg,01\\*064Kg,\\d+\\*128Kg");
    private static final Pattern F7_SECTORS = Pattern.compile("/0x08000000/04\\*032Kg,01\\*128Kg,\\d+\\*256Kg");
    private static final Pattern H7_OPTIONS = Pattern.compile("^@Option Bytes +/0x5200201C/");
    private static final Pattern H7_SECTORS = Pattern.compile("^@Internal Flash +/0x08000000/16\\*128Kg");
    private static final Pattern C5_SECTORS = Pattern.compile("^@Internal Flash +/0x08000000/\\d+\\*0*8Kg");
    private static final Pattern L4_G4_OPTIONS = Pattern.compile("^@Option Bytes +/0x1FFF7800/");
    private static final Pattern WB_OPTIONS = Pattern.compile("^@Option Bytes +/0x58004020/");
    private static final Pattern L0_L1_SECTORS =
            Pattern.compile("^@Internal Flash +/0x08000000/\\d+\\*0*(128|256) ?[a-g]");
    private static final Pattern ST_FLASH = Pattern.compile("^@Internal Flash +/0x08000000/");
    /** A bootloader that lies in flash itself keeps its sectors from being written. */
    private static final Pattern ST_ROM_FLASH = Pattern.compile("^@Internal Flash +/0x08000000/[^a]*$");

    private static final Pattern NO_UNIT = Pattern.compile("\\* *\\d+ ?[a-g]");
    private static final Pattern BYTES_UNIT = Pattern.compile("\\* *\\d+B[a-g]");
    private static final Pattern BLANK_BEFORE_COUNT = Pattern.compile("/ +\\d+\\*");
    private static final Pattern TWO_ZONES =
            Pattern.compile("^@Option [Bb]ytes? +/0x\\p{XDigit}+/[^/]+/0x\\p{XDigit}+/");
    private static final Pattern GLUED = Pattern.compile("^@.+@", Pattern.DOTALL);
    private static final Pattern DEVIATION = Pattern.compile("244\\*0*1Kg");
    private static final String SP_RACING = "1001*128Kg,3*128Kg,20*128Ka";

    private static final int KIB = 1024;

    private DfuSeQuirks() {}

    /** All quirks that this library knows of DFU and DfuSe devices in general. */
    public static QuirkTable table() {
        return QuirkTable.dfu().plus(rows());
    }

    /**
     * A quirk that no descriptor shows, for a caller who knows the part: the internal flash ends after so many bytes, whatever the layout
     * says. The ROM of an STM32H750 claims 2 MiB and has 128 KiB.
     *
     * @param bytes the size of the internal flash
     */
    public static Quirk flashSize(long bytes) {
        return Quirk.row("flash-size", "an STM32 with " + bytes / KIB + " KiB of flash")
                .when("by the user's word", any(ST_FLASH))
                .says(Trait.FLASH_SIZE, bytes)
                .because("One ROM serves parts of several sizes and always names the largest.")
                .source("STM32H750 data sheet, DS12556");
    }

    private static List<Quirk> rows() {
        List<Quirk> rows = new ArrayList<>();
        rows.add(Quirk.row("st-rom", "STM32 bootloaders in ROM")
                .whenIds(ST)
                .and("a layout of internal flash at 0x08000000 of which no sector is read-only", any(ST_ROM_FLASH))
                .says(Trait.READS_TRUTHFULLY)
                .says(Trait.LEAVE_NEEDS_ADDRESS)
                .because(
                        "Upload returns the memory as it is; leave goes to wherever the address pointer is, so it is set first.")
                .source("AN3156 §4.1 and §5.5; LibUsbDfu issue 13 (STM32C071)"));
        rows.add(Quirk.row("st-serial", "STM32 and AT32 bootloaders with a serial number of the family")
                .when(
                        "serial number STM32FxSTM32, 200364500000, FFFFFFFEFFFF or AT32",
                        i -> i.device()
                                .serialNumber()
                                .filter(s -> s.equals("STM32FxSTM32")
                                        || s.equals("200364500000")
                                        || s.equals("FFFFFFFEFFFF")
                                        || s.equals("AT32"))
                                .isPresent())
                .says(Trait.SERIAL_NOT_UNIQUE)
                .because("Every board of the family shows the same number.")
                .source("libDaisy issue 195; TAStm32 issue 71"));
        rows.add(Quirk.row("st-version", "STM32 bootloaders that do not say they speak DfuSe")
                .whenIds(ST)
                .and(
                        "a layout of internal flash, and bcdDFUVersion other than 1.1a",
                        i -> any(ST_FLASH).test(i) && !i.functional().isDfuSe())
                .says(Trait.DFU_VERSION, 0x011a)
                .because("The descriptor says another version than the layout.")
                .source("fwupd dfu.quirk (DfuForceVersion)"));
        rows.add(Quirk.row("f4-mass-erase", "STM32F405 and other F2/F4 parts")
                .whenIds(ST)
                .and("sectors of an STM32F4", any(F4_SECTORS))
                .says(Trait.MASS_ERASE_TIME, 35_000)
                .because(
                        "The bootloader announces 100 ms for a mass erase and takes up to 32 s, in which it answers nothing.")
                .source("dfu-util 0.11 dfuse.c; STM32F405 data sheet, DS8626"));
        rows.add(Quirk.row("f4-flash-word", "STM32F2, F4")
                .whenIds(ST)
                .and("sectors of an STM32F4", any(F4_SECTORS))
                .says(Trait.WRITE_ALIGNMENT, 4)
                .because("Flash is written in words of 32 bits, one after the other.")
                .source("STM32F405 reference manual, RM0090 §3.6.4"));
        rows.add(Quirk.row("f42x-strings", "STM32F42x and F43x")
                .whenIds(ST)
                .and(
                        "the name of an alternate setting is shorter than its descriptor says",
                        i -> i.device().alternates().stream()
                                .map(a -> i.device().rawString(a.nameIndex()))
                                .anyMatch(d ->
                                        d.isPresent() && d.get().u8(0) > d.get().length()))
                .says(Trait.STRINGS_CUT_SHORT)
                .because("The layout's descriptor says 166 bytes and has 112; what came is used.")
                .source("dfu-util 0.11 dfu_util.c"));
        rows.add(Quirk.row("h7-stuck-busy", "STM32H74x and H75x, revision V")
                .whenIds(ST)
                .and("option bytes of an STM32H7", any(H7_OPTIONS))
                .says(Trait.STUCK_BUSY_AFTER_ERASE, 0x0810_0000L)
                .says(Trait.CLRSTATUS_ENTERS_ERROR)
                .because(
                        "After an erase in bank 2 the status stays dfuDNBUSY for ever though the sector is erased; DFU_CLRSTATUS"
                                + " leads into dfuERROR and a second one out of it.")
                .source("AN2606 (bootloader V9.1); betaflight-configurator issue 1861; ST's DFU device class"));
        rows.add(Quirk.row("h7-flash-size", "STM32H750")
                .whenIds(ST)
                .and("option bytes of an STM32H7", any(H7_OPTIONS))
                .and("2 MiB in sectors of 128 KiB", any(H7_SECTORS))
                .says(Trait.SMALLEST_FLASH, 128 * KIB)
                .because("The ROM of an STM32H750, which has 128 KiB, is that of an STM32H743 and shows 2 MiB.")
                .source("STM32H750 data sheet, DS12556; dfu-util listings of Daisy users"));
        rows.add(Quirk.row("h7-flash-word", "STM32H7")
                .whenIds(ST)
                .and("option bytes of an STM32H7", any(H7_OPTIONS))
                .says(Trait.WRITE_ALIGNMENT, 32)
                .because("Flash is written in words of 256 bits; a last word that is not complete is not written.")
                .source("STM32H743 reference manual, RM0433 §4.3.9"));
        rows.add(Quirk.row("l4-stall", "STM32L4")
                .whenIds(ST)
                .and("bcdDevice 2200", i -> i.device().releaseNumber() == 0x2200)
                .and("option bytes of an STM32L4", any(L4_G4_OPTIONS))
                .says(Trait.STATUS_STALLS_WHILE_BUSY, 3)
                .because("DFU_GETSTATUS is stalled while a sector is erased, up to three times in a row.")
                .source("dfu-util 0.11 dfuse.c"));
        rows.add(Quirk.row("l4-flash-word", "STM32L4")
                .whenIds(ST)
                .and("bcdDevice 2200", i -> i.device().releaseNumber() == 0x2200)
                .and("option bytes of an STM32L4", any(L4_G4_OPTIONS))
                .says(Trait.WRITE_ALIGNMENT, 8)
                .because("Flash is written in words of 64 bits; other lengths are refused.")
                .source("micropython issue 2637"));
        rows.add(Quirk.row("l0-l1-erased", "STM32L0 and L1")
                .whenIds(ST)
                .and("internal flash in sectors of 128 or 256 bytes", any(L0_L1_SECTORS))
                .says(Trait.ERASED_BYTE, 0)
                .because("Their memory is of another kind than that of other STM32: an erase clears all bits.")
                .source("STM32L0x3 reference manual, RM0367; ST community 188774"));
        rows.add(Quirk.row("g4-block", "STM32G4")
                .whenIds(ST)
                .and("bcdDevice 0200", i -> i.device().releaseNumber() == 0x0200)
                .and("option bytes of an STM32G4", any(L4_G4_OPTIONS))
                .says(Trait.TRANSFER_SIZE, 1024)
                .because("Blocks of 2048 bytes, as other STM32 take them, are refused with errSTALLEDPKT.")
                .source("web-stm32-updater issue 3"));
        rows.add(Quirk.row("wb-leave", "STM32WB55")
                .whenIds(ST)
                .and("option bytes of an STM32WB", any(WB_OPTIONS))
                .says(Trait.LEAVES_WITHOUT_STATUS)
                .because("DFU_GETSTATUS after leave always fails; the device has left.")
                .source("qFlipper dfusedevice.cpp"));
        rows.add(Quirk.row("c5-strict", "STM32C5")
                .whenIds(ST)
                .and("internal flash in sectors of 8 KiB and no option bytes", DfuSeQuirks::isC5)
                .says(Trait.CLRSTATUS_STALLS)
                .says(Trait.NO_DESCRIPTOR_REQUEST)
                .because(
                        "DFU_CLRSTATUS outside dfuERROR is stalled, and a request for the functional descriptor hangs.")
                .source("betaflight-configurator pull requests 5300 and 5348"));
        rows.add(Quirk.row("device-feature", "STM32F4 with bootloader 2.1")
                .when(
                        "an alternate named Device Feature that claims to be erasable",
                        any(Pattern.compile("^@Device Feature */.*g$")))
                .layout((i, a) -> a.name()
                        .filter(n -> n.startsWith("@Device Feature") && n.endsWith("g"))
                        .map(n -> n.substring(0, n.length() - 1) + 'e'))
                .because("Device features are read and written, never erased; later bootloaders say so.")
                .source("dfu-util 0.11 dfuse_mem.c; AN3156 §6"));
        rows.add(Quirk.row("gd32vf103", "GigaDevice GD32VF103")
                .whenIds(GD32)
                .says(Trait.DFU_MODE)
                .says(Trait.SERIAL_IS_BYTES)
                .says(Trait.LEAVES_WITHOUT_STATUS)
                .layout(DfuSeQuirks::gd32Layout)
                .because(
                        "The serial number is bytes and its third one is the flash size; the layout is another part's; it leaves at"
                                + " the zero-length download already.")
                .source("dfu-util 0.11 quirks.c; fwupd dfu.quirk"));
        rows.add(Quirk.row("sp-racing", "SPRacing H7 EXST bootloader")
                .when("the layout " + SP_RACING, any(Pattern.compile(Pattern.quote(SP_RACING))))
                .layout((i, a) -> a.name().map(n -> n.replace(SP_RACING, "998*128Kg,1*128Kg,4*128Kg,21*128Ka")))
                .because("An early bootloader counts its sectors wrongly.")
                .source("betaflight-configurator usbdfu.js"));
        rows.add(Quirk.row("deviation", "DeviationTX radios")
                .when("a run of 244 sectors of 1 KiB", any(DEVIATION))
                .layout((i, a) -> a.name().map(n -> DEVIATION.matcher(n).replaceFirst("122*002Kg")))
                .because("The part has 122 pages of 2 KiB.")
                .source("deviation-upload DfuMemory.java"));
        rows.add(form(
                "layout-no-unit",
                "AT32, UM0424 and most option bytes",
                NO_UNIT,
                "The unit of a size is missing or a blank: bytes."));
        rows.add(form("layout-unit-b", "GD32VF103, STM32G0 and G4", BYTES_UNIT, "The unit of a size is B: bytes."));
        rows.add(form("layout-blank", "AT32F415", BLANK_BEFORE_COUNT, "A blank stands before the count."));
        rows.add(form("layout-zones", "STM32G474, F42x and others", TWO_ZONES, "Option bytes lie in two zones."));
        rows.add(form("layout-glued", "AT32 with INAV", GLUED, "Several layouts stand in one string."));
        rows.add(Quirk.row("at32", "AT32 bootloaders in ROM")
                .whenIds(AT32)
                .says(Trait.WRITE_ALIGNMENT, 4)
                .because("Flash is written in words of 32 bits.")
                .source("AT32F435/437 reference manual; betaflight-configurator usbdfu.js"));
        rows.addAll(times());
        return rows;
    }

    /** How long known families take, for estimates. A later row refines an earlier one. */
    private static List<Quirk> times() {
        List<Quirk> rows = new ArrayList<>();
        rows.add(Quirk.row("times-2.x", "STM32 bootloaders of version 2.x, AT32 and GD32VF103")
                .when(
                        "0483:df11 with bcdDevice 2000 to 2fff, 2e3c:df11 or 28e9:0189",
                        i -> i.device().ids().equals(AT32)
                                || i.device().ids().equals(GD32)
                                || (i.device().ids().equals(ST) && i.device().releaseNumber() >> 12 == 2))
                .says(Trait.COMMAND_TIME, 100)
                .says(Trait.BLOCK_TIME, 104)
                .because("They announce 100 ms for a command and 104 ms for a block, however little there is to do.")
                .source("gd32-dfu-utils issue 3; dfu-util 0.11 dfuse.c (100 ms, STM32F405)"));
        rows.add(Quirk.row("times-f4", "STM32F2 and F4")
                .whenIds(ST)
                .and("sectors of an STM32F4", any(F4_SECTORS))
                .says(Trait.ERASE_TIME, 500)
                .because("Large sectors: 16 KiB erase in 0.25 s, 128 KiB in 1 s.")
                .source("STM32F405 data sheet, DS8626"));
        rows.add(Quirk.row("times-f7", "STM32F7")
                .whenIds(ST)
                .and("sectors of an STM32F7", any(F7_SECTORS))
                .says(Trait.ERASE_TIME, 1100)
                .because("Large sectors: 128 KiB erase in 2.2 s.")
                .source("fwupd issue 6249 (STM32F767); STM32F745 data sheet, DS10916"));
        rows.add(Quirk.row("times-l4", "STM32L4")
                .whenIds(ST)
                .and("bcdDevice 2200", i -> i.device().releaseNumber() == 0x2200)
                .and("option bytes of an STM32L4", any(L4_G4_OPTIONS))
                .says(Trait.COMMAND_TIME, 8)
                .says(Trait.BLOCK_TIME, 1)
                .says(Trait.ERASE_TIME, 770)
                .says(Trait.WRITE_TIME, 700)
                .because("A page of 2 KiB erases in 22 ms; 8 bytes are written in 82 µs.")
                .source("STM32L476 data sheet, DS10198; its poll times are not known"));
        rows.add(Quirk.row("times-1024", "newer STM32 bootloaders")
                .whenIds(ST)
                .and("a layout of internal flash at 0x08000000", any(ST_FLASH))
                .and(
                        "bcdDevice 0200, transfers of 1024 bytes",
                        i -> i.device().releaseNumber() == 0x0200
                                && i.functional().transferSize() == 1024)
                .says(Trait.COMMAND_TIME, 22)
                .says(Trait.ERASE_TIME, 1400)
                .says(Trait.WRITE_TIME, 1400)
                .because("A page of 2 KiB erases in 22 ms, 8 bytes are written in 85 µs, and as long again is waited.")
                .source("STM32G474 data sheet, DS12288; poll times are not known"));
        rows.add(Quirk.row("times-wb", "STM32WB55")
                .whenIds(ST)
                .and("option bytes of an STM32WB", any(WB_OPTIONS))
                .says(Trait.ERASE_TIME, 700)
                .because("A page of 4 KiB erases in 22 ms.")
                .source("STM32WB55 data sheet, DS11929"));
        rows.add(Quirk.row("times-h7", "STM32H7")
                .whenIds(ST)
                .and("option bytes of an STM32H7", any(H7_OPTIONS))
                .says(Trait.COMMAND_TIME, 1)
                .says(Trait.ERASE_TIME, 450)
                .says(Trait.WRITE_TIME, 460)
                .because("128 KiB erase in 0.9 s, 32 bytes are written in 0.1 ms.")
                .source("a CubeProgrammer log of an STM32H743, ST community 234209; DS12110"));
        rows.add(Quirk.row("times-c5", "STM32C5")
                .whenIds(ST)
                .and("internal flash in sectors of 8 KiB and no option bytes", DfuSeQuirks::isC5)
                .says(Trait.COMMAND_TIME, 2)
                .says(Trait.ERASE_TIME, 32)
                .says(Trait.WRITE_TIME, 400)
                .because("Flash of the newest process: 8 KiB erase in some 2 ms, 16 bytes are written in some 50 µs.")
                .source("inferred from STM32H5 and U5, which have such flash"));
        return rows;
    }

    private static boolean isC5(DfuInterface candidate) {
        return any(C5_SECTORS).test(candidate)
                && !any(Pattern.compile("^@Option")).test(candidate);
    }

    private static Quirk form(String id, String device, Pattern pattern, String reason) {
        return Quirk.row(id, device)
                .when("a layout that matches " + pattern.pattern(), any(pattern))
                .says(Trait.LAYOUT_FORM)
                .because(reason)
                .source("dfu-util 0.11 dfuse_mem.c; listings of such devices");
    }

    private static Predicate<DfuInterface> any(Pattern pattern) {
        return i -> i.alternates().stream()
                .anyMatch(a -> a.name()
                        .filter(n -> n.startsWith("@") && pattern.matcher(n).find())
                        .isPresent());
    }

    /** The serial number's bytes are digit, digit, size, J: 2, 4, 6, 8, B, D for 8, 16, 32, 64, 128, 256 pages of 1 KiB. */
    private static Optional<String> gd32Layout(DfuInterface target, DfuAlternate alternate) {
        Optional<RawDescriptor> serial =
                target.device().rawString(target.device().serialIndex());
        if (!serial.isPresent()
                || serial.get().length() < 6
                || serial.get().u8(5) != 'J'
                || !alternate
                        .name()
                        .filter(n -> n.startsWith("@Internal Flash"))
                        .isPresent()) {
            return Optional.empty();
        }
        int size = "2468BD".indexOf(serial.get().u8(4));
        return size < 0 ? Optional.empty() : Optional.of("@Internal Flash  /0x08000000/" + (8 << size) + "*001Kg");
    }
}
