/** Digests, manifests and signatures of firmware. */
module io.github.dfu4j.trust {
    requires static transitive org.jspecify;
    requires transitive io.github.dfu4j.core;
    requires com.fasterxml.jackson.core;
    requires org.bouncycastle.pg;
    requires org.bouncycastle.pkix;
    requires org.bouncycastle.provider;
    requires org.bouncycastle.util;

    exports io.github.dfu4j.trust;
}
