// The doctor as somebody calls it where there is nobody to examine.
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const root = fileURLToPath(new URL("..", import.meta.url));

test("an address where nobody listens is one sentence, and exit code 3", async () => {
  const words = ["cli/main.ts", "doctor", "--url", "http://127.0.0.1:1", "--jwt-secret", "x"];
  const told = await new Promise((resolve) => {
    execFile(process.execPath, words, { cwd: root }, (error, out, err) =>
      resolve({ code: Number(error?.code ?? 0), out, err }),
    );
  });
  expect(told).toEqual({
    code: 3,
    out: "",
    err: "error: could not set up: the server under test cannot be asked: nobody listens at 127.0.0.1:1\n",
  });
});
