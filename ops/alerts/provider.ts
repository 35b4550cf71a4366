import { afterOutage } from './outage.ts';
import {
  type Alert,
  BY_MODEL,
  BY_PROVIDER,
  lookupOf,
  MODEL,
  percent,
  PROVIDER,
  type RuleContext,
  pieces,
} from '../alert.ts';
import { counted, duration, onePod, share } from '../number-templates.ts';

export function providerAlerts(context: RuleContext): Alert[] {
  const { series, thresholds } = context;
  const { provider } = thresholds;
  const attempts = (matchers: string): string =>
    `(sum by (${BY_PROVIDER}) (tidegate:attempts:increase5m${matchers}) / 300)`;
  const streams = (matchers: string): string =>
    `sum by (${BY_MODEL}) (increase(${series('tidegate.streams', matchers)}[5m]))`;
  const bad = (window: string): string =>
    `sum by (${BY_MODEL}) (tidegate:calls:increase${window}{tidegate_outcome="bad_request"})`;
  const ended = (window: string): string => `sum by (${BY_MODEL}) (tidegate:calls:increase${window})`;
  const refusedKey = `sum by (${BY_MODEL}) (tidegate:attempts:increase5m{http_response_status_code=~"401|403"})`;
  // A refused key is not retried, nor are other errors of the application itself.
  const unretried = `sum by (${BY_MODEL}) (tidegate:calls:increase2m{tidegate_outcome="client_error"})`;
  const measured = `sum by (${BY_MODEL}) (increase(${series('tidegate.attempt.duration_seconds', '', 'count')}[5m]))`;
  return [
    {
      name: 'TidegateProviderOverloaded',
      expr: `(${attempts('{http_response_status_code=~"5.."}')} / ${attempts('')} > ${provider.overloadedRatio})\nand (${attempts('')} > ${provider.attemptFloor})${afterOutage('5m', context)}`,
      for: '5m',
      severity: 'warning',
      summary: 'An LLM provider answers with server errors.',
      description: `${PROVIDER} answered ${share()} of the attempts with 5xx (threshold ${percent(provider.overloadedRatio)}).${onePod(series, `increase(${series('tidegate.attempts', `${lookupOf(BY_PROVIDER).matchers},http_response_status_code=~"5.."`)}[5m])`, BY_PROVIDER)} Your limits are not the cause: check the provider's status page, and use another model or provider where calls are urgent.`,
    },
    {
      name: 'TidegateNoCapacity',
      expr: `sum by (${BY_MODEL}) (${pieces('tidegate:rejections:increase5m{tidegate_limit_dimension="no_capacity"}', 2)}) > ${provider.noCapacity}`,
      for: '2m',
      severity: 'info',
      summary: 'A tier of an LLM provider has no capacity.',
      description: `${MODEL} had ${counted('attempt')} in 10 minutes for which the tier had no capacity (threshold ${provider.noCapacity}). Your limits are not the cause: set onFlexUnavailable to standard, use another tier or model, or let the work wait.`,
    },
    {
      name: 'TidegateAttemptLatencyHigh',
      expr: [
        `(tidegate:attempt_duration:p95_5m > ${provider.latencyFactor} * avg_over_time(tidegate:attempt_duration:p95_5m[1h] offset 1410m))`,
        `and (tidegate:attempt_duration:p95_5m > ${provider.latencySeconds})`,
        `and (${measured} >= ${provider.latencyAttempts})`,
      ].join('\n'),
      for: '3m',
      keepFiringFor: '5m',
      severity: 'warning',
      summary: 'LLM attempts are much slower than a day ago.',
      description: `${MODEL} takes ${duration()} per attempt at the 95th percentile, more than ${provider.latencyFactor} times what it took in this hour of the day before. Waits in the client are not included: compare output tokens per call, then the provider's status page.`,
    },
    {
      name: 'TidegateStreamInterruptions',
      expr: `(${streams('tidegate_stream_outcome="interrupted"')} / ${streams('')} > ${provider.interruptedRatio})\nand (${streams('tidegate_stream_outcome="interrupted"')} >= ${provider.interrupted})`,
      for: '3m',
      keepFiringFor: '5m',
      severity: 'warning',
      summary: 'LLM streams break off before their end.',
      description: `${MODEL} loses ${share()} of its streams midway (threshold ${percent(provider.interruptedRatio)}).${onePod(series, `increase(${series('tidegate.streams', `${lookupOf(BY_MODEL).matchers},tidegate_stream_outcome="interrupted"`)}[5m])`, BY_MODEL)} A broken stream is not retried once content was delivered: check proxies and idle timeouts on the way, then the provider's status page.`,
    },
    ...(['warning', 'critical'] as const).map((severity): Alert => {
      const from = severity === 'critical' ? provider.badRequestPageRatio : provider.badRequestRatio;
      const window = severity === 'critical' ? '2m' : '5m';
      return {
        name: 'TidegateBadRequests',
        // The ticket also checks the last two minutes, and so ends soon after a page with the same cause.
        expr: `(${bad(window)} / (${ended(window)} > 0) > ${from})\nand (${bad('2m')} / (${ended('2m')} > 0) > ${from})\nand (${bad(window)} >= ${provider.badRequests})`,
        for: severity === 'critical' ? '30s' : '3m',
        ...(severity === 'critical' && { keepFiringFor: '2m' }),
        severity,
        summary:
          severity === 'critical'
            ? 'An LLM provider refuses nearly every request as wrong.'
            : 'An LLM provider refuses many requests as wrong.',
        description: `A release changed what is sent, or the model is gone: ${MODEL} had ${share()} of its calls refused as a bad request (400, 404 or 422) within ${window === '2m' ? 'two' : 'five'} minutes (threshold ${percent(from)}).${onePod(series, `increase(${series('tidegate.calls', `${lookupOf(BY_MODEL).matchers},tidegate_outcome="bad_request"`)}[5m])`, BY_MODEL)} Read the error's message in the application's log. Retrying cannot help.`,
      };
    }),
    ...(['warning', 'critical'] as const).map((severity): Alert => {
      const paging = severity === 'critical';
      return {
        name: 'TidegateAuthFailing',
        // The ticket also checks the last two minutes, and so ends before a page with the same cause.
        expr: `(${refusedKey} > 0)\nand (${paging ? `${unretried} / (${ended('2m')} > 0) > ${provider.refusedKeyRatio})\nand (${unretried} >= ${provider.refusedKeyCalls}` : `${unretried} > 0`})`,
        for: paging ? '30s' : '1m',
        ...(paging && { keepFiringFor: '2m' }),
        severity,
        summary: paging ? 'An LLM provider refuses the API key.' : 'An LLM provider refuses the API key of some calls.',
        description: `The key is refused: ${MODEL} had ${counted('attempt')} answered with 401 or 403 in 5 minutes${paging ? ', and most of its calls fail' : ''}.${onePod(series, `increase(${series('tidegate.attempts', `${lookupOf(BY_MODEL).matchers},http_response_status_code=~"401|403"`)}[5m])`, BY_MODEL)} Fix the key: it is missing, revoked, or not allowed to use this model. Retrying cannot help.`,
      };
    }),
  ];
}
