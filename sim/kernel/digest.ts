// Sixty-four bits over everything that happened, cheap enough to be always on. Same scenario, seed and version: same
// digest, on every machine. Not cryptographic; it finds accidents, not adversaries.
import { hashText, mix } from "./addressed-random.ts";

export class Digest {
  #high = 0x6a09_e667;
  #low = 0xbb67_ae85;

  add(value: number): void {
    this.#high = Math.imul(this.#high ^ value, 0x0100_0193);
    this.#low = Math.imul(this.#low + value, 0x85eb_ca6b) ^ (this.#low >>> 15);
  }

  addText(text: string): void {
    this.add(hashText(text, 0));
  }

  /** Sixteen hexadecimal digits. */
  toString(): string {
    const high = mix(this.#high);
    const low = mix(this.#low ^ high);
    return high.toString(16).padStart(8, "0") + low.toString(16).padStart(8, "0");
  }
}
