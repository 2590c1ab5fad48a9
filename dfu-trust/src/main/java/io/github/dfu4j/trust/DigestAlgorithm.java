package io.github.dfu4j.trust;

/** A digest algorithm or checksum for firmware. */
public enum DigestAlgorithm {
    /** SHA-256 (FIPS 180-4). */
    SHA_256("sha256", 32),
    /** SHA-512 (FIPS 180-4). */
    SHA_512("sha512", 64),
    /** SHA3-256 (FIPS 202). */
    SHA3_256("sha3-256", 32),
    /** BLAKE2b with 512 bits, without a key (RFC 7693). */
    BLAKE2B_512("blake2b-512", 64),
    /** The CRC-32 of Ethernet, zip and gzip. Finds accidents, not attacks. */
    CRC_32("crc32", 4),
    /**
     * What the CRC unit of an STM32 computes after reset: polynomial 0x04C11DB7, initial value 0xFFFFFFFF, a 32-bit word at a time,
     * nothing reflected or inverted (AN4187). Finds accidents, not attacks.
     */
    STM32_CRC("stm32-crc", 4);

    private final String label;
    private final int size;

    DigestAlgorithm(String label, int size) {
        this.label = label;
        this.size = size;
    }

    /** The name in files and on the command line, such as {@code sha256}. */
    public String label() {
        return label;
    }

    /** The size of a digest in bytes. */
    public int size() {
        return size;
    }

    /** Whether nobody can make other bytes with the same digest: true for the hash functions, false for the CRCs. */
    public boolean isCollisionResistant() {
        return size >= 32;
    }
}
