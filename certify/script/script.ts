// A run as a script for a POSIX shell that a stranger can paste: one command of curl for every exchange, in the order in
// which the server had them, with what was answered and what was expected beside it. It leans on nothing of Seatrial's:
// curl, openssl for tokens, websocat for live sockets, grep and sed to take the server's own numbers out of its answers.
// Leaves out what no client can do (a crash at a statement, an answer that gets lost) and says so where it happened.
import type { History } from "../../invariants/history.ts";
import type { WireExchange, WireRecord } from "../../live/wire-record.ts";
import type { CheckResult } from "../../scenarios/format/interpreter.ts";
import { commentLine } from "./comment.ts";
import { captureLine, Echoes, pickFunctions } from "./echoes.ts";
import { type CurlOptions, curlLines, type Sendable } from "./curl-lines.ts";
import { Sockets } from "./socket-lines.ts";
import { type Act, actsOf, type Asked, type Happening, type HookCall } from "./timeline.ts";
import { deviceVariableOf, serverUserWord, tokenLines } from "./token-lines.ts";
import type { WireWords } from "./wire-words.ts";

export interface ScriptOptions {
  readonly wire: WireRecord;
  readonly history: History;
  readonly checks: readonly CheckResult[];
  readonly words: WireWords;
  readonly id: string;
  readonly title: string;
  /** What is wrong, in a sentence or two, and what was promised instead. */
  readonly explanation: string;
  readonly promise?: string;
  readonly requirements: readonly string[];
  /** Where the server listens unless `BASE` says otherwise. */
  readonly baseUrl?: string;
  /** The command that runs the same with Seatrial. */
  readonly replay?: string;
  /** What comes later is left out.  Units: milliseconds since the run began. */
  readonly untilMs?: number;
  /** Moments at which something happened that contradicts a rule. */
  readonly highlights?: readonly { readonly at: number; readonly actor: string }[];
}

/** The text of the script. Holds no token and no secret. */
export function scriptOf(options: ScriptOptions): string {
  const writer = new ScriptWriter(options);
  const body = writer.body(actsOf(options.wire, options.history, options.untilMs));
  return [...head(options, writer), ...body, ...foot(options), ""].join("\n");
}

function head(options: ScriptOptions, writer: ScriptWriter): readonly string[] {
  const { id, title, explanation, promise, requirements, replay, baseUrl, wire } = options;
  const tokens = wire.tokens.filter(({ name }) => writer.tokensUsed.has(name));
  return [
    "#!/bin/sh",
    ...comment(`${id}: ${title}`),
    ...comment(`What is wrong: ${explanation}`),
    ...(promise === undefined ? [] : comment(`What is promised: ${promise}`)),
    ...(requirements.length === 0 ? [] : comment(`Rules: ${requirements.join(", ")}`)),
    ...(replay === undefined ? [] : comment(`The same with Seatrial: ${replay}`)),
    "",
    `BASE=\${BASE:-${baseUrl ?? "http://127.0.0.1:8080"}}   # where the server listens`,
    "DIR=$(mktemp -d)                      # answers are kept here",
    ...(writer.usesHooks
      ? ["CONTROL=${CONTROL:-$BASE}              # where its hooks are; CONTROL_TOKEN=… opens them"]
      : []),
    ...(writer.deviceIds.size === 0
      ? []
      : [...writer.deviceIds].map(([deviceId, variable]) => `${variable}=${deviceId}`)),
    ...tokenLines({ tokens, users: wire.users }, (who) => writer.deviceOf(who)),
    ...(writer.captures.length === 0 ? [] : pickFunctions),
    ...(writer.usesHands ? handFunction : []),
    ...writer.sockets.head,
    ...(wire.isCut ? comment("The run was too large to be kept in full: something is missing below.") : []),
  ];
}

const handFunction: readonly string[] = [
  "# What no request can do. BY_HAND=… is run with what is to be done (kill, start) instead of asking you.",
  "by_hand() {",
  `  printf '\\n>>> %s\\n' "$2"`,
  '  if [ -n "${BY_HAND:-}" ]; then sh -c "$BY_HAND" by-hand "$1"',
  "  else printf '    then press return '; read -r _ </dev/tty; fi",
  "}",
];

function foot({ explanation, requirements }: ScriptOptions): readonly string[] {
  return ["", ...comment(`What is wrong: ${explanation} (${requirements.join(", ")})`)];
}

