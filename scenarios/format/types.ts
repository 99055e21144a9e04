// A scenario, parsed: what happens, as data. The same value runs in every world. YAML and its errors stand in
// parse.ts, the grammar of the short step lines in grammar.ts, the published schema in schema.ts.
import type { JsonValue } from "../../protocol/json.ts";

/** What a world must be able to do for a scenario to say anything there.
 *  `compaction`: run the job now. `clock`: move time by days. `crash`: kill and restart the server. `device-crash`:
 *  kill a device between two durable steps. `network`: lose, delay, repeat and answer for messages; partitions.
 *  `socket-faults`: the same for frames. `statements`: stand between the server and each of its database statements.
 *  `processes`: more than one server process. `pause`: stop a server process where it stands, and let it go on.
 *  `backup`: put the database back to an earlier state. `database`: break connections of the servers to their database,
 *  and have it refuse what it is asked. `database-restart`: end and start the database itself. `disk-full`: take the
 *  room that it writes to.
 *  `skew`: clocks that differ. `tokens`: mint tokens of any kind. `settings`: start the server with other settings.
 *  `unbuffered-sockets`: no machine in between keeps what a socket's reader does not take. */
export type Ability =
  | "compaction"
  | "clock"
  | "crash"
  | "device-crash"
  | "network"
  | "socket-faults"
  | "statements"
  | "processes"
  | "pause"
  | "backup"
  | "database"
  | "database-restart"
  | "disk-full"
  | "skew"
  | "tokens"
  | "settings"
  | "chance"
  | "unbuffered-sockets";

export interface Scenario {
  /** `<protocol>/<area>/<name>`, the same as the file's path. */
  readonly id: string;
  readonly title: string;
  /** `<name>/<version>`, for example `waveflow/1`. */
  readonly protocol: string;
  readonly requirements: readonly string[];
  readonly needs: readonly Ability[];
  readonly devices: readonly DeviceSpec[];
  /** Settings of the server, as the protocol's own table of settings names them. Units last in the name. */
  readonly config: Readonly<Record<string, number>>;
  /** Settings of the reference devices (`drainIntervalMs: 2000`), as the protocol's own table names them. */
  readonly deviceConfig: Readonly<Record<string, number>>;
  /** What may go wrong by chance, while the steps run and until `settle`: odds in a million and times in milliseconds,
   *  as the simulated world names them (`loseReply: 20000`). Empty: only what the steps say. Only storms use it; a
   *  world without chance reports the scenario blocked (ability `chance`). */
  readonly trouble: Readonly<Record<string, number>>;
  /** With it, exactly these accidents strike until `settle`, and chance does nothing else: odds of `trouble` count for
   *  nothing, while its times still say how long messages take and whether what crashed comes back. Each is addressed
   *  on its own, so that taking one away leaves the others where they are. One that never comes to pass fails nothing. */
  readonly accidents?: readonly Accident[];
  /** The seed with which the scenario runs where the command line names none. Machine-made plans carry theirs. */
  readonly seed?: string;
  /** Sixteen hexadecimal digits of the simulated run under `seed`, written by machine: a replay has to be that run. */
  readonly digest?: string;
  /** The version of Seatrial that wrote the digest. */
  readonly recordedWith?: string;
  /** Server processes on one database; devices are spread over them in order unless they name one. */
  readonly processes: number;
  readonly steps: readonly Step[];
  readonly expect: Expectation;
  /** `false`: the run ends as the last step leaves it. Absent: the interpreter settles before the final `expect`. */
  readonly settle?: false;
  /** Why this case matters, for a reader of the docs. */
  readonly why?: string;
}

export interface DeviceSpec {
  readonly name: string;
  readonly user: string;
  readonly mode: string;
  /** Runs its own timers (drain, pull, live socket) instead of only what steps call. */
  readonly automatic: boolean;
  /** Server process that it talks to, from 1. */
  readonly process: number;
}

/** Where chance decides: the n-th time, from 1, that something of this kind is done there. `who` is a device (`laptop`)
 *  or a server process (`server`, or `server 2` where there are several). `what` is, for a device, a message (`push`,
 *  `socket`), `frame` for what comes over the live socket, or `durable step`; for a server the purpose of a transaction
 *  and its statement (`push insertOps`). */
export interface AccidentAddress {
  readonly who: string;
  readonly what: string;
  readonly nth: number;
}

/** One stroke of chance as a value: what a run has suffered, and what a scenario can have happen again. */
export interface Accident extends AccidentAddress {
  readonly kind: AccidentKind;
  /** How much later the request or frame arrives (`delay`, `zombieRequest`, `lateFrame`), how long after the first the
   *  second one arrives (`duplicateRequest`), or when what crashed comes back; a crash without it lasts until a step or
   *  the calm ends it. Units: virtual milliseconds. */
  readonly extentMs?: number;
  /** What somebody else answers (`refuse`, `refuseAfterEffect`). */
  readonly status?: number;
}

/** What befalls an exchange or a frame has the name of its odds in `trouble`. `lose-answer` befalls a statement, `fail`
 *  a durable step, the crashes both. */
