package io.github.dfu4j.trust;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.dfu4j.trust.SignatureResult.Expired;
import io.github.dfu4j.trust.SignatureResult.Invalid;
import io.github.dfu4j.trust.SignatureResult.UnknownKey;
import io.github.dfu4j.trust.SignatureResult.Valid;
import java.math.BigInteger;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;
import javax.security.auth.x500.X500Principal;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.jcajce.JcaCertStore;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedDataGenerator;
import org.bouncycastle.cms.SignerInfoGeneratorBuilder;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoGeneratorBuilder;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.operator.jcajce.JcaDigestCalculatorProviderBuilder;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Paths of certificates that the real tools would take long to make. */
class CmsTest {

    private static final Instant START = Instant.parse("2026-01-01T00:00:00Z");
    private static final Clock NOW = Clock.fixed(START.plus(30, ChronoUnit.DAYS), ZoneOffset.UTC);
    private static final byte[] CONTENT = "firmware".getBytes(UTF_8);

    /** A certificate with its key. */
    private record Identity(X509Certificate certificate, KeyPair keys) {

        TrustedKeys trusted() throws Exception {
            return TrustedKeys.NONE.with("ca", certificate.getEncoded());
        }
    }

    private static KeyPair keys(String algorithm) throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
        generator.initialize(algorithm.equals("RSA") ? 2048 : 256);
        return generator.generateKeyPair();
    }

    /** What a test wants to be different about a certificate. */
    private static final class Maker {
        private final String name;
        private boolean ca;
        private int from;
        private int days = 365;
        private KeyPurposeId purpose = KeyPurposeId.id_kp_codeSigning;
        private int usage = KeyUsage.digitalSignature;
        private String keyAlgorithm = "EC";
        private String algorithm = "SHA256withECDSA";

        Maker(String name) {
            this.name = name;
        }

        Maker ca() {
            this.ca = true;
            return this;
        }

        Maker days(int first, int count) {
            this.from = first;
            this.days = count;
            return this;
        }

        Maker purpose(KeyPurposeId id) {
            this.purpose = id;
            return this;
        }

        Maker usage(int bits) {
            this.usage = bits;
            return this;
        }

        Maker algorithm(String name) {
            this.algorithm = name;
            return this;
        }

        Maker rsa() {
            this.keyAlgorithm = "RSA";
            return this;
        }

        Identity signedBy(Identity issuer) throws Exception {
            KeyPair keys = keys(keyAlgorithm);
            X500Principal subject = new X500Principal("CN=" + name);
            JcaX509v3CertificateBuilder builder = new JcaX509v3CertificateBuilder(
                    issuer == null ? subject : issuer.certificate.getSubjectX500Principal(),
                    BigInteger.valueOf(System.identityHashCode(keys)),
                    Date.from(START.plus(from, ChronoUnit.DAYS)),
                    Date.from(START.plus(from + days, ChronoUnit.DAYS)),
                    subject,
                    keys.getPublic());
            if (ca) {
                builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(true));
                builder.addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.keyCertSign));
            } else {
                builder.addExtension(Extension.keyUsage, true, new KeyUsage(usage));
                builder.addExtension(Extension.extendedKeyUsage, false, new ExtendedKeyUsage(purpose));
            }
            return new Identity(
                    new JcaX509CertificateConverter()
                            .getCertificate(builder.build(new JcaContentSignerBuilder(algorithm)
                                    .setProvider(new BouncyCastleProvider())
                                    .build(issuer == null ? keys.getPrivate() : issuer.keys.getPrivate()))),
                    keys);
        }
    }

    private static byte[] sign(Identity signer, Identity... others) throws Exception {
        return sign("SHA256withECDSA", signer, others);
    }

    private static byte[] sign(String algorithm, Identity signer, Identity... others) throws Exception {
        List<X509Certificate> certificates = new ArrayList<>(List.of(signer.certificate));
        for (Identity other : others) {
            certificates.add(other.certificate);
        }
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        generator.addSignerInfoGenerator(new JcaSimpleSignerInfoGeneratorBuilder()
                .build(algorithm, signer.keys.getPrivate(), signer.certificate));
        generator.addCertificates(new JcaCertStore(certificates));
        return generator.generate(new CMSProcessableByteArray(CONTENT), false).getEncoded();
    }

    private static SignatureResult verify(Identity anchor, byte[] signature) throws Exception {
        return new SignatureVerifier(anchor.trusted(), NOW).verify(CONTENT, signature);
    }

    @Test
    void a_path_over_an_intermediate_certificate_is_found() throws Exception {
        Identity root = new Maker("Root").ca().signedBy(null);
        Identity middle = new Maker("Middle").ca().signedBy(root);
        Identity signer = new Maker("Signer").signedBy(middle);
        assertThat(verify(root, sign(signer, middle)))
                .isInstanceOfSatisfying(
                        Valid.class, v -> assertThat(v.key().owner()).isEqualTo("CN=Signer"));
        assertThat(verify(middle, sign(signer))).isInstanceOf(Valid.class);
        assertThat(verify(signer, sign(signer))).isInstanceOf(Valid.class);
        assertThat(verify(root, sign(signer))).isInstanceOf(UnknownKey.class);
    }

    @Test
    void a_path_to_another_root_is_unknown() throws Exception {
        Identity root = new Maker("Root").ca().signedBy(null);
        Identity impostor = new Maker("Root").ca().signedBy(null);
        Identity signer = new Maker("Signer").signedBy(impostor);
        assertThat(verify(root, sign(signer, impostor))).isInstanceOf(UnknownKey.class);
    }

    @Test
    void a_signer_cannot_issue_certificates() throws Exception {
        Identity root = new Maker("Root").ca().signedBy(null);
        Identity signer = new Maker("Signer").signedBy(root);
        Identity forged = new Maker("Forged").signedBy(signer);
        assertThat(verify(root, sign(forged, signer))).isInstanceOf(UnknownKey.class);
    }

    @Test
    void any_certificate_of_the_path_may_expire() throws Exception {
        Identity root = new Maker("Root").ca().signedBy(null);
        Identity shortRoot = new Maker("Short root").ca().days(0, 20).signedBy(null);
        assertThat(verify(root, sign(new Maker("S").days(0, 10).signedBy(root))))
                .isInstanceOfSatisfying(
                        Expired.class, e -> assertThat(e.since()).isEqualTo(START.plus(10, ChronoUnit.DAYS)));
        assertThat(verify(shortRoot, sign(new Maker("S").signedBy(shortRoot)))).isInstanceOf(Expired.class);
        Identity middle = new Maker("Middle").ca().days(0, 5).signedBy(root);
        assertThat(verify(root, sign(new Maker("S").signedBy(middle), middle))).isInstanceOf(Expired.class);
    }

    @Test
    void a_certificate_of_the_future_is_invalid() throws Exception {
        Identity root = new Maker("Root").ca().signedBy(null);
        assertThat(verify(root, sign(new Maker("S").days(60, 100).signedBy(root)))
                        .words())
                .contains("is not valid before 2026-03-02T00:00:00Z");
    }

    @Test
    void a_certificate_for_another_purpose_may_not_sign() throws Exception {
        Identity root = new Maker("Root").ca().signedBy(null);
        for (Identity signer : List.of(
                new Maker("S").purpose(KeyPurposeId.id_kp_serverAuth).signedBy(root),
                new Maker("S").purpose(KeyPurposeId.id_kp_emailProtection).signedBy(root),
                new Maker("S").usage(KeyUsage.keyEncipherment).signedBy(root))) {
            assertThat(verify(root, sign(signer)))
                    .isInstanceOfSatisfying(
                            Invalid.class, i -> assertThat(i.reason()).endsWith("is not for signing code"));
        }
        assertThat(verify(
                        root,
                        sign(new Maker("S")
                                .purpose(KeyPurposeId.anyExtendedKeyUsage)
                                .signedBy(root))))
                .isInstanceOf(Valid.class);
    }

    @Test
    void a_certificate_signed_by_sha_1_breaks_the_path() throws Exception {
        Identity root = new Maker("Root").ca().signedBy(null);
        Identity signer = new Maker("S").algorithm("SHA1withECDSA").signedBy(root);
        assertThat(verify(root, sign(signer))).isNotInstanceOf(Valid.class);
    }

    /** RSASSA-PSS says its digest in its parameters, not in its name. */
    @Test
    void a_certificate_signed_by_sha_1_in_the_parameters_breaks_the_path_too() throws Exception {
        Identity root = new Maker("Root").rsa().algorithm("SHA256withRSA").ca().signedBy(null);
        Identity strong = new Maker("S").algorithm("SHA256withRSAandMGF1").signedBy(root);
        Identity weak = new Maker("S").algorithm("SHA1withRSAandMGF1").signedBy(root);
        assertThat(verify(root, sign(strong))).isInstanceOf(Valid.class);
        assertThat(verify(root, sign(weak))).isNotInstanceOf(Valid.class);
    }

    /** The digest of the content may be a good one, and the signature over it by a bad one all the same. */
    @ParameterizedTest
    @CsvSource({"EC, SHA1withECDSA", "RSA, SHA1withRSA", "RSA, MD5withRSA", "RSA, SHA1withRSAandMGF1"})
    void a_signature_by_another_digest_than_the_contents_is_refused_if_that_is_weak(String key, String algorithm)
            throws Exception {
        Identity root = new Maker("Root").ca().signedBy(null);
        Maker maker = new Maker("S");
        Identity signer = (key.equals("RSA") ? maker.rsa() : maker).signedBy(root);
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        generator.addSignerInfoGenerator(
                new SignerInfoGeneratorBuilder(new JcaDigestCalculatorProviderBuilder().build(), named -> named)
                        .setContentDigest(new AlgorithmIdentifier(NISTObjectIdentifiers.id_sha256))
                        .build(
                                new JcaContentSignerBuilder(algorithm)
                                        .setProvider(new BouncyCastleProvider())
                                        .build(signer.keys.getPrivate()),
                                new JcaX509CertificateHolder(signer.certificate)));
        generator.addCertificates(new JcaCertStore(List.of(signer.certificate)));
        byte[] signature =
                generator.generate(new CMSProcessableByteArray(CONTENT), false).getEncoded();
        assertThat(verify(root, signature))
                .isInstanceOfSatisfying(
                        Invalid.class, i -> assertThat(i.reason()).contains("no longer safe"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"SHA1withECDSA", "SHA224withECDSA"})
    void weak_digests_of_content_are_refused(String algorithm) throws Exception {
        Identity root = new Maker("Root").ca().signedBy(null);
        assertThat(verify(root, sign(algorithm, new Maker("S").signedBy(root))).words())
                .contains("is not one of SHA-2 and SHA-3");
    }

    @Test
    void of_several_signers_one_is_enough() throws Exception {
        Identity root = new Maker("Root").ca().signedBy(null);
        Identity stranger = new Maker("Stranger").signedBy(null);
        Identity signer = new Maker("S").signedBy(root);
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        for (Identity one : List.of(stranger, signer)) {
            generator.addSignerInfoGenerator(new JcaSimpleSignerInfoGeneratorBuilder()
                    .build("SHA256withECDSA", one.keys.getPrivate(), one.certificate));
        }
        generator.addCertificates(new JcaCertStore(List.of(stranger.certificate, signer.certificate)));
        byte[] signature =
                generator.generate(new CMSProcessableByteArray(CONTENT), false).getEncoded();
        assertThat(verify(root, signature)).isInstanceOf(Valid.class);
        assertThat(verify(new Maker("Other").ca().signedBy(null), signature)).isInstanceOf(UnknownKey.class);
    }

    @Test
    void a_signature_without_its_certificate_needs_the_caller_to_have_it() throws Exception {
        Identity root = new Maker("Root").ca().signedBy(null);
        Identity signer = new Maker("S").signedBy(root);
        CMSSignedDataGenerator generator = new CMSSignedDataGenerator();
        generator.addSignerInfoGenerator(new JcaSimpleSignerInfoGeneratorBuilder()
                .build("SHA256withECDSA", signer.keys.getPrivate(), signer.certificate));
        byte[] signature =
                generator.generate(new CMSProcessableByteArray(CONTENT), false).getEncoded();
        assertThat(verify(root, signature).words()).contains("a signer whose certificate is not there");
        assertThat(verify(signer, signature)).isInstanceOf(Valid.class);
    }

    @Test
    void more_certificates_than_any_path_needs_are_refused() throws Exception {
        Identity root = new Maker("Root").ca().signedBy(null);
        Identity[] many = new Identity[17];
        for (int i = 0; i < many.length; i++) {
            many[i] = new Maker("CA " + i).ca().signedBy(root);
        }
        assertThat(verify(root, sign(new Maker("S").signedBy(root), many)).words())
                .contains("18 certificates, more than");
    }
}
