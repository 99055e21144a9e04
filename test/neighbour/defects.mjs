// Which of the known mistakes this process makes: `DEFECT=name,name` or `--defect name,name`. A name that defects.json
// does not know ends the process, so that a misspelt defect is never taken for a server that is right.
import { readFileSync } from "node:fs";

const known = JSON.parse(readFileSync(new URL("defects.json", import.meta.url), "utf8"));

const words = process.argv.slice(2);
const place = words.indexOf("--defect");
const asked = `${process.env.DEFECT ?? ""},${place < 0 ? "" : (words[place + 1] ?? "")}`
  .split(",")
  .map((name) => name.trim())
  .filter((name) => name !== "");

for (const name of asked) {
  if (Object.hasOwn(known, name)) continue;
  process.stderr.write(`neighbour: no defect is called "${name}"; defects.json lists them\n`);
  process.exit(2);
}

const made = new Set(asked);

/** Whether this process makes the mistake. */
export const defect = (name) => made.has(name);
