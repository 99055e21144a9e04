import { describe, expect, it } from "vitest";
import { reporterNames } from "../reports/reporter-names.ts";
import type { SeatrialConfig } from "./config.ts";
import { resolveSettings, type SettingFlags, type Settings } from "./settings.ts";

const resolve = (
  flags: SettingFlags,
  environment: Readonly<Record<string, string>> = {},
  config?: SeatrialConfig,
): Settings => {
  const file = config === undefined ? undefined : { file: "seatrial.config.yaml", config };
  return resolveSettings(flags, environment, file);
};

it("does what the manual says where nobody says anything", () => {
  expect(resolve({})).toEqual({
    protocol: "waveflow",
    target: {},
    abilities: {},
    outputDir: "seatrial-report",
    reporters: reporterNames,
    workers: 12,
    timeoutMs: 60_000,
    strict: false,
    iOwnThisServer: false,
  });
});

const url = "postgresql://u:p@localhost:5432/x";

describe("a flag goes over the environment over the file, for", () => {
  type Row = readonly [
    key: keyof Settings,
    flag: readonly [SettingFlags, unknown],
    environment: readonly [string, string, unknown],
    file: readonly [SeatrialConfig, unknown],
  ];
  it.each<Row>([
    ["protocol", [{ protocol: "a" }, "a"], ["SEATRIAL_PROTOCOL", "b", "b"], [{ protocol: "c" }, "c"]],
    [
      "levels",
      [{ level: "core, clock,core" }, ["core", "clock"]],
      ["SEATRIAL_LEVEL", "realtime", ["realtime"]],
      [{ level: ["crash"] }, ["crash"]],
    ],
    [
      "database",
      [{ database: { kind: "embedded", major: 17 } }, { kind: "embedded", major: 17 }],
      ["SEATRIAL_DATABASE", "container", { kind: "container", image: "postgres:18" }],
      [{ database: url }, { kind: "url", url }],
    ],
    ["baseline", [{ baseline: "a" }, "a"], ["SEATRIAL_BASELINE", "b", "b"], [{ baseline: "c" }, "c"]],
    ["outputDir", [{ outputDir: "a" }, "a"], ["SEATRIAL_OUTPUT_DIR", "b", "b"], [{ outputDir: "c" }, "c"]],
    [
      "reporters",
      [{ reporter: ["json"] }, ["json"]],
      ["SEATRIAL_REPORTER", "junit,ctrf", ["junit", "ctrf"]],
      [{ reporters: [] }, []],
    ],
    ["seed", [{ seed: "a" }, "a"], ["SEATRIAL_SEED", "7", "7"], [{ seed: 9 }, "9"]],
    ["workers", [{ workers: 1 }, 1], ["SEATRIAL_WORKERS", "2", 2], [{ workers: 3 }, 3]],
    ["timeoutMs", [{ timeout: 1 }, 1], ["SEATRIAL_TIMEOUT", "2", 2], [{ timeoutMs: 3 }, 3]],
    ["grep", [{ grep: "a" }, "a"], ["SEATRIAL_GREP", "b", "b"], [{ grep: "c" }, "c"]],
    [
      "grepInvert",
      [{ grepInvert: "a" }, "a"],
      ["SEATRIAL_GREP_INVERT", "b", "b"],
      [{ grepInvert: "c" }, "c"],
    ],
    ["bail", [{ bail: 1 }, 1], ["SEATRIAL_BAIL", "2", 2], [{ bail: 3 }, 3]],
    ["strict", [{ strict: true }, true], ["SEATRIAL_STRICT", "no", false], [{ strict: true }, true]],
    [
      "iOwnThisServer",
      [{ iOwnThisServer: true }, true],
      ["SEATRIAL_I_OWN_THIS_SERVER", "0", false],
      [{ iOwnThisServer: true }, true],
    ],
  ])("%s", (key, [flags, flagged], [variable, text, said], [config, filed]) => {
    expect(resolve(flags, { [variable]: text }, config)[key]).toEqual(flagged);
    expect(resolve({}, { [variable]: text }, config)[key]).toEqual(said);
    expect(resolve({}, {}, config)[key]).toEqual(filed);
    expect(resolve({}, { [variable]: "" }, config)[key]).toEqual(filed);
  });
});

it("hands through what the file says of the target", () => {
  const config = {
    server: { command: "./run" },
    tokens: { secret: "s" },
    hooks: { compact: "./compact" },
    abilities: { socket: false },
  };
  const { target, abilities } = resolve({}, {}, config);
  expect({ ...target, abilities }).toEqual(config);
});

describe("what makes no sense is refused by the name of whoever said it", () => {
  it.each<[string, Readonly<Record<string, string>>, SeatrialConfig | undefined, string]>([
    [
      "workers",
      { SEATRIAL_WORKERS: "many" },
      {},
      'SEATRIAL_WORKERS: expected a whole number from 1 to 64, saw "many"',
    ],
    ["a truth", { SEATRIAL_STRICT: "maybe" }, {}, 'SEATRIAL_STRICT: expected true or false, saw "maybe"'],
    ["a reporter", { SEATRIAL_REPORTER: "json,junitt" }, {}, 'saw "junitt"; did you mean "junit"?'],
    [
      "a database of the environment",
      { SEATRIAL_DATABASE: "mysql" },
      {},
      'SEATRIAL_DATABASE: "mysql" names no database',
    ],
    [
      "a database of the file",
      {},
      { database: "mysql" },
      'seatrial.config.yaml: database: "mysql" names no database',
    ],
  ])("%s", (_what, environment, config, message) => {
    expect(() => resolve({}, environment, config)).toThrow(message);
  });
});
