import {
  type Alert,
  BY_MODEL,
  BY_PROVIDER,
  lookupOf,
  MODEL,
  percent,
  pieces,
  PROVIDER,
  type RuleContext,
  URGENT,
} from '../alert.ts';
import { BY_CUT } from '../signal-rules.ts';
import { choice, duration, mean, share, spoken } from '../number-templates.ts';

const BY_BULKHEAD = `${BY_PROVIDER}, tidegate_bulkhead`;

const BY_ASKED = `${BY_MODEL}, tidegate_tier_asked`;

const DAY_BEFORE = 'avg_over_time(tidegate:cache:ratio1h[1d] offset 1h)';

const WHY_CUT = [
  '{{ if eq $labels.tidegate_cut_reason "length" }}were cut at their maximum length: raise max_tokens or ask for shorter answers',
  '{{ else if eq $labels.tidegate_cut_reason "content_filter" }}were stopped by a content filter: check what has been asked since then',
  '{{ else if eq $labels.tidegate_cut_reason "refusal" }}were refused by the model: check what has been asked since then, and whether the model was changed',
  '{{ else }}came with an error beside them: check the events answer.error of the application{{ end }}',
].join('');

const LAYER_NAMES = {
  ai_sdk: 'The AI SDK',
  langchain: 'LangChain',
  openai_agents: 'The OpenAI Agents SDK',
  llamaindex: 'LlamaIndex',
  sdk: 'An SDK that is not guarded itself',
  p_retry: 'p-retry',
  cockatiel: 'cockatiel',
} as const;

const LAYERS_OFF = {
  ai_sdk: 'Set its maxRetries to 0.',
  langchain: 'Set its maxRetries to 0.',
  openai_agents: 'Give it no retry policy.',
  llamaindex: 'Set its maxRetries to 0.',
  sdk: 'Set its maxRetries to 0.',
  p_retry: 'Take it away.',
  cockatiel: 'Take its retry policy away.',
} as const;

