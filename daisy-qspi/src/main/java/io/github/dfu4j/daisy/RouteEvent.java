package io.github.dfu4j.daisy;

import io.github.dfu4j.dfuse.FlashEvent;

/** What a route's runner tells its listener, stage by stage. */
public sealed interface RouteEvent {

    /**
     * A stage begins.
     *
     * @param index its number, from 0
     * @param stage what it is
     */
    record StageStarted(int index, Stage stage) implements RouteEvent {}

    /**
     * The board shows itself.
     *
     * @param board as what
     */
    record Seen(DaisyBoard board) implements RouteEvent {}

    /**
     * Something happens while a stage flashes, in the order that {@link FlashEvent} documents.
     *
     * @param event what
     */
    record Flashing(FlashEvent event) implements RouteEvent {}

    /**
     * Something worth knowing.
     *
     * @param text one sentence
     */
    record Note(String text) implements RouteEvent {}

    /**
     * A stage is over.
     *
     * @param index its number, from 0
     * @param report how it went
     */
    record StageFinished(int index, RouteReport.StageReport report) implements RouteEvent {}
}
