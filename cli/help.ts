// Help as a newcomer reads it: what the command does in a sentence, then examples, then the flags.
import type { Command } from "commander";

export interface CommandHelp {
  /** For the list of commands; a few words. */
  readonly summary: string;
  readonly sentence: string;
  /** Command line and what it does. */
  readonly examples: readonly (readonly [command: string, what: string])[];
}

const widthMax = 100;

export function addHelp(command: Command, { summary, sentence, examples }: CommandHelp): Command {
  const commandWidth = Math.max(...examples.map(([line]) => line.length));
  const lines = examples.map(([line, what]) => `  ${line.padEnd(commandWidth)}   ${what}`);
  return command
    .summary(summary)
    .configureHelp({ helpWidth: widthMax, minWidthToWrap: 60 })
    .addHelpText("before", `${fold(sentence)}\n\nExamples:\n${lines.join("\n")}\n`);
}

function fold(text: string): string {
  const lines: string[] = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line.length + word.length >= widthMax) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.join("\n");
}