/** Quality of answers, and what happens to their calls. */
export function answerAlerts({ series, thresholds }: RuleContext): Alert[] {
  const { queue, answers, circuit } = thresholds;
  const cut = `sum by (${BY_CUT}) (${pieces('tidegate:answers_cut:increase5m', 6)})`;
  const cached = (how: string): string => `${answers.cacheFall} * ${how}`;
  const repeated = `sum by (${BY_MODEL}, tidegate_retry_layer) (${pieces('tidegate:repeated:increase5m', 6)})`;
  const calls = `sum by (${BY_MODEL}) (${pieces('tidegate:calls:increase5m', 6)})`;
  const tiers = (matchers: string): string =>
    `sum by (${BY_ASKED}) (${pieces(`tidegate:tier_answers:increase5m{${matchers}}`, 6)})`;
  const lower = tiers('tidegate_tier_asked!="standard",tidegate_tier_served="standard"');
  const averaged = (name: 'tidegate.queue.tenant_share_ratio' | 'tidegate.queue.urgent'): string =>
    `avg_over_time(${series(name)}[5m])`;
  return [
    {
      name: 'TidegateAnswersCut',
      // `unless` rather than a comparison: without a day of history there is no habit, and it still counts.
      expr: [
        `(tidegate:answers_cut:ratio30m > ${answers.cutRatio})`,
        `and (${cut} >= ${answers.cut})`,
        `unless (tidegate:answers_cut:ratio30m <= ${answers.cutFactor} * (tidegate:answers_cut:ratio30m offset 1d))`,
      ].join('\n'),
      for: '2m',
      keepFiringFor: '15m',
      severity: 'warning',
      summary: 'Many LLM answers are incomplete.',
      description: `${MODEL}: ${share()} of the answers of half an hour (threshold ${percent(answers.cutRatio)}, and ${answers.cutFactor} times the day before) ${WHY_CUT}. They count as successes, and the application gets half a text.`,
    },
    {
      name: 'TidegateCacheShareFell',
      // A level that is usual at this hour has not dropped. Ten minutes decide if they hold enough calls, else an hour
      // does.
      expr: [
        `(((tidegate:cache:ratio10m < ${cached(DAY_BEFORE)}) unless (tidegate:cache:ratio10m >= ${cached('min_over_time(tidegate:cache:ratio10m[1h] offset 1410m)')}))`,
        `or ((tidegate:cache:ratio1h < ${cached(DAY_BEFORE)}) unless (tidegate:cache:ratio1h >= ${cached('(tidegate:cache:ratio1h offset 1d)')}) unless tidegate:cache:ratio10m))`,
        `and (${DAY_BEFORE} > ${answers.cacheShare})`,
      ].join('\n'),
      for: '2m',
      keepFiringFor: '15m',
      severity: 'warning',
      summary: 'LLM prompts are read from a cache much less.',
      description: `A release changed the beginning of prompts (a date, an order of tools), or calls come too rarely for the cache to last: ${MODEL} reads ${share()} of its input from a prompt cache now, less than ${percent(answers.cacheFall)} of what it did over the day before. Input costs more, and where cached tokens are free of limits they are reached sooner.`,
    },
    {
      name: 'TidegateFirstChunkSlow',
      // Calls held back by a circuit start late as well; the circuit's own alert reports that.
      expr: [
        `(tidegate:first_chunk:p95_10m > ${answers.firstChunkSeconds})`,
        `and (tidegate:first_chunk:p95_4m > ${answers.firstChunkSeconds})`,
        `unless on (${BY_PROVIDER}) (max by (${BY_PROVIDER}) (max_over_time(tidegate:circuit:not_closed[15m])) > ${circuit.actingShare})`,
      ].join('\n'),
      for: '6m',
      keepFiringFor: '15m',
      severity: 'warning',
      summary: 'LLM streams begin late.',
      description: `${waited(series)}${begins(series)}{{ if gt $waited ${(answers.firstChunkSeconds / 2).toFixed(3)} }}Calls wait here{{ else }}The provider is slow{{ end }}: ${MODEL} takes {{ if gt $begins 0.0 }}${duration('$begins')} on average{{ else }}long{{ end }} to the first chunk of a stream, and for one in twenty more than the objective of ${spoken(answers.firstChunkSeconds)}{{ if gt $waited 0.0 }}; before they are sent, calls wait ${duration('$waited')} here on average{{ end }}. {{ if gt $waited ${(answers.firstChunkSeconds / 2).toFixed(3)} }}Slow down requests, raise the tier, or give what is not urgent the priority batch.{{ else }}Shorten prompts, ask for less reasoning, or use a faster model or tier.{{ end }}`,
    },
    {
      name: 'TidegateTierDowngraded',
      expr: `(${lower} / (${tiers('')} > 0) > ${answers.tierRatio})\nand (${lower} >= ${answers.tierAnswers})`,
      for: '2m',
      keepFiringFor: '15m',
      severity: 'warning',
      summary: 'LLM calls are answered by another tier than they request.',
      description: `{{ if eq $labels.tidegate_tier_asked "flex" }}Flex has no capacity{{ else }}The account's share of a tier is used up, its traffic grew too fast, or it is not part of the contract{{ end }}: ${share()} of the answers of ${MODEL} to calls that ask for the tier {{ $labels.tidegate_tier_asked }} came from the standard one (threshold ${percent(answers.tierRatio)}). {{ if eq $labels.tidegate_tier_asked "flex" }}They cost about twice as much: let them wait (onFlexUnavailable), or use batches.{{ else }}They are slower than asked for.{{ end }}`,
    },
    {
      name: 'TidegateSecondRetryLayer',
      expr: `(${repeated} >= ${answers.repeated})\nand on (${BY_MODEL}) (sum by (${BY_MODEL}) (${repeated}) / (${calls} > 0) > ${answers.repeatedRatio})`,
      for: '2m',
      keepFiringFor: '15m',
      severity: 'warning',
      summary: 'A layer above repeats LLM calls.',
      description: `${choice('$labels.tidegate_retry_layer', LAYER_NAMES, 'Something above the client')} sends calls of ${MODEL} again that had just failed: {{ printf "%.0f" $value }} in half an hour (threshold ${percent(answers.repeatedRatio)} of its calls). Two layers retry, which multiplies the requests of an outage. ${choice('$labels.tidegate_retry_layer', LAYERS_OFF, 'Find what calls again, and turn off its retries.')}`,
    },
    {
      name: 'TidegateTenantFloods',
      expr: [
        `(max by (${BY_BULKHEAD}) (${averaged('tidegate.queue.tenant_share_ratio')}) > ${answers.tenantShare})`,
        `and (sum by (${BY_BULKHEAD}) (${averaged('tidegate.queue.urgent')}) > ${queue.idleQueue})`,
      ].join('\n'),
      for: '2m',
      keepFiringFor: '10m',
      severity: 'info',
      summary: 'One tenant has nearly all waiting LLM calls.',
      description: `${PROVIDER}: ${share()} of the calls that wait in {{ $labels.tidegate_bulkhead }} are of one tenant (threshold ${percent(answers.tenantShare)}); guard.snapshot() names it. The others get their share in turn; look whether that tenant's load is meant.`,
    },
  ];
}

/** Template that sets `$waited` to how long calls wait before they are sent, on average. */
function waited(series: RuleContext['series']): string {
  const matchers = `${lookupOf(BY_MODEL).matchers},${URGENT},tidegate_wait_stage!="circuit"`;
  return mean('$waited', (part) => series('tidegate.wait.duration_seconds', matchers, part), BY_MODEL);
}

/** Template that sets `$begins` to the time to the first chunk of a stream, on average. */
function begins(series: RuleContext['series']): string {
  const { matchers } = lookupOf(BY_MODEL);
  return mean('$begins', (part) => series('tidegate.stream.first_chunk_seconds', matchers, part), BY_MODEL);
}
