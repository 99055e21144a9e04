// Runs scripts as a stranger would: with a shell, in a folder of their own.
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface ShellDesk {
  readonly folder: string;
  /** What a script printed.  Errors: its exit code and what it complained of. */
  readonly shell: (text: string, env: Readonly<Record<string, string>>) => Promise<string>;
  remove(): void;
}

export function shellDesk(): ShellDesk {
  const folder = mkdtempSync(join(tmpdir(), "seatrial-script-"));
  let scripts = 0;
  return {
    folder,
    shell(text, env) {
      const file = join(folder, `${++scripts}.sh`);
      writeFileSync(file, text);
      const { PATH } = process.env;
      return new Promise((resolve, reject) => {
        execFile(
          "sh",
          [file],
          { env: { PATH, TMPDIR: folder, ...env }, maxBuffer: 2 ** 26 },
          (error, out, err) => {
            if (error === null) resolve(out);
            else reject(new Error(`${error.message}\n${err}`));
          },
        );
      });
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
