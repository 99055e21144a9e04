// Makes `dist/`, which is what the package publishes: JavaScript, types, and the files that are read at run time.
import { execFileSync } from "node:child_process";
import { cpSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

const root = import.meta.dirname;
const compiler = join(
  dirname(createRequire(import.meta.url).resolve("typescript/package.json")),
  "bin",
  "tsc",
);

/** Files that are read at run time and are no TypeScript. */
const isAsset = (path: string): boolean => path.endsWith(".yaml") || path.endsWith(".schema.json");

rmSync(join(root, "dist"), { recursive: true, force: true });
execFileSync(process.execPath, [compiler, "-p", join(root, "tsconfig.build.json")], { stdio: "inherit" });
for (const folder of ["scenarios", "reports/json", "reports/events", "reports/certificate", "certify"]) {
  cpSync(join(root, folder), join(root, "dist", folder), {
    recursive: true,
    filter: (source) => isAsset(source) || !/\.[^/]+$/u.test(source.slice(root.length)),
  });
}
