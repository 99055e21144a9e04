// Delta debugging: from many things to few that still do it, in halves, quarters and at last one by one.
// Source: Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002 (complements only).

/** Fewer items for which `still` says yes; it has said yes to `items`. Each item that is left is needed by the others.
 *  What comes last is tried first: the tail of a plan is seldom what broke it. */
export async function fewest<Item>(
  items: readonly Item[],
  still: (candidate: readonly Item[]) => Promise<boolean>,
): Promise<readonly Item[]> {
  let kept = items;
  if (kept.length > 0 && (await still([]))) return [];
  for (let size = Math.ceil(kept.length / 2); size >= 1; size = nextSize(size)) {
    for (let end = kept.length; end > 0; ) {
      const begin = Math.max(0, end - size);
      const candidate = [...kept.slice(0, begin), ...kept.slice(end)];
      if (candidate.length < kept.length && candidate.length > 0 && (await still(candidate)))
        kept = candidate;
      end = begin;
    }
  }
  return kept;
}

const nextSize = (size: number): number => (size === 1 ? 0 : Math.ceil(size / 2));
