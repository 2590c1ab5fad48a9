package io.github.dfu4j.cli;

import picocli.CommandLine.Command;

/** What can be done with an Electro-Smith Daisy Seed. */
@Command(
        name = "daisy",
        description =
                "The Electro-Smith Daisy Seed: both of its bootloaders, its QSPI flash, and the way between them.",
        subcommands = {
            DaisyInfoCommand.class,
            DaisyPlanCommand.class,
            DaisyFlashCommand.class,
            DaisyLoadCommand.class,
            DaisyEraseCommand.class,
            DaisyBackupCommand.class,
            DaisyRestoreCommand.class,
            DaisyBootloaderCommand.class,
            DaisyPackCommand.class,
            DaisyAssetsCommand.class,
            DaisyDoctorCommand.class
        })
final class DaisyCommand extends DaisySubcommand {

    @Override
    public Integer call() throws Exception {
        throw usage("Which of the Daisy's commands?");
    }
}
