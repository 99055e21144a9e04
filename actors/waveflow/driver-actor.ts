// A WaveFlow device of which nothing can be had but what its driver says and what passes on the wire: a process in any
// language. Carries out the verbs of the scenarios by the driver's commands, and writes down what was asked, what was
// answered, what its person was told and what it shows. What goes on inside of it (its queue, what it applied) is not in
// its history, so no law that needs to know speaks of it.
import { uuidKey } from "../../protocol/waveflow/messages.ts";
import { entityKey } from "../../protocol/waveflow/fold.ts";
import type { OpContent } from "../../protocol/waveflow/types.ts";
import type { JsonValue } from "../../protocol/json.ts";
import type { WaveflowNote } from "../../invariants/waveflow/events.ts";
import type { DeviceAction, DeviceSpec, TokenSpec } from "../../scenarios/format/types.ts";
import type { DeviceReport, StepOutcome } from "../../scenarios/format/world.ts";
import type { Accounts, DeviceActor, RecordedEvent, Recorder, ServerAccount } from "../actor.ts";
import type { DriverAnswer, DriverLife, DriverSeat, DriverState } from "../driver-seat.ts";
import { DriverWire } from "./driver-wire.ts";
import { type Args, contentOf, namesOf, sizesOf, timersOf, withoutHoles } from "./driver-words.ts";
import { StepTally } from "./step-tally.ts";

export interface DriverActorOptions {
  readonly spec: DeviceSpec;
  readonly seat: DriverSeat;
  /** Where the world has this device's server, as an address. */
  readonly line: () => Promise<string>;
  /** A point at which the world may end this life: it does not resolve then. */
  readonly moment: () => Promise<void>;
  /** How far the device's clock is from the machine's.  Units: milliseconds. */
  readonly clockOffsetMs: () => number;
  readonly uuid: () => string;
  readonly recorder: Recorder;
  readonly accounts: Accounts;
  readonly config: Readonly<Record<string, number>>;
  readonly nextCall: () => number;
}

type Mode = Extract<WaveflowNote, { kind: "mode" }>["mode"];

/** Where edits keep coming, what is shown is not held against anybody. */
const looksMax = 3;
/** A clock that is off by less is not told.  Units: milliseconds. */
const clockToleranceMs = 1_000;

export class DriverActor implements DeviceActor {
  readonly #options: DriverActorOptions;
  readonly #tally = new StepTally();
  readonly #userByToken = new Map<string, string>();
  #life: DriverLife | undefined;
  #state: DriverState = { entities: {}, pending: 0, cursor: 0, deadLetters: 0 };
  #session: Session;
  #clockOffsetMs = 0;
  /** Edits that were called done: by now, and when the present state was asked for. */
  #made = 0;
  #madeBefore = 0;
  /** Something was written since it was last looked at. To look after each of a thousand edits would cost a million. */
  #isStale = false;
  /** How the last exchange of the present step ended. */
  #lastExchange: string | undefined;

  constructor(options: DriverActorOptions) {
    this.#options = options;
    this.#session = newSession(options);
  }

