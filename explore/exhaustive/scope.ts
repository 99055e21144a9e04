// A small scope as data, and the walks that it comes to. A scope says how many devices there are, how many edits each
// makes, and which faults may strike; a walk is a scope with every fault placed: which request arrives twice, who
// crashes. When they strike is the walk's to try out.

export interface Scope {
  readonly devices: number;
  readonly editsPerDevice: number;
  /** Requests that arrive twice, the second time at any later moment. At most one. */
  readonly duplicates: number;
  /** Requests whose answer is lost after the effect: the device hears a gateway's error in its place. At most one. */
  readonly lostAnswers: number;
  /** Crashes of the server or of a device, at any moment. At most one. */
  readonly crashes: number;
  /** Compactions, at any moment. */
  readonly compactions: number;
}

/** A request by its place in its device's program, from 1. */
export interface PlacedRequest {
  readonly device: string;
  readonly request: number;
}

/** Who crashes: the server, whenever; a device at a durable step; a device that waits for an answer. */
export type PlacedCrash =
  | { readonly who: "server" }
  | {
      readonly who: "device at a commit";
      readonly device: string;
      readonly commit: number;
      readonly position: "before" | "after";
    }
  | ({ readonly who: "waiting device" } & PlacedRequest);

export interface Walk {
  readonly devices: readonly string[];
  readonly editsPerDevice: number;
  readonly compactions: number;
  readonly duplicate?: PlacedRequest;
  readonly lostAnswer?: PlacedRequest;
  readonly crash?: PlacedCrash;
}

/** The scopes that are walked where none is named, smallest first: so something is always complete. */
export const ladder: readonly Scope[] = [
  scope(2, 1, {}),
  scope(2, 2, {}),
  scope(2, 2, { lostAnswers: 1 }),
  scope(2, 2, { compactions: 1 }),
  scope(2, 2, { crashes: 1 }),
  scope(2, 2, { duplicates: 1 }),
  scope(2, 2, { lostAnswers: 1, compactions: 1 }),
  scope(2, 2, { duplicates: 1, compactions: 1 }),
  scope(2, 2, { crashes: 1, compactions: 1 }),
  scope(2, 2, { duplicates: 1, crashes: 1 }),
  scope(2, 2, { duplicates: 1, crashes: 1, compactions: 1 }),
  scope(3, 1, {}),
  scope(3, 2, {}),
  scope(3, 2, { compactions: 1 }),
  scope(3, 2, { duplicates: 1, crashes: 1, compactions: 1 }),
];

const deviceNames = ["phone", "laptop", "tablet", "desktop"] as const;

/** The most of each that a scope may ask for. */
const scopeBounds: Scope = {
  devices: deviceNames.length,
  editsPerDevice: 4,
  duplicates: 1,
  lostAnswers: 1,
  crashes: 1,
  compactions: 2,
};

/** How a scope is written: `devices=2,edits=2,duplicates=1,crashes=1,compactions=1`; what is left out is 0, devices 2,
 *  edits 2.  Errors: RangeError for a member that there is not, or a number out of bounds. */
export function parseScope(text: string): Scope {
  const members = { devices: 2, edits: 2, duplicates: 0, lost: 0, crashes: 0, compactions: 0 };
  for (const part of text.split(",").filter((part) => part !== "")) {
    const [name = "", value = ""] = part.split("=", 2).map((word) => word.trim());
    if (!(name in members) || !/^\d$/.test(value)) {
      throw new RangeError(`a scope has no "${part}"; expected for example devices=2,edits=2,crashes=1`);
    }
    members[name as keyof typeof members] = Number(value);
  }
  const { edits: editsPerDevice, lost: lostAnswers, ...others } = members;
  const asked: Scope = { ...others, editsPerDevice, lostAnswers };
  const { devices } = asked;
  if (devices < 1 || editsPerDevice < 1) throw new RangeError("a scope has at least one device and one edit");
  for (const [name, most] of Object.entries(scopeBounds)) {
    if (asked[name as keyof Scope] > most) throw new RangeError(`a scope has at most ${most} ${name}`);
  }
  return asked;
}

