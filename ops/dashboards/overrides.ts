import type { Override } from './panel.ts';

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
