package io.github.dfu4j.image.internal;

import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.DfuEnvelope;
import io.github.dfu4j.image.DfuPrefix;
import io.github.dfu4j.image.DfuSuffix;
import io.github.dfu4j.image.Finding;
import io.github.dfu4j.image.FirmwareFile;
import io.github.dfu4j.image.FirmwareFormat;
import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareSource;
import io.github.dfu4j.image.ReadContext;
import java.io.IOException;
import java.util.Arrays;
import java.util.OptionalLong;

/** A plain DFU file: a flat binary with a DFU suffix, or with a Stellaris or LPC prefix, or with both (DFU 1.1, appendix B). */
public final class DfuFormat implements FirmwareFormat {

    @Override
    public String name() {
        return "dfu";
    }

    @Override
    public boolean recognises(FirmwareSource source) throws IOException {
        return DfuSuffix.find(source).isPresent() || DfuPrefix.find(source).isPresent();
    }

    @Override
    public FirmwareFile read(FirmwareSource source, ReadContext context) throws IOException {
        DfuEnvelope envelope = DfuEnvelope.open(source);
        FirmwareSource payload = envelope.payload();
        byte[] head = new byte[5];
        if (payload.read(0, head, 0, 5) == 5 && Arrays.equals(head, new byte[] {'D', 'f', 'u', 'S', 'e'})) {
            throw new FirmwareFormatException(
                    source.name(), "offset 0x0", "is a DfuSe file: add the DfuSe format to the reader");
        }
        OptionalLong base = context.base();
        if (envelope.prefix().isPresent() && envelope.prefix().get() instanceof DfuPrefix.Stellaris s) {
            base = OptionalLong.of(s.address());
        } else if (!base.isPresent()) {
            context.add(BinaryFormat.noAddress());
        }
        FirmwareImage image = BinaryFormat.read(payload, context, base.orElse(0), name());
        envelope.checkCrc();
        remark(envelope, payload, base.orElse(0), context);
        return FirmwareFile.of(image).with(envelope.prefix(), envelope.suffix());
    }

    private static void remark(DfuEnvelope envelope, FirmwareSource payload, long base, ReadContext context)
            throws IOException {
        if (envelope.suffix().isPresent()) {
            DfuSuffix suffix = envelope.suffix().get();
            if (suffix.length() > DfuSuffix.SIZE) {
                context.add(
                        Finding.note("long-suffix", "the DFU suffix has " + suffix.length() + " bytes instead of 16"));
            }
            if (suffix.bcdDfu() == 0x011a) {
                context.add(Finding.warning(
                        "not-dfuse", "the DFU suffix says DfuSe (bcdDFU 0x011A), but the file holds plain firmware"));
            } else if (suffix.bcdDfu() != 0x0100 && suffix.bcdDfu() != 0x0110) {
                context.add(Finding.warning(
                        "bcd-dfu",
                        String.format("the DFU suffix says bcdDFU 0x%04X; 0x0100 was expected", suffix.bcdDfu())));
            }
        } else {
            context.add(Finding.note("no-suffix", "there is a prefix, but no DFU suffix"));
        }
        if (envelope.prefix().isPresent() && envelope.prefix().get() instanceof DfuPrefix.Lpc lpc) {
            int blocks = DfuPrefix.Lpc.forLength(payload.size()).blocks();
            if (lpc.blocks() != blocks) {
                context.add(Finding.warning(
                        "lpc-length",
                        "the LPC prefix counts " + lpc.blocks() + " blocks of 512 bytes, but " + blocks + " follow"));
            }
        }
        for (FirmwareFormat inner :
                Arrays.asList(new ElfFormat(), new IntelHexFormat(), new SRecordFormat(), new Uf2Format())) {
            if (inner.recognises(payload)) {
                context.add(Finding.warning(
                        "inner-format",
                        "what is inside looks like " + inner.name()
                                + ", which a device cannot run as it is; it is taken as a flat binary from "
                                + AddressRange.hex(base) + " on"));
            }
        }
    }
}
