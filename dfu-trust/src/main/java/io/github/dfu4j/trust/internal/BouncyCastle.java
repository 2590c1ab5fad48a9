package io.github.dfu4j.trust.internal;

import java.security.Provider;
import org.bouncycastle.jce.provider.BouncyCastleProvider;

/** Bouncy Castle as a provider, not registered with the JVM: what other code in the process uses stays as it is. */
final class BouncyCastle {

    static final Provider PROVIDER = new BouncyCastleProvider();

    private BouncyCastle() {}
}
