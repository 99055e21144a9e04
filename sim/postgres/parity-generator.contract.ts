// Scripts by chance: few rows, few keys and few sessions, so that they meet. Shrinks to fewer steps and plainer ones.
import fc from "fast-check";
import type { Condition, ParityOperation } from "./parity-operations.contract.ts";
import type { ParityScript, ParityStep, SessionName } from "./parity.contract.ts";

const id = fc.constantFrom(1, 1, 1, 1, 2, 2, 3, 4);
const code = fc.constantFrom(10, 10, 20, 40);
const table = fc.constantFrom("item", "item", "item", "item", "item", "note");
const key = fc.constantFrom(1, 1, 2);
const mode = fc.constantFrom("exclusive", "shared");
const level = fc.constantFrom("transaction", "transaction", "session");
const parity = fc.constantFrom(undefined, undefined, undefined, 0, 1);

const single: fc.Arbitrary<Condition> = id.map((id) => byId(id, id, undefined));

const condition: fc.Arbitrary<Condition> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ id, parity }).map(({ id, parity }) => byId(id, id, parity)) },
  {
    weight: 2,
    arbitrary: fc
      .record({ id, width: fc.integer({ min: 1, max: 3 }), parity })
      .map(({ id, width, parity }) => byId(id, id + width, parity)),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ code, parity })
      .map(({ code, parity }): Condition => ({ by: "code", code, ...optional("parity", parity) })),
  },
);

// Mostly keys that are free at the start, so that transactions meet at new keys rather than fail at old ones.
const row = fc.oneof(
  {
    weight: 4,
    arbitrary: fc
      .record({ id: fc.constantFrom(4, 4, 5, 6), val: fc.integer({ min: 1, max: 9 }) })
      .map(({ id, val }) => ({ id, code: id * 10, val })),
  },
  { weight: 1, arbitrary: fc.record({ id, code, val: fc.integer({ min: 1, max: 9 }) }) },
);

const operation: fc.Arbitrary<ParityOperation> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .record({
        table,
        rows: fc.oneof(
          { weight: 4, arbitrary: row.map((row) => [row]) },
          { weight: 1, arbitrary: fc.tuple(row, row) },
        ),
        conflict: fc.constantFrom(
          undefined,
          undefined,
          "any nothing",
          "id nothing",
          "id add",
          "id add if small",
        ),
      })
      .map(
        ({ table, rows, conflict }) =>
          ({ do: "insert", table, rows, ...optional("conflict", conflict) }) as ParityOperation,
      ),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({
        table,
        where: condition,
        order: fc.constantFrom(undefined, "descending"),
        limit: fc.constantFrom(undefined, 1, 2),
      })
      .map(({ table, where, order, limit }) => selection({ table, where, order, limit })),
  },
  {
    weight: 5,
    arbitrary: fc
      .record({
        table,
        where: condition,
        order: fc.constantFrom(undefined, undefined, "descending"),
        limit: fc.constantFrom(undefined, undefined, 1),
        lock: fc.constantFrom("for update", "for share"),
        skipLocked: fc.constantFrom(undefined, undefined, undefined, true),
      })
      .map(selection),
  },
  {
    weight: 8,
    arbitrary: fc
      .oneof(
        {
          weight: 6,
          arbitrary: fc.record({
            set: fc.constant("add"),
            value: fc.integer({ min: 1, max: 9 }),
            where: condition,
          }),
        },
        {
          weight: 1,
          arbitrary: fc.record({
            set: fc.constant("code"),
            value: fc.constantFrom(10, 40, 50),
            where: single,
          }),
        },
        {
          weight: 1,
          arbitrary: fc.record({ set: fc.constant("id"), value: fc.constantFrom(1, 4, 5), where: single }),
        },
      )
      .chain((change) => table.map((table) => ({ do: "update", table, ...change }) as ParityOperation)),
  },
  {
    weight: 3,
    arbitrary: fc
      .record({ table, where: condition })
      .map((deletion) => ({ do: "delete", ...deletion }) as ParityOperation),
  },
  {
    weight: 1,
    arbitrary: fc
      .record({ table, from: id, to: id })
      .map(
        ({ table, from, to }) => ({ do: "max", table, where: byId(from, to, undefined) }) as ParityOperation,
      ),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("nextval" as const), count: fc.integer({ min: 1, max: 3 }) }),
  },
  {
    weight: 4,
    arbitrary: fc
      .record({ do: fc.constantFrom("lock", "lock", "lock", "try lock"), key, mode, level })
      .map((lock) => lock as ParityOperation),
  },
  {
    weight: 1,
    arbitrary: fc.record({ key, mode }).map((unlock) => ({ do: "unlock", ...unlock }) as ParityOperation),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("x", "y").map((payload): ParityOperation => ({ do: "notify", payload })),
  },
);

// A transaction, or now and then a statement on its own. Few transactions roll back.
const block: fc.Arbitrary<readonly ParityOperation[]> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc
      .record({
        isolation: fc.constantFrom(
          "read committed" as const,
          "read committed" as const,
          "repeatable read" as const,
        ),
        operations: fc.array(operation, { minLength: 1, maxLength: 5, size: "max" }),
        end: fc.constantFrom("commit" as const, "commit" as const, "commit" as const, "rollback" as const),
      })
      .map(
        ({ isolation, operations, end }) => [{ do: "begin", isolation }, ...operations, { do: end }] as const,
      ),
  },
  { weight: 1, arbitrary: operation.map((operation) => [operation]) },
);

const blocks = fc.array(block, { minLength: 1, maxLength: 2, size: "max" }).map((blocks) => blocks.flat());

/** Scripts of three sessions with one or two transactions each, interleaved.  Units: 3 to 36 steps. */
export const scripts: fc.Arbitrary<ParityScript> = fc
  .record({
    a: blocks,
    b: blocks,
    c: blocks,
    turns: fc.array(fc.constantFrom("a" as const, "b" as const, "c" as const), {
      minLength: 24,
      maxLength: 36,
      size: "max",
    }),
  })
  .map(({ turns, ...left }) => {
    const places = { a: 0, b: 0, c: 0 };
    const steps: ParityStep[] = [];
    const take = (session: SessionName) => {
      const operation = left[session][places[session]];
      places[session] += 1;
      if (operation !== undefined) steps.push({ session, operation });
    };
    for (const session of turns) take(session);
    for (const session of ["a", "b", "c"] as const)
      while (places[session] < left[session].length) take(session);
    return { steps };
  });

function byId(from: number, to: number, parity: 0 | 1 | undefined): Condition {
  return { by: "id", from, to, ...optional("parity", parity) };
}

function selection({
  table,
  where,
  ...rest
}: {
  readonly table: string;
  readonly where: Condition;
  readonly [option: string]: unknown;
}) {
  const options = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
  return { do: "select", table, where, ...options } as ParityOperation;
}

function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [name in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [name in Name]?: Value });
}