/** As `parseScope` reads it. */
export function scopeText(scope: Scope): string {
  const { devices, editsPerDevice, duplicates, lostAnswers: lost, crashes, compactions } = scope;
  const faults = Object.entries({ duplicates, lost, crashes, compactions }).filter(([, count]) => count > 0);
  return [
    `devices=${devices}`,
    `edits=${editsPerDevice}`,
    ...faults.map(([name, count]) => `${name}=${count}`),
  ].join(",");
}

/** A scope for people. */
export function describeScope(scope: Scope): string {
  const { devices, editsPerDevice, duplicates, lostAnswers, crashes, compactions } = scope;
  const count = (number: number, one: string, many: string): string[] =>
    number === 0 ? [] : [`${number} ${number === 1 ? one : many}`];
  return [
    ...count(devices, "device", "devices"),
    `${editsPerDevice} ${editsPerDevice === 1 ? "edit" : "edits"} each`,
    ...count(duplicates, "request twice", "requests twice"),
    ...count(lostAnswers, "answer lost", "answers lost"),
    ...count(crashes, "crash", "crashes"),
    ...count(compactions, "compaction", "compactions"),
  ].join(", ");
}

/** Every way to place the scope's faults. `commits` is how many durable steps each device makes by itself, `requests`
 *  how many it sends. */
export function walksOf(
  { devices, editsPerDevice, duplicates, lostAnswers, crashes, compactions }: Scope,
  { commits, requests }: { readonly commits: number; readonly requests: number },
): readonly Walk[] {
  const names = deviceNames.slice(0, devices);
  const plain: Walk = { devices: names, editsPerDevice, compactions };
  const placed = names.flatMap((device) =>
    Array.from({ length: requests }, (_, at): PlacedRequest => ({ device, request: at + 1 })),
  );
  const twice: readonly Walk[] =
    duplicates === 0 ? [plain] : placed.map((duplicate) => ({ ...plain, duplicate }));
  const lost =
    lostAnswers === 0
      ? twice
      : twice.flatMap((walk) => placed.map((lostAnswer) => ({ ...walk, lostAnswer })));
  if (crashes === 0) return lost;
  const struck: readonly PlacedCrash[] = [
    { who: "server" },
    ...placed.map((request): PlacedCrash => ({ who: "waiting device", ...request })),
    ...names.flatMap((device) =>
      Array.from({ length: commits }, (_, at) => at + 1).flatMap((commit): PlacedCrash[] =>
        (["before", "after"] as const).map((position) => ({
          who: "device at a commit",
          device,
          commit,
          position,
        })),
      ),
    ),
  ];
  return lost.flatMap((walk) => struck.map((crash) => ({ ...walk, crash })));
}

export function describeWalk({ duplicate, lostAnswer, crash, compactions }: Walk): string {
  const parts: string[] = [];
  if (duplicate !== undefined) parts.push(`${duplicate.device}'s request ${duplicate.request} arrives twice`);
  if (lostAnswer !== undefined)
    parts.push(`the answer to ${lostAnswer.device}'s request ${lostAnswer.request} is lost`);
  switch (crash?.who) {
    case undefined:
      break;
    case "server":
      parts.push("the server crashes");
      break;
    case "waiting device":
      parts.push(`${crash.device} crashes while it waits for the answer to its request ${crash.request}`);
      break;
    case "device at a commit":
      parts.push(`${crash.device} crashes ${crash.position} its durable step ${crash.commit}`);
      break;
  }
  if (compactions > 0) parts.push(compactions === 1 ? "one compaction" : `${compactions} compactions`);
  return parts.length === 0 ? "no fault" : parts.join(", ");
}

function scope(devices: number, editsPerDevice: number, faults: Partial<Scope>): Scope {
  return { devices, editsPerDevice, duplicates: 0, lostAnswers: 0, crashes: 0, compactions: 0, ...faults };
}
