package io.github.dfu4j.trust.internal;

import io.github.dfu4j.trust.SignatureResult;
import io.github.dfu4j.trust.SignatureResult.Expired;
import io.github.dfu4j.trust.SignatureResult.Invalid;
import io.github.dfu4j.trust.SignatureResult.Valid;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;

/** What a file with several signatures comes to. */
final class Results {

    private Results() {}

    /** The result that says most: one valid signature is enough, and an unknown signer tells least. */
    static SignatureResult best(List<SignatureResult> results) {
        return Collections.max(results, Comparator.comparing(Results::rank));
    }

    private static int rank(SignatureResult result) {
        return result instanceof Valid ? 3 : result instanceof Expired ? 2 : result instanceof Invalid ? 1 : 0;
    }
}
