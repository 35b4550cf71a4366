/** Entries of the package that are one module, built in both kinds. */
export const ENTRIES: readonly string[] = ['index', 'batch', 'fetch', 'redis', 'register', 'telemetry', 'testing'];

/**
 * Entries over an SDK. `module.exports` of theirs is the class, so that each kind has a module of its own.
 * Their declarations are written by hand, in `types/`.
 */
export const DROP_INS: readonly string[] = ['openai', 'anthropic', 'groq'];
