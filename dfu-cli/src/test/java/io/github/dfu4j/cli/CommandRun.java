package io.github.dfu4j.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.io.StringWriter;

/**
 * A command run in this process, with what it printed.
 *
 * @param status the exit status
 * @param out all of the output
 * @param err all of the error output
 */
record CommandRun(int status, String out, String err) {

    /** Runs a command line. */
    static CommandRun dfu(String... args) {
        return dfuWithInput(new StringReader(""), args);
    }

    /** Runs a command line with something on its standard input. */
    static CommandRun dfuWithInput(Reader in, String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int status = Main.run(new Console(in, out, err, false), args);
        return new CommandRun(status, out.toString(), err.toString());
    }

    /** The output, read as JSON. */
    JsonNode json() throws IOException {
        return new ObjectMapper().readTree(out);
    }
}
