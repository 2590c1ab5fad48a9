/**
 * Trust in firmware: what is in an image, and who says so.
 *
 * <p>A {@link io.github.dfu4j.trust.Digest} identifies the bytes of an image. A {@link io.github.dfu4j.trust.Manifest} says which
 * bytes belong at which addresses of which target, under which name and version. A signature over it, checked by a
 * {@link io.github.dfu4j.trust.SignatureVerifier} against the caller's {@link io.github.dfu4j.trust.TrustedKeys}, says who vouches
 * for that. {@link io.github.dfu4j.trust.ManifestVerifier} puts the three together for a flasher.
 *
 * <p>All of it happens on the host: it keeps wrong firmware from being sent, it does not keep a device from running it.
 */
@NullMarked
package io.github.dfu4j.trust;

import org.jspecify.annotations.NullMarked;
