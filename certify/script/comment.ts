// What somebody said, in one line of a script: nothing in it can end the comment, and a page is cut.

/** Units: UTF-16 code units. */
const lengthMax = 400;

export function commentLine(text: string): string {
  const plain = text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, " ");
  return `# ${plain.length > lengthMax ? `${plain.slice(0, lengthMax - 1)}…` : plain}`;
}
