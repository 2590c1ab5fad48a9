package io.github.dfu4j.trust.internal;

import io.github.dfu4j.image.FirmwareFormatException;
import io.github.dfu4j.trust.KeyId;
import io.github.dfu4j.trust.SignatureFormat;
import io.github.dfu4j.trust.SignatureResult;
import io.github.dfu4j.trust.SignatureResult.Expired;
import io.github.dfu4j.trust.SignatureResult.Invalid;
import io.github.dfu4j.trust.SignatureResult.UnknownKey;
import io.github.dfu4j.trust.SignatureResult.Valid;
import java.io.ByteArrayInputStream;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.cert.CertPathBuilder;
import java.security.cert.CertPathBuilderException;
import java.security.cert.CertStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.CollectionCertStoreParameters;
import java.security.cert.PKIXBuilderParameters;
import java.security.cert.PKIXCertPathBuilderResult;
import java.security.cert.TrustAnchor;
import java.security.cert.X509CertSelector;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Date;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.nist.NISTObjectIdentifiers;
import org.bouncycastle.asn1.x509.AlgorithmIdentifier;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509CertificateHolder;
import org.bouncycastle.cms.CMSException;
import org.bouncycastle.cms.CMSProcessableByteArray;
import org.bouncycastle.cms.CMSSignedData;
import org.bouncycastle.cms.CMSSignerDigestMismatchException;
import org.bouncycastle.cms.SignerInformation;
import org.bouncycastle.cms.SignerInformationVerifier;
import org.bouncycastle.cms.jcajce.JcaSimpleSignerInfoVerifierBuilder;
import org.bouncycastle.operator.DefaultDigestAlgorithmIdentifierFinder;
import org.bouncycastle.operator.DefaultSignatureNameFinder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.util.encoders.Hex;

/** Detached CMS signed data whose signer's certificate has a path to one of the caller's. */
public final class Cms {

    private static final int MAX_SIGNERS = 16;
    private static final int MAX_CERTIFICATES = 16;

    private static final Set<ASN1ObjectIdentifier> DIGESTS = Set.of(
            NISTObjectIdentifiers.id_sha256,
            NISTObjectIdentifiers.id_sha384,
            NISTObjectIdentifiers.id_sha512,
            NISTObjectIdentifiers.id_sha512_256,
            NISTObjectIdentifiers.id_sha3_256,
            NISTObjectIdentifiers.id_sha3_384,
            NISTObjectIdentifiers.id_sha3_512,
            NISTObjectIdentifiers.id_shake256,
            NISTObjectIdentifiers.id_shake256_len);

    private Cms() {}

    /** A trusted certificate in DER. */
    public static X509Certificate certificate(String source, byte[] der) throws FirmwareFormatException {
        try {
            return x509(der);
        } catch (CertificateException | RuntimeException e) {
            throw new FirmwareFormatException(source, "", "expected an X.509 certificate: " + e.getMessage());
        }
    }

    private static X509Certificate x509(byte[] der) throws CertificateException {
        Certificate certificate =
                CertificateFactory.getInstance("X.509").generateCertificate(new ByteArrayInputStream(der));
        return (X509Certificate) certificate;
    }

