// Bad pushes: every member with every value that it cannot have, bodies that are no push, and those at the bounds.
import * as fc from "fast-check";
import { type BadCase, batchText, goodOp, nobodysTurn, opText } from "./bad-case.ts";
import { badBodies } from "./bad-push-bodies.ts";
import { lengths, malformedTexts, numbers, otherTypes, type Sample, texts } from "./bad-values.ts";
import type { LawfulAnswer } from "./lawful-answers.ts";
import { pushCase } from "./push-case.ts";

const members = ["operation_id", "entity_type", "entity_id", "op", "field", "value", "lamport_ts"] as const;
type Member = (typeof members)[number];

/** Those that are known beforehand, the sharpest of each kind first. */
export function fixedPushes(): readonly BadCase[] {
  return [
    ...members.flatMap(missingMember),
    ...members.flatMap((member) =>
      otherTypes.map((sample) => badMember(member, sample, "wrong type of a member")),
    ),
    ...members.flatMap((member) =>
      numbers.map((sample) => badMember(member, sample, "numbers at their bounds")),
    ),
    ...members.flatMap((member) =>
      texts.map((sample) => badMember(member, sample, "texts that are hard to keep")),
    ),
    ...texts.flatMap(textsInValues),
    ...longNames(),
    ...uuids(),
    ...deletes(),
    ...extraMembers(),
    ...noPushes(),
    ...badBodies(),
  ];
}

/** As many more as one wants, drawn from the schema. */
export function drawnPushes(seed: number, count: number): readonly BadCase[] {
  return fc.sample(fc.oneof(drawnMembers, drawnDocuments, drawnCuts), { seed, numRuns: count });
}

const json = fc.jsonValue({ maxDepth: 3 }).map((value) => JSON.stringify(value));
/** Beside values of any kind, those at the bounds. */
const anyJson = fc.oneof(
  { weight: 3, arbitrary: json },
  { weight: 1, arbitrary: fc.constantFrom(...[...numbers, ...otherTypes, ...texts].map((one) => one.json)) },
);

/** One to three members with values of any kind. */
const drawnMembers = fc
  .dictionary(fc.constantFrom<Member>(...members.filter((member) => member !== "lamport_ts")), anyJson, {
    minKeys: 1,
    maxKeys: 3,
    noNullPrototype: true,
  })
  .map((spoilt) =>
    pushCase("drawn members", `${Object.keys(spoilt).join(", ")} drawn at random`, (turn) =>
      batchText(opText({ ...goodOp(turn), ...spoilt })),
    ),
  );

const drawnDocuments = fc
  .tuple(fc.constantFrom("", "ops", "batch"), json)
  .map(([place, value]) =>
    pushCase("drawn documents", "a document drawn at random", () =>
      place === "" ? value : place === "ops" ? `{"ops":${value}}` : `{"ops":[${value}]}`,
    ),
  );

/** A good push of which a stretch is gone. */
const drawnCuts = fc.tuple(fc.nat({ max: 200 }), fc.integer({ min: 1, max: 40 })).map(([at, length]) =>
  pushCase("drawn cuts", `a good push without ${length} characters from ${at} on`, (turn) => {
    const text = batchText(opText(goodOp(turn)));
    return text.slice(0, at % text.length) + text.slice((at % text.length) + length);
  }),
);

function missingMember(member: Member): readonly BadCase[] {
  return [
    pushCase("missing members", `no ${member}`, (turn) =>
      batchText(opText({ ...goodOp(turn), [member]: undefined })),
    ),
    pushCase("missing members", `${member} in another spelling`, (turn) => {
      const { [member]: value, ...others } = goodOp(turn);
      return batchText(opText({ ...others, [member.toUpperCase()]: value }));
    }),
  ];
}

function badMember(member: Member, { json: value, text }: Sample, mutation: string): BadCase {
  return pushCase(`${mutation}: ${member}`, `${member} ${text}`, (turn) =>
    batchText(opText({ ...goodOp(turn), [member]: value })),
  );
}

