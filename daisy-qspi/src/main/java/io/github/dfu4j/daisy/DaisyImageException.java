package io.github.dfu4j.daisy;

import java.io.IOException;

/** A firmware file that cannot work on a Daisy Seed as it is: says why, and what to change. Nothing has been touched. */
public final class DaisyImageException extends IOException {

    private static final long serialVersionUID = 1;

    private final String reason;
    private final String remedy;

    /**
     * A refusal.
     *
     * @param name the file's name
     * @param reason why it cannot work, a whole sentence
     * @param remedy what to change, in whole sentences
     */
    public DaisyImageException(String name, String reason, String remedy) {
        super((name.isEmpty() ? "" : name + ": ") + reason + (remedy.isEmpty() ? "" : " " + remedy));
        this.reason = reason;
        this.remedy = remedy;
    }

    /** Why it cannot work, a whole sentence. */
    public String reason() {
        return reason;
    }

    /** What to change, in whole sentences. */
    public String remedy() {
        return remedy;
    }
}
