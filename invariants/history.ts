// The vocabulary of what happened. A world writes it while a scenario runs, judges read it, reports show it. It holds
// only what an observer outside the server can see: calls and their outcomes, what devices did durably, what was
// done to everybody, and what was found at the end. So the same judges serve the simulation and the real thing.

/** Milliseconds since the run began: virtual in the simulation, wall time in the live world. */
export type RunMs = number;

/** Position of an event in its history, from 0. Witnesses point with it. */
export type EventIndex = number;

/** What every event says. `actor` is a device's name in the scenario, `server`, or `world`. */
export interface EventBase {
  readonly at: RunMs;
  readonly actor: string;
}

/** Tells the calls of one run apart, from 1. A repeated delivery of one request is one call. */
export type CallId = number;

/** How an answer departs from the protocol's form, and the rules that it breaks with that. */
export interface FormFault {
  readonly requirements: readonly string[];
  readonly text: string;
}

/** The events of any protocol. A protocol names its calls (`Call`), replies (`Reply`), notes (`Note`: what a device did
 *  durably) and findings (`Finding`: what was read at the end). */
export type HistoryEvent<Call = unknown, Reply = unknown, Note = unknown, Finding = unknown> =
  /** Somebody entered the run, came back with the same disk after a crash, or came back under another account, id or
   *  disk. A disk that was put back or copied is told by a fault `restore` or `clone` of that actor before it. */
  | (EventBase & {
      readonly kind: "joined";
      readonly user: string;
      readonly deviceId: string;
      /** Which server it is bound to, where a run has more than one: edits made for one are no debt to another. */
      readonly server?: string;
    })
  /** A request went out. */
  | (EventBase & { readonly kind: "invoked"; readonly call: CallId; readonly request: Call })
  /** The server did what was asked. `invokedAt` is the index of the request. `formFaults`, here and below: what is
   *  wrong with the answer as it came over the wire, where something is. */
  | (EventBase & {
      readonly kind: "accepted";
      readonly call: CallId;
      readonly reply: Reply;
      readonly formFaults?: readonly FormFault[];
    })
  /** The server answered that it did not. */
  | (EventBase & {
      readonly kind: "refused";
      readonly call: CallId;
      readonly status: number;
      readonly type: string;
      readonly body: unknown;
      /** Of an exchange by hand. */
      readonly headers?: Readonly<Record<string, string | undefined>>;
      readonly formFaults?: readonly FormFault[];
    })
  /** No answer came, or one that proves nothing: it may or may not have happened. */
  | (EventBase & {
      readonly kind: "unknown";
      /** Somebody else answered in the server's stead, in a way that may be believed: what the device makes of it is nobody's fault but theirs. */
      readonly isImpostor?: true;
      /** What they said, where it was JSON. */
      readonly claim?: unknown;
      readonly call: CallId;
      readonly reason: string;
      readonly formFaults?: readonly FormFault[];
      /** The 5xx that the server itself answered with; absent where nobody or somebody else answered. */
      readonly status?: number;
    })
  /** A frame of the live socket reached the device; `{ type: "closed" }` is its end, where the device knows of it. */
  | (EventBase & { readonly kind: "frame"; readonly frame: unknown })
  /** A device made something durable. */
  | (EventBase & { readonly kind: "noted"; readonly note: Note })
  /** The server told somebody that it compacted; only where the world asked for it. */
  | (EventBase & {
      readonly kind: "compacted";
      readonly user: string;
      readonly compactedUpTo: number;
      readonly deleted: number;
      /** When the job began, where the world knows: what happened since may or may not have counted for it. */
      readonly begunAt?: RunMs;
    })
  /** The world did something to somebody: `fault` is its kind, `target` whom it hit. Judges know three kinds by name:
   *  `restore` (of a device: its disk; of anybody else: the server's data), `clone`, and any with `frame`, `socket`,
   *  `clock` or `skew` in its name. */
  | (EventBase & {
      readonly kind: "fault";
      readonly fault: string;
      readonly target: string;
      readonly text: string;
    })
  | (EventBase & { readonly kind: "crash"; readonly target: string; readonly text: string })
  | (EventBase & { readonly kind: "restart"; readonly target: string })
  /** From here on no new fault happens. */
  | (EventBase & { readonly kind: "calm" })
  /** Everybody came to rest, or did not within the bound: then `waiting` says who waits for what. */
  | (EventBase & { readonly kind: "settled"; readonly quiet: boolean; readonly waiting: readonly string[] })
  /** What was read from a device or the server. */
  | (EventBase & { readonly kind: "found"; readonly finding: Finding });

/** Everything that happened in one run, in order. */
export interface History<Event extends HistoryEvent = HistoryEvent> {
  readonly protocol: string;
  readonly scenario: string;
  readonly seed: string;
  readonly world: string;
  /** Every setting of the server that bears on what is lawful, where the world knows them (`stalenessMs`). */
  readonly settings?: Readonly<Record<string, number>>;
  readonly events: readonly Event[];
}
