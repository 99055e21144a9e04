// Two outcomes side by side, modulo names: the first thing in which they differ, in words.
import { jsonEqual } from "../../protocol/json.ts";
import type { Entities, FinalState, Names } from "./relation.ts";

/** The difference as a sentence; `undefined` where there is none. `names` are those of `changed` for the things of
 *  `plain`; what only `changed` has and `added` names is not looked at. */
export function findDifference(
  plain: FinalState,
  changed: FinalState,
  { names, added }: { readonly names: Names; readonly added: readonly string[] },
): string | undefined {
  const parties = (state: FinalState, of: Names): ReadonlyMap<string, Party> =>
    new Map([
      ...Object.entries(state.users).map(
        ([user, entities]) =>
          [`the server, for ${of.users[user] ?? user}`, { entities, waiting: 0 }] as const,
      ),
      ...Object.entries(state.devices).map(
        ([device, party]) => [of.devices[device] ?? device, party] as const,
      ),
    ]);
  const isAdded = (party: string): boolean => added.some((one) => party === one || party.endsWith(` ${one}`));
  const expected = parties(plain, names);
  const seen = parties(changed, { devices: {}, users: {}, entities: {} });
  for (const [party, is] of seen) {
    if (isAdded(party)) continue;
    const was = expected.get(party);
    if (was === undefined) return `${party} is there, and was not without it.`;
    const difference = findInParty(was, is, names.entities);
    if (difference !== undefined) return `${party} ${difference}`;
  }
  for (const party of expected.keys()) if (!seen.has(party)) return `${party} is gone.`;
  return undefined;
}

interface Party {
  readonly entities: Entities;
  readonly waiting: number;
}

function findInParty(was: Party, is: Party, entities: Names["entities"]): string | undefined {
  if (was.waiting !== is.waiting)
    return `has ${is.waiting} edits waiting, and had ${was.waiting} without it.`;
  const expected = new Map(
    Object.entries(was.entities).map(([entity, fields]) => [entities[entity] ?? entity, fields]),
  );
  for (const entity of new Set([...expected.keys(), ...Object.keys(is.entities)])) {
    const before = expected.get(entity) ?? {};
    const after = is.entities[entity] ?? {};
    for (const field of new Set([...Object.keys(before), ...Object.keys(after)])) {
      const [left, right] = [before[field], after[field]];
      if (left !== undefined && right !== undefined && jsonEqual(left, right)) continue;
      if (left === right) continue;
      return `shows ${field} of ${entity} as ${nameValue(right)}, and as ${nameValue(left)} without it.`;
    }
  }
  return undefined;
}

const nameValue = (value: unknown): string => (value === undefined ? "nothing" : JSON.stringify(value));
