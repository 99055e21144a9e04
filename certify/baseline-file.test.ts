import { describe, expect, it } from "vitest";
import { type BaselineEntry, readBaseline, writeBaseline } from "./baseline-file.ts";

const read = (text: string): readonly BaselineEntry[] => {
  const reading = readBaseline(text, "conformance-baseline.yaml");
  if (!reading.ok) throw new Error(JSON.stringify(reading.errors));
  return reading.entries.map(({ line: _, ...entry }) => entry);
};

const errorsOf = (text: string): readonly string[] => {
  const reading = readBaseline(text, "b.yaml");
  return reading.ok ? [] : reading.errors.map(({ line, column, message }) => `${line}:${column} ${message}`);
};

const late = {
  id: "waveflow/pull/late::WF-PULL-4",
  reason: "two statements, two snapshots",
  issue: "https://example.org/issues/7",
  expires: "2027-02-28",
};
const retry = { id: "waveflow/push/retry::WF-PUSH-2", reason: "no receipts yet: planned" };

const file = `# Known failures of our build.
# Ask before you add one.

# waits for the new schema
- id: waveflow/push/retry::WF-PUSH-2
  reason: "no receipts yet: planned" # since spring
- reason: two statements, two snapshots
  id: waveflow/pull/late::WF-PULL-4
  issue: https://example.org/issues/7
  expires: 2027-02-28
# nothing below this line
`;

describe("a baseline is read", () => {
  it("with every member, and the line of each entry", () => {
    expect(read(file)).toEqual([retry, late]);
    const reading = readBaseline(file, "b.yaml");
    expect(reading.ok && reading.entries.map(({ line }) => line)).toEqual([5, 7]);
  });

  it.each(["", "# nothing yet\n", "[]\n", "# nothing yet\n[]\n"])("as empty from %j", (text) =>
    expect(read(text)).toEqual([]),
  );
});

describe("a baseline is refused", () => {
  const entry = (lines: string): string => `- ${lines.split("\n").join("\n  ")}\n`;
  it.each([
    ["that is no list", "id: x\n", "1:1 expected the baseline as a list, saw a map"],
    ["with an entry that is no map", "- just words\n", '1:3 expected an entry as a map, saw "just words"'],
    [
      "with a misspelt key",
      entry("id: a/b::WF-1\nreason: x\nexpire: 2027-01-01"),
      '3:3 unknown key "expire" in an entry: expected id, reason, issue, expires; did you mean "expires"?',
    ],
    [
      "without a reason",
      entry("id: a/b::WF-1"),
      '1:3 this entry has no "reason"; expected why this failure is let pass, in your words',
    ],
    [
      "with a reason that says nothing",
      entry('id: a/b::WF-1\nreason: "  "'),
      '2:11 "reason" is empty; expected why this failure is let pass, in your words',
    ],
    [
      "without an id",
      entry("reason: x"),
      '1:3 this entry has no "id"; expected the check that fails: scenario::rule',
    ],
    [
      "with half an id",
      entry("id: WF-PUSH-2\nreason: x"),
      '1:7 expected an id like waveflow/push/retry::WF-PUSH-2 (a scenario, two colons, a rule), saw "WF-PUSH-2"',
    ],
    [
      "with a day that no calendar has",
      entry("id: a/b::WF-1\nreason: x\nexpires: 2027-02-30"),
      '3:12 expected "expires" as a day of the calendar, YYYY-MM-DD, saw "2027-02-30"',
    ],
    [
      "with a check that stands in it twice",
      entry("id: a/b::WF-1\nreason: x") + entry("id: a/b::WF-1\nreason: y"),
      "3:3 a/b::WF-1 has an entry already, in line 1; expected one for each",
    ],
    ["that is no YAML", "- id: [\n", expect.stringContaining("no YAML")],
  ])("%s", (_what, text, message) => expect(errorsOf(text)).toContainEqual(message));

  it("with all that is wrong with it at once", () => {
    expect(errorsOf("- id: x\n- reason: y\n")).toHaveLength(3);
  });
});

describe("a baseline is written", () => {
  it("the same, whatever the order of its entries", () => {
    expect(writeBaseline([retry, late])).toBe(writeBaseline([late, retry]));
    expect(read(writeBaseline([retry, late]))).toEqual([late, retry]);
  });

  it("with the words that people wrote beside what stays", () => {
    const fresh = { id: "waveflow/ack/far::WF-ACK-3", reason: "seen today" };
    expect(writeBaseline([retry, late, fresh], file)).toBe(`# Known failures of our build.
# Ask before you add one.

- id: waveflow/ack/far::WF-ACK-3
  reason: seen today
- reason: two statements, two snapshots
  id: waveflow/pull/late::WF-PULL-4
  issue: https://example.org/issues/7
  expires: 2027-02-28
# waits for the new schema
- id: waveflow/push/retry::WF-PUSH-2
  reason: "no receipts yet: planned" # since spring

# nothing below this line
`);
  });

  it("without what is gone, and with what an entry says now", () => {
    const { issue: _, ...closed } = { ...late, expires: "2028-01-01" };
    const text = writeBaseline([closed], file);
    expect(read(text)).toEqual([closed]);
    expect(text).not.toContain("waits for the new schema");
  });

  it("the same again from what was written", () => {
    const once = writeBaseline([retry, late], file);
    expect(writeBaseline([retry, late], once)).toBe(once);
  });

  it.each(["# only words\n", "# only words\n[]\n", "# only words\n\n[]\n"])(
    "empty, with its head, from %j",
    (before) => expect(writeBaseline([], before)).toBe("# only words\n\n[]\n"),
  );

  it("with texts that YAML would read otherwise", () => {
    const odd = {
      id: "a/b::WF-1",
      reason: "yes: #7 - [x] {y}\nand more",
      issue: "12",
      expires: "2027-01-01",
    };
    expect(read(writeBaseline([odd]))).toEqual([odd]);
  });
});