    /** Checks a signature in DER; of several signers, one that is valid is enough. */
    public static SignatureResult verify(byte[] content, byte[] der, List<X509Certificate> anchors, Instant now) {
        try {
            CMSSignedData signed = new CMSSignedData(new CMSProcessableByteArray(content), der);
            if (!signed.isDetachedSignature()) {
                return new Invalid("expected a detached signature, found one with content of its own");
            }
            Collection<SignerInformation> signers = signed.getSignerInfos().getSigners();
            List<X509CertificateHolder> holders =
                    new ArrayList<>(signed.getCertificates().getMatches(null));
            if (signers.size() > MAX_SIGNERS || holders.size() > MAX_CERTIFICATES) {
                return new Invalid("it holds " + signers.size() + " signers and " + holders.size()
                        + " certificates, more than " + MAX_SIGNERS + " and " + MAX_CERTIFICATES);
            }
            List<X509Certificate> certificates = new ArrayList<>(anchors);
            for (X509CertificateHolder holder : holders) {
                certificates.add(new JcaX509CertificateConverter().getCertificate(holder));
            }
            List<SignatureResult> results = new ArrayList<>();
            for (SignerInformation signer : signers) {
                results.add(verifyOne(signer, certificates, anchors, now));
            }
            return results.isEmpty() ? new Invalid("it holds no CMS signer") : Results.best(results);
        } catch (CMSException | GeneralSecurityException | RuntimeException e) {
            return new Invalid("it cannot be read as CMS: " + e.getMessage());
        }
    }

    private static SignatureResult verifyOne(
            SignerInformation signer, List<X509Certificate> certificates, List<X509Certificate> anchors, Instant now) {
        try {
            return verify(signer, certificates, anchors, now);
        } catch (CMSException | GeneralSecurityException | OperatorCreationException | RuntimeException e) {
            return new Invalid("it cannot be checked: " + e.getMessage());
        }
    }

