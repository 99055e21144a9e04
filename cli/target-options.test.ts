import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { afterAll, describe, expect, test } from "vitest";
import { addTargetOptions, type TargetFlags, targetOf } from "./target-options.ts";

const folder = mkdtempSync(join(tmpdir(), "seatrial-target-options-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const own = "http://127.0.0.1:8080";

/** As the command line gives them. */
function flagsOf(...words: readonly string[]): TargetFlags {
  const command = addTargetOptions(new Command("x").exitOverride());
  command.configureOutput({ writeErr: () => undefined });
  return command.parse(words, { from: "user" }).opts();
}

describe("a target", () => {
  test("is nobody where nobody is named", () => {
    expect(targetOf(flagsOf(), undefined)).toBeUndefined();
    expect(() => targetOf(flagsOf("--restart-cmd", "x"), undefined)).toThrow(
      "--restart-cmd is about a server of yours",
    );
  });

  test("at an address is what its flags say", () => {
    const flags = flagsOf(
      ...["--url", `${own}/api/`, "--jwt-secret", "abc", "--health", "/up", "--start-timeout", "500"],
      ...["--control-token", "def", "--clock-cmd", "tick {advance_ms}", "--restart-cmd", "again"],
    );
    expect(targetOf(flags, undefined)).toEqual({
      kind: "url",
      url: `${own}/api`,
      healthPath: "/up",
      startTimeoutMs: 500,
      restartCommand: "again",
      hooks: { control: { token: "def" }, clockCommand: "tick {advance_ms}" },
      tokens: { kind: "secret", secret: "abc" },
    });
  });

  test("that is a command has a secret of its own, and its title shows none", () => {
    const target = targetOf(flagsOf(), ["./my-server", "--db-password=hunter2"]);
    expect(target).toMatchObject({
      kind: "command",
      command: { file: "./my-server", title: "./my-server --db-password=***" },
      hooks: {},
      tokens: { kind: "secret", secret: expect.stringMatching(/^[0-9a-f]{64}$/u) },
    });
  });

  test("is what the config says, where the command line says nothing", () => {
    const config = {
      server: { command: "./my-server --port {port}", health: "/up", startTimeoutMs: 9, env: { A: "1" } },
      tokens: { command: "./mint {user}" },
      hooks: { control: { token: "abc" } },
    };
    expect(targetOf({}, undefined, config)).toMatchObject({
      kind: "command",
      command: {
        file: "/bin/sh",
        args: ["-c", "./my-server --port {port}"],
        env: { A: "1" },
        readiness: { healthPath: "/up" },
        startTimeoutMs: 9,
      },
      hooks: { control: { token: "abc" } },
      tokens: { kind: "command", command: "./mint {user}" },
    });
    const flags = flagsOf("--url", own, "--jwt-secret", "x");
    expect(targetOf(flags, undefined, config)).toMatchObject({ kind: "url", tokens: { kind: "secret" } });
    expect(targetOf({}, ["./other"], config)).toMatchObject({ command: { file: "./other" } });
  });

  test("whose environment has a secret has its tokens signed with it", () => {
    const config = { server: { command: "./my-server", env: { JWT_SECRET: "abcd" } } };
    expect(targetOf({}, undefined, config)).toMatchObject({ tokens: { kind: "secret", secret: "abcd" } });
  });

  test("is what the environment says, where flags say nothing of the same thing", () => {
    const environment = { SEATRIAL_URL: own, SEATRIAL_JWT_SECRET: "abc", SEATRIAL_CONTROL_TOKEN: "def" };
    expect(targetOf({}, undefined, {}, environment)).toMatchObject({
      url: own,
      hooks: { control: { token: "def" } },
      tokens: { kind: "secret", secret: "abc" },
    });
    expect(targetOf(flagsOf("--token-cmd", "mint"), undefined, {}, environment)).toMatchObject({
      tokens: { kind: "command", command: "mint" },
    });
    expect(targetOf({}, ["./my-server"], {}, environment)).toMatchObject({ kind: "command" });
    expect(targetOf({}, undefined, {}, { SEATRIAL_TOKEN_CMD: "mint" })).toBeUndefined();
  });

  test("may have a list of tokens in a file", () => {
    const file = join(folder, "tokens.yaml");
    writeFileSync(file, "- { user: ann, token: a.b.c }\n- { user: ben, token: d.e.f }\n");
    expect(targetOf(flagsOf("--url", own, "--tokens", file), undefined)).toMatchObject({
      tokens: {
        kind: "list",
        tokens: [
          { user: "ann", token: "a.b.c" },
          { user: "ben", token: "d.e.f" },
        ],
      },
    });
  });
});

describe("bad usage", () => {
  const refusals: readonly (readonly [string, readonly string[], RegExp])[] = [
    [
      "an address of another machine",
      ["--url", "http://10.0.0.1"],
      /not on this machine.*--i-own-this-server/u,
    ],
    [
      "hooks on another machine",
      ["--url", own, "--jwt-secret", "x", "--control-url", "http://h", "--control-token", "t"],
      /--control-url http:\/\/h is not on this machine/u,
    ],
    ["no address at all", ["--url", "localhost:8080", "--jwt-secret", "x"], /is no address of a server/u],
    ["a password in it", ["--url", "http://a:b@127.0.0.1", "--jwt-secret", "x"], /has a name or password/u],
    ["no tokens", ["--url", own], /needs tokens: give --jwt-secret/u],
    ["tokens from two places", ["--url", own, "--jwt-secret", "x", "--token-cmd", "y"], /expected one/u],
    [
      "hooks without their token",
      ["--url", own, "--jwt-secret", "x", "--control-url", own],
      /without --control-token/u,
    ],
    ["a file that is not there", ["--url", own, "--tokens", join(folder, "none")], /cannot read the tokens/u],
  ];
  test.each(refusals)("%s is refused with what to do", (_what, words, message) => {
    expect(() => targetOf(flagsOf(...words), undefined)).toThrow(message);
    expect(() => targetOf(flagsOf(...words), undefined)).toThrow(
      expect.objectContaining({ name: "UsageError" }),
    );
  });

  test("a file without tokens is refused without showing what is in it", () => {
    const file = join(folder, "odd.yaml");
    writeFileSync(file, "- { user: ann, tokn: very-secret }\n");
    const read = (): unknown => targetOf(flagsOf("--url", own, "--tokens", file), undefined);
    expect(read).toThrow(/has no list of tokens; expected/u);
    expect(read).not.toThrow(/very-secret/u);
  });

  test("two servers at once are refused", () => {
    const flags = flagsOf("--url", own, "--jwt-secret", "x");
    expect(() => targetOf(flags, ["./server"])).toThrow("give one of them");
    const server = { url: own, command: "./server" };
    expect(() => targetOf({}, undefined, { server })).toThrow("expected one of them");
  });

  test("an address of another machine is taken from who owns it", () => {
    const flags = flagsOf("--url", "http://10.0.0.1", "--jwt-secret", "x", "--i-own-this-server");
    expect(targetOf(flags, undefined)).toMatchObject({ url: "http://10.0.0.1" });
  });
});
