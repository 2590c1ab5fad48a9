package io.github.dfu4j.daisy;

/** Is told what happens on a route, on the runner's thread. */
@FunctionalInterface
public interface RouteListener {

    /** Pays no attention. */
    RouteListener NONE = event -> {};

    /** Something happened. */
    void on(RouteEvent event);
}
