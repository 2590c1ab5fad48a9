package io.github.dfu4j.trust.internal;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import io.github.dfu4j.image.FirmwareFormatException;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The part of JSON that manifests use: objects, arrays, strings and whole numbers, read strictly and within bounds, written as RFC
 * 8785 says.
 */
public final class Json {

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(8)
                    .maxNumberLength(16)
                    .maxStringLength(1024)
                    .maxNameLength(256)
                    .maxTokenCount(100_000)
                    .build())
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .build();

    /** The largest whole number that every JSON reader keeps exactly (RFC 8785 §3.2.2.3). */
    private static final long MAX_NUMBER = (1L << 53) - 1;

    private Json() {}

    /**
     * Reads one object.
     *
     * @param limit the most bytes to look at
     */
    public static Obj parse(String source, byte[] json, int limit) throws FirmwareFormatException {
        if (json.length > limit) {
            throw new FirmwareFormatException(
                    source, "", "holds " + json.length + " bytes, more than the " + limit + " allowed");
        }
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(json))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new FirmwareFormatException(source, "", "expected JSON in UTF-8, found bytes that are not UTF-8");
        }
        try (JsonParser parser = FACTORY.createParser(text)) {
            parser.nextToken();
            Object value = value(source, parser);
            if (parser.nextToken() != null) {
                throw at(source, parser, "expected the end of the file after the JSON object");
            }
            return new Obj(source, "", value);
        } catch (JsonProcessingException e) {
            String place = e.getLocation() == null
                    ? ""
                    : "line " + e.getLocation().getLineNr() + ", column "
                            + e.getLocation().getColumnNr();
            throw new FirmwareFormatException(
                    source, place, "not the JSON expected: " + Text.visible(e.getOriginalMessage()));
        } catch (FirmwareFormatException e) {
            throw e;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Object value(String source, JsonParser parser) throws IOException {
        JsonToken token = parser.currentToken();
        if (token == JsonToken.START_OBJECT) {
            Map<String, Object> object = new TreeMap<>();
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String name = parser.currentName();
                parser.nextToken();
                object.put(name, value(source, parser));
            }
            return object;
        }
        if (token == JsonToken.START_ARRAY) {
            List<Object> array = new ArrayList<>();
            while (parser.nextToken() != JsonToken.END_ARRAY) {
                array.add(value(source, parser));
            }
            return array;
        }
        if (token == JsonToken.VALUE_STRING) {
            return parser.getText();
        }
        if (token == JsonToken.VALUE_NUMBER_INT && parser.getNumberType() != JsonParser.NumberType.BIG_INTEGER) {
            return parser.getLongValue();
        }
        String found = token == null ? "the end of the file" : Text.quoted(parser.getText());
        throw at(source, parser, "expected an object, an array, a string or a whole number, found " + found);
    }

    private static FirmwareFormatException at(String source, JsonParser parser, String message) {
        return new FirmwareFormatException(
                source,
                "line " + parser.currentTokenLocation().getLineNr() + ", column "
                        + parser.currentTokenLocation().getColumnNr(),
                message);
    }

    /** An object of which every member has to be asked for. */
    public static final class Obj {
        private final String source;
        private final String path;
        private final Map<?, ?> members;

        private Obj(String source, String path, Object value) throws FirmwareFormatException {
            this.source = source;
            this.path = path;
            if (!(value instanceof Map<?, ?> m)) {
                throw new FirmwareFormatException(source, path, "expected an object, found " + words(value));
            }
            this.members = new TreeMap<>(m);
        }

        /** A fault in a member of this object. */
        public FirmwareFormatException fault(String name, String message) {
            return new FirmwareFormatException(source, at(name), message);
        }

        private String at(String name) {
            return path.isEmpty() ? name : path + "." + name;
        }

        private Object take(String name) throws FirmwareFormatException {
            Object value = members.remove(name);
            if (value == null) {
                throw fault(name, "is missing");
            }
            return value;
        }

        /** Takes a member that is a string. */
        public String string(String name) throws FirmwareFormatException {
            Object value = take(name);
            if (value instanceof String text) {
                return text;
            }
            throw fault(name, "expected a string, found " + words(value));
        }

        /** Takes a member that is a whole number from 0 to 2<sup>53</sup>−1. */
        public long number(String name) throws FirmwareFormatException {
            Object value = take(name);
            if (value instanceof Long number && number >= 0 && number <= MAX_NUMBER) {
                return number;
            }
            throw fault(name, "expected a whole number from 0 to " + MAX_NUMBER + ", found " + words(value));
        }

        /** Takes a member that is an object. */
        public Obj object(String name) throws FirmwareFormatException {
            return new Obj(source, at(name), take(name));
        }

        /** Takes a member that is an array of objects. */
        public List<Obj> objects(String name) throws FirmwareFormatException {
            List<Obj> result = new ArrayList<>();
            for (Object element : array(name)) {
                result.add(new Obj(source, at(name) + "[" + result.size() + "]", element));
            }
            return result;
        }

        /** Takes a member that is an array of strings. */
        public List<String> strings(String name) throws FirmwareFormatException {
            List<String> result = new ArrayList<>();
            for (Object element : array(name)) {
                if (!(element instanceof String text)) {
                    throw fault(name + "[" + result.size() + "]", "expected a string, found " + words(element));
                }
                result.add(text);
            }
            return result;
        }

        private List<?> array(String name) throws FirmwareFormatException {
            Object value = take(name);
            if (value instanceof List<?> array) {
                return array;
            }
            throw fault(name, "expected an array, found " + words(value));
        }

        private static String words(Object value) {
            if (value instanceof String text) {
                return Text.quoted(text);
            }
            return value instanceof Map ? "an object" : value instanceof List ? "an array" : value.toString();
        }

        /** The names of the members not taken yet. */
        public List<String> names() {
            List<String> names = new ArrayList<>();
            members.keySet().forEach(name -> names.add((String) name));
            return Collections.unmodifiableList(names);
        }

        /** Checks that no member is left. */
        public void end() throws FirmwareFormatException {
            if (!members.isEmpty()) {
                throw fault(Text.shown(names().get(0)), "is not a member of this format");
            }
        }
    }

    /**
     * Writes a value in canonical form: members in the order of their names, no white space (RFC 8785).
     *
     * @param value a map, a list, a string or a long
     */
    public static byte[] write(Object value) {
        // to a Writer: into bytes, Jackson would escape characters beyond the 16-bit plane
        StringWriter out = new StringWriter();
        try (JsonGenerator generator = FACTORY.createGenerator(out)) {
            write(value, generator);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return out.toString().getBytes(StandardCharsets.UTF_8);
    }

    private static void write(Object value, JsonGenerator generator) throws IOException {
        if (value instanceof Map<?, ?> map) {
            generator.writeStartObject();
            // TreeMap orders strings by UTF-16 code units, as RFC 8785 §3.2.3 asks
            for (Map.Entry<?, ?> member : new TreeMap<>(map).entrySet()) {
                generator.writeFieldName((String) member.getKey());
                write(member.getValue(), generator);
            }
            generator.writeEndObject();
        } else if (value instanceof List<?> list) {
            generator.writeStartArray();
            for (Object element : list) {
                write(element, generator);
            }
            generator.writeEndArray();
        } else if (value instanceof Long number) {
            generator.writeNumber(number);
        } else {
            generator.writeString((String) value);
        }
    }
}
