import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ConfigError, loadConfig, readConfigText } from "./load-config.ts";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "seatrial-config-"));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

const load = async (files: Readonly<Record<string, string>>, file?: string) =>
  loadConfig({ folder: folderWith(files), file }, { SECRET: "s3cret" });

describe("a config is found", () => {
  it.each([
    ["seatrial.config.yaml", "level: core\n"],
    ["seatrial.config.yml", "level: core\n"],
    ["seatrial.config.json", '{\n\t"level": "core"\n}'],
    ["seatrial.config.js", 'export default { level: "core" };'],
    ["seatrial.config.mjs", 'export default async () => ({ level: "core" });'],
    ["seatrial.config.ts", 'const config: { level: string } = { level: "core" };\nexport default config;'],
    ["seatrial.config.mts", 'export default { level: "core" } satisfies object;'],
  ])("as %s", async (name, text) => {
    expect(await load({ [name]: text })).toEqual({ file: name, config: { level: "core" } });
  });

  it("by its name", async () => {
    expect(await load({ "ours.yaml": "seed: 7\n" }, "ours.yaml")).toEqual({
      file: "ours.yaml",
      config: { seed: 7 },
    });
  });

  it("or there is none", async () => {
    expect(await load({})).toBeUndefined();
    expect((await load({ "seatrial.config.yaml": "# nothing yet\n" }))?.config).toEqual({});
  });

  it.each([
    [
      "which of two is meant",
      { "seatrial.config.ts": "", "seatrial.config.yaml": "" },
      undefined,
      "saw seatrial.config.ts and seatrial.config.yaml",
    ],
    ["a file that is not there", {}, "ours.yaml", "ours.yaml: there is no such file"],
    [
      "a module that throws",
      { "seatrial.config.js": "throw new Error('no luck')" },
      undefined,
      "seatrial.config.js cannot be loaded: no luck",
    ],
    [
      "a module without a default",
      { "seatrial.config.js": "export const level = 1;" },
      undefined,
      "has no default export",
    ],
    [
      "a module that says too much",
      { "seatrial.config.js": "export default { sede: 1 }" },
      undefined,
      'seatrial.config.js: unknown key "sede"',
    ],
    [
      "JSON that is YAML",
      { "seatrial.config.json": "level: core" },
      undefined,
      "seatrial.config.json: no JSON",
    ],
  ])("and not guessed: %s", async (_what, files, file, message) => {
    await expect(load(files as Readonly<Record<string, string>>, file)).rejects.toThrow(ConfigError);
    await expect(load(files as Readonly<Record<string, string>>, file)).rejects.toThrow(message);
  });
});

const problems = (text: string): readonly string[] => {
  try {
    readConfigText(text, "c.yaml", { SECRET: "s3cret", EMPTY: "" });
    return [];
  } catch (error) {
    return (error as ConfigError).message.split("\n");
  }
};

describe("what is wrong is told with its place", () => {
  it.each([
    [
      "a misspelt key",
      "level: core\nbaselin: x.yaml\n",
      /^c\.yaml:2:1: unknown key "baselin": expected .*; did you mean "baseline"\?$/u,
    ],
    [
      "a misspelt key inside",
      "server:\n  comand: ./run\n",
      /^c\.yaml:2:3: unknown key "comand" in server: expected url, command, health, .*did you mean "command"\?$/u,
    ],
    [
      "a misspelt way to have tokens",
      "tokens:\n  secrt: x\n",
      'c.yaml:2:3: unknown key "secrt" in tokens: expected secret, command, list; did you mean "secret"?',
    ],
    [
      "two ways to have tokens",
      "tokens: { secret: x, command: y }\n",
      "c.yaml:1:1: tokens: expected exactly one of secret, command, list, saw secret and command",
    ],
    [
      "a token for a device that is none",
      "tokens:\n  list:\n    - { user: anna, token: t }\n    - { user: bob, token: t, device: b1 }\n",
      "c.yaml:4:30: tokens.list[1].device: expected a UUID, saw a text",
    ],
    [
      "a word instead of a number",
      "workers: many\n",
      'c.yaml:1:1: workers: expected a whole number from 1 to 64, saw "many"',
    ],
    [
      "a number out of range",
      "workers: 65\n",
      "c.yaml:1:1: workers: expected a whole number from 1 to 64, saw 65",
    ],
    [
      "a reporter that there is not",
      "reporters: [terminal, junitt]\n",
      /^c\.yaml:1:23: reporters\[1\]: expected one of terminal, .*, saw "junitt"; did you mean "junit"\?$/u,
    ],
    [
      "a command that is a number",
      "server: { command: 7 }\n",
      "c.yaml:1:11: server.command: expected a text or a list of at least 1 (each a text), saw 7",
    ],
    [
      "hooks without their token",
      "hooks:\n  control:\n    url: http://127.0.0.1:1\n",
      "c.yaml:2:3: hooks.control.token is missing: expected a text",
    ],
    [
      "a secret that is a number, which is not shown",
      "tokens: { secret: 123456 }\n",
      "c.yaml:1:11: tokens.secret: expected a text, saw a number",
    ],
    [
      "an ability that is a word",
      "abilities: { socket: no }\n",
      'c.yaml:1:14: abilities.socket: expected true or false, saw "no"',
    ],
    ["a key that stands there twice", "seed: 1\nseed: 2\n", /^c\.yaml:2:1: no YAML: /u],
    ["a list", "- level\n", /^c\.yaml:1:1: the config: expected a map of \$schema, protocol, /u],
    [
      "an environment that says nothing",
      "level: core\ntokens:\n  secret: ${JWT}\n",
      "c.yaml:3:3: tokens.secret: expected the environment to say JWT, which is not set",
    ],
    [
      "an environment that is empty",
      "seed: x${EMPTY}\n",
      "c.yaml:1:1: seed: expected the environment to say EMPTY, which is empty",
    ],
  ])("%s", (_what, text, message) => {
    const seen = problems(text);
    expect(seen).toHaveLength(1);
    if (typeof message === "string") expect(seen[0]).toBe(message);
    else expect(seen[0]).toMatch(message);
  });

  it("all of it at once, in the order of the file", () => {
    const text = "wrkers: 3\nstrict: 1\ntokens: { secret: '${JWT}' }\nseed: true\n";
    expect(problems(text).map((line) => line.slice(0, 8))).toEqual([
      "c.yaml:1",
      "c.yaml:2",
      "c.yaml:3",
      "c.yaml:4",
    ]);
  });
});

describe("${NAME}", () => {
  const read = (text: string) => readConfigText(text, "c.yaml", { SECRET: "s3:#cret", PORT: "80" });

  it("is what the environment says, in any text and as a text", () => {
    expect(read("tokens: { secret: '${SECRET}' }")).toEqual({ tokens: { secret: "s3:#cret" } });
    expect(read("server: { command: [./run, '--port=${PORT}${PORT}'] }")).toEqual({
      server: { command: ["./run", "--port=8080"] },
    });
  });

  it("stays as it is behind a second dollar, and so do braces that expand later", () => {
    expect(read("server: { command: 'run $${HOME} {port} $HOME' }")).toEqual({
      server: { command: "run ${HOME} {port} $HOME" },
    });
  });
});
