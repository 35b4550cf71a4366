import { type Firing, input, type InputSeries, MODEL, type RuleTest, type RuleTestFile } from './rule-test.ts';

/** Alerts that compare with the day before; samples minutes apart suffice. */

const CHAT = { ...MODEL, gen_ai_operation_name: 'chat' };
const PROVIDER = { gen_ai_provider_name: 'openai' };

const cost = (values: string, provider = 'openai'): InputSeries =>
  input('tidegate.cost', { ...CHAT, gen_ai_provider_name: provider, tidegate_cost_spent_on: 'answers' }, values);

const spike = (usd: string): Firing => ({
  labels: { severity: 'warning', job: 'app', ...PROVIDER },
  summary: 'LLM calls cost much more than a day ago.',
  description: `openai (app) has cost ${usd} USD in the last hour, or spends at such a rate now, mostly for gpt-5.1: more than 5 times the mean hour of the day before, and 1.5 times the most expensive one of a week. More calls, longer prompts, a more expensive model or cache misses: the panels of cost tell which. Stop what nobody has planned.`,
});

/** 12 USD an hour, and an hour of ten times that after 25 hours. */
const DEAR_HOUR = '0+0.2x1500 302+2x60 422.2+0.2x120';
/** The same, plus an hour of a batch at 240 USD from the tenth hour of each day. */
const NIGHTLY = '0+0.2x600 124+4x59 360.2+0.2x1379 640+4x59 876.2+0.2x60';

// Each provider has its own pattern; one run of promtool over so many hours serves all of them.
const SPIKE: RuleTest[] = [
  {
    alert: 'TidegateCostSpike',
    does: 'fires for an hour that costs far more than those of its own day, not for a batch of every night or a first day',
    interval: '1m',
    input: [cost(DEAR_HOUR), cost(NIGHTLY, 'groq'), cost('_x30 0+0.1x60 6+5x120', 'anthropic')],
    checks: [
      { at: '150m', situation: 'first-event', firing: [] },
      { at: '1500m', situation: 'quiet', firing: [] },
      { at: '1515m', situation: 'fires', firing: [spike('39.00')] },
      { at: '1540m', situation: 'fires', firing: [spike('84.00')] },
      { at: '1650m', situation: 'resolves', firing: [] },
      { at: '2090m', situation: 'quiet', firing: [] },
    ],
  },
];

const unpriced = (values: string): InputSeries => input('tidegate.cost.unpriced_calls', CHAT, values);
const noPrice: Firing = {
  labels: { severity: 'warning', job: 'app', ...MODEL },
  summary: 'A model without a price is in use.',
  description:
    'openai/gpt-5.1 (app) has answered 30 calls in an hour without a known price: their cost is missing from panels, budgets and spikes. Add the model, or the requested tier, to the prices of the guard.',
};

const UNPRICED: RuleTest[] = [
  {
    alert: 'TidegateModelUnpriced',
    does: 'fires for a model that the price list does not know, and resolves an hour after its last call',
    interval: '1m',
    input: [unpriced('0+1x60 60x120')],
    checks: [
      { at: '5m', situation: 'quiet', firing: [] },
      { at: '30m', situation: 'fires', firing: [noPrice] },
      { at: '130m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateModelUnpriced',
    does: 'stays quiet for a counter that begins with what came before it was scraped',
    interval: '1m',
    input: [unpriced('_x30 40x60')],
    checks: [{ at: '60m', situation: 'first-event', firing: [] }],
  },
];

const tokens = (kind: string, values: string, provider = 'openai'): InputSeries =>
  input('tidegate.tokens', { ...CHAT, gen_ai_provider_name: provider, tidegate_token_kind: kind }, values);

const fell: Firing = {
  labels: { severity: 'warning', job: 'app', ...MODEL },
  summary: 'LLM prompts are read from a cache much less.',
  description:
    'A release changed the beginning of prompts (a date, an order of tools), or calls come too rarely for the cache to last: openai/gpt-5.1 (app) reads 10% of its input from a prompt cache now, less than 50% of what it did over the day before. Input costs more, and where cached tokens are free of limits they are reached sooner.',
};

const CACHE: RuleTest[] = [
  {
    alert: 'TidegateCacheShareFell',
    does: 'fires when prompts are read from the cache no more, not where a batch never does at night, or a model never did',
    interval: '1m',
    input: [
      tokens('input', '0+40000x1800'),
      tokens('cache_read', '0+32000x1500 48004000+4000x119 48512000+32000x180'),
      tokens('input', '0+40000x2200', 'groq'),
      tokens('cache_read', '0+32000x600 19200000x119 19232000+32000x1319 61440000x160', 'groq'),
      tokens('input', '_x10 0+40000x300', 'anthropic'),
    ],
    checks: [
      { at: '200m', situation: 'first-event', firing: [] },
      { at: '1505m', situation: 'quiet', firing: [] },
      { at: '1515m', situation: 'fires', firing: [fell] },
      { at: '1720m', situation: 'resolves', firing: [] },
      { at: '2110m', situation: 'quiet', firing: [] },
    ],
  },
];

const CUT: RuleTest[] = [
  {
    alert: 'TidegateAnswersCut',
    does: 'leaves a model alone whose answers are always cut, as those of a classifier may be',
    interval: '1m',
    input: [
      input('tidegate.calls', { ...CHAT, tidegate_outcome: 'success' }, '0+10x1600'),
      input('tidegate.answers.cut', { ...CHAT, tidegate_cut_reason: 'length' }, '0+8x1600'),
    ],
    checks: [{ at: '1560m', situation: 'quiet', firing: [] }],
  },
];

export const HABIT_TESTS: RuleTestFile = {
  name: 'habits',
  evaluationInterval: '5m',
  alerts: ['TidegateCostSpike', 'TidegateModelUnpriced', 'TidegateCacheShareFell'],
  tests: [...SPIKE, ...UNPRICED, ...CACHE, ...CUT],
};
