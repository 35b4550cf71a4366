import type { Row } from '../dashboard.ts';
import { type DashboardContext, quantile, rate } from '../queries.ts';

const ANSWERED = 'tidegate_outcome=~"success|success_after_retry"';

export function answersRow({ select, thresholds }: DashboardContext): Row {
  const { cutRatio, firstChunkSeconds } = thresholds.answers;
  const chunk = select('tidegate.stream.first_chunk_seconds', '', 'bucket');
  const tiers = `sum by (tidegate_tier_asked, tidegate_tier_served) (${rate(select('tidegate.tier.answers'))})`;
  return {
    title: 'What are the answers like?',
    lines: [
      {
        height: 9,
        panels: [
          {
            kind: 'timeseries',
            stack: 'normal',
            title: 'Answers that are not whole',
            description:
              'Share of the answers that were cut at their length, stopped by a filter, refused by the model, or came with an error. They count as successes.',
            unit: 'percentunit',
            queries: [
              {
                expr: `sum by (tidegate_cut_reason) (${rate(select('tidegate.answers.cut'))}) / on () group_left () (sum(${rate(select('tidegate.calls', ANSWERED))}) > 0)`,
                legend: '{{tidegate_cut_reason}}',
              },
            ],
            width: 8,
            noValue: 'Every answer was whole.',
            min: 0,
            thresholds: [
              { from: null, color: 'green' },
              { from: cutRatio, color: 'red' },
            ],
          },
          {
            kind: 'timeseries',
            title: 'First chunk against the objective',
            description: `From the start of a streaming call to its first chunk, waiting included. The dashed line is the objective for the 95th percentile, ${firstChunkSeconds} s.`,
            unit: 's',
            queries: [0.5, 0.95].map((q) => ({ expr: quantile(q, chunk), legend: `p${q * 100}` })),
            width: 8,
            noValue: 'Nothing was streamed.',
            min: 0,
            thresholds: [
              { from: null, color: 'green' },
              { from: firstChunkSeconds, color: 'red' },
            ],
          },
          {
            kind: 'timeseries',
            stack: 'normal',
            title: 'Tier asked and tier served',
            description:
              'Answers to calls that ask for a service tier. Another one served than asked: it was full, or is not part of the contract.',
            unit: 'reqps',
            queries: [{ expr: tiers, legend: '{{tidegate_tier_asked}} asked, {{tidegate_tier_served}} served' }],
            width: 8,
            noValue: 'No call asks for a tier.',
            min: 0,
          },
        ],
      },
      {
        height: 8,
        panels: [
          {
            kind: 'timeseries',
            title: 'First chunk by model (p95)',
            description:
              'The slowest of twenty streams of each model. One model alone: its provider; all of them: waits here.',
            unit: 's',
            queries: [{ expr: quantile(0.95, chunk, 'gen_ai_request_model'), legend: '{{gen_ai_request_model}}' }],
            width: 8,
            noValue: 'Nothing was streamed.',
            min: 0,
          },
          {
            kind: 'timeseries',
            title: 'Waiting calls of the busiest tenant',
            description:
              'Share of the calls that wait in a lane that one tenant has. Near all of them, one tenant is what fills the queue; guard.snapshot() names it.',
            unit: 'percentunit',
            queries: [
              {
                expr: `max by (tidegate_bulkhead) (${select('tidegate.queue.tenant_share_ratio')})`,
                legend: '{{tidegate_bulkhead}}',
              },
            ],
            width: 8,
            noValue: 'No tenant waits.',
            min: 0,
            max: 1,
            thresholds: [
              { from: null, color: 'green' },
              { from: thresholds.answers.tenantShare, color: 'orange' },
            ],
          },
          {
            kind: 'timeseries',
            title: 'Share sent again by a layer above',
            description:
              'Share of the calls that had just been given up: a framework retries as well. Turn its retries off.',
            unit: 'percentunit',
            queries: [
              {
                expr: `sum by (tidegate_retry_layer) (${rate(select('tidegate.repeated_calls'))}) / on () group_left () (sum(${rate(select('tidegate.calls'))}) > 0)`,
                legend: '{{tidegate_retry_layer}}',
              },
            ],
            width: 8,
            noValue: 'No second layer retries.',
            min: 0,
          },
        ],
      },
    ],
  };
}
