import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

// Four lanes by file name, so that a lane can be run alone: `vitest --project sim`.
const lane = (name: string, include: string[], exclude: string[] = []) => ({
  test: { name, include, exclude: ["**/node_modules/**", "**/dist/**", ...exclude], testTimeout: 60_000 },
});

export default defineConfig({
  test: {
    // Many tests wait for processes and databases: one more than two cores is worth it.
    maxWorkers: Math.max(3, availableParallelism()),
    projects: [
      lane("unit", ["**/*.test.ts"], ["**/*.{sim,pg,live}.test.ts"]),
      lane("sim", ["**/*.sim.test.ts"]),
      lane("pg", ["**/*.pg.test.ts"]),
      lane("live", ["**/*.live.test.ts"]),
    ],
  },
});
