/** Entries that are a single module, built as ESM and CommonJS. */
export const ENTRIES: readonly string[] = ['index', 'batch', 'fetch', 'redis', 'register', 'telemetry', 'testing'];

/**
 * Entries over an SDK. Their `module.exports` is the class, so each kind has a module of its own. Their declarations
 * are written by hand, in `types/`.
 */
export const DROP_INS: readonly string[] = ['openai', 'anthropic', 'groq'];
