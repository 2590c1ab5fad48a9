package io.github.dfu4j.cli;

import java.util.List;
import java.util.Map;

/**
 * A plan or a report as it is shown.
 *
 * @param lines for people
 * @param warnings for people, of a plan
 * @param json for programs
 */
record Shown(List<String> lines, List<String> warnings, Map<String, Object> json) {}
