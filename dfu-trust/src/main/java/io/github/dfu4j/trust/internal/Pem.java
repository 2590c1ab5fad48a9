package io.github.dfu4j.trust.internal;

import io.github.dfu4j.image.FirmwareFormatException;
import java.io.IOException;
import java.io.StringReader;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.bouncycastle.util.io.pem.PemObject;
import org.bouncycastle.util.io.pem.PemReader;
import org.bouncycastle.util.io.pem.PemWriter;

/** PEM files (RFC 7468): text with base64 between BEGIN and END lines. */
public final class Pem {

    private Pem() {}

    /** Whether a file has a BEGIN line. */
    public static boolean looksLikeOne(byte[] file) {
        return new String(file, StandardCharsets.ISO_8859_1).contains("-----BEGIN ");
    }

    /** All blocks of a file; text around them does not count. */
    public static List<PemObject> blocks(String source, byte[] file) throws FirmwareFormatException {
        List<PemObject> blocks = new ArrayList<>();
        try (PemReader reader = new PemReader(new StringReader(new String(file, StandardCharsets.ISO_8859_1)))) {
            for (PemObject object = reader.readPemObject(); object != null; object = reader.readPemObject()) {
                blocks.add(object);
            }
        } catch (IOException | RuntimeException e) {
            throw new FirmwareFormatException(
                    source, "", "expected PEM: " + Text.visible(String.valueOf(e.getMessage())));
        }
        return blocks;
    }

    /** One block as text. */
    public static String write(String label, byte[] der) {
        StringWriter text = new StringWriter();
        try (PemWriter writer = new PemWriter(text)) {
            writer.writeObject(new PemObject(label, der));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return text.toString().replace("\r\n", "\n");
    }
}
