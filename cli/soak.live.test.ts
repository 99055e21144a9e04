import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import type { SoakDocument } from "../reports/soak/soak-files.ts";

const folder = mkdtempSync(join(tmpdir(), "seatrial-soak-command-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const main = fileURLToPath(new URL("main.ts", import.meta.url));

function startSoak(outputDir: string): { readonly child: ChildProcess; said(): string } {
  const child = spawn(
    process.execPath,
    [main, "soak", "--devices", "8", "--seed", "command", "--output-dir", outputDir],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let text = "";
  const hear = (chunk: Buffer): void => void (text += String(chunk));
  child.stdout!.on("data", hear);
  child.stderr!.on("data", hear);
  return { child, said: () => text };
}

test("Ctrl-C ends a soak with a report of what has been seen so far", async () => {
  const { child, said } = startSoak(folder);
  const exited = once(child, "exit");
  // Where there is no terminal it says one line every few seconds.
  await expect.poll(said, { timeout: 40_000, interval: 200 }).toMatch(/devices up in/u);
  child.kill("SIGINT");
  const [code] = (await exited) as [number | null];
  expect(said()).toContain("stopping; the reports will say how far it came");
  expect(said()).toMatch(/\d+ passed, 0 failed\s*$/u);
  expect(code, said()).toBe(130);
  const document = JSON.parse(readFileSync(join(folder, "soak.json"), "utf8")) as SoakDocument;
  expect(document).toMatchObject({ format: "seatrial-soak/1", seed: "command", interrupted: true });
  expect(document.accounts.judged + document.accounts.abandoned).toBeGreaterThan(0);
  for (const file of ["soak.svg", "results.json", "junit.xml"])
    expect(existsSync(join(folder, file))).toBe(true);
});
