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

/** The events of any protocol. A protocol names its calls (`Call`), replies (`Reply`), notes (`Note`: what a device did
 *  durably) and findings (`Finding`: what was read at the end). */
export type HistoryEvent<Call = unknown, Reply = unknown, Note = unknown, Finding = unknown> =
  /** Somebody entered the run, or came back under another account, id or disk. */
  | (EventBase & { readonly kind: "joined"; readonly user: string; readonly deviceId: string })
  /** A request went out. */
  | (EventBase & { readonly kind: "invoked"; readonly call: CallId; readonly request: Call })
  /** The server did what was asked. `invokedAt` is the index of the request. */
  | (EventBase & { readonly kind: "accepted"; readonly call: CallId; readonly reply: Reply })
  /** The server answered that it did not. */
  | (EventBase & {
      readonly kind: "refused";
      readonly call: CallId;
      readonly status: number;
      readonly type: string;
      readonly body: unknown;
    })
  /** No answer came, or one that proves nothing: it may or may not have happened. */
  | (EventBase & { readonly kind: "unknown"; readonly call: CallId; readonly reason: string })
  /** A frame of the live socket reached the device. */
  | (EventBase & { readonly kind: "frame"; readonly frame: unknown })
  /** A device made something durable. */
  | (EventBase & { readonly kind: "noted"; readonly note: Note })
  /** The server told somebody that it compacted; only where the world asked for it. */
  | (EventBase & {
      readonly kind: "compacted";
      readonly user: string;
      readonly compactedUpTo: number;
      readonly deleted: number;
    })
  /** The world did something to somebody: `fault` is its kind, `target` whom it hit. */
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

/** Everything that happened in one run, in order. `abilities` are those of the world, so that a judge can tell
 *  "did not happen" from "cannot be seen here". */
export interface History<Event extends HistoryEvent = HistoryEvent> {
  readonly protocol: string;
  readonly scenario: string;
  readonly seed: string;
  readonly world: string;
  readonly events: readonly Event[];
}
