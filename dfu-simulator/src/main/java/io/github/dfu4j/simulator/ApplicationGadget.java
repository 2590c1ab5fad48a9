package io.github.dfu4j.simulator;

import io.github.dfu4j.simulator.internal.Descriptors;
import io.github.dfu4j.usb.ControlSetup;

/** An application with a USB device of its own, which has nothing to do with DFU. */
final class ApplicationGadget extends Gadget {

    private final int vendor;
    private final int product;
    private final String name;

    ApplicationGadget(VirtualBoard board, int vendor, int product, String name) {
        super(
                board,
                new Descriptors.Builder(vendor, product, 0x0100)
                        .names(null, name, null)
                        .interfaceClass(0xff, 0, 0)
                        .build());
        this.vendor = vendor;
        this.product = product;
        this.name = name;
    }

    @Override
    String words() {
        return "application \"" + name + "\"";
    }

    @Override
    Reply classRequest(ControlSetup setup, byte[] out) {
        return Reply.STALL;
    }

    @Override
    void busReset() {}

    @Override
    Gadget again() {
        return new ApplicationGadget(board, vendor, product, name);
    }
}
