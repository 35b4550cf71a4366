/** Members through which every generation of the SDKs sends a request. */
const SENDING = ['makeRequest', 'buildRequest', 'request', 'post', 'fetchWithTimeout'] as const;

/** Methods that a test stubs when it replaces a client. */
const CALLS = [
  ['chat', 'completions', 'create'],
  ['messages', 'create'],
  ['responses', 'create'],
  ['embeddings', 'create'],
] as const;

/**
 * Whether a class that a module exports under an SDK's name is a test's stand-in: it has nothing that could send a
 * request. A real SDK, of a supported version or not, always has.
 */
export function isStandInClass(candidate: unknown): boolean {
  if (typeof candidate !== 'function') return false;
  return isMock(candidate) || !sends(candidate.prototype as unknown);
}

/**
 * Whether an object is a test's stand-in for a client: it has some of a client's calls, or a client's name, but neither
 * an address nor anything that could send a request there.
 */
export function isStandIn(client: object, named: boolean): boolean {
  if (sends(client) || typeof (client as { baseURL?: unknown }).baseURL === 'string') return false;
  return named || isMock(client.constructor) || CALLS.some((path) => typeof follow(client, path) === 'function');
}

function sends(value: unknown): boolean {
  if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return false;
  return SENDING.some((name) => {
    const method = (value as Record<string, unknown>)[name];
    return typeof method === 'function' && !isMock(method);
  });
}

/** Functions of Jest and of vitest say so themselves; sinon's as well. */
function isMock(value: unknown): boolean {
  if (typeof value !== 'function') return false;
  const { _isMockFunction, isSinonProxy } = value as { _isMockFunction?: unknown; isSinonProxy?: unknown };
  return _isMockFunction === true || isSinonProxy === true;
}

function follow(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((at, name) => (at as Record<string, unknown> | null | undefined)?.[name], value);
}

/** Reported only when a stand-in is met: in production, that reveals a bundler's alias. */
export function standInMessage(name: string): string {
  return `${name} is a test double of an SDK's client: its calls pass through unguarded.`;
}
