// Every way to get a scenario wrong is told with line, column, what was seen, what was expected, and the nearest word.
import { describe, expect, test } from "vitest";
import { scenarioProtocols } from "../catalogue.ts";
import { formatErrors, parseScenario, parseScenarios } from "./parse.ts";

const head = `id: waveflow/push/one
title: One edit is stored
protocol: waveflow/1
requirements: [WF-PUSH-1]
devices: [laptop, phone]
`;

/** What is said of a file; the head has five lines. */
function errorsOf(text: string, path?: string): string {
  const result = parseScenarios(text, {
    protocols: scenarioProtocols,
    file: "s.yaml",
    ...(path === undefined ? {} : { path }),
  });
  return result.ok ? "no error" : formatErrors(result.errors);
}

const errorsOfSteps = (steps: string, more = ""): string => errorsOf(`${head}${more}steps:\n${steps}`);

describe("the head of a file", () => {
  test("a misspelt key", () => {
    expect(errorsOf(`${head}step: []\nsteps: []\n`)).toBe(
      `s.yaml:6:1: unknown key "step" in a scenario: expected id, title, protocol, requirements, needs, devices, config, device-config, trouble, accidents, seed, digest, recorded-with, processes, for-each, steps, settle, expect, why; did you mean "steps"?`,
    );
  });

  test("a key that stands twice", () => {
    expect(errorsOf(`${head}title: Again\nsteps: []\n`)).toBe(
      `s.yaml:6:1: the key "title" stands here twice`,
    );
  });

  test("keys that are missing", () => {
    expect(errorsOf("id: waveflow/push/one\nprotocol: waveflow/1\n")).toBe(
      `s.yaml:1:1: a scenario needs "title", "requirements", "devices", "steps"`,
    );
  });

  test("a list where a map was expected", () => {
    expect(errorsOf("- laptop: push\n")).toBe("s.yaml:1:1: expected a scenario as a map, saw a list");
  });

  test("an empty file", () => {
    expect(errorsOf("# nothing\n")).toBe("s.yaml:1:1: expected a scenario as a map, saw nothing");
  });

  test("no YAML", () => {
    expect(errorsOf(`${head}needs: [crash\nsteps: []\n`)).toMatch(/^s\.yaml:7:1: no YAML: /u);
  });

  test("an id that is not the path of the file", () => {
    expect(errorsOf(`${head}steps: []\n`, "waveflow/push/two.yaml")).toBe(
      `s.yaml:1:5: the id must be the path of the file below scenarios/: expected "waveflow/push/two", saw "waveflow/push/one"`,
    );
  });

  test("an id in capitals", () => {
    expect(errorsOf(`${head}steps: []\n`.replace("push/one", "Push One"))).toBe(
      `s.yaml:1:5: expected an id such as waveflow/push/duplicate (small letters, digits, "-" and "/"), saw "waveflow/Push One"`,
    );
  });

  test("a requirement that does not exist", () => {
    expect(errorsOf(`${head}steps: []\n`.replace("WF-PUSH-1", "WF-PUSH-1, WF-PUHS-2"))).toBe(
      `s.yaml:4:27: unknown requirement "WF-PUHS-2"; did you mean "WF-PUSH-2"?`,
    );
  });

  test("no requirement at all", () => {
    expect(errorsOf(`${head}steps: []\n`.replace("WF-PUSH-1", ""))).toBe(
      `s.yaml:4:15: expected at least one requirement id (only a plan with a "seed" may go without)`,
    );
  });

  test("an unknown protocol", () => {
    expect(errorsOf(`${head}steps: []\n`.replace("waveflow/1", "waveflow/2"))).toBe(
      `s.yaml:3:11: expected a protocol (waveflow/1), saw "waveflow/2"; did you mean "waveflow/1"?`,
    );
  });

  test("a device that is called like a step", () => {
    expect(errorsOf(`${head}steps: []\n`.replace("phone", "server"))).toBe(
      `s.yaml:5:19: no device can be called "server": a step begins with this word`,
    );
  });

  test("a device that is declared twice", () => {
    expect(errorsOf(`${head}steps: []\n`.replace("phone", "laptop"))).toBe(
      `s.yaml:5:19: the device "laptop" is declared twice`,
    );
  });

  test("a mode that the protocol does not have", () => {
    expect(errorsOf(`${head}steps: []\n`.replace("phone", "{ phone: { mode: hybird } }"))).toBe(
      `s.yaml:5:36: expected a mode (hybrid, local, server), saw "hybird"; did you mean "hybrid"?`,
    );
  });

  test("a setting that the protocol does not have", () => {
    expect(errorsOf(`${head}needs: [settings]\nconfig: { stalenesMs: 5 }\nsteps: []\n`)).toContain(
      `s.yaml:7:11: unknown key "stalenesMs" in the settings of the server: expected stalenessMs, `,
    );
  });

  test("a settle that says nothing", () => {
    expect(errorsOf(`${head}steps: []\nsettle: true\n`)).toBe(
      `s.yaml:7:9: expected "settle: false", or no such line: a scenario settles at its end`,
    );
  });
});

