// Text into XML 1.0. Escaping alone is not enough: XML has no way at all to write most control characters, a lone
// surrogate, U+FFFE or U+FFFF, and one of them makes the whole file unreadable. They become `\u0000` as text.

const forbidden =
  // eslint-disable-next-line no-control-regex -- finding control characters is the point
  /[\u0000-\u0008\u000B\u000C\u000E-\u001F\u007F-\u0084\u0086-\u009F\uFFFE\uFFFF]|[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g;

/** For the inside of an element. */
export function xmlText(text: string): string {
  return writable(text)
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("\r", "&#13;");
}

/** For an attribute, quotes included. Line breaks and tabs survive a reader's normalisation. */
export function xmlAttribute(text: string): string {
  return `"${xmlText(text).replaceAll('"', "&quot;").replaceAll("\n", "&#10;").replaceAll("\t", "&#9;")}"`;
}

function writable(text: string): string {
  return text.replaceAll(
    forbidden,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`,
  );
}
