package io.github.dfu4j.dfu;

import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.image.Segment;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * A plan to download firmware into a device that speaks plain DFU: a value, made without touching the device.
 *
 * @param device the device it was made for, in words
 * @param image the firmware, one stretch of bytes; its addresses do not matter
 * @param alternate {@code bAlternateSetting} of the target
 * @param detaches whether the device is in run-time mode and is told to change to DFU mode first
 * @param verifies whether the firmware is uploaded and compared afterwards; a device that cannot be read right after the download is
 *     brought to DFU mode once more for that
 * @param startsApplication whether the device is sent back to its application in the end
 * @param deadline how long the whole download may take, until the device is back; empty for no limit but those of its steps
 * @param warnings what the user should know before it starts, in whole sentences
 */
public record DownloadPlan(
        String device,
        FirmwareImage image,
        int alternate,
        boolean detaches,
        boolean verifies,
        boolean startsApplication,
        Optional<Duration> deadline,
        List<String> warnings) {

    /** Copies the list. */
    public DownloadPlan {
        warnings = Collections.unmodifiableList(new ArrayList<>(warnings));
    }

    /**
     * Plans a download.
     *
     * @param device a device in run-time or in DFU mode; what it says in run-time mode may change in DFU mode
     * @param image the firmware; one stretch of bytes without gaps
     * @param alternate {@code bAlternateSetting}, usually 0
     * @param verify whether the firmware is to be uploaded and compared, where the device allows it
     * @param startApplication whether the device is to return to its application
     * @throws IllegalArgumentException if the image is empty or has gaps, or the device speaks DfuSe or cannot download
     */
    public static DownloadPlan of(
            DfuInterface device, FirmwareImage image, int alternate, boolean verify, boolean startApplication) {
        if (device.isDfuSe()) {
            throw new IllegalArgumentException(device + " speaks DfuSe, where bytes have addresses");
        }
        if (!device.functional().canDownload()) {
            throw new IllegalArgumentException(device + " does not take downloads, as its descriptor says");
        }
        if (image.isEmpty()) {
            throw new IllegalArgumentException(image.name() + " holds no bytes");
        }
        for (int i = 1; i < image.segments().size(); i++) {
            Segment before = image.segments().get(i - 1);
            Segment next = image.segments().get(i);
            if (before.end() != next.start()) {
                throw new IllegalArgumentException(image.name() + " has a gap between " + before.range() + " and "
                        + next.range() + "; plain DFU takes one stretch of bytes");
            }
        }
        List<String> warnings = new ArrayList<>();
        boolean detaches = device.mode() == DfuMode.RUN_TIME;
        boolean readable = isReadable(device, detaches && startApplication);
        if (verify && !readable) {
            warnings.add("The firmware cannot be read back from this device, so it is not verified.");
        } else if (verify && !device.functional().manifestationTolerant()) {
            warnings.add("The device restarts once more for its firmware to be read back.");
        }
        warnings.add("The firmware that the device has now is lost with the first block.");
        return new DownloadPlan(
                device.toString(),
                image,
                alternate,
                detaches,
                verify && readable,
                startApplication,
                Optional.empty(),
                warnings);
    }

    /** The same, with a {@link #deadline()}. */
    public DownloadPlan withDeadline(Duration allowed) {
        return new DownloadPlan(
                device, image, alternate, detaches, verifies, startsApplication, Optional.of(allowed), warnings);
    }

    /**
     * Whether the firmware can be uploaded after a download.
     *
     * @param returns whether the device returns to an application that can be detached from
     */
    static boolean isReadable(DfuInterface device, boolean returns) {
        return device.functional().canUpload() && (device.functional().manifestationTolerant() || returns);
    }
}
