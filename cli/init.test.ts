// What `seatrial init` leaves in a folder, and what it leaves alone.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { loadConfig } from "../certify/load-config.ts";
import { UsageError } from "./errors.ts";
import { createProgram } from "./program.ts";

const here = process.cwd();
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "seatrial-init-"));
  process.chdir(folder);
});
afterEach(() => {
  process.chdir(here);
  rmSync(folder, { recursive: true });
});

async function init(...words: readonly string[]): Promise<string> {
  let out = "";
  const print = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += String(text);
    return true;
  });
  try {
    await createProgram().parseAsync(["init", ...words], { from: "user" });
    return out;
  } finally {
    print.mockRestore();
  }
}

const written = ["seatrial.config.yaml", "conformance-baseline.yaml", ".github/workflows/seatrial.yml"];
const configHere = async (environment: Readonly<Record<string, string>> = {}) =>
  (await loadConfig({ folder }, environment))?.config;

describe("seatrial init", () => {
  it("writes a config, a baseline and a workflow, and says so and what comes next", async () => {
    const out = await init("--", "./my-server", "--port", "{port}");
    for (const path of written) {
      expect(existsSync(join(folder, path)), path).toBe(true);
      expect(out).toContain(`  ${path}\n`);
    }
    expect(out).toContain("next:\n  1. ");
    expect((await configHere())?.server).toEqual({ command: ["./my-server", "--port", "{port}"] });
  });

  it("names the secret that an address needs, and none where a command prints tokens", async () => {
    const out = await init("--url", "http://127.0.0.1:8080");
    expect(out).toContain("set JWT_SECRET");
    expect((await configHere({ JWT_SECRET: "s" }))?.tokens).toEqual({ secret: "s" });
    expect(await init("--force", "--url", "http://127.0.0.1:8080", "--token-cmd", "./mint")).not.toContain(
      "JWT_SECRET",
    );
    expect((await configHere())?.tokens).toEqual({ command: "./mint" });
  });

  it("lets the reference server stand in where no server is named", async () => {
    expect(await init()).toContain("the reference server stands in");
    expect((await configHere())?.server?.command?.at(-1)).toBe("serve");
  });

  it("leaves what is there alone, all of it, unless it is forced", async () => {
    writeFileSync("conformance-baseline.yaml", "# ours\n");
    const refused = init("--", "./my-server");
    await expect(refused).rejects.toBeInstanceOf(UsageError);
    await expect(refused).rejects.toThrow("conformance-baseline.yaml is there already; nothing was written");
    expect(existsSync("seatrial.config.yaml")).toBe(false);
    await init("--force", "--", "./my-server");
    expect(readFileSync("conformance-baseline.yaml", "utf8")).not.toBe("# ours\n");
  });

  it("makes no second config beside another one, forced or not", async () => {
    writeFileSync("seatrial.config.ts", "export default {};\n");
    await expect(init("--force", "--", "./my-server")).rejects.toThrow("seatrial.config.ts is there already");
    expect(existsSync("seatrial.config.yaml")).toBe(false);
  });

  it.each([
    [["--url", "http://h", "--", "./x"], "give one of them"],
    [["--url", "localhost:8080"], "is no address of a server"],
    [["--token-cmd", "./mint", "--", "./x"], "--token-cmd is of --url"],
    [["./my-server"], "expected the command of the server behind --"],
    [["--protocol", "waveflo"], 'did you mean "waveflow"?'],
  ])("refuses %j", async (words, message) => {
    await expect(init(...words)).rejects.toThrow(message);
    expect(existsSync("seatrial.config.yaml")).toBe(false);
  });
});