class ScriptWriter {
  readonly sockets = new Sockets();
  /** Names of the variables, by device id. */
  readonly deviceIds = new Map<string, string>();
  readonly tokensUsed = new Set<string>();
  usesHooks = false;
  usesHands = false;
  readonly #options: ScriptOptions;
  readonly #echoes: Echoes;
  readonly #deviceByName = new Map<string, string>();
  #count = 0;

  constructor(options: ScriptOptions) {
    this.#options = options;
    this.#echoes = new Echoes(options.words);
    this.#nameDevices();
  }

  get captures(): ReturnType<Echoes["captures"]> {
    return this.#echoes.captures();
  }

  deviceOf(who: string): string | undefined {
    return this.#deviceByName.get(who);
  }

  body(acts: readonly Act[]): readonly string[] {
    const chunks = acts.map((act) => this.#act(act));
    const placed = this.#echoes.captures();
    // What a later request repeats is taken out of the answer right behind it.
    const lines = chunks.flatMap(({ lines: own, files }) => [
      ...own,
      ...placed.filter(({ file }) => files.includes(file) && !file.endsWith(".frames")).map(captureLine),
    ]);
    return [...this.#withFrameCaptures(lines), ...this.sockets.foot];
  }

  /** A number that came by a frame is there when the first line asks for it. */
  #withFrameCaptures(lines: readonly string[]): readonly string[] {
    const open = this.#echoes.captures().filter(({ file }) => file.endsWith(".frames"));
    const done = new Set<string>();
    return lines.flatMap((line) => {
      const needed = open.filter(({ variable }) => line.includes(variable) && !done.has(variable));
      for (const { variable } of needed) done.add(variable);
      return [...needed.map(captureLine), line];
    });
  }

  #act(act: Act): { readonly lines: readonly string[]; readonly files: readonly string[] } {
    switch (act.kind) {
      case "step":
        return {
          lines: ["", ...comment(`— ${cutStep(act.source.text)}`), ...this.#checksOf(act.source.line)],
          files: [],
        };
      case "happening":
        return { lines: this.#happening(act), files: [] };
      case "frame":
        if (act.direction === "to-device" && act.text !== undefined)
          this.#echoes.heard(this.sockets.fileOf(act.who), act.text);
        return { lines: this.sockets.frame(act, this.#echoes), files: [] };
      case "asked":
        return this.#together(act.together);
    }
  }

  #checksOf(line: number): readonly string[] {
    const { checks } = this.#options;
    return checks
      .filter((check) => check.line === line && line > 0)
      .flatMap(({ pass, expected, seen }) =>
        comment(pass ? `  expected: ${expected}` : `  EXPECTED: ${expected}; SEEN: ${seen}`),
      );
  }

  #happening({ text, byHand }: Happening): readonly string[] {
    if (byHand === undefined) return comment(`* ${text}`);
    this.usesHands = true;
    const todo =
      byHand === "kill" ? "kill the server where it stands (kill -9)" : "start it on the same database";
    return [...comment(`* ${text}`), `by_hand ${byHand} '${todo}'`];
  }

  #together(asked: readonly Asked[]): {
    readonly lines: readonly string[];
    readonly files: readonly string[];
  } {
    const isAlone = asked.filter(isSent).length < 2;
    const files: string[] = [];
    const heard: (() => void)[] = [];
    const lines = asked.flatMap((one) => {
      const file = String(++this.#count);
      const command = one.kind === "hook" ? this.#hook(one, file) : this.#exchange(one, file);
      if (one.kind === "exchange" && one.answer?.body.text !== undefined && isSent(one)) {
        const { text } = one.answer.body;
        files.push(file);
        heard.push(() => this.#echoes.heard(file, text));
      }
      if (isAlone || !isSent(one) || command.isInBackground) return command.lines;
      return [...command.lines.slice(0, -1), `${command.lines.at(-1)} &`];
    });
    for (const hear of heard) hear();
    const wait = isAlone ? [] : [`${this.sockets.waitCommand}   # for all that were begun together`];
    return { lines: [...lines, ...wait], files };
  }

  #exchange(one: WireExchange, file: string): Command {
    const about = this.#commentsOn(one, file);
    if (one.isSocket && one.answer?.status === 101) {
      if (one.token !== undefined) this.tokensUsed.add(one.token);
      const opened = this.sockets.open(one, this.#curlOptions(file));
      return { lines: [...about, ...opened], isInBackground: true };
    }
    if (!isSent(one)) return { lines: about };
    const lines = this.#curl(one, file);
    return { lines: [...about, ...lines] };
  }

  #curl(one: Sendable, file: string): readonly string[] {
    if (one.token !== undefined) this.tokensUsed.add(one.token);
    const lines = curlLines(one, this.#curlOptions(file));
    return lines ?? [...comment(`  a body of ${one.body.bytes} bytes, which was not kept`), ":"];
  }

  #hook({ path, body, answer, at, endedAt }: HookCall, file: string): Command {
    this.usesHooks = true;
    const took = endedAt > at ? ` in ${endedAt - at} ms` : "";
    return {
      lines: [
        ...comment(`${file}. hook ${path}; answered${took}: ${answer}`),
        `curl -sS -m 20 -w ' -> %{http_code}\\n' "$CONTROL"${path} \\`,
        `  -H "Authorization: Bearer $CONTROL_TOKEN" -H 'Content-Type: application/json' \\`,
        `  --data-raw ${serverUserWord(body, this.#options.wire.users)}`,
      ],
    };
  }

  #commentsOn(one: WireExchange, file: string): readonly string[] {
    const { who, by, message, method, path, answer, lost, isCopy } = one;
    const whose = by === "reader" ? "what the server has now" : by === "hand" ? `in ${who}'s name` : who;
    const name = message === "" || message === "other" ? `${method} ${path.split("?")[0]!}` : message;
    const told =
      answer === undefined
        ? "no answer came"
        : `answered ${answer.status}${answer.body.text === undefined || answer.body.bytes === 0 ? "" : ` ${answer.body.text}`}`;
    return [
      ...comment(
        `${file}. ${whose}: ${name}${isCopy ? ", once more: the network repeated it" : ""}; ${told}`,
      ),
      ...(lost?.part === "reply" ? comment(`   ${who} never heard this answer: ${lost.why}`) : []),
      ...(lost?.part === "request"
        ? comment(`   it never reached the server (${lost.why}), so it is not sent`)
        : []),
      ...(this.#isHighlighted(one) ? comment("   !! one of the facts that cannot both be") : []),
    ];
  }

  #isHighlighted({ at, endedAt = Infinity, who }: WireExchange): boolean {
    const { highlights = [] } = this.#options;
    return highlights.some(
      (moment) =>
        moment.actor === who && moment.at >= at - clockSlackMs && moment.at <= endedAt + clockSlackMs,
    );
  }

  #curlOptions(file: string): CurlOptions {
    return {
      echoes: this.#echoes,
      deviceVariable: (deviceId) => this.deviceIds.get(deviceId),
      deviceHeader: this.#options.words.deviceHeader,
      base: "BASE",
      file,
    };
  }

