import { type Firing, input, type InputSeries, MODEL, type RuleTest, type RuleTestFile } from './rule-test.ts';

const CHAT = { ...MODEL, gen_ai_operation_name: 'chat' };

const answered = (values: string): InputSeries =>
  input('tidegate.calls', { ...CHAT, tidegate_outcome: 'success' }, values);
const cut = (reason: string, values: string): InputSeries =>
  input('tidegate.answers.cut', { ...CHAT, tidegate_cut_reason: reason }, values);

const isCut = (reason: string, share: string, why: string): Firing => ({
  labels: { severity: 'warning', job: 'app', ...MODEL, tidegate_cut_reason: reason },
  summary: 'Many LLM answers are incomplete.',
  description: `openai/gpt-5.1 (app): ${share} of the answers of half an hour (threshold 10%, and 2 times the day before) ${why}. They count as successes, and the application gets half a text.`,
});
const LENGTH = 'were cut at their maximum length: raise max_tokens or ask for shorter answers';

const CUT: RuleTest[] = [
  {
    alert: 'TidegateAnswersCut',
    does: 'fires for answers that are cut at their length, and resolves',
    input: [answered('0+10x240'), cut('length', '0+2x60 120x180')],
    checks: [
      { at: '2m', situation: 'quiet', firing: [] },
      { at: '12m', situation: 'fires', firing: [isCut('length', '20%', LENGTH)] },
      { at: '90m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateAnswersCut',
    does: 'names a filter and a refusal, each with its own advice',
    input: [answered('0+10x60'), cut('content_filter', '0+3x60'), cut('refusal', '0+2x60')],
    checks: [
      {
        at: '12m',
        situation: 'fires',
        firing: [
          isCut('content_filter', '30%', 'were stopped by a content filter: check what has been asked since then'),
          isCut(
            'refusal',
            '20%',
            'were refused by the model: check what has been asked since then, and whether the model was changed',
          ),
        ],
      },
    ],
  },
  {
    alert: 'TidegateAnswersCut',
    does: 'stays quiet just below the share, and for the few answers of a quiet night',
    input: [answered('0+10x120'), cut('length', '0+0.9x120'), cut('refusal', '0x20 8x100')],
    checks: [{ at: '40m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateAnswersCut',
    does: 'stays quiet for a counter that begins with what came before it was scraped',
    input: [answered('0+10x120'), cut('length', '_x40 50x80')],
    checks: [{ at: '30m', situation: 'first-event', firing: [] }],
  },
];

const BOUNDS = ['5', '20', '+Inf'] as const;
const streams = (fast: string, all: string): InputSeries[] => [
  ...BOUNDS.map((le) =>
    input('tidegate.stream.first_chunk_seconds', { ...CHAT, le }, le === '5' ? fast : all, 'bucket'),
  ),
  input('tidegate.stream.first_chunk_seconds', CHAT, all, 'count'),
  // Fourteen seconds each.
  input('tidegate.stream.first_chunk_seconds', CHAT, all.replaceAll('10', '140'), 'sum'),
];
const WAIT = { ...MODEL, tidegate_wait_stage: 'pacer' };
const sent = (priority: string, values: string): InputSeries =>
  input('tidegate.wait.duration_seconds', { ...WAIT, tidegate_priority: priority }, values, 'count');
const waits = (values: string): InputSeries[] => [
  input(
    'tidegate.wait.duration_seconds',
    { ...WAIT, tidegate_priority: 'normal' },
    values.replaceAll('10', '200'),
    'sum',
  ),
  ...['10', '30', '+Inf'].map((le) =>
    input(
      'tidegate.wait.duration_seconds',
      { ...WAIT, tidegate_priority: 'normal', le },
      le === '10' ? '0x200' : values,
      'bucket',
    ),
  ),
];

const late = (cause: string, waited: string, advice: string): Firing => ({
  labels: { severity: 'warning', job: 'app', ...MODEL },
  summary: 'LLM streams begin late.',
  description: `${cause}: openai/gpt-5.1 (app) takes 14 seconds on average to the first chunk of a stream, and for one in twenty more than the objective of 10 seconds${waited}. ${advice}`,
});
const PROVIDER_SLOW = 'Shorten prompts, ask for less reasoning, or use a faster model or tier.';

const FIRST_CHUNK: RuleTest[] = [
  {
    alert: 'TidegateFirstChunkSlow',
    does: 'fires when streams begin later than the objective, and resolves',
    input: [...streams('0+5x40 210+10x160', '0+10x200'), sent('normal', '0+10x200')],
    checks: [
      { at: '4m', situation: 'quiet', firing: [] },
      { at: '12m', situation: 'fires', firing: [late('The provider is slow', '', PROVIDER_SLOW)] },
      { at: '60m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateFirstChunkSlow',
    does: 'says so when it is the wait for a limit that takes the time',
    input: [...streams('0+5x60', '0+10x60'), sent('normal', '0+10x60'), ...waits('0+10x60')],
    checks: [
      {
        at: '15m',
        situation: 'fires',
        firing: [
          late(
            'Calls wait here',
            '; before they are sent, calls wait 20 seconds here on average',
            'Slow down requests, raise the tier, or give what is not urgent the priority batch.',
          ),
        ],
      },
    ],
  },
  {
    alert: 'TidegateFirstChunkSlow',
    does: 'stays quiet for 50 seconds of it, which are more than one in twenty of ten minutes',
    interval: '20s',
    input: [...streams('0+10x30 300 300 305 315+10x90', '0+10x124'), sent('normal', '0+10x124')],
    checks: ['14m', '15m40s', '17m', '18m20s', '20m'].map((at) => ({ at, situation: 'quiet' as const, firing: [] })),
  },
  {
    alert: 'TidegateFirstChunkSlow',
    does: 'leaves calls that may take their time alone',
    input: [...streams('0+5x60', '0+10x60'), sent('batch', '0+9x60'), sent('normal', '0+1x60')],
    checks: [{ at: '20m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateFirstChunkSlow',
    does: 'stays quiet for the first few streams',
    input: [...streams('_x20 0x40', '_x20 0+1x20 20x20'), sent('normal', '_x20 0+1x20 20x20')],
    checks: [{ at: '25m', situation: 'first-event', firing: [] }],
  },
];

const tier = (asked: string, served: string, values: string): InputSeries =>
  input('tidegate.tier.answers', { ...CHAT, tidegate_tier_asked: asked, tidegate_tier_served: served }, values);
const lower = (asked: string, share: string, cause: string, advice: string): Firing => ({
  labels: { severity: 'warning', job: 'app', ...MODEL, tidegate_tier_asked: asked },
  summary: 'LLM calls are answered by another tier than they request.',
  description: `${cause}: ${share} of the answers of openai/gpt-5.1 (app) to calls that ask for the tier ${asked} came from the standard one (threshold 20%). ${advice}`,
});

const TIER: RuleTest[] = [
  {
    alert: 'TidegateTierDowngraded',
    does: 'fires for fast calls that are served as standard ones, and for flex that costs twice as much, and resolves',
    input: [
      tier('fast', 'fast', '0+7x200'),
      tier('fast', 'standard', '0+3x40 120x160'),
      tier('flex', 'standard', '0+1x40 40x160'),
      tier('flex', 'flex', '0+1x200'),
    ],
    checks: [
      { at: '2m', situation: 'quiet', firing: [] },
      {
        at: '15m',
        situation: 'fires',
        firing: [
          lower(
            'fast',
            '30%',
            "The account's share of a tier is used up, its traffic grew too fast, or it is not part of the contract",
            'They are slower than asked for.',
          ),
          lower(
            'flex',
            '50%',
            'Flex has no capacity',
            'They cost about twice as much: let them wait (onFlexUnavailable), or use batches.',
          ),
        ],
      },
      { at: '90m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateTierDowngraded',
    does: 'stays quiet just below the share, and for calls that ask for the standard tier',
    input: [
      tier('fast', 'fast', '0+8.1x100'),
      tier('fast', 'standard', '0+1.9x100'),
      tier('standard', 'standard', '0+10x100'),
    ],
    checks: [{ at: '40m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateTierDowngraded',
    does: 'stays quiet for the first few answers',
    input: [tier('fast', 'standard', '_x10 1+1x6 7x60')],
    checks: [{ at: '20m', situation: 'first-event', firing: [] }],
  },
];

const repeated = (layer: string, values: string): InputSeries =>
  input('tidegate.repeated_calls', { ...CHAT, tidegate_retry_layer: layer }, values);
const twice = (layer: string, name: string, count: string, turnOff: string): Firing => ({
  labels: { severity: 'warning', job: 'app', ...MODEL, tidegate_retry_layer: layer },
  summary: 'A layer above repeats LLM calls.',
  description: `${name} sends calls of openai/gpt-5.1 (app) again that had just failed: ${count} in half an hour (threshold 1% of its calls). Two layers retry, which multiplies the requests of an outage. ${turnOff}`,
});

const LAYER: RuleTest[] = [
  {
    alert: 'TidegateSecondRetryLayer',
    does: 'fires and names the layer whose retries to turn off, and resolves',
    input: [answered('0+10x240'), repeated('ai_sdk', '0+1x40 40x200')],
    checks: [
      { at: '3m', situation: 'quiet', firing: [] },
      { at: '12m', situation: 'fires', firing: [twice('ai_sdk', 'The AI SDK', '24', 'Set its maxRetries to 0.')] },
      { at: '90m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateSecondRetryLayer',
    does: 'stays quiet for a share that an application makes itself',
    input: [answered('0+200x120'), repeated('unknown', '0+1x120')],
    checks: [{ at: '50m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateSecondRetryLayer',
    does: 'stays quiet for a counter that begins with what came before it was scraped',
    input: [answered('0+10x120'), repeated('unknown', '_x20 15x100')],
    checks: [{ at: '30m', situation: 'first-event', firing: [] }],
  },
];

const BULKHEAD = { gen_ai_provider_name: 'openai', tidegate_bulkhead: 'openai/gpt-5.1' };
const share = (values: string): InputSeries => input('tidegate.queue.tenant_share_ratio', BULKHEAD, values);
const urgent = (values: string): InputSeries => input('tidegate.queue.urgent', BULKHEAD, values);
const floods: Firing = {
  labels: { severity: 'info', job: 'app', ...BULKHEAD },
  summary: 'One tenant has nearly all waiting LLM calls.',
  description:
    "openai (app): 95% of the calls that wait in openai/gpt-5.1 are of one tenant (threshold 80%); guard.snapshot() names it. The others get their share in turn; look whether that tenant's load is meant.",
};

const TENANT: RuleTest[] = [
  {
    alert: 'TidegateTenantFloods',
    does: 'tells of a tenant that fills the queue, and ends',
    input: [share('0.3x20 0.95x40 0.3x80'), urgent('50x140')],
    checks: [
      { at: '9m', situation: 'quiet', firing: [] },
      { at: '24m', situation: 'fires', firing: [floods] },
      { at: '55m', situation: 'resolves', firing: [] },
    ],
  },
  {
    alert: 'TidegateTenantFloods',
    does: 'stays quiet for a short queue, and for a batch that waits by design',
    input: [share('1x80'), urgent('5x80')],
    checks: [{ at: '30m', situation: 'quiet', firing: [] }],
  },
  {
    alert: 'TidegateTenantFloods',
    does: 'sees a queue that is flooded from its first report on',
    input: [share('_x10 0.95x60'), urgent('_x10 50x60')],
    checks: [{ at: '12m', situation: 'first-event', firing: [floods] }],
  },
];

export const ANSWER_TESTS: RuleTestFile = {
  name: 'answers',
  evaluationInterval: '1m',
  alerts: [
    'TidegateAnswersCut',
    'TidegateFirstChunkSlow',
    'TidegateTierDowngraded',
    'TidegateSecondRetryLayer',
    'TidegateTenantFloods',
  ],
  tests: [...CUT, ...FIRST_CHUNK, ...TIER, ...LAYER, ...TENANT],
};
