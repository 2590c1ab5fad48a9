#!/usr/bin/env bash
# Makes the keys and signatures of this folder with the real tools: minisign 0.11, OpenSSL 3.0, GnuPG 2.2.
# The keys are for tests alone. Run it in an empty folder; what it makes differs each time, the tests must pass all the same.
set -euo pipefail
printf 'dfu4j signs this\n' > content

minisign -G -W -p minisign.pub -s minisign.key > /dev/null
minisign -S -s minisign.key -m content -x content.minisig -t 'Birds 1.2.0, 鳥'
minisign -S -l -s minisign.key -m content -x content.legacy.minisig -t 'legacy'
# little memory makes the tool choose a key derivation that opens in little memory
(ulimit -v 90000; printf 'secret\nsecret\n' | minisign -G -p minisign-encrypted.pub -s minisign-encrypted.key > /dev/null 2>&1)

openssl genpkey -algorithm ed25519 -out ed25519.pem
openssl pkcs8 -topk8 -in ed25519.pem -out ed25519-encrypted.pem -passout pass:secret
openssl pkey -in ed25519.pem -pubout -out ed25519.pub.pem
openssl pkeyutl -sign -rawin -inkey ed25519.pem -in content -out content.ed25519

export GNUPGHOME=$PWD/gnupg
mkdir -m 700 "$GNUPGHOME"
gpg() { command gpg --batch --quiet --pinentry-mode loopback --passphrase '' "$@"; }
gpg --faked-system-time 20260101T000000 --quick-generate-key 'Maker <maker@example.org>' ed25519 cert 2y
fingerprint=$(gpg --list-keys --with-colons | awk -F: '$1 == "fpr" { print $10; exit }')
gpg --faked-system-time 20260101T000000 --quick-add-key "$fingerprint" ed25519 sign 1y
gpg --faked-system-time 20260102T000000 --quick-generate-key 'RSA <rsa@example.org>' rsa2048 sign never
gpg --armor --export > openpgp.pub.asc
gpg --export maker@example.org > openpgp-maker.pub
at='--faked-system-time 20260201T000000'
gpg $at -u maker@example.org --armor --detach-sign -o content.asc content
gpg $at -u maker@example.org --detach-sign -o content.sig content
gpg $at -u rsa@example.org --detach-sign -o content.rsa.sig content
gpg $at -u rsa@example.org --default-sig-expire 7d --detach-sign -o content.expiring.sig content
gpg $at -u rsa@example.org --digest-algo SHA1 --detach-sign -o content.sha1.sig content
gpg $at -u rsa@example.org --textmode --detach-sign -o content.text.sig content
gpg $at -u rsa@example.org --sign -o content.inline.gpg content
# gpg writes a revocation with every key, and a colon before it against use by accident
sed 's/^:--/--/' "$GNUPGHOME/openpgp-revocs.d/$(gpg --list-keys --with-colons rsa@example.org |
    awk -F: '$1 == "fpr" { print $10; exit }').rev" | gpg --import
gpg --export rsa@example.org > openpgp-revoked.pub
gpgconf --homedir "$GNUPGHOME" --kill all
rm -r "$GNUPGHOME"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 3650 \
    -subj '/CN=Test CA' 2> /dev/null
openssl req -newkey rsa:2048 -nodes -keyout signer.key -subj '/CN=Release signer' 2> /dev/null |
    openssl x509 -req -CA ca.pem -CAkey ca.key -days 3650 -out signer.pem -extfile <(
        printf 'keyUsage=digitalSignature\nextendedKeyUsage=codeSigning\n') 2> /dev/null
openssl cms -sign -binary -in content -signer signer.pem -inkey signer.key -outform DER -out content.p7s
openssl cms -sign -binary -in content -signer signer.pem -inkey signer.key -outform PEM -out content.cms.pem
openssl cms -sign -binary -nodetach -in content -signer signer.pem -inkey signer.key -outform DER -out content.inside.p7s
rm ca.key