  async start(): Promise<void> {
    const { seat, spec, config, accounts } = this.#options;
    const known = seat.recall() as Session | undefined;
    if (known !== undefined) this.#session = known;
    const { user, token, deviceId } = this.#session;
    const life = await seat.begin(this.#occupant());
    this.#life = life;
    const answer = await life.ask({
      do: "configure",
      storage: life.storage,
      server: this.#session.server === accounts.server ? life.url : this.#session.server,
      user,
      token,
      deviceId,
      ...(known === undefined ? { mode: spec.mode } : {}),
      automatic: spec.automatic,
      timers: timersOf(config),
      ...sizesOf(config),
    });
    if ("refused" in answer) throw new DriverUnwilling(`configure was refused: ${answer.refused}`);
    this.#remember({});
    this.#state = await life.state();
    this.#joined();
    this.#note({ kind: "mode", mode: this.#mode() });
  }

  async stop(): Promise<void> {
    await this.#life?.stop();
  }

  act({ verb, args }: DeviceAction): Promise<StepOutcome> {
    const isWriting = verb === "edit" || verb === "delete";
    return this.#step(() => this.#act(verb, (args ?? {}) as Args), isWriting);
  }

  sync(): Promise<StepOutcome> {
    return this.#step(() => this.#exchange({ do: "sync" }));
  }

  async refresh(): Promise<void> {
    if (this.#life === undefined) return;
    this.#isStale = false;
    const made = this.#made;
    this.#state = await this.#life.state();
    this.#madeBefore = made;
  }

  /** Looks again where an edit was called done while it was looking. */
  async #look(): Promise<void> {
    for (let look = 1; look <= looksMax; look++) {
      await this.refresh();
      if (this.#isPresent()) break;
    }
    this.#shown();
  }

  /** What is shown may have been shown before an edit that has been called done since. */
  #isPresent(): boolean {
    return this.#madeBefore === this.#made;
  }

  inspect(): DeviceReport {
    const { entities, ...told } = this.#state;
    const known = withoutHoles({ ...told });
    const { user, server, token } = this.#session;
    const { accounts } = this.#options;
    return {
      connected: this.#isConnected(),
      user,
      state: entities,
      status: {
        ...known,
        mode: this.#mode(),
        hasToken: token !== null,
        server: server === accounts.server ? "default" : server,
      },
    };
  }

  identity(): { readonly token: string; readonly deviceId: string; readonly user: string } {
    const { token, user } = this.#session;
    return { token: token ?? "", deviceId: this.#deviceId(), user };
  }

  finding(): undefined {
    this.#shown();
    return undefined;
  }

  unrest(server?: Pick<ServerAccount, "head">): string | undefined {
    if (!this.#isConnected()) return undefined;
    const { pending, cursor } = this.#state;
    if (pending > 0) return `${pending} ${pending === 1 ? "edit is" : "edits are"} not pushed`;
    if (server !== undefined && cursor !== server.head)
      return `its cursor is ${cursor}, the head is ${server.head}`;
    return undefined;
  }

  #isConnected(): boolean {
    const { server, token } = this.#session;
    const isAllowed = this.#mode() !== "local" && this.#state.stopped !== true;
    return server === this.#options.accounts.server && token !== null && isAllowed;
  }

  #mode(): Mode {
    const mode = this.#state.mode ?? this.#session.mode;
    return mode === "hybrid" || mode === "server" ? mode : "local";
  }

  #deviceId(): string {
    return this.#state.deviceId ?? this.#session.deviceId;
  }

  /** A step of the scenario: its outcome, with what was counted on the wire. */
  async #step(work: () => Promise<string>, isWriting = false): Promise<StepOutcome> {
    this.#tally.reset();
    this.#lastExchange = undefined;
    await this.#tellClock();
    if (this.#isStale && !isWriting) await this.#look();
    const ended = await work();
    if (!isWriting) await this.#look();
    return this.#tally.outcome(ended);
  }

  async #tellClock(): Promise<void> {
    const offsetMs = Math.round(this.#options.clockOffsetMs());
    if (!this.#options.seat.can.has("clock")) return;
    if (Math.abs(offsetMs - this.#clockOffsetMs) < clockToleranceMs) return;
    this.#clockOffsetMs = offsetMs;
    await this.#ask({ do: "clock", offsetMs });
  }

  async #act(verb: string, args: Args): Promise<string> {
    switch (verb) {
      case "edit":
        return this.#edit(args);
      case "delete":
        return this.#make({ do: "delete", ...namesOf(args) }, contentOf(args, { op: "delete" }));
      case "read":
        return this.#read(args);
      case "push":
      case "pull":
      case "resync":
      case "sync":
      case "connect":
        return this.#exchange({ do: verb });
      case "disconnect":
        return this.#done(await this.#ask({ do: "disconnect" }));
      case "ack":
        return args.id === undefined && args.via === undefined ? this.#exchange({ do: "ack" }) : "blocked";
      case "mode":
        return this.#changeMode(String(args.mode));
      case "sign-out":
        return this.#setToken(null);
      case "sign-in":
        return this.#setToken(this.#options.accounts.mintToken(this.#session.user));
      case "token":
        return this.#setToken(this.#tokenOf(args));
      case "switch-account":
        return this.#bind({ server: this.#options.accounts.server, user: String(args.user) });
      case "bind": {
        const server = args.url === "default" ? this.#options.accounts.server : String(args.url);
        return this.#bind({ server, user: this.#session.user });
      }
      default:
        return "blocked";
    }
  }

  async #edit(args: Args): Promise<string> {
    for (const { field, value } of args.edits as readonly { field: string; value: JsonValue }[]) {
      const command = { do: "edit", ...namesOf(args), field, value } as const;
      const ended = await this.#make(command, contentOf(args, { op: "upsert", field, value }));
      if (ended !== "ok") return ended;
    }
    return "ok";
  }

  async #make(command: Readonly<Record<string, unknown>>, content: OpContent): Promise<string> {
    this.#isStale = true;
    this.#note({ kind: "made", content, isDone: false });
    const ended = this.#done(await this.#ask(command));
    if (ended !== "ok") return ended;
    this.#made++;
    this.#note({ kind: "made", content, isDone: true });
    return ended;
  }

