// A hash of 128 bits that is the same on every machine. It keeps no secret: whoever looks for two texts with one hash
// finds them.

/** 32 hexadecimal digits.  Source: MurmurHash3 (x86, 128 bits) over the text's UTF-16 code units, two to a word. */
export function hash128(text: string): string {
  const state: Lanes = [0, 0, 0, 0];
  const { length } = text;
  const whole = length - (length % unitsPerBlock);
  for (let at = 0; at < whole; at += unitsPerBlock) {
    for (let lane = 0; lane < 4; lane++) {
      stir(state, lane, wordAt(text, at + 2 * lane));
      spread(state, lane);
    }
  }
  for (let lane = 0; lane < 4 && whole + 2 * lane < length; lane++)
    stir(state, lane, wordAt(text, whole + 2 * lane));
  for (let lane = 0; lane < 4; lane++) state[lane]! ^= 2 * length;
  mingle(state);
  for (let lane = 0; lane < 4; lane++) state[lane] = avalanche(state[lane]!);
  mingle(state);
  return state.map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

const unitsPerBlock = 8;

type Lanes = [number, number, number, number];

const multipliers = [0x239b961b, 0xab0e9789, 0x38b34ae5, 0xa1e38b93] as const;
const wordRotations = [15, 16, 17, 18] as const;
const stateRotations = [19, 17, 15, 13] as const;
const additions = [0x561ccd1b, 0x0bcaa747, 0x96cd1c35, 0x32ac3b17] as const;

const wordAt = (text: string, at: number): number =>
  text.charCodeAt(at) | (at + 1 < text.length ? text.charCodeAt(at + 1) << 16 : 0);

const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by));

function stir(state: Lanes, lane: number, word: number): void {
  const stirred = Math.imul(
    rotate(Math.imul(word, multipliers[lane]!), wordRotations[lane]!),
    multipliers[(lane + 1) % 4]!,
  );
  state[lane]! ^= stirred;
}

function spread(state: Lanes, lane: number): void {
  const sum = (rotate(state[lane]!, stateRotations[lane]!) + state[(lane + 1) % 4]!) | 0;
  state[lane] = (Math.imul(sum, 5) + additions[lane]!) | 0;
}

function mingle(state: Lanes): void {
  state[0] = (state[0] + state[1] + state[2] + state[3]) | 0;
  for (let lane = 1; lane < 4; lane++) state[lane] = (state[lane]! + state[0]) | 0;
}

function avalanche(word: number): number {
  let mixed = word ^ (word >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}
