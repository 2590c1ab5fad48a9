/** The Electro-Smith Daisy Seed: its memory, its two bootloaders, and the ways to fill its QSPI flash. */
module io.github.dfu4j.daisy {
    requires transitive io.github.dfu4j.dfuse;
    requires static transitive org.jspecify;

    exports io.github.dfu4j.daisy;
}