  async #read(args: Args): Promise<string> {
    await this.refresh();
    const { entityType, entityId } = args;
    this.#tally.read(this.#state.entities[entityKey(String(entityType), String(entityId))] ?? {});
    return "ok";
  }

  async #changeMode(mode: string): Promise<string> {
    this.#note({ kind: "mode-asked", mode });
    const ended = this.#done(await this.#ask({ do: "mode", mode }));
    if (ended !== "ok") return ended;
    this.#remember({ mode });
    await this.refresh();
    this.#note({ kind: "mode", mode: this.#mode() });
    return "ok";
  }

  #tokenOf({ kind, text }: Args): string | null {
    if (kind === "none") return null;
    if (kind === "text") return String(text);
    if (kind === "malformed") return "not.a.token";
    const { accounts } = this.#options;
    const spec = kind === "good" ? undefined : { kind: kind as TokenSpec["kind"] };
    return accounts.mintToken(this.#session.user, spec);
  }

  async #setToken(token: string | null): Promise<string> {
    const ended = this.#done(await this.#ask({ do: "token", token }));
    if (ended !== "ok") return ended;
    this.#remember({ token: token === null ? null : token.trim() });
    this.#note({ kind: "token" });
    return "ok";
  }

  async #bind({ server, user }: Pick<Session, "server" | "user">): Promise<string> {
    const { accounts } = this.#options;
    const token = accounts.mintToken(user);
    this.#userByToken.set(token, user);
    const address = server === accounts.server ? this.#life!.url : server;
    const ended = this.#done(await this.#ask({ do: "account", server: address, user, token }));
    if (ended !== "ok") return ended;
    this.#remember({ server, user, token });
    await this.refresh();
    this.#joined();
    return "ok";
  }

  /** What a step that talks to the server came to is read from the wire. */
  async #exchange(command: Readonly<Record<string, unknown>>): Promise<string> {
    const answer = await this.#ask(command);
    if ("refused" in answer && this.#lastExchange === undefined) return "blocked";
    return this.#lastExchange ?? "ok";
  }

  #ask(command: Readonly<Record<string, unknown>>): Promise<DriverAnswer> {
    if (this.#life === undefined) throw new Error(`${this.#options.spec.name} has not been started`);
    return this.#life.ask(command);
  }

  #done(answer: DriverAnswer): string {
    return "refused" in answer ? "blocked" : "ok";
  }

  #remember(change: Partial<Session>): void {
    this.#session = { ...this.#session, ...change };
    const { token, user } = this.#session;
    if (token !== null) this.#userByToken.set(token, user);
    this.#options.seat.remember(this.#session);
  }

  #joined(): void {
    const { recorder, spec } = this.#options;
    const { user, server } = this.#session;
    const deviceId = uuidKey(this.#deviceId());
    recorder.record({ kind: "joined", actor: spec.name, user, deviceId, server });
    this.#shown();
  }

  #shown(): void {
    if (!this.#isPresent()) return;
    const { entities, cursor, pending, deadLetters, unshared = 0, parked = 0 } = this.#state;
    this.#note({
      kind: "shown",
      connected: this.#isConnected(),
      visible: entities,
      cursor,
      pending: pending + unshared,
      deadLetters,
      parked,
    });
  }

  #note(note: WaveflowNote): void {
    this.#options.recorder.record({ kind: "noted", actor: this.#options.spec.name, note });
  }

  #occupant(): DriverWire {
    const { spec, recorder, nextCall, line, moment, accounts } = this.#options;
    return new DriverWire({
      actor: spec.name,
      recorder: { record: (event) => this.#record(event, recorder) },
      userOf: (token) => this.#userByToken.get(token) ?? this.#session.user,
      nextCall,
      tally: this.#tally,
      server: accounts.server,
      line,
      moment,
    });
  }

  #record(event: RecordedEvent, recorder: Recorder): void {
    recorder.record(event);
    if (event.kind === "accepted") this.#lastExchange = "ok";
    else if (event.kind === "refused" || event.kind === "unknown") this.#lastExchange = event.kind;
  }
}

/** What the driver has been told, as far as it has taken it; kept beside its storage. */
interface Session {
  readonly user: string;
  readonly server: string;
  readonly token: string | null;
  readonly deviceId: string;
  readonly mode: string;
}

function newSession({ spec, accounts, uuid }: DriverActorOptions): Session {
  const { user, mode } = spec;
  return { user, server: accounts.server, token: accounts.mintToken(user), deviceId: uuid(), mode };
}

/** The driver would not take the settings with which everything begins. */
class DriverUnwilling extends Error {
  readonly code = "driver_unwilling";
  override readonly name = "DriverUnwilling";
}
