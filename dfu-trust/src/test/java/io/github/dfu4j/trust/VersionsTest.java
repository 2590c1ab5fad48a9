package io.github.dfu4j.trust;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dfu4j.image.FirmwareFormatException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class VersionsTest {

    @ParameterizedTest
    @CsvSource({
        "1.9.0, 1.10.0, -1",
        "1.2, 1.2.0, 0",
        "1.2.0-rc.1, 1.2.0, -1",
        "1.2.0-rc.2, 1.2.0-rc.10, -1",
        "2024.11.3, 2024.2.28, 1",
        "0.9.9.9, 1, -1",
        "999999999, 1, 1"
    })
    void versions_are_ordered_number_by_number(String a, String b, int order) {
        assertThat(Integer.signum(new FirmwareVersion(a).compareTo(new FirmwareVersion(b))))
                .isEqualTo(order);
        assertThat(Integer.signum(new FirmwareVersion(b).compareTo(new FirmwareVersion(a))))
                .isEqualTo(-order);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "v1", "1.", "1..2", "1.2-", "4294967297", "1.2 ", "1.2-rc_1", "1.2+5", "-1", "1.٣"})
    void anything_else_is_no_version(String text) {
        assertThatThrownBy(() -> new FirmwareVersion(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("expected a version such as 1.12.0");
    }

    @Test
    void a_record_keeps_the_highest_version_of_each_firmware() throws Exception {
        VersionRecord record = VersionRecord.EMPTY
                .with("Birds", new FirmwareVersion("1.10.0"))
                .with("Birds", new FirmwareVersion("1.9.0"))
                .with("Frogs", new FirmwareVersion("2"));
        assertThat(record.versions())
                .isEqualTo(Map.of("Birds", new FirmwareVersion("1.10.0"), "Frogs", new FirmwareVersion("2")));
        assertThat(record.of("Newts")).isEmpty();
        assertThat(new String(record.toJson(), StandardCharsets.UTF_8))
                .isEqualTo("{\"format\":\"dfu4j-versions\",\"formatVersion\":1,"
                        + "\"versions\":{\"Birds\":\"1.10.0\",\"Frogs\":\"2\"}}");
        assertThat(VersionRecord.parse("r", record.toJson())).isEqualTo(record);
    }

    @Property
    void arbitrary_bytes_are_no_record(@ForAll @Size(max = 200) byte[] bytes) {
        assertThatThrownBy(() -> VersionRecord.parse("r", bytes)).isInstanceOf(FirmwareFormatException.class);
    }
}
