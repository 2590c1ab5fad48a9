/** DfuSe, ST's extension of DFU: memory layouts, commands, .dfu files, plans and the flasher that carries them out. */
module io.github.dfu4j.dfuse {
    requires transitive io.github.dfu4j.core;
    requires static transitive org.jspecify;

    exports io.github.dfu4j.dfuse;
}
