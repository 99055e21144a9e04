// A series as one line of text: eight heights from nothing to the highest value.

const heights = "▁▂▃▄▅▆▇█";

/** As many characters as there is room for, each for the mean of the values that fall on it; a gap where there is none. */
export function sparkline(values: readonly (number | undefined)[], room: number): string {
  const width = Math.min(room, values.length);
  const means = Array.from({ length: width }, (_, column) => {
    const from = Math.floor((column * values.length) / width);
    const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / width));
    return meanOf(values.slice(from, to));
  });
  const most = Math.max(0, ...means.filter((mean) => mean !== undefined));
  return means
    .map((mean) => {
      if (mean === undefined) return " ";
      if (most === 0) return heights[0]!;
      return heights[Math.min(heights.length - 1, Math.floor((mean / most) * heights.length))]!;
    })
    .join("");
}

function meanOf(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : known.reduce((sum, value) => sum + value, 0) / known.length;
}
