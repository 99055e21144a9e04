// Pushes that are bad, or at a bound, as a whole: too deep, too long, too many, too slow, of another type.
import { limits } from "../../protocol/waveflow/types.ts";
import type { Delivery } from "../probes/wire-request.ts";
import { type BadCase, batchText, goodOp, opText, type Turn } from "./bad-case.ts";
import type { LawfulAnswer } from "./lawful-answers.ts";
import { pushCase } from "./push-case.ts";

export const badBodies = (): readonly BadCase[] => [...deepBodies(), ...largeBodies(), ...deliveries()];

/** Members of an op that hold no value of any depth. */
const shallowMembers = ["operation_id", "entity_type", "entity_id", "op", "field", "lamport_ts"] as const;

function deepBodies(): readonly BadCase[] {
  const nested = (levels: number, [open, close]: readonly [string, string]): BadCase =>
    pushCase("deep nesting", `a value of ${levels} levels of ${open}`, (turn) => {
      const [before = "", after = ""] = batchText(opText({ ...goodOp(turn), value: "@" })).split("@");
      const inner = open === "[" ? [] : [{ text: "1" }];
      return [
        { text: before },
        { text: open, times: levels },
        ...inner,
        { text: close, times: levels },
        { text: after },
      ];
    });
  const shapes = [
    ["[", "]"],
    ['{"a":', "}"],
  ] as const;
  const values = shapes.flatMap((shape) =>
    [63, 64, 65, 66, 100, 127, 128, 129, 500, 512, 1_000, 1_024, 5_000, 10_000, 50_000].map((levels) =>
      nested(levels, shape),
    ),
  );
  const open = [1_000, 10_000, 100_000, 1_000_000].flatMap((times) => [
    pushCase("deep nesting", `${times} opening brackets`, () => [{ text: "[", times }]),
    pushCase("deep nesting", `${times / 10} opening braces`, () => [{ text: '{"a":', times: times / 10 }]),
  ]);
  const elsewhere = [65, 10_000].flatMap((times) =>
    [...shallowMembers, "extra"].map((member) =>
      pushCase(
        "deep nesting",
        `${member} of ${times} levels`,
        (turn) => {
          const [before = "", after = ""] = batchText(opText({ ...goodOp(turn), [member]: "@" })).split("@");
          return [{ text: before }, { text: "[", times }, { text: "]", times }, { text: after }];
        },
        member === "extra" ? { choices: [{ status: 400 }, { status: 422 }] } : {},
      ),
    ),
  );
  return [...values, ...open, ...elsewhere];
}

const bytesMax = limits.bytesPerPushMax;

function largeBodies(): readonly BadCase[] {
  const padded = (bytes: number, delivery: Delivery = "whole"): BadCase =>
    pushCase(
      "bodies at the bound of bytes",
      `a good push of ${bytes} bytes${delivery === "whole" ? "" : `, ${delivery}`}`,
      (turn) => {
        const text = batchText(opText(goodOp(turn)));
        return [{ text }, { text: " ", times: bytes - Buffer.byteLength(text) }];
      },
      { delivery },
    );
  const filled = (what: string, bytes: number): BadCase =>
    pushCase("bodies at the bound of bytes", `${bytes} bytes of ${what}`, () => [
      { text: what, times: bytes },
    ]);
  const counted = (times: number, op: string): BadCase =>
    pushCase("too many ops", `${times + 1} ops that are ${op}`, () => [
      { text: '{"ops":[' },
      { text: `${op},`, times },
      { text: `${op}]}` },
    ]);
  return [
    ...[bytesMax - 1, bytesMax, bytesMax + 1, 2 * bytesMax].map((bytes) => padded(bytes)),
    ...[bytesMax - 1, bytesMax + 1].map((bytes) => padded(bytes, "chunked")),
    filled("x", bytesMax + 1),
    filled("[", bytesMax + 1),
    filled(" ", bytesMax),
    filled("x", 4 * bytesMax),
    ...[999, 1_000, 1_001, 10_000, 100_000].flatMap((times) => ["0", "{}"].map((op) => counted(times, op))),
    counted(1_000, "null"),
    counted(600_000, "0"),
  ];
}

function deliveries(): readonly BadCase[] {
  const good = (turn: Turn): string => batchText(opText(goodOp(turn)));
  const bad = (turn: Turn): string => batchText(opText({ ...goodOp(turn), lamport_ts: "0" }));
  return [
    pushCase("slow bodies", "a good push, dribbled", good, { delivery: "dribbled" }),
    pushCase("slow bodies", "a bad push, dribbled", bad, { delivery: "dribbled" }),
    pushCase("chunked bodies", "a good push in chunks", good, { delivery: "chunked" }),
    pushCase("chunked bodies", "a bad push in chunks", bad, { delivery: "chunked" }),
    pushCase("chunked bodies", "no bytes, in chunks", () => "", { delivery: "chunked" }),
    pushCase("bodies that break off", "half of a good push, and then the end of the connection", good, {
      delivery: "cut",
    }),
    pushCase(
      "bodies that break off",
      "a good push in half of a long body, and then the end of the connection",
      (turn) => [{ text: good(turn) }, { text: " ", times: 1_000 }],
      { delivery: "cut" },
    ),
    ...contentTypes(good, bad),
  ];
}

/** The page does not say which type a body has to have. */
function contentTypes(good: (turn: Turn) => string, bad: (turn: Turn) => string): readonly BadCase[] {
  const others = [
    ...[
      undefined,
      "text/plain",
      "application/xml",
      "application/x-www-form-urlencoded",
      "multipart/form-data",
    ],
    ...["application/octet-stream", "application/json; charset=latin1", "application/json; charset=utf-16"],
    ...["json", "application/", "/", ";", "application/json, text/plain", "x".repeat(2_000)],
  ];
  const choices: readonly LawfulAnswer[] = [400, 406, 415].map((status) => ({ status }));
  const typed = (contentType: string | undefined, more: readonly LawfulAnswer[]): readonly BadCase[] =>
    [good, bad].map((write, isBad) =>
      pushCase(
        "content types",
        `a ${isBad ? "bad" : "good"} push of type ${contentType?.slice(0, 40) ?? "nothing"}`,
        write,
        { contentType, choices: more },
      ),
    );
  return [
    ...others.flatMap((contentType) => typed(contentType, choices)),
    ...typed("application/json; charset=utf-8", []),
    ...typed("application/json;charset=UTF-8", []),
    ...typed("APPLICATION/JSON", []),
  ];
}