describe("needs", () => {
  test("an ability that a step asks for", () => {
    expect(errorsOfSteps("  - server: crash\n")).toBe(
      `s.yaml:1:1: "needs" lacks "crash": line 7 (server: crash) asks for it`,
    );
  });

  test("an ability that no step asks for", () => {
    expect(errorsOfSteps("  - laptop: push\n", "needs: [crash]\n")).toBe(
      `s.yaml:6:9: no step needs "crash": leave it out`,
    );
  });

  test("an ability that does not exist", () => {
    expect(errorsOfSteps("  - clock: advance 1d\n", "needs: [clok, clock]\n")).toContain(
      `saw "clok"; did you mean "clock"?`,
    );
  });
});

describe("steps", () => {
  test.each([
    [
      "a device that is not declared",
      "  - laptp: push\n",
      `7:5: no step begins with "laptp": expected a device (laptop, phone) or one of sync, settle, finish, clock, wait, together, start, repeat, check, server, network, database, request, expect, remember; did you mean "laptop"?`,
    ],
    [
      "a verb that is misspelt",
      "  - laptop: pusch\n",
      `7:13: a device cannot "pusch": expected edit, delete, read, push, pull, resync, ack, sync, connect, disconnect, mode, sign-out, sign-in, switch-account, bind, token, offline, online, crash, restart, skew, backup, restore, clone-from, reinstall; did you mean "push"?`,
    ],
    [
      "a line that ends too early",
      "  - laptop: edit song/1\n",
      "7:24: the line ends too early: expected <field>=<value>",
    ],
    [
      "an edit of nothing",
      "  - laptop: edit song title=A\n",
      "7:18: expected an entity such as song/1, saw song",
    ],
    [
      "a field without a value",
      "  - laptop: edit song/1 title\n",
      "7:25: expected <field>=<value>, saw title",
    ],
    [
      "an empty value",
      "  - laptop: edit song/1 title=\n",
      `7:31: expected a value after "="; an empty text is ""`,
    ],
    ["a quote that is not closed", '  - laptop: edit song/1 title="A\n', '7:31: the quote " is never closed'],
    [
      "a bracket that is not closed",
      "  - laptop: edit song/1 tags=[a\n",
      `7:30: the bracket "[" is never closed: expected "]"`,
    ],
    [
      "a number that would be rounded",
      "  - laptop: edit song/1 n=9007199254740993\n",
      "7:27: 9007199254740993 is a number that an IEEE double cannot hold; send it by request: { text: … }",
    ],
    [
      "words that are too many",
      "  - laptop: push now\n",
      `7:18: expected nothing more after "push", saw "now"`,
    ],
    ["a crash at no place", "  - laptop: crash soon\n", `7:19: expected when (before, after), saw "soon"`],
    [
      "two things in one step",
      "  - laptop: push\n    phone: push\n",
      `8:5: a step says one thing: "laptop" is said already; begin a new step with "- phone:"`,
    ],
    [
      "a word that is no step",
      "  - setle\n",
      `7:5: expected a step without a colon (settle, finish), saw "setle"; did you mean "settle"?`,
    ],
    [
      "an expectation of a step without an answer",
      "  - wait: 5s\n    expect: { status: 200 }\n",
      `8:5: "expect" needs a step that has an answer (a device, server or request); write "check:" for states`,
    ],
    [
      "a duration without a unit",
      "  - wait: 5\n",
      `7:11: expected a duration such as 250ms, 5s, 10m, 2h or 91d, saw "5"`,
    ],
    [
      "a wait that is too long",
      "  - wait: 2h\n",
      `7:11: a wait is at most 60s, because a real run waits in real time: write "clock: advance 2h"`,
    ],
    [
      "a clock that goes back",
      "  - clock: advance -1d\n",
      `7:12: expected a duration above 0, saw "advance -1d"`,
    ],
    ["a sync of nobody", "  - sync: []\n", "7:11: expected at least one device"],
    [
      "a sync of a stranger",
      "  - sync: [laptop, phon]\n",
      `7:20: no device is called "phon" (declared: laptop, phone); did you mean "phone"?`,
    ],
    ["a repeat without steps", "  - repeat: { times: 3 }\n", `7:13: a repeat needs "steps"`],
    [
      "a repeat without a bound",
      "  - repeat: { times: 1000000, steps: [settle] }\n",
      "7:22: expected at most 100000 rounds, saw 1000000",
    ],
    [
      "a fault of the database that does not exist",
      "  - database: readonly\n",
      `7:15: expected what becomes of the database (stop, crash, restart, refuse, read-only, full, lock, lock-timeout, statement-timeout, recover), saw "readonly"; did you mean "read-only"?`,
    ],
    [
      "a limit without its time",
      "  - database: lock-timeout\n",
      "7:27: the line ends too early: expected how long is too long: a duration such as 250ms, 5s, 10m, 2h or 91d",
    ],
    [
      "a limit that ends everything",
      "  - database: statement-timeout 0s\n",
      "7:15: expected a duration above 0: 0 would mean no limit at all",
    ],
    [
      "a purpose that is misspelt",
      "  - server: crash during pussh before commit\n",
      `7:26: expected what the transaction is for (push, pull, ack, compact, contact, frames, job), saw "pussh"; did you mean "push"?`,
    ],
    [
      "a statement that is misspelt",
      "  - server: crash during compact after colapse\n",
      `7:40: expected a statement of compact (begin, lockUser, highestId, raiseCursor, minimumCursor, collapse, readWatermark, raiseWatermark, announce, commit), saw "colapse"; did you mean "collapse"?`,
    ],
    [
      "a failure without its code",
      "  - server: fail during push at commit\n",
      `7:39: the line ends too early: expected "with"`,
    ],
    [
      "a code that is none",
      "  - server: fail during push at commit with 4001\n",
      `7:45: expected an SQLSTATE (five digits or capitals, such as 40001), saw "4001"`,
    ],
    [
      "a message that is misspelt",
      "  - network: lose reply to laptop psuh\n",
      `7:35: expected a message (any, push, pull, ack, socket), saw "psuh"; did you mean "push"?`,
    ],
    [
      "a half that is wrongly joined",
      "  - network: lose reply of laptop push\n",
      `7:25: expected "to", saw "of"`,
    ],
    [
      "a status that is none",
      "  - network: answer laptop push with 99\n",
      `7:38: expected an HTTP status from 200 to 599, saw "99"`,
    ],
    [
      "a placeholder that nothing remembers",
      "  - laptop: ack {w-1}\n",
      `7:17: nothing before remembers "w" (remembered: none)`,
    ],
    [
      "a placeholder of a device's status that is none",
      "  - request: { as: laptop, method: GET, path: '/sync/ops?since={phone.cusor}' }\n",
      `7:64: a device's status has no "cusor": expected deviceId, mode, cursor, acknowledged, lamport, pending, unshared, deadLetters, parked, hasToken, server, socket, stopped; did you mean "cursor"?`,
    ],
    [
      "a request without a path",
      "  - request: { as: laptop, method: GET }\n",
      `7:14: a request needs "path"`,
    ],
    [
      "a request with two bodies",
      "  - request: { as: laptop, method: POST, path: /x, body: {}, text: '' }\n",
      `7:62: a request has "body" (JSON) or "text" (as it stands), not both`,
    ],
    [
      "a kind of token that does not exist",
      "  - request: { as: laptop, method: GET, path: /x, token: expierd }\n",
      `7:58: expected a kind of token (none, malformed, wrong-signature, expired, not-yet, custom), saw "expierd"; did you mean "expired"?`,
    ],
    [
      "a part of an answer that cannot be remembered",
      "  - laptop: push\n    remember: { w: bodi.head }\n",
      `8:20: expected a part of the answer such as body.compacted_up_to, saw "bodi.head"`,
    ],
    [
      "a member of a reply that does not exist",
      "  - laptop: push\n    expect: { statuss: 200 }\n",
      `8:15: unknown key "statuss" in an expected reply: expected status, type, body, headers, outcome, counts, requirements; did you mean "status"?`,
    ],
    [
      "an expectation that cannot fail",
      "  - laptop: push\n    expect: {}\n",
      "8:13: an expected reply that names nothing cannot fail: expected one of status, type, body, headers, outcome, counts, requirements",
    ],
    [
      "a count that does not exist",
      "  - laptop: push\n    expect: { counts: { droped: 1 } }\n",
      `8:25: unknown key "droped" in counts: expected batches, stored, duplicate, dropped, restamped, deadLettered, pages, applied, parked, resyncs, acks; did you mean "dropped"?`,
    ],
    [
      "a device's status that does not exist",
      "  - check: { devices: { laptop: { pendin: 1 } } }\n",
      `7:35: unknown key "pendin" in what is expected of laptop: expected state, deviceId, mode, cursor, acknowledged, lamport, pending, unshared, deadLetters, parked, hasToken, server, socket, stopped; did you mean "pending"?`,
    ],
    [
      "an entity without an id",
      "  - check: { state: { song: {} } }\n",
      `7:23: expected an entity such as song/1, saw "song"`,
    ],
    [
      "an alias",
      "  - check: { state: { song/1: { title: &a A } } }\n  - check: { state: { song/1: { title: *a } } }\n",
      "8:40: expected a value written out, saw an alias",
    ],
  ])("%s", (_what, steps, expected) => {
    expect(errorsOfSteps(steps)).toBe(`s.yaml:${expected}`);
  });

  test("a process that does not exist", () => {
    expect(errorsOfSteps("  - server 2: crash\n", "needs: [crash, processes]\n")).toBe(
      `s.yaml:8:5: there is no server 2: "processes" says 1`,
    );
  });

  test("connections are lost of all processes, or of one that exists", () => {
    expect(errorsOfSteps("  - server: lose connections\n", "needs: [statements]\n")).toBe("no error");
    expect(errorsOfSteps("  - server 2: lose connections\n", "needs: [processes, statements]\n")).toBe(
      `s.yaml:8:5: there is no server 2: "processes" says 1`,
    );
  });

  test("a number that YAML takes for a comment", () => {
    expect(errorsOfSteps("  - network: lose reply to laptop push #2\n", "needs: [network]\n")).toBe(
      `s.yaml:8:39: YAML takes "#2" for a comment here: write it without the space before "#"`,
    );
  });

  test("a line that runs into YAML's own grammar", () => {
    expect(errorsOfSteps("  - laptop: edit song/1 a={b: 1}\n")).toContain(
      `(a line that holds ": " needs quotes around all of it)`,
    );
  });

  test("all errors at once, in the order of the file", () => {
    const errors = errorsOfSteps(`  - laptop: pusch\n  - wait: 5\n  - laptop: ack {w}\n`);
    expect(errors.split("\n").map((line) => line.slice(0, 11))).toEqual([
      "s.yaml:7:13",
      "s.yaml:8:11",
      "s.yaml:9:17",
    ]);
  });
});

