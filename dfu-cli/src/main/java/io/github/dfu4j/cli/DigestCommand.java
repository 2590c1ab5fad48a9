package io.github.dfu4j.cli;

import io.github.dfu4j.image.FirmwareImage;
import io.github.dfu4j.trust.Digest;
import io.github.dfu4j.trust.DigestAlgorithm;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** Prints the digest of what a firmware file holds. */
@Command(
        name = "digest",
        description =
                "Print the digest of the bytes and addresses in a firmware file: the same for one program in any format.")
final class DigestCommand extends Subcommand {

    @Parameters(paramLabel = "FILE", description = "The firmware; - for standard input.")
    private String file = "";

    @Option(
            names = "--algorithm",
            paramLabel = "NAME",
            description =
                    "sha256 (default), sha512, sha3-256, blake2b-512, crc32, stm32-crc, or all. May be given several times.")
    private List<String> algorithms = List.of("sha256");

    @Mixin
    private BaseOption base = new BaseOption();

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        Set<DigestAlgorithm> wanted = new LinkedHashSet<>();
        for (String name : algorithms) {
            if (name.equals("all")) {
                wanted.addAll(List.of(DigestAlgorithm.values()));
            } else {
                try {
                    wanted.add(algorithm(name));
                } catch (TypeConversionException e) {
                    throw usage(Failures.sentence(e.getMessage()));
                }
            }
        }
        FirmwareImage image = base.read(file).image();
        List<Digest> digests = wanted.stream()
                .map(algorithm -> Digest.ofImage(image, algorithm))
                .toList();
        if (json) {
            Map<String, Object> result = Json.object();
            digests.forEach(digest -> result.put(digest.algorithm().label(), digest.hex()));
            console().print(Json.write(result));
        } else {
            digests.forEach(digest -> console().print(digest.toString()));
        }
        return ExitCode.OK;
    }

    /** The algorithm of a name. */
    static DigestAlgorithm algorithm(String name) {
        return Arrays.stream(DigestAlgorithm.values())
                .filter(algorithm -> algorithm.label().equals(name))
                .findFirst()
                .orElseThrow(() -> new TypeConversionException("expected one of "
                        + String.join(
                                ", ",
                                Arrays.stream(DigestAlgorithm.values())
                                        .map(DigestAlgorithm::label)
                                        .toList())
                        + ", found \"" + name + "\""));
    }
}
