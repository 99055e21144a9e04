// Requests of nobody: bad tokens of every kind and bad device ids, at every endpoint. What is wrong with a token is made
// from a good one, so that it needs no secret; kinds that need one come from the target, as far as it has one.
import * as fc from "fast-check";
import type { TokenSpec } from "../../scenarios/format/types.ts";
import type { ProbeTarget } from "../probe.ts";
import type { WireRequest } from "../probes/wire-request.ts";
import {
  ackOf,
  type BadCase,
  batchText,
  type Caller,
  goodOp,
  opText,
  pullOf,
  pushOf,
  type Turn,
  upgradeOf,
} from "./bad-case.ts";
import type { LawfulAnswer } from "./lawful-answers.ts";

/** A good request to each endpoint, before its identity is spoilt. */
const endpoints: readonly (readonly [string, (turn: Turn) => WireRequest])[] = [
  ["POST /sync/ops", (turn) => pushOf(turn.caller, [{ text: batchText(opText(goodOp(turn))) }])],
  ["GET /sync/ops", ({ caller }) => pullOf(caller, "?since=0")],
  ["POST /sync/ack", ({ caller }) => ackOf(caller, [{ text: '{"last_seen_id":0}' }])],
  ["GET /sync/ws", ({ caller }) => upgradeOf(caller)],
];

/** `sent` is the whole value of the header; undefined: there is none. */
interface BadToken {
  readonly text: string;
  readonly mutation: string;
  readonly sent: (good: string) => string | undefined;
  /** Answers that are right beside a 401. */
  readonly choices?: readonly LawfulAnswer[];
}

const unauthorized: LawfulAnswer = { status: 401 };

/** Tokens that are spoilt without knowing what they are signed with. */
const spoiltTokens: readonly BadToken[] = [
  { mutation: "no token", text: "no Authorization", sent: () => undefined },
  { mutation: "no token", text: "an empty Authorization", sent: () => "" },
  { mutation: "no token", text: "Bearer and no token", sent: () => "Bearer" },
  { mutation: "no token", text: "Bearer and a space", sent: () => "Bearer " },
  { mutation: "another scheme", text: "a token without a scheme", sent: (good) => good },
  { mutation: "another scheme", text: "the scheme Basic", sent: (good) => `Basic ${good}` },
  { mutation: "another scheme", text: "the scheme Token", sent: (good) => `Token ${good}` },
  { mutation: "another scheme", text: "the scheme Bear", sent: (good) => `Bear ${good}` },
  { mutation: "another scheme", text: "a user and a password", sent: () => `Basic ${btoa("user:password")}` },
  ...[
    "x",
    ".",
    "..",
    "...",
    "a.b",
    "a.b.c",
    "a.b.c.d",
    "null",
    "undefined",
    "{}",
    "eyJ",
    "%00",
    "AAAA.AAAA.AAAA",
  ].map(
    (text): BadToken => ({ mutation: "no JWT", text: `the token ${text}`, sent: () => `Bearer ${text}` }),
  ),
  { mutation: "no JWT", text: "a token between quotation marks", sent: (good) => `Bearer "${good}"` },
  {
    mutation: "no JWT",
    text: "a token of 6,000 letters",
    sent: () => `Bearer ${"a".repeat(6_000)}`,
    choices: [{ status: 431 }, { status: 400 }, { status: 413 }],
  },
  ...reshaped("a part too many", (parts) => [...parts, "AAAA"]),
  ...reshaped("no signature", ([head = "", claims = ""]) => [head, claims, ""]),
  ...reshaped("no third part", ([head = "", claims = ""]) => [head, claims]),
  ...reshaped("half of its signature", ([head = "", claims = "", signature = ""]) => [
    head,
    claims,
    signature.slice(0, signature.length >> 1),
  ]),
  ...reshaped("another's signature", ([head = "", claims = "", signature = ""]) => [
    head,
    claims,
    [...signature].toReversed().join(""),
  ]),
  ...["none", "None", "NONE", "nOnE", "", "null", "HS1", "hs256"].flatMap((alg) => unsigned(alg)),
  ...forgedHeads(),
  ...forgedClaims(),
];

