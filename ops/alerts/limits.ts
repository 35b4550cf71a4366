import { CONTENT_DIMENSIONS } from '../../src/core/content-kinds.ts';
import {
  adviceFor,
  type Alert,
  BY_LIMIT,
  BY_MODEL,
  BY_PROVIDER,
  lookupOf,
  MODEL,
  percent,
  pieces,
  PROVIDER,
  type RuleContext,
  TIER,
} from '../alert.ts';
import { counted, duration, share, spoken } from '../number-templates.ts';

const CONTENT = CONTENT_DIMENSIONS.filter((each) => each !== 'tools');
const REFUSED = [...TIER, 'acceleration', ...CONTENT] as const;

const DIMENSION = '{{ $labels.tidegate_limit_dimension }}';

export function limitAlerts({ series, thresholds }: RuleContext): Alert[] {
  const { tier } = thresholds;
  const refused = pieces('tidegate:rejections:increase5m{tidegate_limit_dimension!~"quota|overloaded|no_capacity"}', 2);
  // A batch at its full tier is refused now and then, by design.
  const urgentlyRefused = `(${refused} * on (${BY_MODEL}) group_left () tidegate:admitted:urgent_ratio5m or ${refused})`;
  const attempts = `sum by (${BY_MODEL}) (${pieces('tidegate:attempts:increase5m', 2)})`;
  const known = (offset: string): string => `tidegate:limit:known${offset}`;
  // Averaged, so that one lost scrape or one full bucket neither fires nor resolves an alert.
  const now = 'avg_over_time(tidegate:limit:urgent_utilization[2m])';
  const limit = limitLookup(series('tidegate.ratelimit.limit', LOOKUP.matchers));
  return [
    {
      name: 'TidegateTierNearlyExhausted',
      // Running at the limit is the purpose of pacing: nothing is lost, so it does not page.
      expr: `${now} > ${tier.nearlyExhausted}`,
      for: '5m',
      keepFiringFor: '10m',
      severity: 'warning',
      summary: 'An LLM provider limit is nearly exhausted.',
      description: `${MODEL} uses ${share()} of its ${DIMENSION} limit${limit} (threshold ${percent(tier.nearlyExhausted)}). ${adviceFor(TIER)}`,
    },
    {
      name: 'TidegateTierSaturated',
      expr: `avg_over_time(tidegate:limit:urgent_utilization[15m]) > ${tier.saturated}`,
      for: '15m',
      keepFiringFor: '30m',
      severity: 'warning',
      summary: 'An LLM provider tier is too small for the traffic.',
      description: `${MODEL} used ${share()} of its ${DIMENSION} limit${limit} over 15 minutes (threshold ${percent(tier.saturated)}), so this is not a burst: calls queue behind the limit. ${adviceFor(TIER)}`,
    },
    {
      name: 'TidegateRateLimited',
      expr: `${refused}\nand (${urgentlyRefused} >= ${tier.refusals})\nand on (${BY_MODEL}) (sum by (${BY_MODEL}) (${refused}) / (${attempts} > 0) > ${tier.refusedRatio})`,
      for: '2m',
      keepFiringFor: '15m',
      severity: 'warning',
      summary: 'An LLM provider refuses calls for a rate limit.',
      description: `${OWN_SHARE}${MODEL}: {{ if lt $own 0.8 }}others on the account use up the ${DIMENSION} limit, or the provider enforces it within seconds: this job uses ${share('$own')} of it by its own count{{ else if eq $labels.tidegate_limit_dimension "unknown" }}the provider refuses calls for a limit that it does not name{{ else }}the ${DIMENSION} limit is reached although calls are paced{{ end }}: ${counted('attempt')} refused in 10 minutes (thresholds: ${tier.refusals}, and ${percent(tier.refusedRatio)} of its attempts). {{ if lt $own 0.8 }}Look for others on the account first. {{ end }}${adviceFor(REFUSED)}`,
    },
    {
      name: 'TidegateLimitChanged',
      expr: `(${known('')} / (${known(' offset 30m')} > 0) - 1 < -${tier.change})\n* 0 + ${known('')}`,
      for: '2m',
      severity: 'warning',
      summary: 'A limit of an LLM account was cut.',
      description: `${MODEL}: the tier was cut, or the provider shares it out differently: the ${DIMENSION} limit is {{ $value | humanize }} now, more than ${percent(tier.change)} below that of half an hour ago. Waits, refusals and utilisation that rose at the same time follow from it: ask whoever owns the account.`,
    },
    {
      name: 'TidegateLimitChanged',
      expr: `(${known('')} / (${known(' offset 30m')} > 0) - 1 > ${tier.change})\n* 0 + ${known('')}`,
      for: '2m',
      severity: 'info',
      summary: 'A limit of an LLM account was raised.',
      description: `${MODEL} has a ${DIMENSION} limit of {{ $value | humanize }} now, more than ${percent(tier.change)} above that of half an hour ago. Traffic may grow accordingly.`,
    },
    {
      name: 'TidegateQuotaExhausted',
      expr: `sum by (${BY_PROVIDER}) (increase(${series('tidegate.ratelimit.rejections', 'tidegate_limit_dimension="quota"')}[${QUOTA_WINDOW}m])) > 0`,
      for: '0m',
      severity: 'critical',
      summary: 'The quota of an LLM account is used up.',
      description: `${PROVIDER} refused ${counted('call')} in ${QUOTA_WINDOW} minutes because credit or spend limit is used up. Fix billing: add credit or raise the spend limit. Retrying and slowing down cannot help.`,
    },
    {
      name: 'TidegateDailyLimitForecast',
      // A limit that refills before it is empty is no problem; without a known reset only the horizon counts.
      expr: [
        `(tidegate:day_limit:seconds_to_empty < ${tier.dayForecastSeconds})`,
        `unless (tidegate:day_limit:seconds_to_empty >= max by (${BY_LIMIT}) (${series('tidegate.ratelimit.reset_seconds')}))`,
        // A batch that ran at this hour yesterday too, and left enough: today will probably end like yesterday.
        `unless (tidegate:day_limit:seconds_to_empty > ${tier.dayHabit} * (tidegate:day_limit:seconds_to_empty offset 1d) and min by (${BY_LIMIT}) (min_over_time(tidegate:day_limit:left[4h] offset 20h)) > 0.05 * max by (${BY_LIMIT}) (${known('')}))`,
      ].join('\n'),
      for: '3m',
      keepFiringFor: '30m',
      severity: 'warning',
      summary: 'A daily LLM limit will run dry before it resets.',
      description: `${MODEL} will have used up its ${DIMENSION} limit${limit} in ${duration()} at the present rate (threshold ${spoken(tier.dayForecastSeconds)}). ${adviceFor(['requests_day', 'tokens_day'])}`,
    },
  ];
}

/** In minutes; long, because a client that knows of the exhausted account seldom tries again. */
const QUOTA_WINDOW = 15;

const LOOKUP = lookupOf(BY_LIMIT);

/** Template that sets `$own` to the share of the limit that we use by our own count; to 1 if that is unknown. */
const OWN_SHARE = `{{ $own := 1.0 }}{{ with printf \`max(tidegate:limit:utilization{${LOOKUP.matchers}})\` ${LOOKUP.args} | query }}{{ $own = . | first | value }}{{ end }}`;

/** Template that prints " of N" for the limit of the alert's labels, or nothing if it is unknown. */
function limitLookup(selector: string): string {
  return `{{ with printf \`max(${selector})\` ${LOOKUP.args} | query }} of {{ . | first | value | humanize }}{{ end }}`;
}
