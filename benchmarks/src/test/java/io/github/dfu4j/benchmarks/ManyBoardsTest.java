package io.github.dfu4j.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ManyBoardsTest {

    @Test
    void a_board_takes_kilobytes_of_heap_while_it_is_flashed() throws Exception {
        assertThat(ManyBoards.heapPerBoard(32)).isLessThan(256 << 10);
    }
}
