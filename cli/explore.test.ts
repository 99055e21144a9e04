import { describe, expect, it } from "vitest";
import { UsageError } from "./errors.ts";
import { createProgram } from "./program.ts";

const explore = (...words: readonly string[]): Promise<unknown> =>
  createProgram().parseAsync(["explore", ...words], { from: "user" });

describe("a flag that would do nothing is refused by its name", () => {
  it.each([
    [["--scope", "edits=1"], "--scope is of --exhaustive: say that as well"],
    [["--choices", "phone*2"], "--choices is of --exhaustive: say that as well"],
    [["--relations", "--workers", "2"], "--workers is of the search"],
    [["--relations", "--shard", "1/4"], "--shard is of the search"],
    [["--relations", "--uniform"], "--uniform is of the search"],
    [["--relations", "--runs-max", "9"], "--runs-max is of --exhaustive"],
    [["--relations", "--exhaustive"], "--relations is about plans"],
    [["--exhaustive", "--seed", "7"], "--seed is about plans"],
    [["--exhaustive", "--seeds", "7"], "--seeds is about plans"],
    [["--exhaustive", "--bail", "2"], "--bail is about plans"],
    [["--exhaustive", "--shard", "1/4"], "--shard is about plans"],
    [["--exhaustive", "--scope", "edits=1", "--walk", "2"], "--walk says to which placing"],
    [["--exhaustive", "--choices", "phone*2", "--for", "1s"], "--for is a bound for many runs"],
  ])("seatrial explore %j", async (words, hint) => {
    const refused = explore(...words);
    await expect(refused).rejects.toBeInstanceOf(UsageError);
    await expect(refused).rejects.toThrow(hint);
  });
});
