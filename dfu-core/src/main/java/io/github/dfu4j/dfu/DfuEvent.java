package io.github.dfu4j.dfu;

/** What a host can send, as far as the state machine tells it apart: the seven requests, a download with and without data. */
public enum DfuEvent {
    /** DFU_DETACH. */
    DETACH(DfuRequest.DETACH),
    /** DFU_DNLOAD with one byte or more. */
    DNLOAD(DfuRequest.DNLOAD),
    /** DFU_DNLOAD with {@code wLength} 0: end of the download, and in DfuSe "leave DFU mode". */
    DNLOAD_ZERO(DfuRequest.DNLOAD),
    /** DFU_UPLOAD. */
    UPLOAD(DfuRequest.UPLOAD),
    /** DFU_GETSTATUS, not before the poll time announced last is over. */
    GETSTATUS(DfuRequest.GETSTATUS),
    /** DFU_CLRSTATUS. */
    CLRSTATUS(DfuRequest.CLRSTATUS),
    /** DFU_GETSTATE. */
    GETSTATE(DfuRequest.GETSTATE),
    /** DFU_ABORT. */
    ABORT(DfuRequest.ABORT);

    private final DfuRequest request;

    DfuEvent(DfuRequest request) {
        this.request = request;
    }

    /** The request that is sent. */
    public DfuRequest request() {
        return request;
    }
}
