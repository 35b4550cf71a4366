/** What is used of a client of `ioredis` or `iovalkey`. */
export interface IoredisClient {
  evalsha(sha: string, keys: number, ...keysAndArguments: string[]): Promise<unknown>;
  eval(script: string, keys: number, ...keysAndArguments: string[]): Promise<unknown>;
}

interface ScriptInput {
  readonly keys: string[];
  readonly arguments: string[];
}

/** What is used of a client of `redis`. */
export interface NodeRedisClient {
  evalSha(sha: string, input: ScriptInput): Promise<unknown>;
  eval(script: string, input: ScriptInput): Promise<unknown>;
}

/** A connected client of `ioredis`, `iovalkey` or `redis`: of one server, a cluster, or behind Sentinels. */
export type RedisClient = IoredisClient | NodeRedisClient;

/** Runs one script, that the server may know or not. */
export type RunScript = (keys: string[], argument: string) => Promise<unknown>;

/** Undefined where it is no client that is known. */
export function scriptRunner(client: RedisClient, script: string, sha: string): RunScript | undefined {
  const evaluate = evaluator(client);
  if (!evaluate) return undefined;
  return async (keys, argument) => {
    try {
      return await evaluate('sha', sha, keys, argument);
    } catch (error) {
      if (!/^NOSCRIPT/.test(messageOf(error))) throw error;
      return evaluate('text', script, keys, argument);
    }
  };
}

type Evaluate = (by: 'sha' | 'text', script: string, keys: string[], argument: string) => Promise<unknown>;

function evaluator(client: RedisClient): Evaluate | undefined {
  if ('evalsha' in client && typeof client.evalsha === 'function') {
    return (by, script, keys, argument) =>
      by === 'sha'
        ? client.evalsha(script, keys.length, ...keys, argument)
        : client.eval(script, keys.length, ...keys, argument);
  }
  if ('evalSha' in client && typeof client.evalSha === 'function') {
    return (by, script, keys, argument) => {
      const input = { keys, arguments: [argument] };
      return by === 'sha' ? client.evalSha(script, input) : client.eval(script, input);
    };
  }
  return undefined;
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : '';
}

/** Why a store is of no use; value of a label. Nothing of the error's text is passed on. */
export type StoreFault =
  | 'timeout'
  | 'connection'
  | 'auth'
  | 'permission'
  | 'read_only'
  | 'out_of_memory'
  | 'loading'
  | 'cluster_down'
  | 'unsupported'
  | 'other';

const FAULTS: readonly (readonly [RegExp, StoreFault])[] = [
  [/^(WRONGPASS|NOAUTH|ERR AUTH)|invalid (username-)?password/i, 'auth'],
  [/^NOPERM|NOPERM/, 'permission'],
  [/READONLY|MASTERDOWN|NOREPLICAS/, 'read_only'],
  [/^OOM|OOM command/, 'out_of_memory'],
  [/^LOADING|^BUSY/, 'loading'],
  [/CLUSTERDOWN|TRYAGAIN|MOVED|ASK/, 'cluster_down'],
  [/unknown command|cmsgpack|cjson|nil value|attempt to/i, 'unsupported'],
  [/timed? ?out|No answer within/i, 'timeout'],
  [/closed|connect|ECONN|socket|offline|max retries|EPIPE|stream isn't writeable/i, 'connection'],
];

export function storeFault(error: unknown): StoreFault {
  const message = messageOf(error);
  return FAULTS.find(([pattern]) => pattern.test(message))?.[1] ?? 'other';
}
