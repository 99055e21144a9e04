// WaveFlow's tables on the simulated engine, with the unique constraints of the published ones and the receipt, device
// and generation that the rules add. Columns of an index stand beside the row's content, UUIDs among them in lower case,
// which is how they are compared.
import type { DeviceId, EpochMs, LamportTs, ServerId, UserId } from "../../protocol/waveflow/types.ts";
import type { Receipt, StoredOp } from "../../reference-server/waveflow/ports.ts";
import { defineTable, type Schema } from "../postgres/schema.ts";

export interface OpRow {
  readonly user: UserId;
  readonly id: ServerId;
  readonly device: DeviceId;
  readonly operation: string;
  readonly lamport: LamportTs;
  readonly stored: StoredOp;
}

export interface ReceiptRow {
  readonly user: UserId;
  readonly operation: string;
  readonly receipt: Receipt;
}

export interface DeviceRow {
  readonly user: UserId;
  readonly device: DeviceId;
  readonly highestLamport: LamportTs;
  readonly contactAt: EpochMs;
}

export interface CursorRow {
  readonly user: UserId;
  readonly device: DeviceId;
  readonly lastSeenId: ServerId;
  readonly seenAt: EpochMs;
}

export interface WatermarkRow {
  readonly user: UserId;
  readonly compactedUpTo: ServerId;
  readonly generation: number;
  readonly updatedAt: EpochMs;
}

/** Source: waveflow.md section 2. */
export const opTable = defineTable<OpRow>({
  name: "sync_op",
  indexes: [
    { name: "sync_op_pkey", kind: "hash", columns: ["id"], unique: true },
    { name: "sync_op_operation", kind: "hash", columns: ["user", "device", "operation"], unique: true },
    { name: "sync_op_lamport", kind: "hash", columns: ["user", "device", "lamport"], unique: true },
    { name: "sync_op_user_id", kind: "ordered", columns: ["user", "id"], unique: false },
  ],
});

/** Source: WF-PUSH-2, WF-PUSH-3. */
export const receiptTable = defineTable<ReceiptRow>({
  name: "sync_receipt",
  indexes: [{ name: "sync_receipt_pkey", kind: "hash", columns: ["user", "operation"], unique: true }],
});

/** Source: WF-PUSH-6, WF-ACK-4. */
export const deviceTable = defineTable<DeviceRow>({
  name: "sync_device",
  indexes: [{ name: "sync_device_pkey", kind: "ordered", columns: ["user", "device"], unique: true }],
});

/** Source: waveflow.md section 2. */
export const cursorTable = defineTable<CursorRow>({
  name: "device_sync_cursor",
  indexes: [{ name: "device_sync_cursor_pkey", kind: "ordered", columns: ["user", "device"], unique: true }],
});

/** Source: waveflow.md section 2. */
export const watermarkTable = defineTable<WatermarkRow>({
  name: "sync_compaction_watermark",
  indexes: [{ name: "sync_compaction_watermark_pkey", kind: "hash", columns: ["user"], unique: true }],
});

/** One sequence for all users, as published: one user's ids have gaps. */
export const opSequence = "sync_op_id_seq";

export const announcementChannel = "waveflow_announcement";

export const waveflowSchema: Schema = {
  tables: [opTable, receiptTable, deviceTable, cursorTable, watermarkTable],
  sequences: [opSequence],
};
