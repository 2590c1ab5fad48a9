package io.github.dfu4j.usb;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

class DeadlineTest {

    /** Time that passes only by sleeping. */
    private static final class Standing implements Timebase {
        private long nanos = Long.MAX_VALUE - 1_000_000; // about to wrap, as System.nanoTime may

        @Override
        public long nanos() {
            return nanos;
        }

        @Override
        public void sleep(Duration duration) {
            nanos += duration.toNanos();
        }
    }

    private final Standing time = new Standing();

    @Test
    void it_passes_when_its_time_is_over_even_where_the_clock_wraps() {
        Deadline deadline = Deadline.in(time, Duration.ofMillis(10));
        assertThat(deadline.passed()).isFalse();

        time.sleep(Duration.ofMillis(9));
        assertThat(deadline.remaining()).isEqualTo(Duration.ofMillis(1));

        time.sleep(Duration.ofMillis(1));
        assertThat(deadline.passed()).isTrue();
        assertThat(deadline.remaining()).isZero();
    }

    @Test
    void a_part_of_a_job_has_its_own_time_but_none_beyond_the_job() {
        Deadline job = Deadline.in(time, Duration.ofSeconds(10));
        assertThat(job.part(Duration.ofSeconds(3)).allowed()).isEqualTo(Duration.ofSeconds(3));
        time.sleep(Duration.ofSeconds(8));
        assertThat(job.part(Duration.ofSeconds(2)).allowed()).isEqualTo(Duration.ofSeconds(2));
        assertThat(job.part(Duration.ofSeconds(3))).isSameAs(job);
    }

    @Test
    void it_limits_the_timeout_of_a_transfer_but_never_to_an_endless_one() {
        Deadline deadline = Deadline.in(time, Duration.ofMillis(100));
        assertThat(deadline.limit(5000)).isEqualTo(100);
        assertThat(deadline.limit(50)).isEqualTo(50);
        time.sleep(Duration.ofNanos(1));
        assertThat(deadline.limit(5000))
                .as("no transfer ends before the deadline")
                .isEqualTo(100);

        time.sleep(Duration.ofSeconds(1));
        assertThat(deadline.limit(5000)).isEqualTo(1);
    }
}
