// The state of the entities: of each field the op with the highest id, and nothing from below a delete.

/** `song/1`; a type may have a slash of its own. */
export const keyOf = ({ entity_type: type, entity_id: id }) =>
  `${type.replaceAll("%", "%25").replaceAll("/", "%2F")}/${id}`;

/** `id` decides, whatever the order in which ops come. */
export function fold(entities, op, id, { has = () => false } = {}) {
  const key = keyOf(op);
  const entity = (entities[key] ??= { deletedAt: 0, fields: {} });
  if (op.op === "delete") {
    if (id <= entity.deletedAt) return;
    entity.deletedAt = id;
    if (has("no-barrier")) {
      entity.isHidden = true;
      return;
    }
    for (const [field, one] of Object.entries(entity.fields)) if (one.id < id) delete entity.fields[field];
    return;
  }
  const before = Object.hasOwn(entity.fields, op.field) ? entity.fields[op.field] : undefined;
  const isOlder = has("stamp-decides") ? before?.stamp > op.lamport_ts : before?.id > id;
  if (id < entity.deletedAt || isOlder) return;
  entity.isHidden = false;
  Object.defineProperty(entity.fields, op.field, {
    value: { value: op.value ?? null, id, stamp: op.lamport_ts },
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

export function shown(entities) {
  const all = {};
  for (const [key, { fields, isHidden }] of Object.entries(entities)) {
    const values = Object.entries(fields).map(([field, { value }]) => [field, value]);
    if (values.length > 0 && isHidden !== true) all[key] = Object.fromEntries(values);
  }
  return all;
}
