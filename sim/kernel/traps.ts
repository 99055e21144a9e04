// While a run lasts, the ways out of virtual time throw: a wall clock, a timer, a shared random number. The run never
// turns Node's event loop, so nobody else can be hit. Lint refuses the same things; the traps catch what lint
// cannot see, such as a dependency.

/** Somebody reached for real time, randomness or I/O inside a run. */
export class ForbiddenInSimulation extends Error {
  readonly code = "forbidden_in_simulation";
  override readonly name = "ForbiddenInSimulation";
}

const trappedGlobals = ["setTimeout", "setInterval", "setImmediate", "fetch"] as const;

/** Runs `run` with the traps set, and takes them away again whatever happens. */
export async function withTraps<T>(run: () => Promise<T>): Promise<T> {
  const restores: (() => void)[] = [];
  const trap = (holder: object, property: string, name: string): void => {
    const original = Object.getOwnPropertyDescriptor(holder, property);
    if (original === undefined) return;
    Object.defineProperty(holder, property, {
      configurable: true,
      writable: true,
      value: () => {
        throw new ForbiddenInSimulation(
          `${name} was called inside a simulated run; expected the Clock, Ids or Transport port`,
        );
      },
    });
    restores.push(() => Object.defineProperty(holder, property, original));
  };
  for (const name of trappedGlobals) trap(globalThis, name, name);
  trap(Math, "random", "Math.random");
  trap(Date, "now", "Date.now");
  try {
    return await run();
  } finally {
    for (const restore of restores) restore();
  }
}
