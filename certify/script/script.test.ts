import { describe, expect, test } from "vitest";
import type { History, HistoryEvent } from "../../invariants/history.ts";
import type { WireEntry, WireExchange, WireFrame, WireRecord } from "../../live/wire-record.ts";
import { waveflowWireWords as words } from "../waveflow/wire-words.ts";
import { scriptOf, type ScriptOptions } from "./script.ts";
import { printfCommand, shellWord } from "./shell-text.ts";

const laptopId = "11111111-1111-4111-8111-111111111111";

function exchange(at: number, more: Partial<WireExchange> = {}): WireExchange {
  return {
    kind: "exchange",
    at,
    endedAt: at + 5,
    who: "laptop",
    by: "device",
    message: "pull",
    method: "GET",
    path: "/sync/ops?since=0",
    headers: [
      ["host", "127.0.0.1:1"],
      ["x-device-id", laptopId],
    ],
    token: "laptop",
    body: { bytes: 0 },
    answer: { status: 200, headers: [], body: told({ ops: [], head: 0 }) },
    ...more,
  };
}

function told(value: unknown): { readonly bytes: number; readonly text: string } {
  const text = JSON.stringify(value);
  return { bytes: Buffer.byteLength(text), text };
}

const step = (at: number, line: number, text: string): WireEntry => ({
  kind: "step",
  at,
  step: { source: { line, text }, kind: "finish" },
  source: { line, text },
});

function script(
  entries: readonly WireEntry[],
  more: Partial<ScriptOptions> & { readonly events?: readonly HistoryEvent[] } = {},
): readonly string[] {
  const { events = [], ...rest } = more;
  const claims = { sub: "alice100001", iat: 1_800_000_000, exp: 1_800_003_600 };
  const wire: WireRecord = {
    entries,
    tokens: [{ name: "laptop", user: "alice", claims, madeAtMs: 1_800_000_000_123 }],
    users: { alice: "alice100001" },
    isCut: false,
  };
  const history: History = {
    protocol: "waveflow/1",
    scenario: "waveflow/test/case",
    seed: "1",
    world: "live",
    events,
  };
  const text = scriptOf({
    wire,
    history,
    checks: [],
    words,
    id: "waveflow/test/case",
    title: "A case",
    explanation: "two and two are five",
    requirements: ["WF-PULL-1"],
    ...rest,
  });
  return text.split("\n");
}

const places = (lines: readonly string[], ...parts: readonly string[]): readonly number[] =>
  parts.map((part) => lines.findIndex((line) => line.includes(part)));

