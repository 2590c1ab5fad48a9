package io.github.dfu4j.simulator;

import static io.github.dfu4j.simulator.Habit.C5_STRICT_CLRSTATUS;
import static io.github.dfu4j.simulator.Habit.CLRSTATUS_MAKES_ERROR;
import static io.github.dfu4j.simulator.Habit.EIGHT_BIT_SERIAL;
import static io.github.dfu4j.simulator.Habit.ERROR_AT_START;
import static io.github.dfu4j.simulator.Habit.F405_MASS_ERASE_LIES;
import static io.github.dfu4j.simulator.Habit.H7_STUCK_BUSY;
import static io.github.dfu4j.simulator.Habit.L4_STATUS_STALL;
import static io.github.dfu4j.simulator.Habit.LEAVE_DROPS_STATUS;
import static io.github.dfu4j.simulator.Habit.LEAVE_WITHOUT_STATUS;
import static io.github.dfu4j.simulator.Habit.NO_STANDALONE_FUNCTIONAL_DESCRIPTOR;
import static io.github.dfu4j.simulator.Habit.PARTIAL_WORD_LOST;
import static io.github.dfu4j.simulator.Habit.STRING_LONGER_THAN_SENT;
import static io.github.dfu4j.simulator.Habit.UPLOAD_PAST_END_CRASHES;

import io.github.dfu4j.simulator.FlashMemory.Rule;
import io.github.dfu4j.simulator.FlashMemory.Run;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * What one family's DfuSe bootloader in ROM looks like and how fast its flash is.
 *
 * <p>Layout strings, transfer sizes, release numbers and serial numbers are those which users' listings show; erase and program times are
 * the data sheets' typical values, or measured ones where there are some (STM32F767 2.2 s and STM32H743 0.9 s for 128 KB). Poll timeouts
 * of families without a published trace are chosen here: 100 ms for commands and 104 ms for data as GD32VF103 reports them, for the
 * older generation, and the operation's typical time for the newer.
 *
 * @param name the board's name
 * @param vendor idVendor
 * @param product idProduct
 * @param release bcdDevice
 * @param protocol bInterfaceProtocol
 * @param transferSize wTransferSize
 * @param productName the product string
 * @param serial the serial number's string
 * @param alternates the layout strings
 * @param flash the sectors that the part really has, at 0x08000000
 * @param word bytes programmed at once
 * @param rule what programming does to a word that is not erased
 * @param options further memories: start and size by name
 * @param eraseMillis how long erasing a sector takes, by its size
 * @param wordNanos how long programming a word takes
 * @param busy how it is busy while an operation runs
 * @param commandPoll bwPollTimeout after a command, in milliseconds
 * @param dataPoll bwPollTimeout after data
 * @param habits its habits
 */
