// The version of this Seatrial, from the package that it came in.
import { readFileSync } from "node:fs";

/** The same in a clone and in `dist/`, which is one folder deeper. */
const places = ["../package.json", "../../package.json"];

export function version(): string {
  for (const place of places) {
    const found = readVersion(new URL(place, import.meta.url));
    if (found !== undefined) return found;
  }
  return "0.0.0";
}

function readVersion(url: URL): string | undefined {
  try {
    const { name, version } = JSON.parse(readFileSync(url, "utf8")) as { name?: string; version?: string };
    return name === "seatrial" ? version : undefined;
  } catch {
    return undefined;
  }
}