export type AccidentKind =
  | "loseRequest"
  | "loseReply"
  | "duplicateRequest"
  | "zombieRequest"
  | "delay"
  | "refuse"
  | "refuseAfterEffect"
  | "portal"
  | "truncateReply"
  | "loseFrame"
  | "repeatFrame"
  | "lateFrame"
  | "cutSocket"
  | "halfOpenSocket"
  | "crash-before"
  | "crash-after"
  | "lose-answer"
  | "fail";

/** Where a thing stands in its file, for errors and stories. Lines from 1. */
export interface SourceLine {
  readonly line: number;
  readonly text: string;
}

export type Step = { readonly source: SourceLine } & (
  | {
      readonly kind: "device";
      readonly device: string;
      readonly action: DeviceAction;
      readonly expect?: ReplyExpectation;
      readonly remember?: Remembered;
    }
  | { readonly kind: "sync"; readonly devices: readonly string[] }
  | {
      readonly kind: "server";
      readonly action: ServerAction;
      readonly expect?: ReplyExpectation;
      readonly remember?: Remembered;
    }
  | { readonly kind: "clock"; readonly advanceMs: number }
  | { readonly kind: "wait"; readonly forMs: number }
  | { readonly kind: "network"; readonly action: NetworkAction }
  | { readonly kind: "database"; readonly action: DatabaseAction }
  | {
      readonly kind: "request";
      readonly request: RawRequest;
      readonly expect?: ReplyExpectation;
      readonly remember?: Remembered;
    }
  /** All at once; done when all are done. */
  | { readonly kind: "together"; readonly steps: readonly Step[] }
  /** Begun, not waited for; `finish` waits for all that were begun. */
  | { readonly kind: "start"; readonly steps: readonly Step[] }
  | { readonly kind: "finish" }
  /** "Settle": the faults end and everybody comes to rest. (`repeat` is unrolled by the parser.) */
  | { readonly kind: "settle"; readonly withinMs: number }
  | { readonly kind: "check"; readonly expect: Expectation }
);

/** Names for parts of a step's outcome, for `{name}` in later steps: `{ w: "body.compacted_up_to" }`. */
export type Remembered = Readonly<Record<string, string>>;

/** Stands as a member of `DeviceAction.args` where a line says `{w-1}`. The interpreter puts the number in its place,
 *  so a world never sees it. */
export interface PlaceholderArg {
  readonly placeholder: string;
}

/** One verb with its words. The verbs of a protocol stand in its vocabulary; `args` are parsed by it. */
export interface DeviceAction {
  readonly verb: string;
  readonly args: JsonValue;
}

export type ServerAction =
  | { readonly verb: "compact"; readonly process?: number }
  | { readonly verb: "crash" | "restart" | "stop" | "backup" | "restore"; readonly process?: number }
  /** The process stands still where it is, its connections open, until it is told to go on. */
  | { readonly verb: "pause" | "resume"; readonly process?: number }
  /** One process after the other is stopped in good order and started again. */
  | { readonly verb: "roll" }
  /** Crash when the next transaction of this purpose reaches this statement. A `compact` is also run by the step. */
  | {
      readonly verb: "crash-during" | "lose-answer-during" | "fail-during" | "hold-during";
      readonly purpose: string;
      readonly position: "before" | "after";
      readonly statement: string;
      /** Which occurrence of the statement within the transaction, from 1. */
      readonly nth: number;
      /** For `fail-during`: what the database says. */
      readonly sqlstate?: string;
      /** Only a transaction that this device caused. */
      readonly device?: string;
    }
  /** Every connection between the servers, or one of them, and the database breaks. The processes live on. */
  | { readonly verb: "lose-connections"; readonly process?: number }
  /** Lets go what `hold-during` holds. */
  | { readonly verb: "release"; readonly purpose: string; readonly device?: string }
  | { readonly verb: "skew"; readonly byMs: number };

/** What becomes of the database of all servers. All but the restarts last until `recover`, or until the run settles. */
export type DatabaseAction =
  /** It ends: in good order, or without (what it had answered is kept all the same). `restart` starts it, and ends it
   *  in good order before if it is up. Every connection breaks. */
  | { readonly verb: "stop" | "crash" | "restart" }
  /** New connections are refused (53300); those that there are go on. */
  | { readonly verb: "refuse-connections" }
  /** Nothing is written any more (25006). Connections break, so that it holds for everybody at once. */
  | { readonly verb: "read-only" }
  /** Nothing is written any more that needs room (53100). */
  | { readonly verb: "full" }
  /** Somebody else holds every table, so that writing waits; who has written already goes on. */
  | { readonly verb: "lock-tables" }
  /** Who waits for a lock longer than this is refused (55P03). Connections break, so that it holds for everybody. */
  | { readonly verb: "lock-timeout"; readonly afterMs: number }
  /** A statement that takes longer than this is cancelled (57014). */
  | { readonly verb: "statement-timeout"; readonly afterMs: number }
  /** Everything above ends; connections break where something had been set for each of them. */
  | { readonly verb: "recover" };

