// JSON texts that servers get wrong, one by one: the edges of numbers, of texts and of types. Written as texts, because
// half of them are no values of ours.

/** A JSON text, and what it is in words. */
export interface Sample {
  readonly json: string;
  readonly text: string;
}

const sample = (json: string, text = json): Sample => ({ json, text });

/** Sizes at which counters, doubles and columns end, and the spellings of a number. */
export const numbers: readonly Sample[] = [
  ...["0", "1", "-0", "-1", "1.5", "0.5", "-1.5", "1.0", "1e0", "1E+0", "10e-1", "0.1e1", "-1e0"].map(
    (json) => sample(json),
  ),
  ...["0.1", "3.141592653589793", "16777217", "1.7976931348623157e308"].map((json) => sample(json)),
  sample("0.99999999999999999999", "0.99999999999999999999, which a double rounds to 1"),
  sample("1.0000000000000000001", "1.0000000000000000001, which a double rounds to 1"),
  ...["1000", "1e3", "1000.0", "1e15"].map((json) => sample(json)),
  sample("2147483647", "2^31 - 1"),
  sample("2147483648", "2^31"),
  sample("4294967295", "2^32 - 1"),
  sample("4294967296", "2^32"),
  sample("9007199254740991", "2^53 - 1"),
  sample("-2147483648", "-2^31"),
  sample("-2147483649", "-2^31 - 1"),
  sample("-9007199254740991", "-(2^53 - 1)"),
  sample("-9223372036854775808", "-2^63"),
  sample("9007199254740992", "2^53"),
  sample("9007199254740993", "2^53 + 1"),
  sample("9007199254740991.5", "2^53 - 0.5"),
  sample("9223372036854775807", "2^63 - 1"),
  sample("9223372036854775808", "2^63"),
  sample("18446744073709551615", "2^64 - 1"),
  sample("18446744073709551616", "2^64"),
  sample("18446744073709551617", "2^64 + 1"),
  sample("340282366920938463463374607431768211456", "2^128"),
  sample("1e18"),
  sample("1e19"),
  sample("1e39"),
  sample("1e308"),
  sample("1e309"),
  sample("1e400"),
  sample("-1e400"),
  sample("1e-1"),
  sample("1e999999999", "1e999999999"),
  sample(`1${"0".repeat(400)}`, "10^400, digit by digit"),
];

/** Values of every other type. */
export const otherTypes: readonly Sample[] = [
  ...["null", "true", "false", "[]", "{}", '""', '"x"', '"1"', '"null"', '"true"'].map((json) =>
    sample(json),
  ),
  ...["[1]", '["x"]', "[[]]", '{"a":1}', '{"value":1}', "[null]"].map((json) => sample(json)),
  sample('"9007199254740993"'),
  sample('"-1"'),
  sample('"1.0"'),
  sample('"NaN"'),
  sample('"0x1"'),
  sample('" 1"'),
];

/** Texts that UTF-8, C strings, SQL or templates stumble over. All of them are good JSON. */
export const texts: readonly Sample[] = [
  sample('"\\u0000"', "U+0000"),
  sample('"a\\u0000b"', "U+0000 between letters"),
  sample('"\\ud800"', "a lone high surrogate"),
  sample('"\\udc00"', "a lone low surrogate"),
  sample('"\\udc00\\ud800"', "surrogates the wrong way round"),
  sample('"\\ud83c\\udfb5"', "a surrogate pair"),
  sample('"🎵"', "a character outside the basic plane"),
  sample('"\\uffff"', "U+FFFF"),
  sample('"\\ufeff"', "U+FEFF"),
  sample('"\\u2028\\u2029"', "line separators"),
  sample('"\\u0001\\u001f\\u007f"', "control characters"),
  sample('"e\\u0301"', "a combining accent"),
  sample('"\\u202e"', "a right-to-left override"),
  sample('" "', "a space"),
  sample('" x "', "spaces around"),
  sample('"\\t\\r\\n"', "white space"),
  sample(`"'; DROP TABLE sync_op; --"`, "a piece of SQL"),
  sample('"%s%n%00"', "a format"),
  sample('"${7*7}{{7*7}}"', "a template"),
  sample('"../../etc/passwd"', "a path"),
  sample('"<script>"', "a piece of HTML"),
  sample('"\\\\"', "a backslash"),
  sample('"\\""', "a quotation mark"),
  sample('"__proto__"'),
  sample('"constructor"'),
];

export const lengths = {
  /** The bound of each text, in code points. */
  bounds: { entity_type: 64, entity_id: 256, field: 64 },
  /** `x` takes one code unit and one byte, `é` two bytes, `🎵` two code units and four bytes. */
  letters: ["x", "é", "€", "🎵"],
} as const;

/** Texts that are no JSON. `good` is a good document to spoil. */
export function malformedTexts(good: string): readonly Sample[] {
  const first = good.indexOf(":");
  return [
    sample("", "no characters"),
    sample(" ", "a space"),
    sample("\u0000", "U+0000 itself"),
    ...["{", "}", "[", '"', "nul", "tru", "undefined", "NaN", "Infinity", "'x'", "{ops:[]}", "// x"].map(
      (text) => sample(text),
    ),
    ...["01", "+1", "1.", ".5", "1e", "0x1", "--1", "1 2", "<xml/>", "ops=1", "{]", "[}", "{{}}"].map(
      (text) => sample(text),
    ),
    sample(`${good}x`, "a letter behind a good body"),
    sample(`${good}}`, "a bracket too many"),
    sample(`${good},`, "a comma behind a good body"),
    sample(good + good, "two good bodies"),
    sample(`${good}\u0000`, "U+0000 behind a good body"),
    sample(good.slice(0, -1), "no last bracket"),
    sample(good.replaceAll('"', "'"), "single quotation marks"),
    sample(`${good.slice(0, first)}${good.slice(first + 1)}`, "no colon"),
    sample(good.replace(/\]\}$/u, ",]}"), "a trailing comma"),
    sample(`/* x */${good}`, "a comment"),
    sample(good.replace(/"(\w+)":/u, "$1:"), "a name without quotation marks"),
    sample(good.replace(/"(\w+)":/u, '"$1\n":'), "a line break in a text"),
    sample(good.replace(/"(\w+)":/u, '"\\x41":'), "an unknown escape"),
    sample(good.replace(/"(\w+)":/u, '"\\u00g1":'), "a broken escape"),
    sample(")]}'\n" + good, "a guard against scripts"),
    sample(`data: ${good}`, "an event stream"),
  ].filter(({ json }) => json !== good);
}
