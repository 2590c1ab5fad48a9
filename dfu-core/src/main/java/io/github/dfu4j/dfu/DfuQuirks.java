package io.github.dfu4j.dfu;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** The oddities of devices that speak plain DFU, and of descriptors. */
final class DfuQuirks {

    /**
     * One row a line: id; ids as vendor:product or vendor:first-last, several separated by blanks; condition, if any; traits; device;
     * reason; source.
     */
    private static final String TABLE = """
            openmoko; 1d50:5117-5126 1457:5117-5126; ; POLL_TIMEOUT=5; Openmoko Neo 1973, FreeRunner and other Openmoko devices; \
            The poll times they report have nothing to do with how long they take.; dfu-util 0.11 quirks.c
            freerunner; 1d50:5119; ; SAME_IDS_IN_BOTH_MODES NO_RUN_TIME NO_STATUS_IN_UPLOAD; Openmoko FreeRunner (GTA02); \
            The bootloader is reached by a button, and a status request during an upload ends it.; fwupd dfu.quirk
            openpcd; 16c0:076b 16c0:0762 16c0:076c; ; POLL_TIMEOUT=5; OpenPCD, SIMtrace and OpenPICC; \
            The poll times they report have nothing to do with how long they take.; dfu-util 0.11 quirks.c; fwupd dfu.quirk
            siemens-pxm; 0908:02c4 0908:02c5; release 0000; POLL_TIMEOUT=5; Siemens PXM 40 and PXM 50; \
            Old devices report bogus poll times.; dfu-util 0.11 quirks.c; fwupd dfu.quirk
            m-audio-transit; 0763:2806; ; POLL_TIMEOUT=5 MANIFEST_DELAY=1000; M-Audio Transit (TAS1020B); \
            It reports bogus poll times, and its chip needs a second before it can be asked during manifestation.; \
            dfu-util 0.11 quirks.c and dfu_load.c
            maple3; 1eaf:0003; release 0200; DFU_VERSION=0x0110; Leaflabs Maple, revisions 3 and 5; \
            The bootloader says version 1.1a and speaks plain DFU 1.1.; dfu-util 0.11 quirks.c; fwupd dfu.quirk
            lpc-protocol-1; 1fc9:000c; protocol 1; DFU_MODE; NXP LPC DFU bootloader; \
            The bootloader's interface says run-time mode.; dfu-util 0.11 dfu_util.c; fwupd dfu.quirk
            jabra; 0b0e:0411 0b0e:0421 0b0e:0982 0b0e:0971; ; SAME_IDS_IN_BOTH_MODES NO_UPLOAD EXTRA_RESET; \
            Jabra Speak 410, 510, 710 and 810; Both modes have the same ids, upload does not work, and the device needs a reset \
            after its own to start the application.; fwupd dfu.quirk
            m-stack; 273f:1003 273f:1008 273f:100a; ; ATTACH_NEEDS_TRANSFER; M-Stack DFU (ColorHug and others); \
            The device returns to its application only after an upload or a download.; fwupd dfu.quirk
            hydrabus; 1d50:60a7; ; NO_RUN_TIME; HydraBus; The bootloader is reached by a button only.; fwupd dfu.quirk
            black-magic; 1d50:6017; ; BUSY_WITHOUT_END; Black Magic Probe; \
            It can stay busy for ever with a poll time of 0.; dfu-util 0.11 dfuse.c
            realtek-camera; 0bda:5850 0bda:5855 0bda:58fe; ; COUNTERPART=0x0bda5800; Realtek USB cameras, application; \
            In DFU mode the camera has other ids.; fwupd dfu.quirk
            realtek-camera-dfu; 0bda:5800; ; DETACH_TO_ATTACH; Realtek USB cameras, DFU mode; \
            DFU_DETACH takes it back to the application.; fwupd dfu.quirk
            poly-studio; 095d:9217 095d:9160; ; POLL_IN_MANIFEST NO_BUS_RESET ZERO_POLL_TIMEOUT DETACH_INDEX_BIT \
            RETURN_TIME=60000; Poly Studio USB and ULCC; %POLY%
            poly-studio-dfu; 095d:9218 095d:927b; ; POLL_IN_MANIFEST NO_BUS_RESET ZERO_POLL_TIMEOUT RETURN_TIME=60000; \
            Poly Studio USB and ULCC, DFU mode; %POLY%
            poly-cube; 095d:9212 095d:9213; ; POLL_IN_MANIFEST ZERO_POLL_TIMEOUT RETURN_TIME=30000; Poly Eagle Eye Cube; %POLY%
            poly-p15-r30; 095d:9290 095d:92b2 095d:92b4; ; POLL_IN_MANIFEST ZERO_POLL_TIMEOUT DETACH_INDEX_BIT \
            RETURN_TIME=60000; Poly Studio P15 and R30; %POLY%
            poly-p15-r30-dfu; 095d:9291 095d:92b3; ; POLL_IN_MANIFEST ZERO_POLL_TIMEOUT RETURN_TIME=60000; \
            Poly Studio P15 and R30, DFU mode; %POLY%
            poly-mini-p5-p21; 095d:3001 095d:3002 095d:9296 095d:9297 095d:9298 095d:9299; ; POLL_IN_MANIFEST \
            ZERO_POLL_TIMEOUT RETURN_TIME=9000; Poly Eagle Eye Mini, Studio P5 and P21; %POLY%
            poly-e70; 095d:92a1; ; POLL_IN_MANIFEST ZERO_POLL_TIMEOUT DETACH_INDEX_BIT RETURN_TIME=90000; Poly Studio E70; %POLY%
            poly-e70-dfu; 095d:92a2; ; POLL_IN_MANIFEST ZERO_POLL_TIMEOUT RETURN_TIME=90000; Poly Studio E70, DFU mode; %POLY%
            poly-v; 095d:92c6 095d:92c8 095d:92d8 095d:92da 095d:92d2 095d:92d4; ; POLL_IN_MANIFEST ZERO_POLL_TIMEOUT \
            DETACH_INDEX_BIT RETURN_TIME=180000; Poly Studio V12, V52 and V72; %POLY%
            poly-v-dfu; 095d:92c7 095d:92d9 095d:92d3; ; POLL_IN_MANIFEST ZERO_POLL_TIMEOUT RETURN_TIME=180000; \
            Poly Studio V12, V52 and V72, DFU mode; %POLY%
            aver-atlas; 34ad:0006; ; DETACH_TO_ATTACH RETURN_TIME=60000; AVer Atlas camera; %AWAY%
            aver-cam520; 2574:0a30; ; DETACH_TO_ATTACH RETURN_TIME=180000; AVer CAM520 Pro2; %AWAY%
            flatfrog; 25b5:0004; ; POLL_IN_MANIFEST DETACH_TO_ATTACH NO_UPLOAD; FlatFrog touch board; \
            It wants to be polled during manifestation, returns by DFU_DETACH, and cannot upload.; fwupd dfu.quirk
            sunplus; 1bcf:0b1d; ; DETACH_TO_ATTACH NO_UPLOAD POLL_TIMEOUT=5; SunplusIT USB camera; \
            It returns by DFU_DETACH, cannot upload, and reports bogus poll times.; fwupd dfu.quirk
            sunplus-sonix; 1bcf:0b1e 1bcf:0b22 0c45:636c-636f 0c45:6373-6374; ; DETACH_TO_ATTACH NO_UPLOAD; \
            SunplusIT and Sonix USB cameras; They return by DFU_DETACH and cannot upload.; fwupd dfu.quirk
            fpc; 10a5:ffe0-ffe1 10a5:9800 10a5:d805; ; NOT_DFU; FPC fingerprint readers; \
            The interface looks like DFU and speaks a protocol of the vendor's.; fwupd dfu.quirk
            """.replace(
                    "%POLY%",
                    "It wants to be polled during manifestation, means a poll time of 0, and takes its time to come back."
                            + "; fwupd dfu.quirk")
            .replace("%AWAY%", "It returns by DFU_DETACH and takes its time to come back.; fwupd dfu.quirk");

