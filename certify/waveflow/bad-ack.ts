// Bad acknowledgements. None of them is of an id above 0 and at or below head, so none may move a cursor.
import * as fc from "fast-check";
import { limits } from "../../protocol/waveflow/types.ts";
import { bodyBytes, type BodyPiece, type Delivery } from "../probes/wire-request.ts";
import { ackOf, type BadCase } from "./bad-case.ts";
import { malformedTexts, numbers, otherTypes, texts } from "./bad-values.ts";
import { lawfulAck, type LawfulAnswer } from "./lawful-answers.ts";

export function fixedAcks(): readonly BadCase[] {
  const values = [...otherTypes, ...texts, ...numbers.filter(({ json }) => !mayBeBelowHead(json))];
  return [
    ...values.flatMap(({ json, text }) => [
      ackCase("bad last_seen_id", `last_seen_id ${text}`, [{ text: `{"last_seen_id":${json}}` }]),
      ackCase("bodies that are no acknowledgement", `the body ${text}`, [{ text: json }]),
    ]),
    ...["lastSeenId", "LAST_SEEN_ID", "last_seen", "id", "ack", "last_seen_id ", ""].map((name) =>
      ackCase("missing members", `${JSON.stringify(name)} instead of last_seen_id`, [
        { text: `{"${name}":0}` },
      ]),
    ),
    ...["device_id", "user_id", "user", "__proto__", "head", "ack"].flatMap((name) =>
      ['"x"', "1", "null"].map((value) =>
        ackCase("extra members", `the extra member ${name}: ${value}`, [
          { text: `{"${name}":${value},"last_seen_id":0}` },
        ]),
      ),
    ),
    ...['"x"', "-1", "null"].map((value) =>
      ackCase(
        "duplicate names",
        `last_seen_id twice, the second time ${value}`,
        [{ text: `{"last_seen_id":0,"last_seen_id":${value}}` }],
        { choices: [{ status: 204 }, { status: 400 }] },
      ),
    ),
    ...malformedTexts('{"last_seen_id":0}').map(({ json, text }) =>
      ackCase("malformed JSON", text, [{ text: json }]),
    ),
    ackCase("bytes that are no UTF-8", "the byte FF in a name", [
      { text: '{"last_seen_id":0,"' },
      { bytes: [0xff] },
      { text: '":1}' },
    ]),
    ...[100, 10_000, 100_000].map((times) =>
      ackCase("deep nesting", `last_seen_id of ${times} levels`, [
        { text: '{"last_seen_id":' },
        { text: "[", times },
        { text: "]", times },
        { text: "}" },
      ]),
    ),
    ...large(),
    ackCase("slow bodies", "dribbled", [{ text: '{"last_seen_id":-1}' }], { delivery: "dribbled" }),
    ackCase("bodies that break off", "half of it", [{ text: '{"last_seen_id":0,"x":"xxxxxxxxxx"}' }], {
      delivery: "cut",
    }),
  ];
}

export function drawnAcks(seed: number, count: number): readonly BadCase[] {
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }).filter((drawn) => typeof drawn !== "number"),
    fc.integer({ max: -1 }),
    fc.double({ min: 1, max: 1_000, noNaN: true }).filter((drawn) => !Number.isInteger(drawn)),
    fc.bigInt({ min: 2n ** 50n, max: 2n ** 80n }),
  );
  const drawn = value.map((one) => {
    const json = typeof one === "bigint" ? String(one) : JSON.stringify(one);
    return ackCase("drawn values", `last_seen_id ${json.slice(0, 60)}`, [
      { text: `{"last_seen_id":${json}}` },
    ]);
  });
  return fc.sample(drawn, { seed, numRuns: count });
}

/** Whether a cursor could stand there: then it would be no bad acknowledgement. */
const mayBeBelowHead = (json: string): boolean =>
  Number(json) > 0 && Number(json) < 2 ** 50 && Number.isInteger(Number(json));

function large(): readonly BadCase[] {
  const bytesMax = limits.bytesPerPushMax;
  return [bytesMax - 1, bytesMax + 1, 4 * bytesMax].flatMap((bytes) => [
    ackCase(
      "large bodies",
      `${bytes} bytes, most of them spaces`,
      [{ text: '{"last_seen_id":0}' }, { text: " ", times: bytes - 18 }],
      { choices: [{ status: 413 }] },
    ),
    ackCase("large bodies", `${bytes} bytes of x`, [{ text: "x", times: bytes }], {
      choices: [{ status: 413 }],
    }),
  ]);
}

function ackCase(
  mutation: string,
  text: string,
  body: readonly BodyPiece[],
  extras: { readonly choices?: readonly LawfulAnswer[]; readonly delivery?: Delivery } = {},
): BadCase {
  const { choices = [], delivery } = extras;
  return {
    endpoint: "POST /sync/ack",
    mutation,
    text,
    requirements: ["WF-ACK-3"],
    build: ({ caller }) => ({ ...ackOf(caller, body), ...(delivery === undefined ? {} : { delivery }) }),
    lawful: ({ head }) => {
      if (delivery === "cut") return { answers: [] };
      return { answers: [...lawfulAck(bodyBytes(body), head).answers, ...choices] };
    },
  };
}