    private static SignatureResult verify(
            SignerInformation signer, List<X509Certificate> certificates, List<X509Certificate> anchors, Instant now)
            throws CMSException, GeneralSecurityException, OperatorCreationException {
        Optional<X509Certificate> found =
                certificates.stream().filter(c -> isOf(signer, c)).findFirst();
        if (found.isEmpty()) {
            return new UnknownKey("a signer whose certificate is not there");
        }
        X509Certificate certificate = found.get();
        KeyId id = new KeyId(
                SignatureFormat.CMS,
                Hex.toHexString(MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded())),
                certificate.getSubjectX500Principal().getName());
        Path path = path(certificate, certificates, anchors, now);
        if (path.state == State.NONE) {
            return new UnknownKey(id.toString());
        }
        if (!DIGESTS.contains(signer.getDigestAlgorithmID().getAlgorithm())) {
            return new Invalid("its digest algorithm " + signer.getDigestAlgOID() + " is not one of SHA-2 and SHA-3");
        }
        AlgorithmIdentifier algorithm = signer.toASN1Structure().getDigestEncryptionAlgorithm();
        if (!isSafe(algorithm)) {
            return new Invalid("it is by " + name(algorithm) + ", which is no longer safe");
        }
        SignerInformationVerifier verifier = new JcaSimpleSignerInfoVerifierBuilder()
                .setProvider(BouncyCastle.PROVIDER)
                .build(certificate.getPublicKey());
        try {
            if (!signer.verify(verifier)) {
                return new Invalid("it is not over this content");
            }
        } catch (CMSSignerDigestMismatchException e) {
            return new Invalid("it is not over this content");
        } catch (CMSException e) {
            return new Invalid("it cannot be checked: " + e.getMessage());
        }
        if (!maySign(certificate)) {
            return new Invalid("the certificate of " + id + " is not for signing code");
        }
        return switch (path.state) {
            case BROKEN ->
                new Invalid("the path from " + id + " to a trusted certificate breaks a rule: " + path.detail);
            case EXPIRED -> new Expired(id, path.since);
            default -> new Valid(id, "");
        };
    }

    private static boolean isOf(SignerInformation signer, X509Certificate certificate) {
        try {
            return signer.getSID().match(new JcaX509CertificateHolder(certificate));
        } catch (CertificateException e) {
            return false;
        }
    }

    /** A certificate that says what it is for must name digital signatures, and code signing or any purpose. */
    private static boolean maySign(X509Certificate certificate) throws CertificateException {
        boolean[] usage = certificate.getKeyUsage();
        List<String> purposes = certificate.getExtendedKeyUsage();
        return (usage == null || usage[0])
                && (purposes == null
                        || purposes.contains(KeyPurposeId.id_kp_codeSigning.getId())
                        || purposes.contains(KeyPurposeId.anyExtendedKeyUsage.getId()));
    }

    /** Whether the digest that a signature algorithm names is safe; some name none and go with the digest of the content. */
    private static boolean isSafe(AlgorithmIdentifier algorithm) {
        AlgorithmIdentifier digest = new DefaultDigestAlgorithmIdentifierFinder().find(algorithm);
        return digest == null || DIGESTS.contains(digest.getAlgorithm());
    }

    private static String name(AlgorithmIdentifier algorithm) {
        return new DefaultSignatureNameFinder().getAlgorithmName(algorithm);
    }

    private enum State {
        GOOD,
        EXPIRED,
        BROKEN,
        NONE
    }

    private record Path(State state, Instant since, String detail) {}

    /** Finds a path at this time; if there is none now, whether there was one when the certificate was young. */
    private static Path path(
            X509Certificate signer, List<X509Certificate> certificates, List<X509Certificate> anchors, Instant now)
            throws GeneralSecurityException {
        if (anchors.isEmpty()) {
            return new Path(State.NONE, now, "");
        }
        try {
            for (X509Certificate certificate : build(signer, certificates, anchors, Date.from(now))) {
                AlgorithmIdentifier algorithm = new JcaX509CertificateHolder(certificate).getSignatureAlgorithm();
                if (!isSafe(algorithm)) {
                    return new Path(State.BROKEN, now, "a certificate is signed by " + name(algorithm));
                }
            }
            return new Path(State.GOOD, now, "");
        } catch (CertPathBuilderException e) {
            return pathWhenYoung(signer, certificates, anchors, now);
        }
    }

    private static Path pathWhenYoung(
            X509Certificate signer, List<X509Certificate> certificates, List<X509Certificate> anchors, Instant now)
            throws GeneralSecurityException {
        try {
            Instant young = signer.getNotBefore().toInstant();
            Instant end = build(signer, certificates, anchors, signer.getNotBefore()).stream()
                    .map(c -> c.getNotAfter().toInstant())
                    .min(Instant::compareTo)
                    .orElse(now);
            if (young.isAfter(now)) {
                return new Path(State.BROKEN, now, "it is not valid before " + young);
            }
            return end.isBefore(now) ? new Path(State.EXPIRED, end, "") : new Path(State.NONE, now, "");
        } catch (CertPathBuilderException e) {
            return new Path(State.NONE, now, "");
        }
    }

    /** The path's certificates, the signer's first, the anchor last. */
    private static List<X509Certificate> build(
            X509Certificate signer, List<X509Certificate> certificates, List<X509Certificate> anchors, Date at)
            throws GeneralSecurityException {
        X509CertSelector target = new X509CertSelector();
        target.setCertificate(signer);
        PKIXBuilderParameters parameters = new PKIXBuilderParameters(
                anchors.stream().map(a -> new TrustAnchor(a, null)).collect(Collectors.toSet()), target);
        parameters.addCertStore(CertStore.getInstance("Collection", new CollectionCertStoreParameters(certificates)));
        // the host may be offline: no revocation list is fetched
        parameters.setRevocationEnabled(false);
        parameters.setDate(at);
        PKIXCertPathBuilderResult result =
                (PKIXCertPathBuilderResult) CertPathBuilder.getInstance("PKIX").build(parameters);
        List<X509Certificate> path = new ArrayList<>();
        for (Certificate certificate : result.getCertPath().getCertificates()) {
            path.add((X509Certificate) certificate);
        }
        X509Certificate anchor = result.getTrustAnchor().getTrustedCert();
        // the JDK takes an anchor at any age
        try {
            anchor.checkValidity(at);
        } catch (CertificateException e) {
            throw new CertPathBuilderException(e);
        }
        path.add(anchor);
        return path;
    }
}
