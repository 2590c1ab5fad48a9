package io.github.dfu4j.dfu;

import java.time.Duration;

/**
 * The answer to DFU_GETSTATUS (DFU 1.1 §6.1.2).
 *
 * @param code the result of the last request, {@code bStatus}
 * @param pollTimeout {@code bwPollTimeout}: the least time before the next DFU_GETSTATUS, 0 to 16 777 215 ms
 * @param state the state that the device enters right after this answer, {@code bState}
 * @param stringIndex {@code iString}: index of a string that describes the status, 0 for none
 */
public record DfuStatus(DfuStatusCode code, Duration pollTimeout, DfuState state, int stringIndex) {

    /** The size of the answer in bytes. */
    public static final int SIZE = 6;

    /** Reads the six bytes of an answer. */
    public static DfuStatus parse(byte[] answer) {
        return new DfuStatus(
                DfuStatusCode.of(answer[0] & 0xff),
                Duration.ofMillis((answer[1] & 0xff) | (answer[2] & 0xff) << 8 | (answer[3] & 0xff) << 16),
                DfuState.of(answer[4] & 0xff),
                answer[5] & 0xff);
    }

    /** Whether the device reports no error. */
    public boolean isOk() {
        return code == DfuStatusCode.OK && state != DfuState.ERROR;
    }

    /** Status and state by their names in the specification, such as {@code errTARGET in dfuERROR}. */
    @Override
    public String toString() {
        return code + " in " + state;
    }
}
