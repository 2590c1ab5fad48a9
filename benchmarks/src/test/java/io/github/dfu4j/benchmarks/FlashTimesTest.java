package io.github.dfu4j.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;

class FlashTimesTest {

    @Test
    void no_more_than_a_twentieth_of_the_time_is_the_hosts() throws Exception {
        List<FlashTimes.Row> rows = FlashTimes.measure();
        ByteArrayOutputStream table = new ByteArrayOutputStream();
        FlashTimes.print(rows, new PrintStream(table, true, StandardCharsets.UTF_8));
        for (FlashTimes.Row row : rows) {
            assertThat(row.plain().ratio()).as("%s", row).isLessThanOrEqualTo(1.05);
            assertThat(row.checked().ratio()).as("%s", row).isLessThanOrEqualTo(1.05);
            // Three runs, since the vector table goes last, instead of one; and the polls of a device that is one
            // behind.
            assertThat(row.plain().transfers())
                    .as("%s", row)
                    .isLessThanOrEqualTo(row.dfuUtil().transfers());
            if (row.board().startsWith("stm32f4") || row.board().startsWith("stm32g4")) {
                assertThat(row.plain().transfers()).as("%s", row).isBetween(row.least(), row.least() + 15);
            }
            // The Daisy bootloader's flash is the limit of both; only ours waits until its last block is programmed.
            Duration dfuUtil = row.dfuUtil().elapsed().plusMillis(row.board().equals("daisy") ? 500 : 0);
            assertThat(row.plain().elapsed()).as("%s", row).isLessThan(dfuUtil);
        }
        assertThat(table.toString(StandardCharsets.UTF_8).lines()).hasSize(rows.size() + 2);
    }
}
