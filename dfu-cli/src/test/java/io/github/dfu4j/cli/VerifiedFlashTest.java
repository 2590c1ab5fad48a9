package io.github.dfu4j.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.dfu4j.dfu.DfuInterface;
import io.github.dfu4j.dfu.DfuSession;
import io.github.dfu4j.dfu.QuirkTable;
import io.github.dfu4j.dfuse.DfuSeSession;
import io.github.dfu4j.dfuse.FlashException;
import io.github.dfu4j.dfuse.FlashOptions;
import io.github.dfu4j.dfuse.FlashPlanner;
import io.github.dfu4j.dfuse.FlashReport;
import io.github.dfu4j.dfuse.Flasher;
import io.github.dfu4j.image.AddressRange;
import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.FirmwareRejectedException;
import io.github.dfu4j.image.FirmwareRejectedException.Reason;
import io.github.dfu4j.image.FirmwareVerifier.Target;
import io.github.dfu4j.image.Segment;
import io.github.dfu4j.simulator.Ledger;
import io.github.dfu4j.simulator.Stm32Rom;
import io.github.dfu4j.simulator.VirtualBus;
import io.github.dfu4j.trust.DigestAlgorithm;
import io.github.dfu4j.trust.FirmwareVersion;
import io.github.dfu4j.trust.Manifest;
import io.github.dfu4j.trust.ManifestVerifier;
import io.github.dfu4j.trust.SigningKey;
import io.github.dfu4j.trust.TrustedKeys;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The flasher of one module asks the verifier of another before it sends a byte. */
class VerifiedFlashTest {

    private static final long FLASH = 0x08000000L;
    private static final Target STM32 = new Target(0x0483, 0xDF11, List.of("Internal Flash"));

    private final SigningKey.MinisignKey key = SigningKey.generateMinisign(new SecureRandom());
    private final Stm32Rom board = new Stm32Rom("stm32f407");
    private final VirtualBus bus = new VirtualBus();
    private final List<String> said = new ArrayList<>();

    @BeforeEach
    void plug() throws InterruptedException {
        bus.plug(board);
        bus.time().sleep(Duration.ofSeconds(1));
    }

    private static FirmwareImage image(int lastByte) {
        byte[] bytes = new byte[5000];
        bytes[4999] = (byte) lastByte;
        return FirmwareImage.builder()
                .add(Segment.of(FLASH, bytes))
                .add(Segment.filled(AddressRange.ofSize(FLASH + 0x8000, 100), 0x5A))
                .build();
    }

    private ManifestVerifier signed(FirmwareImage image, Target target) throws Exception {
        byte[] manifest = Manifest.of(image, "Birds", new FirmwareVersion("1.2.0"), target, DigestAlgorithm.SHA_256)
                .toJson();
        return ManifestVerifier.of(
                        "manifest",
                        manifest,
                        key.sign(manifest, ""),
                        TrustedKeys.NONE.with("k.pub", key.publicKeyFile()))
                .build();
    }

    private FlashReport flash(FirmwareImage image, ManifestVerifier verifier) throws Exception {
        DfuInterface device = DfuInterface.of(bus.devices(), QuirkTable.dfu()).get(0);
        try (DfuSeSession session = new DfuSeSession(DfuSession.open(bus, device, bus.time()))) {
            return new Flasher(session, event -> said.add(event.toString()))
                    .flash(FlashPlanner.plan(device, image, FlashOptions.DEFAULT.withVerifier(verifier)));
        }
    }

    private void assertRejectedUntouched(FirmwareImage image, ManifestVerifier verifier, Reason reason) {
        assertThatThrownBy(() -> flash(image, verifier))
                .isInstanceOf(FlashException.class)
                .satisfies(e -> assertThat(Failures.status(e)).isEqualTo(ExitCode.DATA))
                .cause()
                .asInstanceOf(InstanceOfAssertFactories.type(FirmwareRejectedException.class))
                .extracting(FirmwareRejectedException::reason)
                .isEqualTo(reason);
        assertThat(board.ledger().changed()).isEmpty();
        assertThat(board.ledger().transfers(1)).as("DNLOAD requests").isZero();
        assertThat(board.ledger().entries(Ledger.Erased.class)).isEmpty();
    }

    @Test
    void signed_firmware_is_flashed_and_the_user_told_by_whom() throws Exception {
        FlashReport report = flash(image(1), signed(image(1), STM32));
        assertThat(report.outcome()).isEqualTo(FlashReport.Outcome.COMPLETED);
        assertThat(String.join("\n", said))
                .contains("Birds 1.2.0, signed by minisign key " + key.id().id());
        assertThat(board.ledger().changed()).isNotEmpty();
    }

    @Test
    void other_bytes_than_the_signed_ones_are_not_sent() throws Exception {
        assertRejectedUntouched(image(2), signed(image(1), STM32), Reason.WRONG_CONTENT);
    }

    @Test
    void signed_bytes_are_not_sent_to_another_address() throws Exception {
        assertRejectedUntouched(image(1).moved(0x4000), signed(image(1), STM32), Reason.WRONG_CONTENT);
    }

    @Test
    void firmware_signed_for_another_device_is_not_sent() throws Exception {
        assertRejectedUntouched(
                image(1), signed(image(1), new Target(0x0483, 0xDF12, STM32.layoutNames())), Reason.WRONG_TARGET);
        assertRejectedUntouched(
                image(1), signed(image(1), new Target(0x0483, 0xDF11, List.of("Flash"))), Reason.WRONG_TARGET);
    }
}
