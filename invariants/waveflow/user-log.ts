// What the observers together know of one user's log: which operation has which id, who was shown it and when. A server
// that is put back to a backup begins a new era: ids and receipts of the era before may be given out again, so facts of
// different eras are never held against each other.
import { type FoldedState, foldLog } from "../../protocol/waveflow/fold.ts";
import { jsonEqual } from "../../protocol/json.ts";
import { uuidKey } from "../../protocol/waveflow/messages.ts";
import type { LogOp, OpContent, OperationId, ServerId } from "../../protocol/waveflow/types.ts";
import type { EventIndex } from "../history.ts";
import type { PushCall } from "./reading.ts";

/** No era: a restore of the server lies between request and answer. */
export const noEra = -1;

/** One place of an operation in a push. */
export interface Placement {
  readonly call: PushCall;
  readonly index: number;
}

/** An operation over the whole run, whatever became of the server. */
export interface Operation {
  readonly operationId: OperationId;
  readonly user: UserLog;
  /** Every push that carried it, in order. */
  readonly placements: Placement[];
  /** By era; holes where it was never known to be stored. */
  readonly stored: (Stored | undefined)[];
  /** Which devices edited it, and where in the history. */
  editedBy: string | undefined;
  editedAt: EventIndex;
  edit: OpContent | undefined;
  /** By the number of an actor: the first event in which the server named the operation to it, in a reply, page or
   *  frame. */
  readonly toldAt: (EventIndex | undefined)[];
}

/** An operation that the server is known to have stored, in one era. Event indices; `Infinity` where it never came. */
export interface Stored {
  readonly operation: Operation;
  readonly era: number;
  readonly id: ServerId;
  readonly lamport: number;
  /** Lower case; `undefined` where only a duplicate's answer tells of it. */
  device: string | undefined;
  /** As somebody was shown it, else as it was pushed. */
  content: OpContent;
  readonly firstAt: EventIndex;
  /** The first answer to a push that lists it. */
  acceptedAt: EventIndex;
  /** The first answer to a push that calls it stored. */
  storedAt: EventIndex;
  /** The first page or account of the log with it. */
  readAt: EventIndex;
  framedAt: EventIndex;
  /** When the latest pull that showed it was asked. */
  lastPullAskedAt: EventIndex;
  lastPulledAt: EventIndex;
  lastLoggedAt: EventIndex;
}

/** Two observations of one thing that differ. */
export interface Clash {
  readonly kind: "id" | "stamp" | "content" | "shared-id" | "stored-twice";
  readonly stored: Stored;
  readonly at: EventIndex;
  /** The other id, stamp or content, or the other operation on the id. */
  readonly other: unknown;
  /** Where the first observation stands. */
  readonly firstAt: EventIndex;
}

/** One entity's ops in one era, by register: which ids were written. */
export interface EntityLog {
  readonly deletes: ServerId[];
  readonly fields: Map<string, ServerId[]>;
}

export class UserLog {
  readonly name: string;
  readonly operations = new Map<OperationId, Operation>();
  readonly #eras: EraLog[] = [];

  constructor(name: string) {
    this.name = name;
  }

  /** The operation with this id, in whichever case it is written. */
  operation(operationId: OperationId): Operation {
    const known = this.operations.get(operationId);
    if (known !== undefined) return known;
    const key = uuidKey(operationId);
    let operation = key === operationId ? undefined : this.operations.get(key);
    if (operation === undefined) {
      operation = {
        operationId: key,
        user: this,
        placements: [],
        stored: [],
        editedBy: undefined,
        editedAt: Infinity,
        edit: undefined,
        toldAt: [],
      };
      this.operations.set(key, operation);
    }
    if (key !== operationId) this.operations.set(operationId, operation);
    return operation;
  }

  find(operationId: OperationId): Operation | undefined {
    return this.operations.get(operationId) ?? this.operations.get(uuidKey(operationId));
  }

  era(era: number): EraLog {
    return (this.#eras[era] ??= new EraLog(era));
  }

  eras(): readonly EraLog[] {
    return this.#eras.filter((era) => era !== undefined);
  }
}

/** The log of one user between two restores, as far as anybody saw it. */
export class EraLog {
  readonly era: number;
  readonly byId = new Map<ServerId, Stored>();
  readonly clashes: Clash[] = [];
  /** The last account of the whole log; -1 for none. Where there is one, whatever superseded an op before it is known. */
  lastLogAt: EventIndex = -1;
  /** Heads that were told in answers. */
  readonly heads = new Rising();
  /** Watermarks that were told. */
  readonly watermarks = new Rising();
  readonly #folds = new Map<ServerId, FoldedState>();
  readonly #entities = new Map<string, Map<string, EntityLog>>();
  readonly #all: Stored[] = [];
  #isSorted = true;

  constructor(era: number) {
    this.era = era;
  }

  /** All stored operations, by id. */
  sorted(): readonly Stored[] {
    if (!this.#isSorted) {
      this.#all.sort((left, right) => left.id - right.id);
      this.#isSorted = true;
    }
    return this.#all;
  }

  /** Takes note of an answer or a sighting and returns what is known of the operation. */
  note(seen: {
    operation: Operation;
    id: ServerId;
    lamport: number;
    device: string | undefined;
    content: OpContent;
    at: EventIndex;
  }): Stored {
    const { operation, id, at } = seen;
    const known = operation.stored[this.era];
    if (known === undefined) return this.#add(seen);
    if (known.id !== id) this.#clash("id", known, at, id);
    else if (known.lamport !== seen.lamport) this.#clash("stamp", known, at, seen.lamport);
    known.device ??= seen.device;
    return known;
  }

