// UUIDs from the machine's randomness.
import { randomUUID } from "node:crypto";
import type { Ids } from "../waveflow/ports.ts";

export class RandomIds implements Ids {
  uuid(): string {
    return randomUUID();
  }
}
