// How Seatrial was called, so that the commands it prints can be pasted where its reader stands.

const isPlainWord = /^[\w@%+=:,./-]+$/;

/** How this very program is called again: through npm in a clone, by its name where it is installed. */
export function programName(scriptPath = process.argv[1] ?? ""): string {
  return scriptPath.endsWith(".ts") ? "npm run -s seatrial --" : "seatrial";
}

/** A command line that a shell reads back as these words. */
export function replayCommand(words: readonly string[]): string {
  return [programName(), ...words.map(quoteWord)].join(" ");
}

/** The command line as it was given, but for secrets and passwords in URLs: it stands in reports, which people hand on. */
export function givenCommand(words: readonly string[] = process.argv.slice(2)): string {
  const shown = words.map((word, index) => {
    const flag = words[index - 1] ?? "";
    const isSecret = ourSecretFlag.test(flag) || (secretFlag.test(flag) && !word.startsWith("-"));
    return isSecret ? "***" : withoutSecret(word);
  });
  return ["seatrial", ...shown.map(quoteWord)].join(" ");
}

/** Whatever stands behind one of these is the secret. */
const ourSecretFlag = /^--(?:jwt-secret|control-token)$/u;
/** What the command of a server under test is likely to call such flags. */
const secretFlag = /^--?[\w-]*(?:secret|password|passwd|token|api-?key)$/iu;
/** `--jwt-secret=…`, `JWT_SECRET=…` */
const secretAssignment = /^([\w-]*(?:secret|password|passwd|token|api[-_]?key))=.+$/isu;

function withoutSecret(word: string): string {
  return word.replace(/(postgres(?:ql)?:\/\/[^:@/]*):.*@/iu, "$1:***@").replace(secretAssignment, "$1=***");
}

function quoteWord(word: string): string {
  return isPlainWord.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
