package io.github.dfu4j.dfuse;

/** Is told what a flasher does, on the flasher's thread, in the order that {@link FlashEvent} documents. */
@FunctionalInterface
public interface FlashListener {

    /** Pays no attention. */
    FlashListener NONE = event -> {};

    /** Something happened. */
    void on(FlashEvent event);
}
