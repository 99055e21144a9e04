// One JSON file. A change is written beside it, forced to the medium and renamed over it, so a kill leaves the old file or
// the new one.
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";
import { join } from "node:path";

export class Store {
  constructor(directory, empty) {
    this.file = join(directory, "device.json");
    this.value = existsSync(this.file) ? JSON.parse(readFileSync(this.file, "utf8")) : empty;
  }

  /** `change` gets a copy to write to; when this returns, the copy is what is kept. */
  commit(change, { leftOut = () => {} } = {}) {
    const next = structuredClone(this.value);
    change(next);
    const kept = structuredClone(next);
    leftOut(kept);
    const beside = `${this.file}.new`;
    const handle = openSync(beside, "w");
    writeSync(handle, JSON.stringify(kept));
    fsyncSync(handle);
    closeSync(handle);
    renameSync(beside, this.file);
    this.value = next;
  }
}
