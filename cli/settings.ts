// What flags, environment and config file together come to, for the commands that read all three.
import { type Command, Option } from "commander";
import { ConfigError, loadConfig } from "../certify/load-config.ts";
import { resolveSettings, type SettingFlags, type Settings } from "../certify/settings.ts";
import { UsageError } from "./errors.ts";

export interface ConfiguredSettings {
  readonly settings: Settings;
  /** The config that was read; absent where there is none. */
  readonly configFile?: string;
}

export const configOption = (): Option =>
  new Option("-c, --config <file>", "config (default: seatrial.config.{ts,mts,js,mjs,json,yaml,yml} here)");

/** Everything that was said about how to run, of which the command line counts most. Defaults of flags, and what the
 *  command line takes from the environment by itself, count as not said.
 *  Errors: UsageError. */
export async function settingsOf(command: Command): Promise<ConfiguredSettings> {
  const given = Object.entries(command.opts()).filter(
    ([name]) => command.getOptionValueSource(name) === "cli",
  );
  const { config, ...flags } = Object.fromEntries(given) as SettingFlags & { readonly config?: string };
  try {
    const file = await loadConfig({ file: config, folder: process.cwd() }, process.env);
    const settings = resolveSettings(flags, process.env, file);
    return { settings, ...(file === undefined ? {} : { configFile: file.file }) };
  } catch (error) {
    if (error instanceof ConfigError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}
