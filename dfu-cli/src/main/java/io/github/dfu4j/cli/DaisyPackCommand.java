package io.github.dfu4j.cli;

import io.github.dfu4j.daisy.AssetPack;
import io.github.dfu4j.daisy.DataHeader;
import io.github.dfu4j.image.AddressRange;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import javax.sound.sampled.AudioFormat;
import javax.sound.sampled.AudioInputStream;
import javax.sound.sampled.AudioSystem;
import javax.sound.sampled.UnsupportedAudioFileException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Packs files for QSPI flash. */
@Command(
        name = "pack",
        description =
                "Pack files into one for QSPI flash, with an index and a C header of addresses and sizes, so that samples need no C array"
                        + " and no rebuild. The same files make the same pack.")
final class DaisyPackCommand extends Subcommand {

    /** Where a pack goes if nothing else is said: behind every program. */
    static final String ADDRESS = "0x900C0000";

    /** Encodings whose bytes are the samples. */
    private static final Set<AudioFormat.Encoding> RAW =
            Set.of(AudioFormat.Encoding.PCM_SIGNED, AudioFormat.Encoding.PCM_UNSIGNED, AudioFormat.Encoding.PCM_FLOAT);

    @Parameters(paramLabel = "FILE|DIRECTORY", arity = "0..*", description = "Files, and directories of files.")
    private List<String> inputs = new ArrayList<>();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FILE",
            description = "The pack to write.")
    private @Nullable String output;

    @Option(
            names = "--header",
            paramLabel = "FILE",
            description = "The C header to write; its macros begin with the file's name.")
    private @Nullable String header;

    @Option(
            names = "--check-header",
            paramLabel = "FILE",
            description = "Write the C header by which a program checks data loaded with \"dfu daisy load --header\".")
    private @Nullable String checkHeader;

    @Option(
            names = "--at",
            paramLabel = "ADDR",
            converter = Numbers.class,
            defaultValue = ADDRESS,
            description = "Where the pack goes (default: ${DEFAULT-VALUE}, behind every program).")
    private long at;

    @Option(
            names = "--align",
            paramLabel = "BYTES",
            converter = Numbers.class,
            defaultValue = "64K",
            description =
                    "Each asset starts at a multiple of this, 4 to 64K (default: ${DEFAULT-VALUE}: each has blocks of its own).")
    private long align;

    @Option(
            names = "--decode-wav",
            description =
                    "Take the frames out of .wav files, without their headers; the C header then has their rate, channels and bits.")
    private boolean decodeWav;

    @Option(names = "--force", description = "Write over files that exist.")
    private boolean force;

    @Override
    public Integer call() throws Exception {
        Map<Path, byte[]> files = new LinkedHashMap<>();
        if (checkHeader != null) {
            add(files, checkHeader, DataHeader.cSource().getBytes(StandardCharsets.UTF_8));
        }
        if (output == null || inputs.isEmpty()) {
            if (checkHeader != null && output == null && inputs.isEmpty()) {
                write(files);
                return ExitCode.OK;
            }
            throw usage("Say what to pack, and with -o where to.");
        }
        List<AssetPack.Asset> assets = new ArrayList<>();
        for (Path file : files()) {
            if (isOutput(file)) {
                throw usage(file + " is among the files to pack, and is to be written. Write it elsewhere.");
            }
            assets.add(asset(file));
        }
        AssetPack pack;
        try {
            pack = AssetPack.of(at, (int) Math.min(align, Integer.MAX_VALUE), assets);
        } catch (IllegalArgumentException e) {
            throw new CommandException(ExitCode.DATA, "It cannot be packed: " + Failures.sentence(e.getMessage()));
        }
        add(files, output, pack.toBytes());
        if (header != null) {
            add(files, header, pack.cHeader(title(header)).getBytes(StandardCharsets.UTF_8));
        }
        write(files);
        DaisyAssetsCommand.list(console(), pack.entries());
        console()
                .print(Numbers.bytes(pack.toBytes().length) + " for " + AddressRange.hex(at)
                        + "; load them with \"dfu daisy assets load " + Inputs.typed(output) + "\".");
        return ExitCode.OK;
    }

    /** The name of a file without its ending. */
    private static String title(String file) throws CommandException {
        String name = String.valueOf(Inputs.path(file).getFileName());
        int dot = name.lastIndexOf('.');
        return dot > 0 ? name.substring(0, dot) : name;
    }

    private List<Path> files() throws IOException, CommandException {
        List<Path> files = new ArrayList<>();
        for (String input : inputs) {
            Path path = Inputs.path(input);
            if (Files.isDirectory(path)) {
                files.addAll(filesIn(path));
            } else {
                files.add(path);
            }
        }
        return files;
    }

    /** The files of a directory in the order of their names; says which directories in it are left out. */
    private List<Path> filesIn(Path directory) throws IOException, CommandException {
        List<Path> inside;
        try (Stream<Path> all = Files.list(directory)) {
            inside = all.filter(f -> !String.valueOf(f.getFileName()).startsWith("."))
                    .sorted()
                    .toList();
        }
        for (Path path : inside) {
            if (Files.isDirectory(path) && !isNamed(path)) {
                console()
                        .warn(path + " is left out: only the files in " + directory
                                + " itself are packed. Name it too if it is meant.");
            }
        }
        List<Path> files = inside.stream().filter(Files::isRegularFile).toList();
        if (files.isEmpty()) {
            throw new CommandException(ExitCode.DATA, directory + " has no files to pack.");
        }
        return files;
    }

    private boolean isNamed(Path directory) throws IOException, CommandException {
        for (String input : inputs) {
            Path path = Inputs.path(input);
            if (Files.exists(path) && Files.isSameFile(path, directory)) {
                return true;
            }
        }
        return false;
    }

    /** A pack in the folder that it is made of would hold itself the next time. */
    private boolean isOutput(Path file) throws IOException, CommandException {
        for (String name : new String[] {output, header, checkHeader}) {
            if (name != null && Files.exists(Inputs.path(name)) && Files.isSameFile(Inputs.path(name), file)) {
                return true;
            }
        }
        return false;
    }

    private AssetPack.Asset asset(Path file) throws IOException, CommandException {
        String name = String.valueOf(file.getFileName());
        byte[] bytes = DaisyBytes.read(file.toString());
        if (!decodeWav || !name.toLowerCase(Locale.ROOT).endsWith(".wav")) {
            return new AssetPack.Asset(name, bytes);
        }
        if (!isWave(bytes)) {
            throw noWav(file);
        }
        try (AudioInputStream audio =
                AudioSystem.getAudioInputStream(new BufferedInputStream(new ByteArrayInputStream(bytes)))) {
            AudioFormat format = audio.getFormat();
            if (!RAW.contains(format.getEncoding())) {
                throw new CommandException(
                        ExitCode.DATA,
                        file + " holds " + format.getEncoding()
                                + " and no PCM. Convert it, or leave --decode-wav out to pack it as it is.");
            }
            int frameSize = format.getFrameSize();
            byte[] frames = audio.readAllBytes();
            if (frameSize < 1 || frames.length != audio.getFrameLength() * frameSize) {
                throw new CommandException(
                        ExitCode.DATA,
                        file + " is cut short: its header speaks of " + audio.getFrameLength() + " frames, and "
                                + Numbers.bytes(frames.length) + " are there.");
            }
            if (frames.length == 0) {
                throw new CommandException(
                        ExitCode.DATA, file + " has no frames: its header speaks of none. Save it once more.");
            }
            return new AssetPack.Asset(name, frames, audio(file, format));
        } catch (UnsupportedAudioFileException | EOFException e) {
            throw noWav(file);
        }
    }

    private static CommandException noWav(Path file) {
        return new CommandException(
                ExitCode.DATA,
                file + " is no WAV file that can be decoded. Leave --decode-wav out to pack it as it is.");
    }

    /** Other sound files are decoded too where only the name says WAV, and their samples are big-endian. */
    private static boolean isWave(byte[] bytes) {
        String head = new String(bytes, 0, Math.min(12, bytes.length), StandardCharsets.ISO_8859_1);
        return head.startsWith("RIFF") && head.endsWith("WAVE");
    }

    private static AssetPack.Audio audio(Path file, AudioFormat format) throws CommandException {
        try {
            // 12 bits, say, lie at the top of a sample of 16
            return new AssetPack.Audio(
                    Math.round(format.getSampleRate()),
                    format.getChannels(),
                    format.getFrameSize() / Math.max(1, format.getChannels()) * 8,
                    format.getEncoding().equals(AudioFormat.Encoding.PCM_FLOAT));
        } catch (IllegalArgumentException e) {
            throw new CommandException(
                    ExitCode.DATA,
                    file + " cannot be played as its header has it: " + Failures.sentence(e.getMessage())
                            + " Save it once more, or leave --decode-wav out to pack it as it is.");
        }
    }

    private void add(Map<Path, byte[]> files, String name, byte[] bytes) throws CommandException {
        if (files.put(Inputs.path(name).toAbsolutePath().normalize(), bytes) != null) {
            throw usage("The pack and each header need a file of their own, and two of them are to be " + name + ".");
        }
    }

    /** Writes all the files or, if one cannot be made, none. */
    private void write(Map<Path, byte[]> files) throws IOException, CommandException {
        List<Output> outputs = new ArrayList<>();
        try {
            for (Map.Entry<Path, byte[]> file : files.entrySet()) {
                Output output = Output.open(file.getKey().toString(), force);
                outputs.add(output);
                output.stream().write(file.getValue());
                output.stream().flush();
            }
            for (Output output : outputs) {
                output.keep();
            }
        } finally {
            for (Output output : outputs) {
                output.close();
            }
        }
    }
}