  /** Compares what somebody was shown with what was known before, and keeps it. */
  noteContent(stored: Stored, op: LogOp, at: EventIndex): void {
    const before = stored.content;
    if (before === op) return;
    if (!sameContent(before, op)) this.#clash("content", stored, at, op);
  }

  noteStoredTwice(stored: Stored, at: EventIndex): void {
    this.clashes.push({ kind: "stored-twice", stored, at, other: undefined, firstAt: stored.storedAt });
  }

  entity(content: OpContent): EntityLog | undefined {
    return this.#entities.get(content.entity_type)?.get(content.entity_id);
  }

  /** An id above `stored` and at most `upTo` that supersedes it; `undefined` where it still decides. */
  superseder(stored: Stored, upTo: ServerId): ServerId | undefined {
    const { content, id } = stored;
    const entity = this.entity(content);
    if (entity === undefined) return undefined;
    const inDelete = someBetween(entity.deletes, id, upTo);
    if (inDelete !== undefined || content.op === "delete") return inDelete;
    return someBetween(entity.fields.get(content.field ?? ""), id, upTo);
  }

  /** The state of everything that was ever known to be stored, up to an id. What is superseded is left out at once,
   *  because folding is what costs. */
  foldUpTo(upTo: ServerId): FoldedState {
    let state = this.#folds.get(upTo);
    if (state !== undefined) return state;
    const ops = [];
    for (const stored of this.sorted()) {
      if (stored.id > upTo) break;
      if (this.superseder(stored, upTo) === undefined) ops.push({ ...stored.content, id: stored.id });
    }
    state = foldLog(ops);
    this.#folds.set(upTo, state);
    return state;
  }

  #add(seen: Parameters<EraLog["note"]>[0]): Stored {
    const { operation, id, lamport, device, content, at } = seen;
    const stored: Stored = {
      operation,
      era: this.era,
      id,
      lamport,
      device,
      content,
      firstAt: at,
      acceptedAt: Infinity,
      storedAt: Infinity,
      readAt: Infinity,
      framedAt: Infinity,
      lastPullAskedAt: -1,
      lastPulledAt: -1,
      lastLoggedAt: -1,
    };
    operation.stored[this.era] = stored;
    const other = this.byId.get(id);
    if (other === undefined) this.byId.set(id, stored);
    else this.#clash("shared-id", other, at, operation);
    if (this.#all.length > 0 && this.#all[this.#all.length - 1]!.id > id) this.#isSorted = false;
    this.#all.push(stored);
    this.#index(content, id);
    return stored;
  }

  #index(content: OpContent, id: ServerId): void {
    let entities = this.#entities.get(content.entity_type);
    if (entities === undefined) {
      entities = new Map();
      this.#entities.set(content.entity_type, entities);
    }
    let entity = entities.get(content.entity_id);
    if (entity === undefined) {
      entity = { deletes: [], fields: new Map() };
      entities.set(content.entity_id, entity);
    }
    if (content.op === "delete") entity.deletes.push(id);
    else {
      const field = content.field ?? "";
      const ids = entity.fields.get(field);
      if (ids === undefined) entity.fields.set(field, [id]);
      else ids.push(id);
    }
  }

  #clash(kind: Clash["kind"], stored: Stored, at: EventIndex, other: unknown): void {
    this.clashes.push({ kind, stored, at, other, firstAt: stored.firstAt });
  }
}

/** Equality of what an edit says, stamp and device aside. A delete may leave out what is null.  Source: WF-PUSH-4. */
export const sameContent = (left: OpContent, right: OpContent): boolean =>
  left === right || haveSameContent(left, right);

const haveSameContent = (left: OpContent, right: OpContent): boolean =>
  left.entity_id === right.entity_id &&
  (left.field ?? null) === (right.field ?? null) &&
  left.op === right.op &&
  left.entity_type === right.entity_type &&
  (left.value === right.value || jsonEqual(left.value ?? null, right.value ?? null));

/** Ids come in mostly ascending, so the search begins at the end. */
function someBetween(
  ids: readonly ServerId[] | undefined,
  above: ServerId,
  upTo: ServerId,
): ServerId | undefined {
  if (ids === undefined) return undefined;
  for (let place = ids.length - 1; place >= 0; place--) {
    const id = ids[place]!;
    if (id > above && id <= upTo) return id;
  }
  return undefined;
}

/** Something that only rises, as it was known at each moment. */
export class Rising {
  readonly #values: number[] = [];
  readonly #moments: EventIndex[] = [];

  /** Moments come in order. */
  add(value: number, at: EventIndex): void {
    if (this.#values.length > 0 && value <= this.#values[this.#values.length - 1]!) return;
    this.#values.push(value);
    this.#moments.push(at);
  }

  /** The highest value known before an event, and since when; `undefined` for none. */
  before(at: EventIndex): { readonly value: number; readonly at: EventIndex } | undefined {
    let low = 0;
    let high = this.#moments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#moments[middle]! < at) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? undefined : { value: this.#values[low - 1]!, at: this.#moments[low - 1]! };
  }

  /** The highest value known before an event, if it has reached this one. */
  reachedBefore(
    value: number,
    at: EventIndex,
  ): { readonly value: number; readonly at: EventIndex } | undefined {
    const highest = this.before(at);
    return highest !== undefined && highest.value >= value ? highest : undefined;
  }
}
