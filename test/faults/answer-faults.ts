import { setTimeout as wait } from 'node:timers/promises';
import { batch } from 'tidegate/batch';
import { type Fault, faults, ordinary, released, ROOMY } from './fault.ts';
import type { Service } from './service.ts';

const PRICES = { 'gpt-5.1': { input: 1, output: 8 }, 'gpt-5.1-pro': { input: 15_000, output: 120_000 } };

/** Long enough for a provider's prompt cache. */
const INSTRUCTIONS = 'Say whether this message is spam, and why you think so. '.repeat(110);

/** Faults in answers, cost, and what an application does around its calls. */
export const ANSWER_FAULTS: readonly Fault[] = [
  {
    id: 'burn',
    what: 'three of ten calls exceed their deadline',
    expected: ['TidegateCallErrorBudgetBurn'],
    severity: 'critical',
    says: /failed \d+% of its calls over 1 hour, mostly because they run into their deadline/,
    due: { minutes: 10, because: 'a burn rate is as slow as its windows' },
    stage: ordinary({ guard: { deadlineMs: 4_000 }, begin: faults({ rates: { hang: 0.3 } }) }),
  },
  {
    id: 'all-late',
    what: 'callers give up before any answer arrives',
    expected: ['TidegateCallsFailing'],
    severity: 'critical',
    says: /they run into their deadline/,
    stage: ordinary({
      guard: { deadlineMs: 3_000 },
      begin: ({ simulator }) => simulator.update({ latency: { baseMs: 6_000, jitter: 0.2 } }),
    }),
  },
  {
    id: 'answers-cut',
    what: 'a release asks for eight tokens, and every answer is cut',
    expected: ['TidegateAnswersCut'],
    severity: 'warning',
    says: /cut at their maximum length/,
    stage: released(() => {
      let maxTokens = 200;
      return { provider: 'openai', rate: 2, ask: () => ({ maxTokens }), begin: () => (maxTokens = 8) };
    }),
  },
  {
    id: 'cache-lost',
    what: 'a release puts the time before each prompt, so that the cache is never hit',
    expected: ['TidegateCacheShareFell'],
    severity: 'warning',
    says: /^A release changed the beginning of prompts/,
    history: () =>
      ['tidegate:cache:ratio1h', 'tidegate:cache:ratio10m'].map((name) => ({
        name,
        labels: { gen_ai_provider_name: 'openai', gen_ai_request_model: 'gpt-5.1' },
        value: 0.7,
        from: 26 * 3_600,
      })),
    stage: released(() => {
      let turn = 0;
      let begins = (): string => '';
      return {
        provider: 'openai',
        rate: 2,
        ask: () => ({ prompt: `${begins()}${INSTRUCTIONS} ${turn++}` }),
        begin: () => (begins = () => `It is ${new Date().toISOString()}. `),
      };
    }),
  },
  {
    id: 'tier-lower',
    what: 'calls that request the priority tier are answered by the standard tier',
    expected: ['TidegateTierDowngraded'],
    severity: 'warning',
    says: /ask for the tier priority came from the standard one/,
    stage: ordinary({
      provider: 'openai',
      rate: 2,
      ask: () => ({ tier: 'priority' }),
      front: {
        well: { edit: (body) => body.replace('"service_tier":"default"', '"service_tier":"priority"') },
        ill: {},
      },
    }),
  },
  {
    id: 'unpriced',
    what: 'a model without a price is used',
    expected: ['TidegateModelUnpriced'],
    severity: 'warning',
    says: /without a known price/,
    stage: ordinary({
      provider: 'openai',
      guard: { prices: PRICES },
      begin: ({ service }) => void service.steady(1, () => ({ model: 'gpt-6' })),
    }),
  },
  {
    id: 'over-budget',
    what: 'an expensive model exceeds the daily budget',
    expected: ['TidegateCostOverBudget'],
    severity: 'warning',
    says: /has spent .* USD on LLM calls in 24 hours/,
    stage: ordinary({
      provider: 'openai',
      guard: { prices: PRICES },
      begin: ({ service }) => void service.steady(1, () => ({ model: 'gpt-5.1-pro' })),
    }),
  },
  {
    id: 'second-layer',
    what: 'a layer above repeats failed calls, three times',
    expected: ['TidegateSecondRetryLayer'],
    severity: 'warning',
    says: /^Something above the client sends calls of .* again/,
    stage: async (set) => {
      const simulator = await set.simulator({ provider: 'openai', limits: ROOMY });
      const service = await set.service({
        provider: 'openai',
        url: simulator.url,
        guard: { retry: { maxAttempts: 2 } },
      });
      let turn = 0;
      // Twenty callers with a wait between: some two calls a second.
      const ends = Array.from({ length: 20 }, () => caller(service, () => `Is this spam? ${turn++}`));
      set.keep(() => ends.forEach((end) => end()));
      return {
        targets: () => [service.target],
        begin: () => simulator.update({ faults: { rates: { server_error: 0.2 } } }),
        close: () => set.close(),
      };
    },
  },
  {
    id: 'batch-stalled',
    what: 'the workers of a batch wait for an event that never comes',
    expected: ['TidegateBatchStalled'],
    severity: 'warning',
    says: /no item has been finished for nine minutes/,
    stage: async (set) => {
      const simulator = await set.simulator({ provider: 'openai', limits: ROOMY });
      const service = await set.service({ provider: 'openai', url: simulator.url });
      let stuck = false;
      const stop = new AbortController();
      const run = batch(
        Array.from({ length: 100_000 }, (_, index) => index),
        async () => {
          if (stuck) await new Promise(() => {});
          await service.send();
          await wait(1_000);
        },
        { guard: service.guard, maxConcurrent: 2, signal: stop.signal, dedupe: false },
      );
      const read = (async () => {
        for await (const result of run) void result;
      })().catch(() => {});
      set.keep(async () => {
        stop.abort();
        await Promise.race([read, wait(1_000)]);
      });
      return {
        targets: () => [service.target],
        begin: () => {
          stuck = true;
        },
        close: () => set.close(),
      };
    },
  },
];

/** Repeats a call with the same body after a failure, as retry libraries do. */
function caller(service: Service, next: () => string): () => void {
  const stopped = new AbortController();
  void (async () => {
    while (!stopped.signal.aborted) {
      const prompt = next();
      for (let attempt = 0; attempt < 4; attempt++) {
        try {
          await service.send({ prompt });
          break;
        } catch {
          await wait(500);
        }
      }
      await wait(5_000 + Math.random() * 10_000);
    }
  })();
  return () => stopped.abort();
}
