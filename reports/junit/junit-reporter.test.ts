import { describe, expect, it } from "vitest";
import { failed, passed, sampleRun, tellSample } from "../../test/sample-run.ts";
import { junitXml } from "./junit-reporter.ts";
import { xmlAttribute, xmlText } from "./xml.ts";

const xml = junitXml(sampleRun, tellSample);

describe("junit.xml", () => {
  it("has one suite a world, with counts that add up", () => {
    expect(xml).toContain(
      '<testsuites name="seatrial" tests="7" failures="3" errors="1" skipped="2" time="5.432">',
    );
    expect(xml.match(/<testsuite name="[^"]+" tests="\d" failures="\d" errors="\d" skipped="\d"/g)).toEqual([
      '<testsuite name="seatrial sim" tests="3" failures="2" errors="0" skipped="0"',
      '<testsuite name="seatrial live" tests="4" failures="1" errors="1" skipped="2"',
    ]);
    expect(xml.match(/<testcase /g)).toHaveLength(7);
  });

  it("closes what it opens", () => {
    const open: string[] = [];
    for (const [, slash, name, rest] of xml.matchAll(/<(\/?)([a-z]+)([^>]*)>/g)) {
      if (slash === "/") expect(open.pop()).toBe(name);
      else if (!rest!.endsWith("/")) open.push(name!);
    }
    expect(open).toEqual([]);
  });

  it("tells the story inside the failure", () => {
    expect(xml).toContain('<failure type="violation" message="law stable-prefix is violated; ');
    expect(xml).toContain("pulls from 0, gets id 2 (op 7b2290cd); cursor 2");
    expect(xml).toContain("again: seatrial sim waveflow/compaction/late-commit-is-not-collapsed --seed 17");
  });

  it("counts a drifted replay among the failures, with both digests", () => {
    expect(xml).toContain(
      '<failure type="drifted" message="DRIFTED: digest 00c0ffee00c0ffee, recorded 0123456789abcdef">',
    );
  });

  it("shows blocked as skipped, with the ability that would unlock it", () => {
    expect(xml).toContain('<skipped message="blocked: this world cannot do backup, clock"/>');
  });

  it("never contains a character that XML forbids, whatever a server answered", () => {
    const letters = Array.from({ length: 0x2100 }, (_, code) => String.fromCharCode(code)).join("");
    const evil = `${letters}\uFFFE\uFFFF\uD800 lone \uDC00 ]]> <!-- & "'`;
    const result = { ...failed, title: evil, error: evil, replay: evil };
    const text = junitXml({ ...sampleRun, results: [passed, result] }, tellSample);
    // eslint-disable-next-line no-control-regex -- finding control characters is the point
    expect(text).not.toMatch(/[\u0000-\u0008\u000B\u000C\u000E-\u001F\uFFFE\uFFFF]/);
    expect(text).toEqual(text.toWellFormed());
    expect(text).not.toContain("<!--");
    expect(text).not.toContain("]]>");
  });
});

describe("escaping", () => {
  it("keeps what can be kept", () => {
    expect(xmlText("a < b && c > d\té😀")).toBe("a &lt; b &amp;&amp; c &gt; d\té😀");
    expect(xmlAttribute('say "hi"\n\tthere')).toBe('"say &quot;hi&quot;&#10;&#9;there"');
  });
  it("writes what XML cannot as its code", () => {
    expect(xmlText("\u0000\u001B[31m\uD800")).toBe("\\u0000\\u001B[31m\\uD800");
  });
});
