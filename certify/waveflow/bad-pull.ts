// Bad pulls: since, limit and resync as nobody should write them.
import * as fc from "fast-check";
import { type BadCase, pullOf, type Turn } from "./bad-case.ts";
import { lawfulPull, type LawfulAnswer } from "./lawful-answers.ts";

export function fixedPulls(): readonly BadCase[] {
  return [
    ...["since", "limit"].flatMap((name) => numbers.map((text) => parameter(name, text))),
    ...["since", "limit"].flatMap(arrays),
    ...resyncTokens(),
    ...strangeParameters(),
    query("queries at their bounds", "?since=0&limit=1"),
    query("queries at their bounds", "?since=0&limit=1000"),
    query("queries at their bounds", "?limit=1000"),
    query("queries at their bounds", ""),
    query("queries at their bounds", "?"),
    query("queries at their bounds", "?&&"),
    ...["GET with a body", "GET with a bad body"].map(withBody),
  ];
}

export function drawnPulls(seed: number, count: number): readonly BadCase[] {
  const text = fc.oneof(
    fc.string({ minLength: 1, maxLength: 20 }),
    fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom(..."0123456789.e-+ xX_,") }),
    fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
    fc.double({ noNaN: true }).map(String),
  );
  const drawn = fc
    .tuple(fc.constantFrom("since", "limit"), text)
    .map(([name, value]) => parameter(name, value, "drawn queries"));
  return fc.sample(drawn, { seed, numRuns: count });
}

const numbers = [
  ...[
    "",
    " ",
    "-1",
    "-0",
    "0",
    "00",
    "01",
    "+1",
    "1.0",
    "1.5",
    "1e0",
    "1e3",
    "0x10",
    "0b1",
    "0o7",
    "1_000",
    "1,000",
  ],
  ...[
    "abc",
    "1x",
    "x1",
    "1;1",
    "1 1",
    " 1",
    "1 ",
    "\n1",
    "1\0",
    "\0",
    "null",
    "undefined",
    "true",
    "NaN",
    "Infinity",
  ],
  ...[
    "-Infinity",
    "[]",
    "{}",
    "[1]",
    '"1"',
    "'1'",
    "١",
    "１",
    "²",
    "½",
    "∞",
    "−1",
    "1'--",
    "1 OR 1=1",
    "../1",
    "%",
    "%31",
  ],
  ...["1000", "1001", "2147483647", "2147483648", "4294967296", "9007199254740991", "9007199254740992"],
  ...["9007199254740993", "9223372036854775807", "9223372036854775808", "18446744073709551615"],
  ...[
    "18446744073709551616",
    "1e18",
    "1e400",
    "-9223372036854775809",
    "9".repeat(100),
    "0".repeat(100),
    "9".repeat(3_000),
  ],
];

function query(
  mutation: string,
  text: string,
  extras: {
    readonly choices?: readonly LawfulAnswer[];
    readonly words?: string;
    readonly rule?: string;
  } = {},
): BadCase {
  const { choices = [], rule = "WF-PULL-1" } = extras;
  return {
    endpoint: "GET /sync/ops",
    mutation,
    text: extras.words ?? `the query ${text.slice(0, 60)}`,
    requirements: [rule],
    build: ({ caller }) => pullOf(caller, text),
    lawful: ({ head }: Turn) => {
      const lawful = lawfulPull(text.slice(1), head);
      return { answers: [...lawful.answers, ...choices] };
    },
  };
}

function parameter(name: string, text: string, mutation = `bad ${name}`): BadCase {
  const words = `${name} ${JSON.stringify(text.length > 60 ? `${text.slice(0, 40)}…` : text)}`;
  // A line that is longer than a server reads is refused by HTTP itself.
  const choices = text.length > 1_000 ? [{ status: 414 }, { status: 431 }] : [];
  const other = name === "limit" ? "since=0&" : "";
  return query(mutation, `?${other}${name}=${encodeURIComponent(text)}`, { words, choices });
}

/** A parameter that comes twice, or as the frameworks write lists. */
function arrays(name: string): readonly BadCase[] {
  const unknownName = [{ status: 200 }, { status: 400 }];
  return [
    query("parameters that come twice", `?${name}=1&${name}=1`),
    query("parameters that come twice", `?${name}=1&${name}=x`),
    query("parameters that come twice", `?${name}=x&${name}=1`),
    ...[`${name}[]=1`, `${name}[0]=1`, `${name}[a]=1`, `${name}[$gt]=`, `${name.toUpperCase()}=1`].map(
      (text) => query("strange parameters", `?${text}`, { choices: unknownName }),
    ),
  ];
}

/** An unreadable token is as none; a pull from 0 begins a walk whatever comes with it. */
function resyncTokens(): readonly BadCase[] {
  const long = [{ status: 414 }, { status: 431 }];
  const tokens = [
    "",
    "x",
    "%00",
    "%ff",
    "null",
    "0",
    "a.b.c",
    "%F0%9F%8E%B5",
    "'--",
    "..%2f..%2fx",
    "AAAA",
    "%",
  ];
  return [
    ...tokens.map((token) =>
      query("unreadable resync tokens", `?since=0&resync=${token}`, {
        rule: "WF-PULL-5",
        // What is no percent-encoding of UTF-8 may be no query at all to a server.
        choices: /%(?:$|ff)/u.test(token) ? [{ status: 400 }] : [],
      }),
    ),
    query("unreadable resync tokens", "?since=0&resync=a&resync=b", { rule: "WF-PULL-5" }),
    query("unreadable resync tokens", `?since=0&resync=${"a".repeat(4_000)}`, {
      rule: "WF-PULL-5",
      choices: long,
      words: "a resync token of 4,000 letters",
    }),
    query("unreadable resync tokens", `?since=0&resync=${btoa('{"user":"other","w":0}')}`, {
      rule: "WF-PULL-5",
    }),
  ];
}

/** The page leaves open what becomes of them; nothing must. */
function strangeParameters(): readonly BadCase[] {
  const names = [
    "user_id",
    "user",
    "sub",
    "device_id",
    "X-Device-Id",
    "token",
    "access_token",
    "__proto__",
    "offset",
  ];
  const choices = [{ status: 400 }];
  return names.flatMap((name) =>
    ["other", "1"].map((value) => query("strange parameters", `?since=0&${name}=${value}`, { choices })),
  );
}

function withBody(words: string): BadCase {
  const text = words.includes("bad") ? "{" : '{"since":5}';
  return {
    endpoint: "GET /sync/ops",
    mutation: "pulls with a body",
    text: words,
    requirements: ["WF-PULL-1"],
    build: ({ caller }) => ({ ...pullOf(caller, "?since=0"), body: [{ text }] }),
    lawful: () => ({ answers: [{ status: 200 }, { status: 400 }, { status: 413 }] }),
  };
}
