package io.github.dfu4j.dfu;

/** Which of its two faces a DFU device shows (DFU 1.1 §4). */
public enum DfuMode {
    /** The application runs; the interface takes DFU_DETACH. */
    RUN_TIME,
    /** The bootloader runs; firmware can be downloaded. */
    DFU
}
