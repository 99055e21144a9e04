// `import "seatrial/vitest"` in a test or a setup file: `expect(run).toKeepAllLaws()` and `expect(run).toConverge()`.
// The only file that needs vitest; with jest, `expect.extend(matchers)` from "seatrial" does the same.
import { expect } from "vitest";
import { matchers, type RunMatchers } from "./explore/matcher.ts";

declare module "vitest" {
  // eslint-disable-next-line typescript/no-empty-object-type
  interface Matchers<R, T> extends RunMatchers<R> {}
}

expect.extend(matchers);