type Parts = readonly string[];

function reshaped(text: string, change: (parts: Parts) => Parts): readonly BadToken[] {
  return [
    { mutation: "a spoilt signature", text, sent: (good) => `Bearer ${change(good.split(".")).join(".")}` },
  ];
}

function encode(json: unknown): string {
  return Buffer.from(JSON.stringify(json)).toString("base64url");
}

/** `alg` says that there is nothing to verify. */
function unsigned(alg: string): readonly BadToken[] {
  const head = encode({ alg: alg === "null" ? null : alg, typ: "JWT" });
  return ["", "AAAA"].map((signature) => ({
    mutation: "alg none",
    text: `alg ${JSON.stringify(alg)} and ${signature === "" ? "no signature" : "some signature"}`,
    sent: (good) => `Bearer ${head}.${good.split(".")[1] ?? ""}.${signature}`,
  }));
}

/** The head is part of what is signed, so none of these can be right. */
function forgedHeads(): readonly BadToken[] {
  const heads: readonly Readonly<Record<string, unknown>>[] = [
    { alg: "HS512" },
    { alg: "RS256" },
    { alg: "ES256" },
    { alg: ["HS256"] },
    { alg: "HS256", kid: "../../../dev/null" },
    { alg: "HS256", kid: "' UNION SELECT 'x" },
    { alg: "HS256", jwk: { kty: "oct", k: "AAAA" } },
    { alg: "HS256", crit: ["exp"] },
    {},
  ];
  return heads.map((head) => ({
    mutation: "a forged head",
    text: `the head ${JSON.stringify(head)}`,
    sent: (good) => `Bearer ${[encode(head), ...good.split(".").slice(1)].join(".")}`,
  }));
}

/** Other claims under the signature of the good ones. */
function forgedClaims(): readonly BadToken[] {
  const far = 4_102_444_800;
  const claims: readonly unknown[] = [
    { sub: "somebody-else", exp: far },
    { sub: "admin", exp: far },
    { sub: "", exp: far },
    { exp: far },
    {},
    null,
    [],
    "x",
  ];
  return claims.map((forged) => ({
    mutation: "forged claims",
    text: `the claims ${JSON.stringify(forged)} under another's signature`,
    sent: (good) => {
      const [head, , signature] = good.split(".");
      return `Bearer ${head}.${encode(forged)}.${signature}`;
    },
  }));
}

/** Kinds that have to be signed, or made by whoever makes tokens. */
const mintedKinds: readonly { readonly text: string; readonly mutation: string; readonly spec: TokenSpec }[] =
  [
    {
      mutation: "a wrong signature",
      text: "a token signed with another key",
      spec: { kind: "wrong-signature" },
    },
    { mutation: "an expired token", text: "a token that has expired", spec: { kind: "expired" } },
    {
      mutation: "an expired token",
      text: "a token that expired two minutes ago",
      spec: { kind: "custom", fromNowMs: { exp: -120_000 } },
    },
    { mutation: "a token of the future", text: "a token that is not valid yet", spec: { kind: "not-yet" } },
    {
      mutation: "a token of the future",
      text: "a token that was issued an hour from now",
      spec: { kind: "custom", fromNowMs: { iat: 3_600_000 } },
    },
    {
      mutation: "claims that are missing",
      text: "a token without exp",
      spec: { kind: "custom", without: ["exp"] },
    },
    {
      mutation: "claims that are missing",
      text: "a token without sub",
      spec: { kind: "custom", without: ["sub"] },
    },
    ...["", null, true, [], {}, ["user"]].map((sub) => ({
      mutation: "a sub that is none",
      text: `a token with sub ${JSON.stringify(sub)}`,
      spec: { kind: "custom", claims: { sub } } as const,
    })),
    ...["never", null, {}].map((exp) => ({
      mutation: "an exp that is none",
      text: `a token with exp ${JSON.stringify(exp)}`,
      spec: { kind: "custom", claims: { exp } } as const,
    })),
  ];

