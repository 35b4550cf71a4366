import type { RetryLayer } from '../core/event-values.ts';

interface KnownLayer {
  readonly layer: RetryLayer;
  readonly name: string;
  /** In the `user-agent` of the request. */
  readonly agent?: RegExp;
  /** In a path of the stack that sent it. */
  readonly stack?: RegExp;
  /** How its retries are turned off. */
  readonly off: string;
}

/** A folder of `node_modules`, whatever the separator, and in pnpm's store too. */
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

/** What a request that was sent again says about who did so. */
export interface Traces {
  readonly userAgent: string | undefined;
  /** The SDK's own header counts it as a retry. */
  readonly sdkRetry: boolean;
  readonly stack: string | undefined;
}

/** Which layer sent again, judging by the request. An SDK's own retry count is proof; names are not. */
export function recognizeLayer({ userAgent, sdkRetry, stack }: Traces): KnownLayer {
  if (sdkRetry) return SDK;
  const found = LAYERS.find(
    (each) =>
      (userAgent !== undefined && each.agent?.test(userAgent)) || (stack !== undefined && each.stack?.test(stack)),
  );
  return found ?? UNKNOWN;
}
