import { describe, expect, it } from "vitest";
import { countText, durationText, runTimeText } from "./time-text.ts";
import { cut, printable, wrap } from "./wrap.ts";

describe("wrap", () => {
  it("breaks at spaces and loses no word", () => {
    expect(wrap("one two three four", 9)).toEqual(["one two", "three", "four"]);
  });
  it("cuts a word that is longer than a line", () => {
    expect(wrap("abcdefgh xy", 3)).toEqual(["abc", "def", "gh", "xy"]);
  });
  it("keeps line breaks, and an empty text is one empty line", () => {
    expect(wrap("a\nb", 9)).toEqual(["a", "b"]);
    expect(wrap("", 9)).toEqual([""]);
  });
  it("counts an emoji as one letter", () => {
    expect(cut("😀😀😀", 3)).toBe("😀😀😀");
    expect(cut("😀😀😀😀", 3)).toBe("😀😀…");
  });
});

describe("printable", () => {
  it("shows control characters instead of sending them", () => {
    expect(printable("a\u001B[2Jb\u0007\tc\nd")).toBe("a\\u001b[2Jb\\u0007 c\nd");
  });
});

describe("times", () => {
  it.each([
    [0, "0.000 s"],
    [99_999, "99.999 s"],
    [100_000, "00:01:40.000"],
    [86_400_000 * 91 + 1_200, "91d 00:00:01"],
  ])("%i ms of a run is %s", (at, text) => expect(runTimeText(at)).toBe(text));
  it.each([
    [0.25, "250 µs"],
    [12.3, "12 ms"],
    [3_210, "3.2 s"],
    [245_000, "4 min 05 s"],
    [7_800_000, "2 h 10 min"],
  ])("%d ms took %s", (duration, text) => expect(durationText(duration)).toBe(text));
  it("groups thousands the same everywhere", () => expect(countText(12_400.4)).toBe("12,400"));
});