describe("for-each", () => {
  const each = (values: string): string =>
    `${head}for-each: { mode: ${values} }\nsteps:\n  - laptop: 'mode "{mode}"'\n`;

  test("one scenario for each value, with the value in its id and its lines", () => {
    const result = parseScenarios(each("[hybrid, local]"), { protocols: scenarioProtocols });
    if (!result.ok) expect.fail(formatErrors(result.errors));
    expect(result.scenarios.map(({ id }) => id)).toEqual([
      "waveflow/push/one/hybrid",
      "waveflow/push/one/local",
    ]);
    expect(result.scenarios[1]!.steps[0]).toMatchObject({
      action: { verb: "mode", args: { mode: "local" } },
    });
  });

  test("values that make no id of their own must be named", () => {
    expect(errorsOf(each('["a b", a-b]'))).toBe(
      `s.yaml:6:27: this value makes no id of its own ("a-b"): name it, as in { mode: { some-name: … } }`,
    );
    expect(errorsOf(each("{ one: a b, two: a-b }"))).toBe("no error");
  });

  test("an error in the lines is told once, however many values there are", () => {
    expect(errorsOf(each("[hybrid, local]").replace("'mode", "'mood"))).toMatch(/^s\.yaml:8:\d+: [^\n]*$/u);
  });

  test("makes more than one scenario, which parseScenario refuses", () => {
    const result = parseScenario(each("[hybrid, local]"), { protocols: scenarioProtocols, file: "s.yaml" });
    expect(result.ok ? "ok" : formatErrors(result.errors)).toBe(
      `s.yaml:1:1: expected one scenario, saw a "for-each" that makes 2`,
    );
  });
});

