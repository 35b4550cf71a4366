import { afterAll } from 'vitest';

const OPENTELEMETRY = Symbol.for('opentelemetry.js.api.1');
const GLOBALS = ['Date', 'fetch', 'performance', 'setImmediate', 'setInterval', 'setTimeout'] as const;
const EVENTS = ['uncaughtException', 'unhandledRejection', 'warning'] as const;

/** What a file of tests may change, and the next one of its worker would meet. */
function state(): Map<string, unknown> {
  const registered = (globalThis as { [OPENTELEMETRY]?: object })[OPENTELEMETRY] ?? {};
  return new Map<string, unknown>([
    ...Object.entries(process.env).map(([name, value]) => [`process.env.${name}`, value] as const),
    // `vi.unstubAllEnvs` deletes from the object that the worker began with.
    ['process.env', process.env],
    ['process.cwd()', process.cwd()],
    ['process.exitCode', process.exitCode],
    ...GLOBALS.map((name) => [name, globalThis[name]] as const),
    ...EVENTS.map((event) => [`listeners of ${event}`, process.listenerCount(event)] as const),
    ...Object.entries(registered).map(([name, part]) => [`${name} of OpenTelemetry`, part] as const),
  ]);
}

// Whoever uses the API sets its version.
const known = new Set(['version of OpenTelemetry']);
const found = state();

afterAll(() => {
  const left = state();
  const changed = new Set([...found.keys(), ...left.keys()].filter((name) => found.get(name) !== left.get(name)));
  const names = [...changed].filter((name) => !known.has(name));
  // Names alone: a value may be a key.
  if (names.length > 0) throw new Error(`Tests of a shared worker have left these changed: ${names.join(', ')}`);
});
