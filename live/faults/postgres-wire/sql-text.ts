// As much of SQL as is needed to see where transactions begin and end in a text: its statements, and the words that each
// begins with. What a function or a DO block does inside cannot be seen from here.

/** On one line, each run of white space as one blank; at most `lengthMax` characters. */
export function normaliseText(text: string, lengthMax: number): string {
  const line = text
    .slice(0, lengthMax * 2)
    .replaceAll(/\s+/gu, " ")
    .trim();
  return line.length > lengthMax ? `${line.slice(0, lengthMax - 1)}…` : line;
}

/** What each statement of a text does, in a word: "INSERT", "BEGIN", "COMMIT", "ROLLBACK TO". Several spellings of one
 *  thing come out as one: END is COMMIT, ABORT is ROLLBACK, START TRANSACTION is BEGIN. Empty statements are left out. */
export function commandsOf(text: string): readonly string[] {
  const semicolon = text.indexOf(";");
  const isSingle = semicolon === -1 || !/\S/u.test(text.slice(semicolon + 1));
  return (isSingle ? [wordsOf(text)] : statementsOf(text)).flatMap(commandOf);
}

const wordsMax = 4;

function commandOf(words: readonly string[]): readonly string[] {
  const [first, second, third] = words;
  if (first === undefined) return [];
  const isPrepared = second === "PREPARED";
  switch (first) {
    case "BEGIN":
    case "START":
      return ["BEGIN"];
    case "COMMIT":
    case "END":
      return [isPrepared ? "COMMIT PREPARED" : "COMMIT"];
    case "ROLLBACK":
    case "ABORT": {
      const isPartial =
        second === "TO" || ((second === "WORK" || second === "TRANSACTION") && third === "TO");
      return [isPrepared ? "ROLLBACK PREPARED" : isPartial ? "ROLLBACK TO" : "ROLLBACK"];
    }
    case "PREPARE":
      return [second === "TRANSACTION" ? "PREPARE TRANSACTION" : "PREPARE"];
    default:
      return [first];
  }
}

/** The words that a text begins with, comments left out. */
function wordsOf(text: string): readonly string[] {
  const words: string[] = [];
  for (const token of tokensOf(text)) {
    if (!isWord(token)) break;
    words.push(token.toUpperCase());
    if (words.length === wordsMax) break;
  }
  return words;
}

/** The first words of each statement. A semicolon between parentheses, or in the body of a function that is written as
 *  BEGIN ATOMIC … END, does not end a statement. */
function statementsOf(text: string): readonly (readonly string[])[] {
  const statements: (readonly string[])[] = [];
  let words: string[] = [];
  let isAtStart = true;
  let parentheses = 0;
  let blocks = 0;
  for (const token of tokensOf(text)) {
    if (token === ";" && parentheses <= 0 && blocks === 0) {
      statements.push(words);
      words = [];
      isAtStart = true;
      continue;
    }
    if (token === "(") parentheses += 1;
    if (token === ")") parentheses -= 1;
    isAtStart &&= isWord(token);
    const word = token.toUpperCase();
    if (isAtStart && words.length < wordsMax) words.push(word);
    if (words[0] !== "CREATE") continue;
    if (word === "ATOMIC" || (blocks > 0 && word === "CASE")) blocks += 1;
    else if (blocks > 0 && word === "END") blocks -= 1;
  }
  return [...statements, words];
}

const isWord = (token: string): boolean => /^[a-z_\u{80}-\u{10ffff}]/iu.test(token) && !token.includes("'");

const tokenPattern =
  /\s+|--[^\n]*|\/\*|e'(?:[^'\\]|\\.)*'?|'[^']*'?|"[^"]*"?|\$(?:[a-z_\u{80}-\u{10ffff}][\w\u{80}-\u{10ffff}]*)?\$|[a-z_\u{80}-\u{10ffff}][\w$\u{80}-\u{10ffff}]*|[^]/giuy;

/** Words, single characters, and literals as one token each; without white space and comments. */
function* tokensOf(text: string): Generator<string> {
  let position = 0;
  while (position < text.length) {
    tokenPattern.lastIndex = position;
    const token = tokenPattern.exec(text)![0];
    position += token.length;
    if (token === "/*") position = endOfComment(text, position);
    else if (token.length > 1 && token.startsWith("$")) {
      const end = text.indexOf(token, position);
      position = end === -1 ? text.length : end + token.length;
      yield token;
    } else if (!/^\s|^--/u.test(token)) yield token;
  }
}

/** Comments nest. */
function endOfComment(text: string, from: number): number {
  const mark = /\/\*|\*\//gu;
  mark.lastIndex = from;
  for (let depth = 1, found = mark.exec(text); found !== null; found = mark.exec(text)) {
    depth += found[0] === "/*" ? 1 : -1;
    if (depth === 0) return mark.lastIndex;
  }
  return text.length;
}