    private DfuQuirks() {}

    static List<Quirk> rows() {
        List<Quirk> rows = new ArrayList<>();
        rows.add(Quirk.row("dfuse-protocol-0", "DSO Nano and other early DfuSe bootloaders")
                .when(
                        "bcdDFUVersion 1.1a with interface protocol 0",
                        i -> i.protocol() == 0 && i.functional().isDfuSe())
                .says(Trait.DFU_MODE)
                .because("The interface protocol is 0, as DFU 1.0 had it, in a bootloader that speaks DfuSe.")
                .source("dfu-util 0.11 dfu_util.c"));
        rows.add(Quirk.row("jabra-protocol-0", "Jabra headsets, old firmware")
                .whenIds("0b0e:0000-ffff")
                .and(
                        "interface protocol 0 and no other interface",
                        i -> i.protocol() == 0
                                && i.device().alternates().stream().allMatch(a -> a.interfaceNumber() == i.number()))
                .says(Trait.DFU_MODE)
                .because("Old firmware says protocol 0 in DFU mode.")
                .source("dfu-util 0.11 dfu_util.c"));
        rows.add(Quirk.row("dfu-1.0", "devices of DFU 1.0, and those without a functional descriptor")
                .when(
                        "functional descriptor of 7 bytes, or none",
                        i -> !i.hasFunctional() || (i.functional().version() == 0x0100 && i.protocol() == 0))
                .says(Trait.DFU_VERSION, 0x0100)
                .because(
                        "DFU 1.0 has no version field and no protocol number for DFU mode; blocks are 64 bytes if nothing is said.")
                .source("dfu-util 0.11 dfu_util.c"));
        for (String line : TABLE.trim().split("\n", -1)) {
            rows.add(parse(line.split("; *", 7)));
        }
        return rows;
    }

    private static Quirk parse(String[] column) {
        Quirk.Builder row = Quirk.row(column[0], column[4]).whenIds(column[1]);
        if (!column[2].isEmpty()) {
            String[] condition = column[2].split(" ", -1);
            int number = Integer.parseInt(condition[1], 16);
            boolean release = condition[0].equals("release");
            Predicate<DfuInterface> test = i -> (release ? i.device().releaseNumber() : i.protocol()) == number;
            row.and((release ? "bcdDevice " : "interface protocol ") + condition[1], test);
        }
        for (String trait : column[3].split(" +", -1)) {
            String[] fact = trait.split("=", -1);
            row.says(Trait.valueOf(fact[0]), fact.length > 1 ? Long.decode(fact[1]) : 0);
        }
        return row.because(column[5]).source(column[6]);
    }
}