export interface MintedTokens {
  readonly tokens: readonly BadToken[];
  /** Kinds that this target gives none of. */
  readonly missing: readonly string[];
}

/** Bad tokens of a user that nobody else uses, as far as the target has them. */
export async function mintBadTokens(target: ProbeTarget, caller: Caller): Promise<MintedTokens> {
  const tokens: BadToken[] = [];
  const missing: string[] = [];
  for (const { text, mutation, spec } of mintedKinds) {
    const token = await target.mintToken(caller.user, caller.device, spec);
    if (token === undefined) missing.push(text);
    else tokens.push({ mutation, text, sent: () => `Bearer ${token}` });
  }
  return { tokens, missing };
}

export function badTokens(minted: readonly BadToken[]): readonly BadCase[] {
  return [...spoiltTokens, ...minted].flatMap((bad) => endpoints.map((endpoint) => tokenCase(endpoint, bad)));
}

/** A character of a good token is another. The last one of a part may carry bits that nobody reads, so it stays. */
export function drawnTokens(seed: number, count: number): readonly BadCase[] {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const drawn = fc
    .tuple(
      fc.constantFrom(...endpoints.slice(0, 3)),
      fc.nat({ max: 2 }),
      fc.nat({ max: 500 }),
      fc.constantFrom(...letters),
    )
    .map(([endpoint, part, at, letter]) =>
      tokenCase(endpoint, {
        mutation: "a letter of the token changed",
        text: `letter ${at} of part ${part + 1} of the token changed`,
        sent: (good) => `Bearer ${changeLetter(good, { part, at, letter })}`,
      }),
    );
  return fc.sample(drawn, { seed, numRuns: count });
}

function changeLetter(
  token: string,
  change: { readonly part: number; readonly at: number; readonly letter: string },
): string {
  const parts = token.split(".");
  const text = parts[change.part] ?? "";
  if (text.length < 2) return `${token}.x`;
  const at = change.at % (text.length - 1);
  const letter = text[at] === change.letter ? (change.letter === "A" ? "B" : "A") : change.letter;
  parts[change.part] = `${text.slice(0, at)}${letter}${text.slice(at + 1)}`;
  return parts.join(".");
}

function tokenCase([endpoint, good]: (typeof endpoints)[number], bad: BadToken): BadCase {
  return {
    endpoint,
    mutation: bad.mutation,
    text: bad.text,
    requirements: ["WF-AUTH-1"],
    build: (turn) => {
      const request = good(turn);
      const sent = bad.sent(turn.caller.token);
      const others = request.headers.filter(([name]) => name !== "Authorization");
      return { ...request, headers: sent === undefined ? others : [["Authorization", sent], ...others] };
    },
    lawful: () => ({ answers: [unauthorized, ...(bad.choices ?? [])] }),
  };
}

const deviceIds: readonly (readonly [
  text: string,
  sent: (id: string) => string | undefined,
  isTakenBySome?: true,
])[] = [
  ["no device id", () => undefined],
  ["an empty device id", () => ""],
  ["a device id that is a word", () => "laptop"],
  ["the device id null", () => "null"],
  ["the device id 0", () => "0"],
  ["a device id one digit short", (id) => id.slice(0, -1)],
  ["a device id one digit long", (id) => `${id}0`],
  ["a device id with a letter that is no digit", (id) => `${id.slice(0, -1)}g`],
  ["two device ids", (id) => `${id}, ${id.replace(/.$/u, "0")}`],
  ["a device id and SQL", (id) => `${id}' OR '1'='1`],
  ["a device id of 4,000 letters", () => "a".repeat(4_000)],
  ["a device id beyond ASCII", () => "\u00e9".repeat(36)],
  ["a device id between quotation marks", (id) => `"${id}"`],
  ["a device id without hyphens", (id) => id.replaceAll("-", ""), true],
  ["a device id in braces", (id) => `{${id}}`, true],
  ["a device id as a URN", (id) => `urn:uuid:${id}`, true],
];

