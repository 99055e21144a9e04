// Suggestions for misspelt words: the nearest word that would have been right.

/** ` (did you mean "push"?)`, or nothing where no word is near. Ready to stand at the end of a message. */
export function didYouMean(seen: string, known: Iterable<string>): string {
  const nearest = nearestWord(seen, known);
  return nearest === undefined ? "" : `; did you mean "${nearest}"?`;
}

/** The known word with the fewest changed letters, if that is at most a third of them; the first one among equals. */
export function nearestWord(seen: string, known: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let fewest = Math.max(1, Math.floor(seen.length / 3)) + 1;
  for (const word of known) {
    if (Math.abs(word.length - seen.length) >= fewest) continue;
    const changes = changedLetters(seen.toLowerCase(), word.toLowerCase());
    if (changes < fewest) {
      fewest = changes;
      nearest = word;
    }
  }
  return nearest;
}

/** Letters added, left out, replaced, or swapped with their neighbour. */
function changedLetters(left: string, right: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const isSame = left[row - 1] === right[column - 1];
      let changes = Math.min(
        last[column]! + 1,
        current[column - 1]! + 1,
        last[column - 1]! + (isSame ? 0 : 1),
      );
      const isSwap =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (isSwap) changes = Math.min(changes, beforeLast[column - 2]! + 1);
      current.push(changes);
    }
    beforeLast = last;
    last = current;
  }
  return last[right.length]!;
}