record RomProfile(
        String name,
        int vendor,
        int product,
        int release,
        int protocol,
        int transferSize,
        String productName,
        String serial,
        List<String> alternates,
        List<Run> flash,
        int word,
        Rule rule,
        Map<String, long[]> options,
        Map<Integer, Integer> eraseMillis,
        int wordNanos,
        Busy busy,
        int commandPoll,
        int dataPoll,
        Set<Habit> habits) {

    /** How a bootloader is busy while an erase or a programming runs. */
    enum Busy {
        /** It holds the answer to the first GETSTATUS back until the operation has ended. */
        IN_FIRST_STATUS,
        /** It answers the first GETSTATUS at once and nothing more until the operation has ended. */
        AFTER_FIRST_STATUS,
        /** It answers every GETSTATUS, with dfuDNBUSY. */
        ANSWERING
    }

    static final long FLASH_START = 0x0800_0000L;
    private static final int KIB = 1024;
    /** DTCM, AXI SRAM, the SRAMs of domain 2 and that of domain 3 (RM0433). */
    private static final List<Long> H7_RAM_ENDS = List.of(0x2002_0000L, 0x2408_0000L, 0x3004_8000L, 0x3801_0000L);

    private static final Set<Habit> CLASSIC = Set.of(ERROR_AT_START, CLRSTATUS_MAKES_ERROR, UPLOAD_PAST_END_CRASHES);
    private static final Map<String, RomProfile> ALL = new TreeMap<>();

    static {
        List<Run> f4 = List.of(k(4, 16), k(1, 64), k(7, 128));
        List<Run> f427 = List.of(k(4, 16), k(1, 64), k(7, 128), k(4, 16), k(1, 64), k(7, 128));
        Map<Integer, Integer> f4Erase = erase(16, 250, 64, 550, 128, 1000);
        Map<Integer, Integer> f7Erase = erase(32, 550, 128, 2200, 256, 4000);
        String f4Layout = "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg";
        String l4Feature = "@Device Feature/0xFFFF0000/01*004 e";
        Map<String, long[]> f4Options =
                areas("option bytes", 0x1fffc000L, 16, "OTP", 0x1fff7800L, 528, "device feature", 0xffff0000L, 4);
        Map<String, long[]> l4Options =
                areas("option bytes", 0x1fff7800L, 40, "OTP", 0x1fff7000L, 1024, "device feature", 0xffff0000L, 4);
        Map<String, long[]> h7Options = areas("option bytes", 0x5200201cL, 128);
        List<String> h7Layouts =
                List.of("@Internal Flash   /0x08000000/16*128Kg", "@Option Bytes   /0x5200201C/01*128 e");
        List<String> gd32Layouts =
                List.of("@Internal Flash  /0x08000000/512*002Kg", "@Option Bytes  /0x1FFFF800/01*016Be");
        Map<String, long[]> f1Options = areas("option bytes", 0x1ffff800L, 16);

        classic("stm32f107", 0x2000, "STM32FxSTM32", List.of(k(128, 2)), erase(2, 20), 2, 52_500)
                .layouts("@Internal Flash  /0x08000000/128*002Kg", "@Option Bytes  /0x1FFFF800/01*016 g")
                .options(f1Options)
                .add();
        classic("stm32f072", 0x2200, "FFFFFFFEFFFF", List.of(k(64, 2)), erase(2, 20), 2, 52_500)
                .layouts("@Internal Flash  /0x08000000/064*0002Kg", "@Option Bytes  /0x1FFFF800/01*016 e")
                .options(f1Options)
                .add();
        classic("stm32f303", 0x2200, "345733683136", List.of(k(128, 2)), erase(2, 20), 2, 52_500)
                .layouts("@Internal Flash  /0x08000000/128*0002Kg", "@Option Bytes  /0x1FFFF800/01*016 e")
                .options(f1Options)
                .add();
        classic("stm32f405", 0x2200, "STM32FxSTM32", f4, f4Erase, 4, 16_000)
                .layouts(
                        f4Layout,
                        "@Option Bytes  /0x1FFFC000/01*016 e",
                        "@OTP Memory /0x1FFF7800/01*512 e,01*016 e",
                        l4Feature)
                .options(f4Options)
                .with(F405_MASS_ERASE_LIES, LEAVE_DROPS_STATUS)
                .add();
        classic("stm32f407", 0x2100, "STM32FxSTM32", f4, f4Erase, 4, 16_000)
                .layouts(
                        f4Layout,
                        "@Option Bytes  /0x1FFFC000/01*016 g",
                        "@OTP Memory /0x1FFF7800/01*512 g,01*016 g",
                        "@Device Feature/0xFFFF0000/01*004 g")
                .options(f4Options)
                .with(F405_MASS_ERASE_LIES)
                .add();
        classic("stm32f411", 0x2200, "STM32FxSTM32", List.of(k(4, 16), k(1, 64), k(3, 128)), f4Erase, 4, 16_000)
                .layouts(
                        "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,03*128Kg",
                        "@Option Bytes  /0x1FFFC000/01*016 e",
                        "@OTP Memory /0x1FFF7800/01*512 e,01*016 e",
                        l4Feature)
                .options(f4Options)
                .with(F405_MASS_ERASE_LIES)
                .add();
        classic("stm32f427", 0x2200, "STM32FxSTM32", f427, f4Erase, 4, 16_000)
                .layouts(
                        f4Layout + ",04*016Kg,01*064Kg,07*128Kg",
                        "@Option Bytes  /0x1FFFC000/01*016 e/0x1FFEC000/01*016 e",
                        "@OTP Memory /0x1FFF7800/01*512 e,01*016 e",
                        l4Feature)
                .options(areas(
                        "option bytes", 0x1fffc000L, 16, "option bytes 2", 0x1ffec000L, 16, "OTP", 0x1fff7800L, 528))
                .with(F405_MASS_ERASE_LIES, STRING_LONGER_THAN_SENT)
                .add();
        classic("stm32f745", 0x2200, "205D37793536", List.of(k(4, 32), k(1, 128), k(3, 256)), f7Erase, 4, 16_000)
                .layouts("@Internal Flash  /0x08000000/04*032Kg,01*128Kg,03*256Kg")
                .layouts("@Option Bytes  /0x1FFF0000/01*032 e")
                .options(areas("option bytes", 0x1fff0000L, 32))
                .add();
        classic("stm32f767", 0x2200, "306B35813338", List.of(k(4, 32), k(1, 128), k(7, 256)), f7Erase, 4, 16_000)
                .layouts("@Internal Flash  /0x08000000/04*032Kg,01*128Kg,07*256Kg")
                .layouts("@Option Bytes  /0x1FFF0000/01*032 e")
                .options(areas("option bytes", 0x1fff0000L, 32))
                .add();
        classic("stm32l476", 0x2200, "2069377D5853", List.of(k(256, 2)), erase(2, 22), 8, 82_000)
                .layouts(
                        "@Internal Flash  /0x08000000/0256*0002Kg",
                        "@Option Bytes  /0x1FFF7800/01*040 e",
                        "@OTP Memory /0x1FFF7000/01*0001Ke",
                        l4Feature)
                .options(l4Options)
                .flash(Rule.REFUSED)
                .times(Busy.ANSWERING, 8, 22)
                .with(L4_STATUS_STALL, PARTIAL_WORD_LOST)
                .add();
        classic("stm32l073", 0x2200, "205B35884E46", List.of(new Run(1536, 128)), Map.of(128, 3), 4, 100_000)
                .layouts("@Internal Flash  /0x08000000/1536*128g")
                .flash(Rule.OR)
                .add();
        newer("stm32g474", "2053335A4B32", List.of(k(256, 2)), erase(2, 22), 8, 85_000)
                .layouts(
                        "@Internal Flash  /0x08000000/256*02Kg",
                        "@Option Bytes  /0x1FFF7800/01*048 e/0x1FFFF800/01*048 e",
                        "@OTP Memory   /0x1FFF7000/01*01Ke")
                .options(areas(
                        "option bytes", 0x1fff7800L, 48, "option bytes 2", 0x1ffff800L, 48, "OTP", 0x1fff7000L, 1024))
                .flash(Rule.REFUSED)
                .times(Busy.IN_FIRST_STATUS, 22, 11)
                .add();
        newer("stm32wb55", "204E35A85056", List.of(k(256, 4)), erase(4, 22), 8, 82_000)
                .layouts("@Internal Flash   /0x08000000/256*04Kg", "@Option Bytes   /0x58004020/01*128 e")
                .options(areas("option bytes", 0x58004020L, 128))
                .flash(Rule.REFUSED)
                .times(Busy.IN_FIRST_STATUS, 22, 11)
                .with(LEAVE_DROPS_STATUS)
                .add();
        newer("stm32h723", "200364500000", List.of(k(8, 128)), erase(128, 900), 32, 100_000)
                .layouts("@Internal Flash   /0x08000000/8*128Kg", "@Option Bytes   /0x5200201C/01*88 e")
                .options(areas("option bytes", 0x5200201cL, 88))
                .with(PARTIAL_WORD_LOST)
                .add();
        newer("stm32h743", "200364500000", List.of(k(16, 128)), erase(128, 900), 32, 100_000)
                .layouts(h7Layouts.toArray(String[]::new))
                .options(h7Options)
                .with(PARTIAL_WORD_LOST, H7_STUCK_BUSY)
                .add();
        newer("stm32h750", "200364500000", List.of(k(1, 128)), erase(128, 900), 32, 100_000)
                .layouts(h7Layouts.toArray(String[]::new))
                .options(h7Options)
                .with(PARTIAL_WORD_LOST)
                .add();
        newer("stm32c5", "2064358D5946", List.of(k(64, 8)), erase(8, 2), 16, 50_000)
                .layouts("@Internal Flash   /0x08000000/64*08Kg")
                .times(Busy.IN_FIRST_STATUS, 2, 3)
                .with(C5_STRICT_CLRSTATUS, NO_STANDALONE_FUNCTIONAL_DESCRIPTOR)
                .without(CLRSTATUS_MAKES_ERROR)
                .add();
        classic("gd32vf103", 0x1000, "3CBJ", List.of(k(128, 1)), erase(1, 40), 2, 52_500)
                .ids(0x28e9, 0x0189)
                .layouts(gd32Layouts.toArray(String[]::new))
                .options(f1Options)
                .times(Busy.AFTER_FIRST_STATUS, 100, 104)
                .with(EIGHT_BIT_SERIAL, LEAVE_WITHOUT_STATUS)
                .without(ERROR_AT_START)
                .add();
        classic("at32f415", 0x0200, "AT32", List.of(k(128, 1)), erase(1, 40), 4, 50_000)
                .ids(0x2e3c, 0xdf11)
                .layouts("@Internal Flash  /0x08000000/ 128*1Kg", "@Option Byte   /0x1FFFF800/02*016 e")
                .options(areas("option bytes", 0x1ffff800L, 32))
                .without(ERROR_AT_START)
                .add();
        classic("at32f437", 0x0200, "AT32", List.of(k(1008, 4)), erase(4, 40), 4, 50_000)
                .ids(0x2e3c, 0xdf11)
                .layouts("@Internal Flash   /0x08000000/08*04Ka,1000*04Kg", "@Option byte   /0x1FFFC000/01*512g")
                .options(areas("option bytes", 0x1fffc000L, 512))
                .without(ERROR_AT_START)
                .add();
        classic("dso-nano", 0x0200, "001", List.of(k(128, 1)), erase(1, 20), 2, 52_500)
                .layouts("@Internal Flash  /0x08000000/12*001Ka,116*001Kg")
                .protocol(0)
                .without(ERROR_AT_START)
                .add();
    }

    static Map<String, RomProfile> all() {
        return ALL;
    }

    /** Whether an initial stack pointer is less than 16 bytes below the end of one of an STM32H7's RAMs, or at it. */
    static boolean isStackTooHigh(long stack) {
        return H7_RAM_ENDS.stream().anyMatch(end -> stack > end - 16 && stack <= end);
    }

    private static Run k(int count, int kib) {
        return new Run(count, kib * KIB);
    }

    private static Map<Integer, Integer> erase(int... kibAndMillis) {
        Map<Integer, Integer> result = new TreeMap<>();
        for (int i = 0; i < kibAndMillis.length; i += 2) {
            result.put(kibAndMillis[i] * KIB, kibAndMillis[i + 1]);
        }
        return result;
    }

    private static Map<String, long[]> areas(Object... nameStartSize) {
        Map<String, long[]> result = new TreeMap<>();
        for (int i = 0; i < nameStartSize.length; i += 3) {
            result.put(
                    (String) nameStartSize[i],
                    new long[] {(Long) nameStartSize[i + 1], (Integer) nameStartSize[i + 2]});
        }
        return result;
    }

    private static Row classic(
            String name,
            int release,
            String serial,
            List<Run> flash,
            Map<Integer, Integer> erase,
            int word,
            int nanos) {
        return new Row(name, release, 2048, "STM32  BOOTLOADER", serial, flash, erase, word, nanos);
    }

    private static Row newer(
            String name, String serial, List<Run> flash, Map<Integer, Integer> erase, int word, int nanos) {
        return new Row(name, 0x0200, 1024, "DFU in FS Mode", serial, flash, erase, word, nanos)
                .flash(Rule.AND_BREAKS_ECC)
                .times(Busy.IN_FIRST_STATUS, 1, 4);
    }

    /** A row of the table while it is written. */
    private static final class Row {
        private final String name;
        private final int release;
        private final int transferSize;
        private final String productName;
        private final String serial;
        private final List<Run> flash;
        private final Map<Integer, Integer> erase;
        private final int word;
        private final int wordNanos;
        private final List<String> layouts = new java.util.ArrayList<>();
        private final Set<Habit> habits = new java.util.TreeSet<>(CLASSIC);
        private int vendor = 0x0483;
        private int product = 0xdf11;
        private int protocol = 2;
        private Rule rule = Rule.AND;
        private Map<String, long[]> options = Map.of();
        private Busy busy = Busy.AFTER_FIRST_STATUS;
        private int commandPoll = 100;
        private int dataPoll = 104;

        Row(
                String name,
                int release,
                int transferSize,
                String productName,
                String serial,
                List<Run> flash,
                Map<Integer, Integer> erase,
                int word,
                int wordNanos) {
            this.name = name;
            this.release = release;
            this.transferSize = transferSize;
            this.productName = productName;
            this.serial = serial;
            this.flash = flash;
            this.erase = erase;
            this.word = word;
            this.wordNanos = wordNanos;
        }

        Row ids(int idVendor, int idProduct) {
            vendor = idVendor;
            product = idProduct;
            return this;
        }

        Row protocol(int number) {
            protocol = number;
            return this;
        }

        Row layouts(String... strings) {
            layouts.addAll(List.of(strings));
            return this;
        }

        Row options(Map<String, long[]> areas) {
            options = areas;
            return this;
        }

        Row flash(Rule programming) {
            rule = programming;
            return this;
        }

        Row times(Busy how, int command, int data) {
            busy = how;
            commandPoll = command;
            dataPoll = data;
            return this;
        }

        Row with(Habit... more) {
            habits.addAll(List.of(more));
            return this;
        }

        Row without(Habit fewer) {
            habits.remove(fewer);
            return this;
        }

        void add() {
            ALL.put(
                    name,
                    new RomProfile(
                            name,
                            vendor,
                            product,
                            release,
                            protocol,
                            transferSize,
                            productName,
                            serial,
                            List.copyOf(layouts),
                            flash,
                            word,
                            rule,
                            options,
                            erase,
                            wordNanos,
                            busy,
                            commandPoll,
                            dataPoll,
                            habits));
        }
    }
}
