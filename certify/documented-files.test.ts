// What docs/reports.md shows of configs and baselines is what Seatrial reads.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { readBaseline } from "./baseline-file.ts";
import { configJsonSchema } from "./config.ts";
import { ConfigError, readConfigText } from "./load-config.ts";

const page = readFileSync(fileURLToPath(new URL("../docs/reports.md", import.meta.url)), "utf8");
const blocks = [...page.matchAll(/```(?:yaml)?\n(.*?)```/gsu)].map(([, text]) => text!);
const blockWith = (words: string): string => blocks.find((text) => text.includes(words))!;

it("the config of the page loads, and shows every key", () => {
  const environment = { JWT_SECRET: "s", SEATRIAL_CONTROL_TOKEN: "t" };
  const config = readConfigText(blockWith("protocol: waveflow"), "seatrial.config.yaml", environment);
  const keys = Object.keys(configJsonSchema().properties!).filter((key) => key !== "$schema");
  expect(Object.keys(config).sort()).toEqual(keys.sort());
});

it("what is wrong is told in the words of the page", () => {
  const text = "server:\n  comand: ./my-server\nseed: 1\nworkers: many\n";
  const read = (): unknown => readConfigText(text, "seatrial.config.yaml", {});
  expect(read).toThrow(ConfigError);
  expect(read).toThrow(blockWith("unknown key").trimEnd());
});

it("the baseline of the page is read", () => {
  expect(readBaseline(blockWith("- id:"), "b.yaml")).toMatchObject({
    ok: true,
    entries: [{ expires: "2027-02-28" }],
  });
});
