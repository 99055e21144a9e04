// What a clean search says, and what it does not say.

/** Clean runs from which the rule of three says anything. */
const runsLeast = 3;

/** The bound that n clean runs put on the share of runs that would violate a law, in words. `runs` is what they are
 *  called.  Source: the rule of three, a 95 % bound on the rate of an event that was not seen in n independent tries. */
export function residualRisk(clean: number, runs: string): string {
  const bound =
    clean < runsLeast
      ? "too few to bound anything"
      : `fewer than ${rateText({ events: runsLeast, of: clean })} of such ${runs} violate a law`;
  return `${clean} clean ${runs}: with 95 % confidence ${bound}. This says nothing about faults that ${runs} do not make.`;
}

/** `2.5 %`, or `1 in 4,000` where it is rarer than one in a hundred. */
function rateText({ events, of }: { readonly events: number; readonly of: number }): string {
  if (events === 0 || of === 0) return "none";
  return events * 100 >= of
    ? `${((events * 100) / of).toFixed(1)} %`
    : `1 in ${Math.floor(of / events).toLocaleString("en-US")}`;
}
