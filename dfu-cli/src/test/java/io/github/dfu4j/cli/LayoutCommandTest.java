package io.github.dfu4j.cli;

import static io.github.dfu4j.cli.CommandRun.dfu;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class LayoutCommandTest {

    @Test
    void json_gives_name_and_runs() throws IOException {
        CommandRun run = dfu("layout", "@Internal Flash /0x08000000/16*128Kg", "--json");

        assertThat(run.status()).isZero();
        assertThat(run.json()).isEqualTo(new ObjectMapper().readTree("""
                                {"name":"Internal Flash","runs":[{"start":"0x08000000","count":16,"sectorSize":131072,
                                "readable":true,"erasable":true,"writable":true}]}"""));
    }

    @Test
    void people_get_a_line_for_each_run() {
        CommandRun run = dfu("layout", "@Flash /0x90000000/64*4Kg/0x90040000/60*64Kg/0x90400000/60*64Kg");

        assertThat(run.status()).isZero();
        assertThat(run.out().lines().map(String::strip))
                .hasSize(4)
                .contains("0x90000000..0x9003FFFF       64 × 4 KiB      readable, erasable, writable");
    }

    @Test
    void a_bad_string_is_status_65_and_says_the_position() {
        CommandRun run = dfu("layout", "@Internal Flash /0x08000000/16*12", "--json");

        assertThat(run.status()).isEqualTo(ExitCode.DATA);
        assertThat(run.out()).isEmpty();
        assertThat(run.err()).contains("position 33", "expected").doesNotContain("\tat ");
    }
}
