package io.github.dfu4j.dfu;

import java.util.ArrayList;
import java.util.List;

/** The oddities of devices that speak plain DFU, and of descriptors. */
final class DfuQuirks {

    private DfuQuirks() {}

    static List<Quirk> rows() {
        List<Quirk> rows = new ArrayList<>();
        rows.add(Quirk.row("dfuse-protocol-0", "DSO Nano and other early DfuSe bootloaders")
                .when(
                        "bcdDFUVersion 1.1a with interface protocol 0",
                        i -> i.protocol() == 0 && i.functional().isDfuSe())
                .says(Trait.DFU_MODE)
                .because("The interface protocol is 0, as DFU 1.0 had it, in a bootloader that speaks DfuSe.")
                .source("dfu-util 0.11, dfu_util.c"));
        rows.add(Quirk.row("lpc-protocol-1", "NXP LPC DFU bootloader")
                .whenIds(0x1fc9, 0x000c)
                .and("interface protocol 1", i -> i.protocol() == 1)
                .says(Trait.DFU_MODE)
                .because("The bootloader's interface says run-time mode.")
                .source("dfu-util 0.11, dfu_util.c; fwupd dfu.quirk"));
        rows.add(Quirk.row("jabra-protocol-0", "Jabra headsets")
                .whenIds(0x0b0e, 0x0000, 0xffff)
                .and(
                        "interface protocol 0 and no other interface",
                        i -> i.protocol() == 0
                                && i.device().alternates().stream().allMatch(a -> a.interfaceNumber() == i.number()))
                .says(Trait.DFU_MODE)
                .because("Old firmware says protocol 0 in DFU mode.")
                .source("dfu-util 0.11, dfu_util.c"));
        return rows;
    }
}
