// What leaves a device is decided by its mode, and by what a change of mode owes.
import type { Law } from "../verdict.ts";
import { Tally } from "../tally.ts";
import type { EventIndex } from "../history.ts";
import type { WaveflowCall, WaveflowEvent, WaveflowNote } from "./events.ts";
import { readHistory, type Reading } from "./reading.ts";
import { nameOp } from "./words.ts";

/** Mode `local` sends nothing; mode `server` keeps no queue and calls an edit made when the server has it; from `local`
 *  to `hybrid` comes a full pull before the first push; after `server` everything is read anew, be it by a walk that
 *  had begun before. A mode outlives a restart, and an unknown one is `local`.
 *  Leaves out: what a change that nobody saw end may have left; rows that come back after a restore of the server,
 *  or with an account that had queued them in another mode.
 *  Source: WF-DEV-13. */
export const modesDecideWhatLeaves: Law<WaveflowEvent> = {
  id: "modes-decide-what-leaves",
  requirements: ["WF-DEV-5", "WF-DEV-13"],
  promise: "A device sends what its mode lets it send, and pays what a change of mode owes before it shares.",
  judge(history) {
    const reading = readHistory(history);
    const tally = new Tally();
    const devices = new Map<string, ModeOfDevice>();
    const { events } = history;
    const deviceOf = (actor: string): ModeOfDevice => {
      let device = devices.get(actor);
      if (device === undefined) devices.set(actor, (device = new ModeOfDevice(actor, reading, tally)));
      return device;
    };
    let device: ModeOfDevice | undefined;
    for (let at = 0; at < events.length; at++) {
      const event = events[at]!;
      const { kind } = event;
      if (kind === "fault") devices.get(event.target)?.forget(event.fault);
      if (kind === "fault" || kind === "frame" || kind === "refused" || kind === "unknown") continue;
      const actor = kind === "crash" || kind === "restart" ? event.target : event.actor;
      // Events of one device mostly come in a row.
      if (device?.actor !== actor) device = deviceOf(actor);
      device.take(event, at);
    }
    return tally.verdict("no device told its mode");
  },
};

type Mode = Extract<WaveflowNote, { kind: "mode" }>["mode"];

class ModeOfDevice {
  readonly actor: string;
  readonly #reading: Reading;
  readonly #tally: Tally;
  /** More than one where a change was asked for and nobody saw it made. Empty: unknown. */
  #possible: readonly Mode[] = [];
  #asked: Mode[] = [];
  #since: EventIndex = -1;
  #account = "";
  /** The account came to the device after the mode did: what it had queued before waits to be sent. */
  #mayHaveQueued = false;
  #owesPull: EventIndex | undefined;
  #owesResync: EventIndex | undefined;

  constructor(actor: string, reading: Reading, tally: Tally) {
    this.actor = actor;
    this.#reading = reading;
    this.#tally = tally;
  }

  /** Another disk says nothing about the mode of the one before. */
  forget(fault: string): void {
    if (fault !== "restore" && fault !== "clone" && fault !== "reinstall") return;
    this.#possible = [];
    this.#asked = [];
    this.#forgive();
  }

  take(event: WaveflowEvent, at: EventIndex): void {
    switch (event.kind) {
      case "joined": {
        const account = JSON.stringify([event.user, event.server, event.deviceId]);
        if (account !== this.#account) this.#forgive();
        if (account !== this.#account && this.#account !== "") this.#mayHaveQueued = true;
        this.#account = account;
        return;
      }
      case "crash":
      case "restart":
        this.#asked = [];
        return;
      case "noted":
        return this.#noted(event.note, at);
      case "invoked":
        return this.#invoked(event.request, at);
      case "accepted":
        if (event.reply.kind === "pull" && !event.reply.reply.has_more) this.#readToTheEnd(event.call);
        return;
      case "found":
        if (event.finding.kind === "device") this.#found(event.finding.pending.length, at);
        return;
      default:
        return;
    }
  }

  #forgive(): void {
    this.#owesPull = undefined;
    this.#owesResync = undefined;
  }

  #isIn(mode: Mode): boolean {
    return this.#possible.length === 1 && this.#possible[0] === mode;
  }

