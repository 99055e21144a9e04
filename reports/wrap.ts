// Text to lines of a width. Counts code points, which is right for everything Seatrial itself prints.

/** Breaks at spaces; a word longer than a line is cut. Line breaks of the text are kept. At least one line. */
export function wrap(text: string, width: number): readonly string[] {
  const room = Math.max(1, width);
  return text.split(/\r?\n/).flatMap((paragraph) => wrapParagraph(paragraph, room));
}

/** The text, cut with `…` where it is longer than the width. */
export function cut(text: string, width: number): string {
  const letters = [...text];
  return letters.length <= width ? text : `${letters.slice(0, Math.max(0, width - 1)).join("")}…`;
}

/** Control characters made visible (`\u001b`), so that what a server answered cannot drive a terminal. */
export function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- finding control characters is the point
  return text.replaceAll(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029]/g, (letter) =>
    letter === "\t" ? " " : `\\u${letter.codePointAt(0)!.toString(16).padStart(4, "0")}`,
  );
}

function wrapParagraph(paragraph: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of paragraph.split(" ").flatMap((whole) => pieces(whole, width))) {
    const longer = line === "" ? word : `${line} ${word}`;
    if ([...longer].length <= width) {
      line = longer;
      continue;
    }
    lines.push(line);
    line = word;
  }
  lines.push(line);
  return lines;
}

function pieces(word: string, width: number): readonly string[] {
  const letters = [...word];
  if (letters.length <= width) return [word];
  return Array.from({ length: Math.ceil(letters.length / width) }, (_, index) =>
    letters.slice(index * width, (index + 1) * width).join(""),
  );
}