  /** Only what devices send is an id of a device; what a step says by hand may be anything. */
  #nameDevices(): void {
    const { wire, words } = this.#options;
    for (const entry of wire.entries) {
      if (entry.kind !== "exchange" || entry.by !== "device") continue;
      const header = entry.headers.find(([name]) => name.toLowerCase() === words.deviceHeader);
      const deviceId = header?.[1] ?? "";
      if (!/^[\w-]+$/u.test(deviceId) || this.deviceIds.has(deviceId)) continue;
      const nth = [...this.deviceIds.values()].filter((one) =>
        one.startsWith(deviceVariableOf(entry.who)),
      ).length;
      const variable = `${deviceVariableOf(entry.who)}${nth === 0 ? "" : `_${nth + 1}`}`;
      this.deviceIds.set(deviceId, variable);
      if (nth === 0) this.#deviceByName.set(entry.who, deviceId);
    }
  }
}

interface Command {
  readonly lines: readonly string[];
  /** It goes on by itself. */
  readonly isInBackground?: true;
}

/** Times of history and wire are rounded on their own.  Units: milliseconds. */
const clockSlackMs = 2;

const isSent = (one: Asked): boolean => one.kind === "hook" || one.lost?.part !== "request";

/** What a step sends by hand stands below it in full. */
const cutStep = (text: string): string => (text.length > stepMax ? `${text.slice(0, stepMax - 1)}…` : text);

const stepMax = 120;

const comment = (text: string): readonly string[] => [commentLine(text)];