  #noted(note: WaveflowNote, at: EventIndex): void {
    if (note.kind === "mode-asked") {
      const asked = modeOf(note.mode);
      this.#asked.push(asked);
      if (this.#possible.length > 0 && !this.#possible.includes(asked)) {
        this.#possible = [...this.#possible, asked];
      }
      if (this.#asked.length === 1) this.#since = at;
    } else if (note.kind === "mode") this.#works(note.mode, at);
    else if (note.kind === "applied" && note.via === "resync") this.#owesResync = undefined;
    else if (note.kind === "edited" && this.#isIn("server")) {
      this.#tally.look();
      const told = this.#reading.users.get(this.#user())?.find(note.op.operation_id)?.toldAt ?? [];
      if (told.some((toldAt) => toldAt !== undefined && toldAt < at)) return;
      this.#tally.contradict(
        [this.#since, at],
        () =>
          `${this.actor} works in mode server. It calls ${nameOp(note.op)} made, and no server has told it so.`,
      );
    }
  }

  #user(): string {
    return this.#account === "" ? "" : String((JSON.parse(this.#account) as unknown[])[0]);
  }

  #works(mode: Mode, at: EventIndex): void {
    const lawful = this.#asked.length === 1 ? this.#asked : this.#possible;
    this.#tally.look();
    if (lawful.length > 0 && !lawful.includes(mode)) {
      const expected = lawful.join(" or ");
      this.#tally.contradict(
        [this.#since, at],
        () => `${this.actor} should be in mode ${expected}. It works in mode ${mode}.`,
      );
    }
    const [before, ...others] = this.#possible.filter((one) => one !== mode);
    if (this.#asked.length === 1 && before !== undefined && others.length === 0) this.#owe(before, mode);
    if (this.#asked.length > 0) this.#mayHaveQueued = false;
    this.#asked.pop();
    if (this.#asked.length > 0) return;
    this.#possible = [mode];
    this.#since = at;
  }

  /** Debts count from when the change was asked for: what is sent in between may come before it or after. */
  #owe(before: Mode, mode: Mode): void {
    if (before === "server") this.#owesResync = this.#since;
    this.#owesPull = before === "local" && mode === "hybrid" ? this.#since : undefined;
  }

  #invoked(request: WaveflowCall, at: EventIndex): void {
    if (request.kind === "raw" || request.isByHand === true) return;
    if (this.#isIn("local")) {
      this.#tally.look();
      this.#tally.contradict(
        [this.#since, at],
        () => `${this.actor} works in mode local. It sent a ${request.kind} request.`,
      );
    }
    if (request.kind === "push" && this.#owesPull !== undefined) {
      const owedSince = this.#owesPull;
      this.#tally.contradict(
        [owedSince, at],
        () =>
          `${this.actor} came out of mode local and has not read to the end since. It pushed ${String(request.ops.length)} edits.`,
      );
    }
    if (request.kind !== "pull" || this.#owesResync === undefined) return;
    const owedSince = this.#owesResync;
    this.#owesResync = undefined;
    this.#tally.look();
    if (request.since === 0) return;
    this.#tally.contradict(
      [owedSince, at],
      () =>
        `${this.actor} left mode server. It went on from ${request.since} instead of reading everything anew.`,
    );
  }

  #readToTheEnd(call: number): void {
    const askedAt = this.#reading.calls[call]?.askedAt ?? -1;
    if (this.#owesPull !== undefined && askedAt > this.#owesPull) this.#owesPull = undefined;
  }

  #found(pending: number, at: EventIndex): void {
    if (!this.#isIn("server") || this.#mayHaveQueued || this.#reading.restores.length > 0) return;
    this.#tally.look();
    if (pending === 0) return;
    this.#tally.contradict(
      [this.#since, at],
      () =>
        `${this.actor} works in mode server, which has no queue. ${pending} edits wait in one, and nothing will send them.`,
    );
  }
}

const modeOf = (text: string): Mode => (text === "hybrid" || text === "server" ? text : "local");