/** What each endpoint says to a good request, for spellings that some libraries take for a UUID. */
const successes: Readonly<Record<string, number>> = {
  "POST /sync/ops": 200,
  "GET /sync/ops": 200,
  "POST /sync/ack": 204,
  "GET /sync/ws": 101,
};

export function badDevices(): readonly BadCase[] {
  const inHeaders = endpoints.flatMap((endpoint) =>
    deviceIds.map(([text, sent, isTakenBySome]) =>
      deviceCase(endpoint, text, {
        sent: ({ device }) => sent(device),
        choices: isTakenBySome
          ? [{ status: successes[endpoint[0]]! }]
          : text.includes("letters")
            ? [{ status: 431 }]
            : [],
      }),
    ),
  );
  return [...inHeaders, ...inQueries()];
}

export function drawnDevices(seed: number, count: number): readonly BadCase[] {
  const printable = fc
    .string({ minLength: 1, maxLength: 60 })
    .map((text) => text.trim())
    .filter((text) => text !== "" && !/^[{(]?(?:urn:uuid:)?[0-9a-f-]{32,}[})]?$/iu.test(text));
  const drawn = fc.tuple(fc.constantFrom(...endpoints), printable).map(([endpoint, text]) =>
    deviceCase(endpoint, `the device id ${JSON.stringify(text)}`, {
      sent: () => text,
      mutation: "drawn device ids",
    }),
  );
  return fc.sample(drawn, { seed, numRuns: count });
}

interface DeviceChange {
  readonly sent: (caller: Caller) => string | undefined;
  readonly query?: (caller: Caller) => string;
  readonly choices?: readonly LawfulAnswer[];
  readonly mutation?: string;
}

function deviceCase(
  [endpoint, good]: (typeof endpoints)[number],
  text: string,
  change: DeviceChange,
): BadCase {
  const { sent, query, choices = [], mutation = "bad device ids" } = change;
  return {
    endpoint,
    mutation,
    text,
    requirements: ["WF-AUTH-3"],
    build: (turn) => {
      const request = good(turn);
      const value = sent(turn.caller);
      const headers = request.headers.flatMap((header) =>
        header[0] !== "X-Device-Id" ? [header] : value === undefined ? [] : [["X-Device-Id", value] as const],
      );
      const path = query === undefined ? request.path : `${request.path}${query(turn.caller)}`;
      return { ...request, path, headers };
    },
    lawful: () => ({ answers: [{ status: 400 }, ...choices] }),
  };
}

/** The query names the device on an upgrade, and nowhere else. */
function inQueries(): readonly BadCase[] {
  const other = "00000000-0000-4000-8000-00000000d0d0";
  const upgrade = endpoints[3]!;
  const pull = endpoints[1]!;
  const twice = `${other}&device_id=${other.replace("d0d0", "d0d1")}`;
  const onUpgrade = ["", "laptop", "null", "%00", "1", `${other}0`, twice].map((value) =>
    deviceCase(upgrade, `device_id=${value} in the query, and no header`, {
      sent: () => undefined,
      query: () => `?device_id=${value}`,
      // Of a name that comes twice many a library takes one.
      choices: value === twice ? [{ status: 101 }] : [],
    }),
  );
  return [
    ...onUpgrade,
    deviceCase(upgrade, "another device in the query than in the header", {
      sent: ({ device }) => device,
      query: () => `?device_id=${other}`,
    }),
    deviceCase(upgrade, "a good header and a bad query", {
      sent: ({ device }) => device,
      query: () => "?device_id=laptop",
    }),
    deviceCase(pull, "the device in the query of a pull, and no header", {
      sent: () => undefined,
      query: ({ device }) => `&device_id=${device}`,
    }),
  ];
}
