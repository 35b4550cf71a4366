export type JsonObject = Readonly<Record<string, unknown>>;

export function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}

export function asText(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The parsed value, or undefined for text that is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** Whether a text is going to be an object or a list, if it is JSON at all. */
export function beginsAsJson(text: string): boolean {
  return /^\s*[[{]/.test(text);
}

/** Whether a text is a complete object or list, whatever follows it. */
export function isWholeJson(text: string): boolean {
  return beginsAsJson(text) && /[\]}]\s*$/.test(text) && parseJson(text) !== undefined;
}
