package io.github.dfu4j.dfu;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.Collectors;

/** No device fits what was asked for, or more than one does. Nothing has been touched. */
public final class DfuSelectionException extends DfuException {

    private static final long serialVersionUID = 1;

    private final transient List<DfuInterface> candidates;

    /**
     * A choice that could not be made.
     *
     * @param wanted what was asked for, in words
     * @param candidates the interfaces that fit: none, or several
     * @param advice what the user can do, in whole sentences
     */
    public DfuSelectionException(String wanted, List<DfuInterface> candidates, String advice) {
        super(
                Step.of("choose a device"),
                (candidates.isEmpty() ? "there is no " + wanted : candidates.size() + " fit \"" + wanted + "\"")
                        + (candidates.isEmpty()
                                ? "."
                                : ": "
                                        + candidates.stream()
                                                .map(DfuInterface::toString)
                                                .collect(Collectors.joining("; "))
                                        + "."),
                null,
                advice,
                null);
        this.candidates = Collections.unmodifiableList(new ArrayList<>(candidates));
    }

    /** The interfaces that fit: none, or several. */
    public List<DfuInterface> candidates() {
        return candidates;
    }
}
