/** The part of a client of `ioredis` or `iovalkey` that is used. */
export interface IoredisClient {
  evalsha(sha: string, keys: number, ...keysAndArguments: string[]): Promise<unknown>;
  eval(script: string, keys: number, ...keysAndArguments: string[]): Promise<unknown>;
}

interface ScriptInput {
  readonly keys: string[];
  readonly arguments: string[];
}

/** The part of a client of `redis` that is used. */
export interface NodeRedisClient {
  evalSha(sha: string, input: ScriptInput): Promise<unknown>;
  eval(script: string, input: ScriptInput): Promise<unknown>;
}

/** The part of a client of `@valkey/valkey-glide` that is used. */
export interface GlideClient {
  customCommand(args: string[]): Promise<unknown>;
}

/** A connected client of `ioredis`, `iovalkey`, `redis` or `@valkey/valkey-glide`: of one server, a cluster, or behind Sentinels. */
export type RedisClient = IoredisClient | NodeRedisClient | GlideClient;

/** Runs one script, whether or not the server has it cached. */
export type RunScript = (keys: string[], argument: string) => Promise<unknown>;

/** Undefined if the client is of no known kind. */
export function scriptRunner(client: RedisClient, script: string, sha: string): RunScript | undefined {
  const evaluate = evaluator(client);
  if (!evaluate) return undefined;
  return async (keys, argument) => {
    try {
      return await evaluate('sha', sha, keys, argument);
    } catch (error) {
      if (!UNKNOWN_SCRIPT.test(messageOf(error))) throw error;
      return evaluate('text', script, keys, argument);
    }
  };
}

/** The server's wording, and Glide's. */
const UNKNOWN_SCRIPT = /^NOSCRIPT|NoScriptError/;

type Evaluate = (by: 'sha' | 'text', script: string, keys: string[], argument: string) => Promise<unknown>;

function evaluator(client: RedisClient): Evaluate | undefined {
  const given: unknown = client;
  if (typeof given !== 'object' || given === null) return undefined;
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
  if ('customCommand' in client && typeof client.customCommand === 'function') {
    return (by, script, keys, argument) =>
      client.customCommand([by === 'sha' ? 'EVALSHA' : 'EVAL', script, String(keys.length), ...keys, argument]);
  }
  return undefined;
}

function messageOf(error: unknown): string {
  return typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : '';
}
