package io.github.dfu4j.dfuse;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.image.FirmwareVerifier;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

class FlashOptionsTest {

    private static final FirmwareVerifier VERIFIER = (image, target) -> "good";

    private static Map<String, Object> settings(FlashOptions o) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("verify", o.verify());
        all.put("skipUnchanged", o.skipUnchanged());
        all.put("skipBlank", o.skipBlank());
        all.put("keepNeighbours", o.keepNeighbours());
        all.put("massErase", o.massErase());
        all.put("optionBytes", o.optionBytes());
        all.put("readUnprotect", o.readUnprotect());
        all.put("bootloaderRegion", o.bootloaderRegion());
        all.put("restartSafe", o.restartSafe());
        all.put("verifier", o.verifier());
        all.put("leave", o.leave());
        all.put("leaveAddress", o.leaveAddress());
        all.put("alternate", o.alternate());
        all.put("deadline", o.deadline());
        return all;
    }

    private static Map<String, Object> safeAndQuick() {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("verify", true);
        all.put("skipUnchanged", true);
        all.put("skipBlank", true);
        all.put("keepNeighbours", true);
        all.put("massErase", false);
        all.put("optionBytes", false);
        all.put("readUnprotect", false);
        all.put("bootloaderRegion", false);
        all.put("restartSafe", false);
        all.put("verifier", Optional.empty());
        all.put("leave", false);
        all.put("leaveAddress", OptionalLong.empty());
        all.put("alternate", OptionalInt.empty());
        all.put("deadline", Optional.empty());
        return all;
    }

    @Test
    void the_defaults_are_the_safe_and_quick_way() {
        assertThat(settings(FlashOptions.DEFAULT)).isEqualTo(safeAndQuick());
    }

    @Test
    void each_setting_is_kept_and_changes_no_other_and_makes_unequal_options() {
        changes("verify", false, o -> o.withVerify(false));
        changes("skipUnchanged", false, o -> o.withSkipUnchanged(false));
        changes("skipBlank", false, o -> o.withSkipBlank(false));
        changes("keepNeighbours", false, o -> o.withKeepNeighbours(false));
        changes("massErase", true, o -> o.withMassErase(true));
        changes("optionBytes", true, o -> o.withOptionBytes(true));
        changes("readUnprotect", true, o -> o.withReadUnprotect(true));
        changes("bootloaderRegion", true, o -> o.withBootloaderRegion(true));
        changes("restartSafe", true, o -> o.withRestartSafe(true));
        changes("verifier", Optional.of(VERIFIER), o -> o.withVerifier(VERIFIER));
        changes("leave", true, o -> o.withLeave(true));
        changes("alternate", OptionalInt.of(2), o -> o.withAlternate(2));
        changes("deadline", Optional.of(Duration.ofMinutes(1)), o -> o.withDeadline(Duration.ofMinutes(1)));
    }

    private static void changes(String name, Object value, Function<FlashOptions, FlashOptions> set) {
        Map<String, Object> expected = safeAndQuick();
        expected.put(name, value);
        FlashOptions changed = set.apply(FlashOptions.DEFAULT);
        assertThat(settings(changed)).isEqualTo(expected);
        assertThat(changed)
                .isNotEqualTo(FlashOptions.DEFAULT)
                .isEqualTo(set.apply(FlashOptions.DEFAULT))
                .hasSameHashCodeAs(set.apply(FlashOptions.DEFAULT));
        assertThat(settings(FlashOptions.DEFAULT)).isEqualTo(safeAndQuick());
    }

    @Test
    void an_address_to_start_from_means_that_the_device_leaves() {
        FlashOptions options = FlashOptions.DEFAULT.withLeaveAddress(0x0800_4000L);
        assertThat(options.leave()).isTrue();
        assertThat(options.leaveAddress()).hasValue(0x0800_4000L);
        assertThat(options).isNotEqualTo(FlashOptions.DEFAULT.withLeave(true));
    }
}
