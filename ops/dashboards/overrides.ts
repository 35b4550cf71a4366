import type { Override } from './panel.ts';

const painted = (matching: string, color: string): Override => ({
  matching,
  properties: [{ id: 'color', value: { mode: 'fixed', fixedColor: color } }],
});

/** Success is green, what the application itself requested is grey or blue, and losses are red. */
export const OUTCOME_COLORS: readonly Override[] = [
  painted('/^success$/', 'green'),
  painted('/^success_after_retry$/', 'light-green'),
  painted('/^cancelled$/', 'gray'),
  painted('/^(bad_request|client_error)$/', 'blue'),
  painted('/^timeout$/', 'orange'),
  painted('/^retries_exhausted$/', 'red'),
  painted('/^rejected_/', 'purple'),
];

/** Series whose legend ends with "limit" are lines to stay below. */
export const DASHED_LIMITS: readonly Override[] = [
  {
    matching: '/ limit$/',
    properties: [
      { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 8] } },
      { id: 'custom.fillOpacity', value: 0 },
    ],
  },
];