/** A message by meaning: "the laptop's second push". `nth` counts from the moment the rule is made, from 1. */
export interface MessageAddress {
  readonly device: string;
  /** The protocol's name of the exchange, or `any`. */
  readonly message: string;
  readonly nth: number;
}

export type NetworkAction =
  | { readonly verb: "lose-request" | "lose-reply"; readonly of: MessageAddress }
  /** The connection breaks, and the device notices at once: before the server saw the request, after it has answered,
   *  or in the middle of its answer. */
  | { readonly verb: "reset-request" | "reset-reply" | "truncate-reply"; readonly of: MessageAddress }
  /** The server gets the request again, `afterMs` after the first: nobody hears the second answer. */
  | { readonly verb: "duplicate"; readonly of: MessageAddress; readonly afterMs: number }
  | { readonly verb: "delay-request" | "delay-reply"; readonly of: MessageAddress; readonly byMs: number }
  /** Somebody else answers; the server never sees the request, unless `withEffect`. */
  | {
      readonly verb: "answer";
      readonly of: MessageAddress;
      readonly status: number;
      readonly body: "html" | "empty" | "json" | "truncated";
      /** What a `json` body says; absent means `{}`. */
      readonly json?: JsonValue;
      /** What its `Retry-After` asks for, in whole seconds; absent means that it has none. */
      readonly retryAfterMs?: number;
      readonly withEffect: boolean;
    }
  /** Messages between a device and the server stop. `inFlight`: what was under way is held until `heal` (and then
   *  comes in a burst), or dropped. */
  | {
      readonly verb: "partition";
      readonly device: string;
      readonly direction: "both" | "to-server" | "to-device";
      readonly inFlight: "hold" | "drop";
    }
  | { readonly verb: "heal"; readonly device: string }
  /** Frames of the live socket. `nth` counts frames of that kind from now. */
  | { readonly verb: "drop-frame" | "repeat-frame"; readonly device: string; readonly nth: number }
  | { readonly verb: "delay-frame"; readonly device: string; readonly nth: number; readonly byMs: number }
  /** Something else arrives in its place. */
  | {
      readonly verb: "replace-frame";
      readonly device: string;
      readonly nth: number;
      readonly frame: JsonValue;
    }
  | { readonly verb: "hold-frames" | "release-frames" | "cut-socket" | "half-open"; readonly device: string };

/** An exchange by hand, for the exact wire. `{name}` in path, headers and body is a placeholder. */
export interface RawRequest {
  /** Whose token and device id go out, unless overridden by `token`, `headers`. */
  readonly as: string;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | null>>;
  /** `json`: sent as JSON. `text`: sent as it is. */
  readonly body?: { readonly json: JsonValue } | { readonly text: string };
  /** A token that is not the device's own. */
  readonly token?: TokenSpec;
}

/** How a token differs from a good one. */
export interface TokenSpec {
  readonly kind: "none" | "malformed" | "wrong-signature" | "expired" | "not-yet" | "custom";
  /** Claims beside or instead of those of a good token. */
  readonly claims?: Readonly<Record<string, JsonValue>>;
  /** Claims that are times, counted from the server's present. Units: milliseconds. */
  readonly fromNowMs?: Readonly<Record<string, number>>;
  /** Claims of a good token that are left out. */
  readonly without?: readonly string[];
}

/** What an answer must be. Members that are not named are not looked at. */
export interface ReplyExpectation {
  readonly status?: number | readonly number[];
  /** `type` of the error body. */
  readonly type?: string;
  /** Members of the body, compared as JSON; objects by the named members only. `"*"`: any value, but present. */
  readonly body?: JsonValue;
  readonly headers?: Readonly<Record<string, string>>;
  /** The device's own outcome, where it is no HTTP exchange: `ok`, `unknown`, `refused`, `blocked`. */
  readonly outcome?: string;
  /** Numbers that the protocol's step reports, for example `dropped: 3`. */
  readonly counts?: Readonly<Record<string, number>>;
  /** The rules that this one expectation bears on; absent means all of the scenario. */
  readonly requirements?: readonly string[];
}

/** What must be true of devices and server when the step is reached (or at the end). */
export interface Expectation {
  /** All connected devices of each user and the server show the same state. */
  readonly converged?: boolean;
  /** What every connected device of the (first) user shows; entity → field → value. */
  readonly state?: Readonly<Record<string, Readonly<Record<string, JsonValue>>>>;
  /** Per device. Members that are not named are not looked at. */
  readonly devices?: Readonly<Record<string, DeviceExpectation>>;
  /** Laws that this scenario must see violated: only for scenarios that run against a broken build. */
  readonly violates?: readonly string[];
  /** The rules that this one expectation bears on; absent means all of the scenario. */
  readonly requirements?: readonly string[];
}

export interface DeviceExpectation {
  readonly state?: Readonly<Record<string, Readonly<Record<string, JsonValue>>>>;
  /** The protocol's own numbers and words about a device (`pending: 0`, `cursor: 3`, `deadLetters: 1`). */
  readonly status?: Readonly<Record<string, JsonValue>>;
}
