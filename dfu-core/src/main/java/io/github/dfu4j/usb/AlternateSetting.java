package io.github.dfu4j.usb;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * One alternate setting of an interface, as its interface descriptor says (USB 2.0 §9.6.5), with the class-specific descriptors that
 * follow it.
 *
 * @param interfaceNumber {@code bInterfaceNumber}
 * @param number {@code bAlternateSetting}
 * @param interfaceClass {@code bInterfaceClass}
 * @param interfaceSubclass {@code bInterfaceSubClass}
 * @param protocol {@code bInterfaceProtocol}
 * @param nameIndex {@code iInterface}: index of the string that names it, 0 for none
 * @param extra the other descriptors up to the next interface descriptor, each whole with its {@code bLength}; endpoint descriptors
 *     among them
 */
public record AlternateSetting(
        int interfaceNumber,
        int number,
        int interfaceClass,
        int interfaceSubclass,
        int protocol,
        int nameIndex,
        List<RawDescriptor> extra) {

    /** Copies the list. */
    public AlternateSetting {
        extra = Collections.unmodifiableList(new ArrayList<>(extra));
    }

    /** Whether this is a DFU interface by class (0xFE, application specific) and subclass (0x01, device firmware upgrade). */
    public boolean isDfu() {
        return interfaceClass == 0xfe && interfaceSubclass == 0x01;
    }
}
