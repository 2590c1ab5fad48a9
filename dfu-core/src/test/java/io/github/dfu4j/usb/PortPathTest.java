package io.github.dfu4j.usb;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PortPathTest {

    @Property
    void what_is_written_reads_back_as_the_same_path(
            @ForAll @IntRange(min = 0, max = 999) int bus,
            @ForAll @Size(max = 7) List<@IntRange(min = 1, max = 255) Integer> ports) {
        PortPath path = new PortPath(bus, ports);

        assertThat(PortPath.parse(path.toString())).isEqualTo(path);
    }

    @Property
    void paths_sort_by_bus_and_then_port_by_port(
            @ForAll @IntRange(min = 1, max = 3) int busA,
            @ForAll @Size(max = 3) List<@IntRange(min = 1, max = 12) Integer> portsA,
            @ForAll @IntRange(min = 1, max = 3) int busB,
            @ForAll @Size(max = 3) List<@IntRange(min = 1, max = 12) Integer> portsB) {
        PortPath a = new PortPath(busA, portsA);
        PortPath b = new PortPath(busB, portsB);

        assertThat(Integer.signum(a.compareTo(b))).isEqualTo(-Integer.signum(b.compareTo(a)));
        assertThat(a.compareTo(b) == 0).isEqualTo(a.equals(b));
        assertThat(new PortPath(1, Arrays.asList(2))).isLessThan(new PortPath(1, Arrays.asList(10)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "1", "-1", "1-", "1-a", "1-2.", "1-.2", "1--2", "a-1", "1-2.0", "1-2.-3", "99999999999-1"})
    void anything_else_is_refused_and_shown(String text) {
        assertThatThrownBy(() -> PortPath.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("such as 1-2.3")
                .hasMessageContaining("\"" + text + "\"");
    }

    @org.junit.jupiter.api.Test
    void a_root_hub_is_written_as_port_0() {
        assertThat(new PortPath(3, Collections.emptyList())).hasToString("3-0");
    }
}
