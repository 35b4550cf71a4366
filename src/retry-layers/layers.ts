import type { RetryLayer } from '../core/event-values.ts';

interface KnownLayer {
  readonly layer: RetryLayer;
  readonly name: string;
  /** Matches the request's `user-agent`. */
  readonly agent?: RegExp;
  /** Matches a path in the stack of the sender. */
  readonly stack?: RegExp;
  /** How to turn off its retries. */
  readonly off: string;
}

/** A folder of `node_modules`, with either separator, including pnpm's store. */
const inPackage = (name: string): RegExp => new RegExp(`[/\\\\]node_modules[/\\\\]${name}[/\\\\]`);

/** Most specific first: frameworks retry through libraries and send through SDKs. */
const LAYERS: readonly KnownLayer[] = [
  {
    layer: 'ai_sdk',
    name: 'the AI SDK',
    agent: /\bai-sdk\/|^ai\/\d/,
    stack: inPackage('(?:ai|@ai-sdk[/\\\\][\\w-]+)'),
    off: '`maxRetries: 0` in the options of generateText, streamText and the like',
  },
  {
    layer: 'langchain',
    name: 'LangChain',
    agent: /\blangchain/i,
    stack: inPackage('@langchain[/\\\\][\\w-]+'),
    off: '`maxRetries: 0` in the options of the model',
  },
  {
    layer: 'openai_agents',
    name: 'the OpenAI Agents SDK',
    agent: /\bAgents\/JavaScript\b/,
    stack: inPackage('@openai[/\\\\]agents[\\w-]*'),
    off: 'no `retry` in the modelSettings of agents and runs',
  },
  {
    layer: 'llamaindex',
    name: 'LlamaIndex',
    stack: inPackage('(?:llamaindex|@llamaindex[/\\\\][\\w-]+)'),
    off: '`maxRetries: 0` in the options of the LLM',
  },
  { layer: 'p_retry', name: 'p-retry', stack: inPackage('p-retry'), off: '`retries: 0` there, or no pRetry around it' },
  { layer: 'cockatiel', name: 'cockatiel', stack: inPackage('cockatiel'), off: 'no retry policy around it' },
];

const UNKNOWN: KnownLayer = {
  layer: 'unknown',
  name: 'a layer above',
  off: 'its own option for retries (often `maxRetries: 0` or `retries: 0`)',
};

const SDK: KnownLayer = {
  layer: 'sdk',
  name: 'the SDK that was given the guarded fetch',
  off: '`maxRetries: 0` in the options of its client',
};

/** What a repeated request reveals about its sender. */
export interface Traces {
  readonly userAgent: string | undefined;
  /** The SDK's own header counts it as a retry. */
  readonly sdkRetry: boolean;
  readonly stack: string | undefined;
}

/** The layer that repeated a request. An SDK's own retry count is proof; names are not. */
export function recognizeLayer({ userAgent, sdkRetry, stack }: Traces): KnownLayer {
  if (sdkRetry) return SDK;
  const found = LAYERS.find(
    (each) =>
      (userAgent !== undefined && each.agent?.test(userAgent)) || (stack !== undefined && each.stack?.test(stack)),
  );
  return found ?? UNKNOWN;
}
