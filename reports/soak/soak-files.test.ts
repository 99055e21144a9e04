import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, describe, expect, it } from "vitest";
import { sampleSoak } from "../../test/sample-soak.ts";
import schema from "../json/soak.schema.json" with { type: "json" };
import { type SoakDocument, writeSoakFiles } from "./soak-files.ts";
import { soakSvg } from "./soak-svg.ts";

const ajv = new Ajv2020({
  allErrors: true,
  strict: true,
  strictRequired: false,
  formats: { "date-time": true },
});
const validate = ajv.compile(schema);
const folder = mkdtempSync(join(tmpdir(), "seatrial-soak-files-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("soak.json", () => {
  writeSoakFiles(folder, sampleSoak);
  const document = JSON.parse(readFileSync(join(folder, "soak.json"), "utf8")) as SoakDocument;

  it("keeps to its published schema", () => {
    validate(document);
    expect(validate.errors).toBeNull();
  });

  it("keeps to it where nothing came to pass", () => {
    const { pushLatencyMs: _, ...rest } = document;
    validate({ ...rest, samples: [], leaks: [], marks: [], violations: [], faults: {} });
    expect(validate.errors).toBeNull();
  });

  it("is all that the report holds, beside the graphs, and appears whole", () => {
    const { format, ...report } = document;
    expect(format).toBe("seatrial-soak/1");
    expect(report).toEqual(JSON.parse(JSON.stringify(sampleSoak)));
    expect(readdirSync(folder).sort()).toEqual(["soak.json", "soak.svg"]);
  });
});

describe("soak.svg", () => {
  const svg = soakSvg(sampleSoak);

  it("needs nothing beside itself", () => {
    expect(svg.replaceAll('xmlns="http://www.w3.org/2000/svg"', "")).not.toMatch(
      /http|href|@import|<script/u,
    );
  });

  it("opens and closes its elements, and escapes what it is given", () => {
    const open: string[] = [];
    for (const [, slash, name, inside] of svg.matchAll(/<(\/?)([a-z]+)([^>]*)>/gu)) {
      if (slash === "/") expect(open.pop()).toBe(name);
      else if (!inside!.endsWith("/")) open.push(name!);
    }
    expect(open).toEqual([]);
    expect(svg).toContain("seed &lt;7&gt;");
    expect(svg).not.toContain("<7>");
  });

  it("draws every series, within the picture and without numbers that are none", () => {
    const paths = [...svg.matchAll(/<path d="([^"]+)"/gu)].map(([, path]) => path!);
    expect(paths.length).toBe(2 + 3 + 2 + 4 + 2);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/u);
    const [, , width, height] = /viewBox="(\d+) (\d+) (\d+) (\d+)"/u.exec(svg)!.slice(1).map(Number);
    for (const [, x, y] of paths.join(" ").matchAll(/[ML]([\d.]+) ([\d.]+)/gu)) {
      expect(Number(x)).toBeLessThanOrEqual(width!);
      expect(Number(y)).toBeLessThanOrEqual(height!);
    }
  });

  it("leaves a gap where there is no value", () => {
    const latency = [...svg.matchAll(/<path d="([^"]+)"/gu)].map(([, path]) => path!)[2]!;
    expect(latency.match(/M/gu)).toHaveLength(2);
  });

  it("is a picture of nothing as well", () => {
    expect(soakSvg({ ...sampleSoak, samples: [], marks: [] })).toContain("</svg>");
  });
});