function textsInValues({ json: value, text }: Sample): readonly BadCase[] {
  const places: readonly (readonly [string, string])[] = [
    ["in a list", `[1,${value}]`],
    ["as a name", `{${value}:1}`],
    ["deep inside", `{"a":[{"b":${value}}]}`],
  ];
  return places.map(([where, placed]) =>
    badMember("value", { json: placed, text: `${text} ${where}` }, "texts that are hard to keep"),
  );
}

function longNames(): readonly BadCase[] {
  return Object.entries(lengths.bounds).flatMap(([member, bound]) =>
    lengths.letters.flatMap((letter) =>
      [bound, bound + 1, 2 * bound, 10_000].map((length) =>
        badMember(
          member as Member,
          { json: `"${letter.repeat(length)}"`, text: `${letter} ${length} times` },
          "names at their bounds",
        ),
      ),
    ),
  );
}

/** Spellings that libraries take for a UUID are a choice; what is none in any is refused. */
function uuids(): readonly BadCase[] {
  const spell = (
    text: string,
    write: (id: string) => string,
    choices: readonly LawfulAnswer[] = [],
  ): BadCase =>
    pushCase(
      "operation_id is no UUID",
      `an operation_id that is ${text}`,
      (turn) => batchText(opText({ ...goodOp(turn), operation_id: JSON.stringify(write(turn.operationId)) })),
      { choices },
    );
  const isTakenBySome = [{ status: 200 }];
  return [
    spell("one digit short", (id) => id.slice(0, -1)),
    spell("one digit long", (id) => `${id}0`),
    spell("a UUID with a letter that is no digit", (id) => `${id.slice(0, -1)}g`),
    spell("a UUID with a line break behind it", (id) => `${id}\n`),
    spell("a number", () => "12345678901234567890123456789012345"),
    spell("a UUID and a half", (id) => id + id.slice(0, 18)),
    spell("a UUID without hyphens", (id) => id.replaceAll("-", ""), isTakenBySome),
    spell("a UUID in braces", (id) => `{${id}}`, isTakenBySome),
    spell("a URN", (id) => `urn:uuid:${id}`, isTakenBySome),
    spell("a UUID with spaces around it", (id) => ` ${id} `, isTakenBySome),
    spell("a UUID in upper case", (id) => id.toUpperCase()),
  ];
}

function deletes(): readonly BadCase[] {
  const without = { field: undefined, value: undefined };
  const shapes: readonly (readonly [string, Readonly<Record<string, string | undefined>>])[] = [
    ["neither field nor value", without],
    ["field and value null", { field: "null", value: "null" }],
    ["a field", { ...without, field: '"title"' }],
    ["an empty field", { ...without, field: '""' }],
    ...['"A"', "0", "false", "{}", "[]", '""'].map(
      (value) => [`the value ${value}`, { ...without, value }] as const,
    ),
  ];
  const ofDeletes = shapes.map(([text, shape]) =>
    pushCase("members of a delete", `a delete with ${text}`, (turn) =>
      batchText(opText({ ...goodOp(turn), op: '"delete"', ...shape })),
    ),
  );
  const words = ["UPSERT", "Delete", "insert", "update", "upsert ", "remove", "deleted", "up\\u0073ert"];
  const ofWords = words.map((word) =>
    badMember("op", { json: `"${word}"`, text: `"${word}"` }, "wrong words for op"),
  );
  return [...ofDeletes, ...ofWords];
}

/** Names that the server, its language or its tables may take for their own. */
const borrowedNames = [
  ...["id", "user_id", "user", "device_id", "head", "wall_clock", "status", "results", "created_at", "type"],
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "length", "then", "$where", "", " ", "ops "],
];

