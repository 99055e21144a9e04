// A run as a script for a POSIX shell that a stranger can paste: one command of curl for every exchange, in the order in
// which the server had them, with what was answered and what was expected beside it. It leans on nothing of Seatrial's:
// curl, openssl for tokens, websocat for live sockets, grep and sed to take the server's own numbers out of its answers.
// Leaves out what no client can do (a crash at a statement, an answer that gets lost) and says so where it happened.
import type { History } from "../../invariants/history.ts";
import type { WireExchange, WireRecord } from "../../live/wire-record.ts";
import type { CheckResult } from "../../scenarios/format/interpreter.ts";
import { commentLine } from "./comment.ts";
import { captureLine, Echoes, pickFunctions } from "./echoes.ts";
import { type CurlOptions, curlLines } from "./curl-lines.ts";
import { shellWord } from "./shell-text.ts";
import { Sockets } from "./socket-lines.ts";
import { type Act, actsOf, endOf, type Entry, type Happening, type HookCall, isSent } from "./timeline.ts";
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
    ...comment("Lines with a * tell what befell the run that no request of yours can do."),
    "",
    `BASE=\${BASE:-${baseUrl ?? "http://127.0.0.1:8080"}}   # where the server listens`,
    "DIR=$(mktemp -d)                      # answers are kept here",
    ...(writer.usesHooks
      ? ["CONTROL=${CONTROL:-$BASE}              # where its hooks are; CONTROL_TOKEN=… opens them"]
      : []),
    ...(writer.deviceIds.size === 0
      ? []
      : [...writer.deviceIds].map(([deviceId, variable]) => `${variable}=${deviceId}`)),
    ...tokenLines({ tokens, users: wire.users }, (token) => writer.deviceOf(token)),
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
  readonly #deviceByToken = new Map<string, string>();
  /** Answers that nobody could repeat anything of yet. */
  #answers: readonly { readonly endsAt: number; readonly file: string; readonly text: string }[] = [];
  #count = 0;

  constructor(options: ScriptOptions) {
    this.#options = options;
    this.#echoes = new Echoes(options.words);
    this.#nameDevices();
  }

  get captures(): ReturnType<Echoes["captures"]> {
    return this.#echoes.captures();
  }

  /** The device that goes with a token, as a word of a shell. */
  deviceOf(token: string): string {
    const deviceId = this.#deviceByToken.get(token) ?? "";
    const variable = this.deviceIds.get(deviceId);
    return variable === undefined ? shellWord([{ text: deviceId }]) : `"$${variable}"`;
  }

  body(acts: readonly Act[]): readonly string[] {
    const pieces = acts.flatMap((act) => this.#act(act));
    const captures = new Set(this.#echoes.captures());
    const lines = pieces.flatMap(({ comments, command }) => {
      const text = command.join("\n");
      const needed = [...captures].filter(({ variable }) => new RegExp(`\\b${variable}\\b`, "u").test(text));
      for (const capture of needed) captures.delete(capture);
      // What a request repeats is taken out of the answers when it is needed for the first time.
      return [...comments, ...needed.map(captureLine), ...command];
    });
    return [...lines, ...this.sockets.foot];
  }

  /** One behind the other, and beside it what was still under way when the next began. */
  #act(act: Act): readonly Piece[] {
    const sent = act.filter(isSent);
    let hasBackground = false;
    const pieces = act.map((entry): Piece => {
      if (!isSent(entry)) return this.#piece(entry, "");
      const next = sent[sent.indexOf(entry) + 1];
      const piece = this.#piece(entry, String(++this.#count));
      if (next === undefined || piece.isInBackground) return piece;
      const isBeside = endOf(entry) > next.at;
      hasBackground ||= isBeside;
      const pauseMs = next.at - (isBeside ? entry.at : endOf(entry));
      return {
        comments: piece.comments,
        command: [
          ...(isBeside ? besides(piece.command) : piece.command),
          ...(isBeside && pauseMs >= pauseLeastMs ? [`sleep ${(pauseMs / 1_000).toFixed(1)}`] : []),
        ],
      };
    });
    const wait = `${this.sockets.waitCommand}   # for all that were begun together`;
    const end = hasBackground ? [{ comments: [], command: [wait] }] : [];
    this.#hear(Infinity);
    return [...pieces, ...end];
  }

  /** Takes note of what was answered by then. */
  #hear(byMs: number): void {
    const isThere = ({ endsAt }: { readonly endsAt: number }): boolean => endsAt <= byMs;
    for (const { file, text } of this.#answers.filter(isThere)) this.#echoes.heard(file, text);
    this.#answers = this.#answers.filter((answer) => !isThere(answer));
  }

  #piece(entry: Entry, file: string): Piece {
    switch (entry.kind) {
      case "step": {
        const { text, line } = entry.source;
        return { comments: ["", ...comment(`— ${cutStep(text)}`), ...this.#checksOf(line)], command: [] };
      }
      case "happening":
        return this.#happening(entry);
      case "frame":
        if (entry.direction === "to-device" && entry.text !== undefined)
          this.#echoes.heard(this.sockets.fileOf(entry.who), entry.text);
        return { comments: [], command: this.sockets.frame(entry, this.#echoes) };
      case "hook":
        return this.#hook(entry, file);
      case "exchange":
        return this.#exchange(entry, file);
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

  #happening({ text, byHand }: Happening): Piece {
    if (byHand === undefined) return { comments: comment(`* ${text}`), command: [] };
    this.usesHands = true;
    const todo =
      byHand === "kill" ? "kill the server where it stands (kill -9)" : "start it on the same database";
    return { comments: comment(`* ${text}`), command: [`by_hand ${byHand} '${todo}'`] };
  }

  #exchange(one: WireExchange, file: string): Piece {
    const comments = this.#commentsOn(one, file);
    if (!isSent(one)) return { comments, command: [] };
    this.#hear(one.at);
    const options = this.#curlOptions(file);
    if (one.token !== undefined) this.tokensUsed.add(one.token);
    if (one.isSocket && one.answer?.status === 101)
      return { comments, command: this.sockets.open(one, options), isInBackground: true };
    const command = curlLines(one, options);
    // What one answer gave out, the next request may repeat, also of those that were begun together.
    const { text } = one.answer?.body ?? {};
    if (text !== undefined) this.#answers = [...this.#answers, { endsAt: endOf(one), file, text }];
    if (command !== undefined) return { comments, command };
    const cannot = comment(
      `   a body of ${one.body.bytes} bytes, which was not kept: it cannot be sent again`,
    );
    return { comments: [...comments, ...cannot], command: [] };
  }

  #hook({ path, body, answer, at, endedAt }: HookCall, file: string): Piece {
    this.usesHooks = true;
    const took = endedAt > at ? ` in ${endedAt - at} ms` : "";
    return {
      comments: comment(`${file}. hook ${path}; answered${took}: ${answer}`),
      command: [
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
      if (entry.kind !== "exchange") continue;
      const deviceId = entry.headers.find(([name]) => name.toLowerCase() === words.deviceHeader)?.[1] ?? "";
      if (entry.token !== undefined && !this.#deviceByToken.has(entry.token))
        this.#deviceByToken.set(entry.token, deviceId);
      if (entry.by !== "device" || !/^[\w-]+$/u.test(deviceId) || this.deviceIds.has(deviceId)) continue;
      const plain = deviceVariableOf(entry.who);
      const names = new Set(this.deviceIds.values());
      let variable = plain;
      for (let nth = 2; names.has(variable); nth++) variable = `${plain}_${nth}`;
      this.deviceIds.set(deviceId, variable);
    }
  }
}

interface Piece {
  readonly comments: readonly string[];
  /** None where there is nothing to do. */
  readonly command: readonly string[];
  /** It goes on by itself. */
  readonly isInBackground?: true;
}

/** The command beside what comes after it. */
const besides = (command: readonly string[]): readonly string[] =>
  command.map((line, index) => (index === command.length - 1 ? `${line} &` : line));

/** What is begun sooner after something else is begun at once.  Units: milliseconds. */
const pauseLeastMs = 50;

/** Times of history and wire are rounded on their own.  Units: milliseconds. */
const clockSlackMs = 2;

/** What a step sends by hand stands below it in full. */
const cutStep = (text: string): string => (text.length > stepMax ? `${text.slice(0, stepMax - 1)}…` : text);

const stepMax = 120;

const comment = (text: string): readonly string[] => [commentLine(text)];
