// The doctor as somebody calls it, on servers that owe nothing to the reference.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "seatrial-doctor-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Finished {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function doctor(...words: readonly string[]): Promise<Finished> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ["cli/main.ts", "doctor", ...words],
      { cwd: root, env: { ...process.env, NO_COLOR: "1" } },
      (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

test.concurrent("a server that can be asked for everything but its database is told so, level by level", async () => {
  const neighbour = ["node", "test/neighbour/server.mjs", "--data-root", join(folder, "data")];
  const { code, out } = await doctor("--", ...neighbour);
  expect(out).toMatch(/✓ push +POST \/sync\/ops answers 200/u);
  expect(out).toMatch(/✓ frames +an op that another device pushed/u);
  expect(out).toMatch(/✓ compact hook closed +answers 404 without a token and 404 with a wrong one/u);
  expect(out).toMatch(/✓ second process/u);
  expect(out).toMatch(/○ database +it sends no statement to its DATABASE_URL/u);
  expect(out).toMatch(/level core: all of its \d+ scenarios can be assessed/u);
  expect(code).toBe(4);
});

test.concurrent("a server that dies at its start is one sentence with what it wrote, and exit code 3", async () => {
  const { code, out, err } = await doctor("--", "node", "-e", "console.error('no licence'); process.exit(9)");
  expect({ code, out }).toEqual({ code: 3, out: "" });
  expect(err).toMatch(/^error: could not set up: server .* ended with exit code 9\..*no licence\n$/su);
});

test.concurrent("an address where nobody listens is one sentence, and exit code 3", async () => {
  const { code, err } = await doctor("--url", "http://127.0.0.1:1", "--jwt-secret", "x");
  expect({ code, err }).toEqual({
    code: 3,
    err: "error: could not set up: the server under test cannot be asked: nobody listens at 127.0.0.1:1\n",
  });
});