describe("what is read", () => {
  const stepsOf = (steps: string, more = "") => {
    const result = parseScenario(`${head}${more}steps:\n${steps}`, { protocols: scenarioProtocols });
    if (!result.ok) expect.fail(formatErrors(result.errors));
    return result.scenario.steps;
  };

  test("values are JSON, flow style, quoted or plain text", () => {
    const [step] = stepsOf(
      `  - laptop: edit song/1 a=5 b=A c="two words" d=[x,"y z"] e='it''s' f=05 g=null h={} i="5" j=yes k=don't\n`,
    );
    expect(step).toMatchObject({
      action: {
        args: {
          entityType: "song",
          entityId: "1",
          edits: [
            { field: "a", value: 5 },
            { field: "b", value: "A" },
            { field: "c", value: "two words" },
            { field: "d", value: ["x", "y z"] },
            { field: "e", value: "it's" },
            { field: "f", value: "05" },
            { field: "g", value: null },
            { field: "h", value: {} },
            { field: "i", value: "5" },
            { field: "j", value: "yes" },
            { field: "k", value: "don't" },
          ],
        },
      },
    });
  });

  test("a repeat is unrolled, and {n} is the round", () => {
    const steps = stepsOf(
      "  - repeat: { times: 3, steps: [{ laptop: 'edit song/{n} title={n+10} code=x{n:3}' }] }\n",
    );
    expect(steps.map((step) => (step.kind === "device" ? step.action.args : {}))).toEqual(
      [1, 2, 3].map((n) => ({
        entityType: "song",
        entityId: String(n),
        edits: [
          { field: "title", value: n + 10 },
          { field: "code", value: `x00${n}` },
        ],
      })),
    );
  });

  test("a generator makes long lists and texts", () => {
    const [step] = stepsOf(
      "  - request: { as: laptop, method: POST, path: /x, body: { ops: { $repeat: 2, item: { n: '{n}' } }, long: { $repeat: 3, text: ab } } }\n",
    );
    expect(step).toMatchObject({
      request: { body: { json: { ops: [{ n: 1 }, { n: 2 }], long: "ababab" } } },
    });
  });

  test("an occurrence is said with # and no space", () => {
    expect(stepsOf("  - network: lose reply to laptop push#2\n", "needs: [network]\n")).toMatchObject([
      { action: { verb: "lose-reply", of: { device: "laptop", message: "push", nth: 2 } } },
    ]);
    expect(stepsOf(`  - network: "lose reply to laptop push #2"\n`, "needs: [network]\n")).toMatchObject([
      { action: { of: { nth: 2 } } },
    ]);
  });

  test("somebody else's answer says when to come again, behind its body", () => {
    const lines = ["503 retry-after 5s", '503 json {"a":1} retry-after 5s after effect'];
    const [short, long] = stepsOf(
      lines.map((line) => `  - network: 'answer laptop push with ${line}'\n`).join(""),
      "needs: [network]\n",
    );
    expect(short).toMatchObject({ action: { body: "empty", retryAfterMs: 5_000, withEffect: false } });
    expect(long).toMatchObject({ action: { json: { a: 1 }, retryAfterMs: 5_000, withEffect: true } });
  });

  test.each([
    ["reset request of laptop push", "reset-request"],
    ["reset reply to laptop push", "reset-reply"],
    ["truncate reply to laptop push", "truncate-reply"],
  ])("%j breaks the connection", (line, verb) => {
    expect(stepsOf(`  - network: ${line}\n`, "needs: [network]\n")).toMatchObject([
      { action: { verb, of: { device: "laptop", message: "push", nth: 1 } } },
    ]);
  });

  test("a step knows its line", () => {
    expect(stepsOf("  - settle\n\n  - laptop: push\n")[1]!.source).toEqual({ line: 9, text: "laptop: push" });
  });
});
