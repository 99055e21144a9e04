// What is wrong with a config, in words: where, what was expected there, what was seen. The library says which rule was
// broken; the words come from the JSON Schema, so that an editor and a terminal expect the same. A secret that is of the
// wrong kind is not shown.
import type { core } from "zod";
import { didYouMean } from "../scenarios/format/suggest.ts";

export type ConfigPath = readonly PropertyKey[];

export interface ConfigProblem {
  /** Of the value, or of the key, that is wrong; of the map, where something is missing in it. */
  readonly path: ConfigPath;
  readonly message: string;
}

type Schema = core.JSONSchema.JSONSchema;
type Issue = core.$ZodIssue;

/** Each problem with its place. */
export function problemsOf(
  issues: readonly Issue[],
  value: unknown,
  schema: Schema,
): readonly ConfigProblem[] {
  return issues.flatMap((issue) => {
    const node = schemaAt(schema, issue.path);
    const seen = valueAt(value, issue.path);
    switch (issue.code) {
      case "unrecognized_keys":
        return issue.keys.map((key) => unknownKey(key, issue.path, node));
      case "invalid_union":
        return unionProblems(issue, { value, schema, node, seen });
      default:
        return [wrongValue(issue.path, node, seen)];
    }
  });
}

/** `server.env.PORT`, `tokens.list[2]`. */
export function pathText(path: ConfigPath): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === "number") return `${text}[${part}]`;
    return text === "" ? String(part) : `${text}.${String(part)}`;
  }, "");
}

function unknownKey(key: string, path: ConfigPath, node: Schema | undefined): ConfigProblem {
  const known = keysOf(node);
  const where = path.length === 0 ? "" : ` in ${pathText(path)}`;
  const message = `unknown key "${key}"${where}: expected ${known.join(", ")}${didYouMean(key, known)}`;
  return { path: [...path, key], message };
}

function wrongValue(path: ConfigPath, node: Schema | undefined, seen: unknown): ConfigProblem {
  const expected = expectationOf(node);
  if (seen === undefined && path.length > 0)
    return { path: path.slice(0, -1), message: `${pathText(path)} is missing: expected ${expected}` };
  const hint = typeof seen === "string" ? didYouMean(seen, wordsOf(node)) : "";
  const name = path.length === 0 ? "the config" : pathText(path);
  return { path, message: `${name}: expected ${expected}, saw ${shown(seen, path)}${hint}` };
}

/** The members of a union are told apart by their keys; where the keys fit one of them, its own problems count. */
function unionProblems(
  issue: Extract<Issue, { code: "invalid_union" }>,
  context: {
    readonly value: unknown;
    readonly schema: Schema;
    readonly node: Schema | undefined;
    readonly seen: unknown;
  },
): readonly ConfigProblem[] {
  const { value, schema, node, seen } = context;
  const meant = issue.errors.find((branch) => branch.every(({ path }) => path.length > 1));
  if (meant !== undefined) {
    const placed = meant.map((inner) => ({ ...inner, path: [...issue.path, ...inner.path] }));
    return problemsOf(placed, value, schema);
  }
  const known = keysOf(node);
  if (!isMap(seen) || known.length === 0) return [wrongValue(issue.path, node, seen)];
  const unknown = Object.keys(seen).filter((key) => !known.includes(key));
  if (unknown.length > 0) return unknown.map((key) => unknownKey(key, issue.path, node));
  const given = Object.keys(seen);
  const [only] = given;
  if (only !== undefined && given.length === 1) {
    const path = [...issue.path, only];
    return [wrongValue(path, schemaAt(schema, path), seen[only])];
  }
  const saw = given.length === 0 ? "none of them" : given.join(" and ");
  const message = `${pathText(issue.path)}: expected exactly one of ${known.join(", ")}, saw ${saw}`;
  return [{ path: issue.path, message }];
}

/** What the schema says of a place; undefined where it says nothing. */
function schemaAt(schema: Schema, path: ConfigPath): Schema | undefined {
  return path.reduce<Schema | undefined>(
    (node, part) => (node === undefined ? node : childOf(node, part)),
    schema,
  );
}

function childOf(node: Schema, part: PropertyKey): Schema | undefined {
  if (typeof part === "number")
    return branchesOf(node)
      .map(({ items }) => asSchema(items))
      .find(Boolean);
  const name = String(part);
  return branchesOf(node)
    .map(({ properties, additionalProperties }) => asSchema(properties?.[name] ?? additionalProperties))
    .find(Boolean);
}

const asSchema = (node: unknown): Schema | undefined => (isMap(node) ? (node as Schema) : undefined);

const branchesOf = ({ anyOf, ...node }: Schema): readonly Schema[] =>
  anyOf === undefined ? [node] : anyOf.map(asSchema).filter((branch) => branch !== undefined);

const keysOf = (node: Schema | undefined): readonly string[] =>
  node === undefined ? [] : branchesOf(node).flatMap(({ properties }) => Object.keys(properties ?? {}));

const wordsOf = (node: Schema | undefined): readonly string[] =>
  node === undefined ? [] : branchesOf(node).flatMap((branch) => (branch.enum ?? []).map(String));

function expectationOf(node: Schema | undefined): string {
  if (node === undefined) return "something else";
  if (node.anyOf !== undefined) return branchesOf(node).map(expectationOf).join(" or ");
  if (node.enum !== undefined) return `one of ${node.enum.join(", ")}`;
  switch (node.type) {
    case "boolean":
      return "true or false";
    case "integer":
    case "number":
      return `a whole number${boundsText(node)}`;
    case "array": {
      const least = node.minItems ?? 0;
      return `a list${least > 0 ? ` of at least ${least}` : ""} (each ${expectationOf(asSchema(node.items))})`;
    }
    case "object": {
      const keys = keysOf(node);
      return keys.length === 0 ? "a map" : `a map of ${keys.join(", ")}`;
    }
    default:
      return textExpectation(node);
  }
}

function textExpectation({ format, pattern }: Schema): string {
  if (format === "uuid") return "a UUID";
  return pattern === undefined ? "a text" : `a text that matches ${pattern}`;
}

function boundsText({ minimum, maximum }: Schema): string {
  const isBounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  if (isBounded) return ` from ${minimum ?? 0} to ${maximum}`;
  return minimum === undefined || minimum <= -Number.MAX_SAFE_INTEGER ? "" : ` of at least ${minimum}`;
}

function valueAt(value: unknown, path: ConfigPath): unknown {
  return path.reduce<unknown>((at, part) => {
    if (Array.isArray(at)) return at[Number(part)];
    return isMap(at) ? at[String(part)] : undefined;
  }, value);
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const secretKeys: ReadonlySet<string> = new Set(["secret", "token", "list", "env"]);

function shown(value: unknown, path: ConfigPath): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (isMap(value)) return "a map";
  if (typeof value === "string" && value === "") return "an empty text";
  const kind = typeof value === "string" ? "a text" : `a ${typeof value}`;
  if (path.some((part) => secretKeys.has(String(part)))) return kind;
  return JSON.stringify(value) ?? kind;
}