describe("a script", () => {
  test("says what is wrong, what it needs, and mints tokens that are counted from now", () => {
    const lines = script([exchange(0)], {
      promise: "two and two are four",
      replay: "seatrial replay x.yaml",
    });
    const text = lines.join("\n");
    expect(lines[0]).toBe("#!/bin/sh");
    expect(text).toContain("# What is wrong: two and two are five");
    expect(text).toContain("# The same with Seatrial: seatrial replay x.yaml");
    expect(text).toContain('[ -n "${USER_alice:-}" ] || USER_alice="alice${RUN}"');
    expect(text).toContain(
      String.raw`token "$USER_alice" "$DEVICE_laptop" "{\"sub\":\"$USER_alice\",\"iat\":$NOW,\"exp\":$((NOW+3600))}"`,
    );
    expect(text).toContain('-H "x-device-id: ${DEVICE_laptop}"');
    expect(text).not.toContain("127.0.0.1:1'");
  });

  test("begins beside each other what overlapped, at its distance, and one after the other what did not", () => {
    const lines = script([
      exchange(0, { endedAt: 900 }),
      step(390, 5, "start: phone: push"),
      exchange(400, { who: "phone", endedAt: 890 }),
      exchange(500),
      exchange(510),
      exchange(1_000),
    ]);
    const commands = lines.filter((line) => line.startsWith("  | tee"));
    expect(commands.map((line) => line.endsWith("&"))).toEqual([true, true, false, false, false]);
    const order = places(
      lines,
      'tee "$DIR/1" &',
      "sleep 0.4",
      "start: phone: push",
      'tee "$DIR/2" &',
      "sleep 0.1",
      'tee "$DIR/4"',
      "wait ",
      'tee "$DIR/5"',
    );
    expect(order).toEqual(order.toSorted((left, right) => left - right));
  });

  test("sends what reached the server, also what nobody heard the answer to, and nothing else", () => {
    const lines = script([
      exchange(0, { lost: { part: "reply", why: "reply lost" } }),
      exchange(10, { lost: { part: "request", why: "request lost" } }),
      exchange(20, { isCopy: true }),
    ]);
    const text = lines.join("\n");
    expect(lines.filter((line) => line.startsWith("curl"))).toHaveLength(2);
    expect(text).toContain("laptop never heard this answer: reply lost");
    expect(text).toContain("it never reached the server (request lost), so it is not sent");
    expect(text).toContain("once more: the network repeated it");
  });

  test("takes the server's own numbers and tokens out of its answers as they come", () => {
    const answer = { status: 200, headers: [], body: told({ ops: [{ id: 41 }, { id: 47 }], resync: "t.1" }) };
    const ack = told({ last_seen_id: 48, note: "47" });
    const lines = script([
      exchange(0, { answer }),
      exchange(10, { path: "/sync/ops?since=47&resync=t.1" }),
      exchange(20, { method: "POST", path: "/sync/ack", body: ack }),
    ]);
    expect(lines).toContain("N47=$(pick 1 id 2); N47=${N47:-47}");
    expect(lines).toContain("RESYNC_3=$(pick_text 1 resync 1); RESYNC_3=${RESYNC_3:-'t.1'}");
    const text = lines.join("\n");
    expect(text).toContain(`'/sync/ops?since='"\${N47}"'&resync='"\${RESYNC_3}"`);
    expect(text).toContain(`'{"last_seen_id":'"$((N47+1))"',"note":"47"}'`);
    expect(text).not.toContain("N41=");
  });

  test("asks for hooks, and for hands where no request will do", () => {
    const lines = script([exchange(0), step(10, 4, "server: compact"), exchange(40)], {
      events: [
        {
          kind: "compacted",
          at: 20,
          begunAt: 15,
          actor: "server",
          user: "alice",
          compactedUpTo: 4,
          deleted: 2,
        },
        { kind: "crash", at: 25, actor: "world", target: "server", text: "killed" },
        { kind: "restart", at: 30, actor: "world", target: "server" },
        { kind: "crash", at: 31, actor: "world", target: "laptop", text: "killed" },
        {
          kind: "fault",
          at: 1,
          actor: "world",
          fault: "reply lost",
          target: "laptop",
          text: "told elsewhere",
        },
      ],
    });
    const text = lines.join("\n");
    expect(text).toContain(`--data-raw '{"user":"'"\${USER_alice}"'"}'`);
    expect(text).toContain('answered in 5 ms: 200 {"compacted_up_to":4,"deleted":2}');
    expect(text).not.toContain("told elsewhere");
    const [hook, kill, start, last] = places(
      lines,
      '$CONTROL"/control',
      "by_hand kill",
      "by_hand start",
      'DIR/3"',
    );
    expect([hook, kill, start, last]).toEqual([hook, kill, start, last].toSorted((a, b) => a! - b!));
    expect(lines.filter((line) => line.startsWith("by_hand "))).toHaveLength(2);
  });

  test("says beside each step what was expected and what was seen, and stops where it went wrong", () => {
    const check = {
      scenario: "waveflow/test/case",
      line: 7,
      step: "laptop: pull",
      about: "reply" as const,
      requirements: [],
      pass: false,
      expected: "status 410",
      seen: "outcome ok\nstatus 200",
    };
    const entries = [step(0, 7, "laptop: pull"), exchange(1), exchange(50)];
    const options = { checks: [check], untilMs: 10, highlights: [{ at: 3, actor: "laptop" }] };
    const lines = script(entries, options);
    expect(lines).toContain("#   EXPECTED: status 410; SEEN: outcome ok status 200");
    expect(lines.join("\n")).toContain("!! one of the facts that cannot both be");
    expect(lines.filter((line) => line.startsWith("curl"))).toHaveLength(1);
  });

  test("keeps live sockets open beside, as long as their devices did", () => {
    const frame = (at: number, more: Partial<WireFrame>): WireFrame => ({
      kind: "frame",
      at,
      who: "laptop",
      direction: "to-device",
      ...more,
    });
    const lines = script([
      exchange(0, {
        isSocket: true,
        path: `/sync/ws?device_id=${laptopId}`,
        answer: { status: 101, headers: [], body: { bytes: 0 } },
      }),
      frame(6, { text: '{"type":"hello","head":12}' }),
      frame(9, { direction: "to-server", text: '{"ack":12}' }),
      frame(12, { direction: "to-server", isClose: true }),
      exchange(20),
    ]);
    expect(lines.filter((line) => line.startsWith('rm -f "$DIR/laptop.in"; listen laptop -H='))).toHaveLength(
      1,
    );
    const said = lines.findIndex((line) => line.startsWith("printf") && line.endsWith(">&3"));
    expect(lines[said]).toContain(`'{"ack":'"\${N12}"'}'`);
    expect(lines[said - 1]).toBe("N12=$(pick laptop.frames head 1); N12=${N12:-12}");
    expect(lines.findIndex((line) => line.startsWith("exec 3>&-"))).toBeGreaterThan(said);
  });
});

test("a word is quoted where it has to be, with variables outside of the quotes", () => {
  expect(shellWord([{ text: "/sync/ops" }])).toBe("/sync/ops");
  expect(shellWord([])).toBe("''");
  expect(shellWord([{ text: "it's " }, { variable: "N1", plus: -1 }])).toBe(`'it'\\''s '"$((N1-1))"`);
  expect(printfCommand([{ text: "100% it's\n\0" }, { variable: "N1" }])).toBe(
    String.raw`printf '100\045 it\047s\012\000%s' "` + '${N1}"',
  );
});
