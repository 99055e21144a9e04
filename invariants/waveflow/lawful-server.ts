// The smallest server that keeps WaveFlow's rules: plain data, every request at once. Properties hold the laws to it: what
// it answers, however its messages are lost, repeated and reordered, must never look like a violation.
import { jsonEqual } from "../../protocol/json.ts";
import type { LogOp, PullReply, PushOp, PushReply, PushResult } from "../../protocol/waveflow/types.ts";

export type Answer<Reply> =
  | { readonly reply: Reply }
  | { readonly status: number; readonly body: { readonly type: string } & Readonly<Record<string, unknown>> };

export interface Stored {
  readonly op: LogOp;
  readonly prevId: number;
}

interface Account {
  ops: LogOp[];
  lastId: number;
  head: number;
  readonly receipts: Map<string, { readonly id: number; readonly op: PushOp }>;
  readonly stamps: Map<string, number>;
  readonly cursors: Map<string, number>;
  watermark: number;
  generation: number;
}

export const poison = "poison\u0000";
const pageSize = 3;

export class LawfulServer {
  #accounts = new Map<string, Account>();
  #sequence = 0;

  backup(): unknown {
    return structuredClone({ accounts: this.#accounts, sequence: this.#sequence });
  }

  restore(backup: unknown): void {
    const { accounts, sequence } = structuredClone(backup) as {
      accounts: Map<string, Account>;
      sequence: number;
    };
    this.#accounts = accounts;
    this.#sequence = sequence;
  }

  log(user: string): { readonly ops: readonly LogOp[]; readonly head: number } {
    const { ops, head } = this.#account(user);
    return { ops: [...ops], head };
  }

  push(
    user: string,
    device: string,
    ops: readonly PushOp[],
  ): Answer<PushReply> & { readonly stored?: readonly Stored[] } {
    const account = this.#account(user);
    const poisoned = ops.findIndex(({ value }) => value === poison);
    if (poisoned >= 0) {
      const { operation_id } = ops[poisoned]!;
      return { status: 422, body: { type: "invalid_op", index: poisoned, operation_id, reason: "poison" } };
    }
    let stamp = account.stamps.get(device) ?? 0;
    const fresh = new Set<string>();
    for (const [index, op] of ops.entries()) {
      const { operation_id, lamport_ts } = op;
      const receipt = account.receipts.get(operation_id);
      if (receipt !== undefined) {
        const isSame = jsonEqual({ ...op, lamport_ts: 0 }, { ...receipt.op, lamport_ts: 0 });
        if (!isSame) return { status: 409, body: { type: "operation_conflict", operation_id, index } };
      } else if (!fresh.has(operation_id)) {
        if (lamport_ts <= stamp) {
          const body = { type: "lamport_regression", operation_id, index, lamport_ts, stored_max: stamp };
          return { status: 409, body };
        }
        stamp = lamport_ts;
        fresh.add(operation_id);
      }
    }
    account.stamps.set(device, stamp);
    const stored: Stored[] = [];
    const results = ops.map((op) => this.#store(account, device, op, stored));
    return { reply: { results, head: account.head }, stored };
  }

  pull(user: string, query: { since: number; resync?: string | undefined }): Answer<PullReply> {
    const account = this.#account(user);
    const { since, resync } = query;
    const { head, watermark } = account;
    const token = `${user} ${account.generation}`;
    const isForeign = since === 0 || resync === undefined || !resync.startsWith(`${user} `);
    const required = { type: "resync_required", compacted_up_to: watermark };
    if (since > head) return { status: 410, body: { ...required, reason: "cursor_ahead" } };
    if (isForeign ? since > 0 && since < watermark : resync !== token) return { status: 410, body: required };
    const rest = account.ops.filter(({ id }) => id > since);
    const ops = rest.slice(0, pageSize);
    const has_more = rest.length > ops.length;
    return {
      reply: { ops, head, has_more, ...(has_more && (since === 0 || !isForeign) ? { resync: token } : {}) },
    };
  }

  ack(user: string, device: string, id: number): Answer<undefined> {
    const account = this.#account(user);
    if (id > account.head) return { status: 422, body: { type: "ack_beyond_head", head: account.head } };
    account.cursors.set(device, Math.max(id, account.cursors.get(device) ?? 0));
    return { reply: undefined };
  }

  compact(user: string): { readonly compactedUpTo: number; readonly deleted: number } {
    const account = this.#account(user);
    const below = account.cursors.size === 0 ? 0 : Math.min(...account.cursors.values());
    const old = account.ops.filter(({ id }) => id < below);
    const gone = old.filter((op) => old.some((newer) => supersedes(newer, op)));
    if (gone.length > 0) {
      account.watermark = Math.max(account.watermark, gone.at(-1)!.id);
      account.generation++;
      account.ops = account.ops.filter((op) => !gone.includes(op));
    }
    return { compactedUpTo: account.watermark, deleted: gone.length };
  }

  #store(account: Account, device: string, op: PushOp, stored: Stored[]): PushResult {
    const { operation_id } = op;
    const receipt = account.receipts.get(operation_id);
    if (receipt !== undefined) {
      return { operation_id, id: receipt.id, lamport_ts: receipt.op.lamport_ts, status: "duplicate" };
    }
    this.#sequence += 1;
    const id = this.#sequence;
    const logged = { ...op, id, device_id: device, wall_clock: "2026-01-01T00:00:00Z" };
    account.receipts.set(operation_id, { id, op });
    stored.push({ op: logged, prevId: account.lastId });
    account.ops.push(logged);
    account.lastId = id;
    account.head = id;
    return { operation_id, id, lamport_ts: op.lamport_ts, status: "stored" };
  }

  #account(user: string): Account {
    let account = this.#accounts.get(user);
    if (account === undefined) {
      account = {
        ops: [],
        lastId: 0,
        head: 0,
        receipts: new Map(),
        stamps: new Map(),
        cursors: new Map(),
        watermark: 0,
        generation: 0,
      };
      this.#accounts.set(user, account);
    }
    return account;
  }
}

const supersedes = (newer: LogOp, op: LogOp): boolean =>
  newer.id > op.id &&
  newer.entity_type === op.entity_type &&
  newer.entity_id === op.entity_id &&
  (newer.op === "delete" || (op.op === "upsert" && newer.field === op.field));