function extraMembers(): readonly BadCase[] {
  return borrowedNames.flatMap((name) =>
    ["1", '"x"'].flatMap((value) => [
      pushCase("extra members", `an op with the extra member ${JSON.stringify(name)}: ${value}`, (turn) =>
        batchText(opText({ ...goodOp(turn), [name]: value })),
      ),
      pushCase(
        "extra members",
        `a request with the extra member ${JSON.stringify(name)}: ${value}`,
        (turn) => {
          return `{${JSON.stringify(name)}:${value},"ops":[${opText(goodOp(turn))}]}`;
        },
      ),
    ]),
  );
}

function noPushes(): readonly BadCase[] {
  const documents = [...otherTypes, ...numbers].map(({ json: value, text }) =>
    pushCase("bodies that are no push", `the body ${text}`, () => value),
  );
  const lists = [...otherTypes, ...numbers].flatMap(({ json: value, text }) => [
    pushCase("bodies that are no push", `the ops ${text}`, () => `{"ops":${value}}`),
    pushCase("ops that are none", `an op that is ${text}`, () => `{"ops":[${value}]}`),
    pushCase("ops that are none", `a good op, and one that is ${text}`, (turn) =>
      batchText(opText(goodOp(turn)), value),
    ),
  ]);
  const malformed = malformedTexts(batchText(opText(goodOp(nobodysTurn)))).map(({ json: text, text: what }) =>
    pushCase("malformed JSON", what, () => text),
  );
  return [...documents, ...lists, ...malformed, ...oddBytes(), ...twice()];
}

function oddBytes(): readonly BadCase[] {
  const inValue = (text: string, bytes: readonly number[]): BadCase =>
    pushCase(
      "bytes that are no UTF-8",
      `${text} in a value`,
      (turn) => {
        const [before = "", after = ""] = batchText(opText({ ...goodOp(turn), value: '"@"' })).split("@");
        return [{ text: before }, { bytes }, { text: after }];
      },
      { choices: [{ status: 422, type: "invalid_op" }] },
    );
  return [
    inValue("the byte FF", [0xff]),
    inValue("a continuation byte by itself", [0x80]),
    inValue("an overlong slash", [0xc0, 0xaf]),
    inValue("a surrogate in UTF-8", [0xed, 0xa0, 0x80]),
    inValue("a character that is cut off", [0xf0, 0x9f]),
    inValue("a code point above 10FFFF", [0xf4, 0x90, 0x80, 0x80]),
    pushCase("a byte order mark", "a byte order mark before a good push", (turn) => [
      { bytes: [0xef, 0xbb, 0xbf] },
      { text: batchText(opText(goodOp(turn))) },
    ]),
    pushCase(
      "bytes that are no UTF-8",
      "UTF-16",
      (turn) => [{ bytes: [...Buffer.from(`\uFEFF${batchText(opText(goodOp(turn)))}`, "utf16le")] }],
      { choices: [{ status: 415 }] },
    ),
    ...[[0x00], [0x1f, 0x8b, 0x08, 0x00], [0x89, 0x50, 0x4e, 0x47]].map((bytes) =>
      pushCase("bytes that are no UTF-8", `the bytes ${Buffer.from(bytes).toString("hex")}`, () => [
        { bytes },
      ]),
    ),
  ];
}

/** A name that comes twice: the first, the last, or neither may count. */
function twice(): readonly BadCase[] {
  const choices: readonly LawfulAnswer[] = [400, 200, 409, 422].map((status) => ({ status }));
  const again = members.flatMap((member) =>
    ['"x"', "1", "null"].map((value) =>
      pushCase(
        "duplicate names",
        `${member} twice, the second time ${value}`,
        (turn) => `{"ops":[${opText(goodOp(turn)).slice(0, -1)},"${member}":${value}}]}`,
        { choices },
      ),
    ),
  );
  const lists = ["[]", "null", "1"].map((value) =>
    pushCase(
      "duplicate names",
      `ops twice, the second time ${value}`,
      (turn) => `${batchText(opText(goodOp(turn))).slice(0, -1)},"ops":${value}}`,
      { choices },
    ),
  );
  return [...again, ...lists];
}
