// A loop whose turns lie between microtasks: each begins when those of the turn before have run dry.
//
// Node empties its microtask queue after every tick. `process._tickCallback`, which has been there since long before
// promises and which the manual deprecates in words only, does the same at once; it costs less than half of what a tick
// of its own does for each turn. Where a Node does without it, every turn is such a tick. It has to be called for from
// within a microtask: what one tick calls for, the next tick does before the microtasks.

/** Runs `turn`, now and then, until it says that it is over or throws. The first turn waits for the present microtasks. */
export function runBetweenMicrotasks(turn: () => "over" | void): void {
  const drain = (process as { readonly _tickCallback?: () => void })._tickCallback;
  const loop = (): void => {
    while (turn() !== "over") {
      if (drain === undefined) return queueMicrotask(() => process.nextTick(loop));
      drain();
    }
  };
  queueMicrotask(() => process.nextTick(loop));
}
