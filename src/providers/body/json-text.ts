/**
 * Whether a text that should be JSON ends before its value does. A connection that was closed cleanly too early shows
 * nowhere else.
 */
export function isCutJson(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (inString) {
      if (code === BACKSLASH) index++;
      else if (code === QUOTE) inString = false;
    } else if (code === QUOTE) inString = true;
    else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++;
    else if (code === CLOSE_BRACE || code === CLOSE_BRACKET) depth--;
  }
  return depth > 0 || inString || text.trim() === '';
}

/** The same, from the two ends of a text that is too long to be read twice. */
export function looksCut(text: string): boolean {
  const first = text.charCodeAt(0);
  const last = text.trimEnd().at(-1);
  return (first === OPEN_BRACE && last !== '}') || (first === OPEN_BRACKET && last !== ']');
}

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
