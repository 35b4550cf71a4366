/** Only the end of a longer text is read: every provider puts the wanted member there. */
const WINDOW_CHARS = 65_536;

const QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;

/**
 * Text of the last member `key` of a JSON object, found from its end without parsing the rest: a top-level one, or
 * one `level` objects deep. One pass over at most 64 K characters, whatever they are. Undefined where there is no
 * such member in them.
 */
export function lastMember(json: string, key: string, level = 1): string | undefined {
  const text = json.slice(-WINDOW_CHARS);
  let depth = 0;
  let valueEnd = -1;
  for (let at = text.length - 1; at >= 0; at--) {
    switch (text.charCodeAt(at)) {
      case QUOTE: {
        const start = openingQuote(text, at);
        if (start === -1) return undefined;
        if (depth === level && at - start - 1 === key.length && text.startsWith(key, start + 1)) {
          const colon = skipSpace(text, at + 1);
          if (text.charCodeAt(colon) === COLON) return text.slice(colon + 1, valueEnd);
        }
        at = start;
        break;
      }
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        if (++depth === level) valueEnd = at;
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        if (--depth <= 0) return undefined;
        break;
      case COMMA:
        if (depth === level) valueEnd = at;
        break;
    }
  }
  return undefined;
}

/** The quote that opens the string which ends at `closing`; -1 where the text begins inside of it. */
function openingQuote(text: string, closing: number): number {
  for (let at = closing - 1; at >= 0; at--) {
    at = text.lastIndexOf('"', at);
    if (at === -1) return -1;
    let escapes = 0;
    while (text.charCodeAt(at - 1 - escapes) === BACKSLASH) escapes++;
    if (escapes % 2 === 0) return at;
  }
  return -1;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) <= 32) at++;
  return at;
}
