import type { Work } from '../apis/work.ts';
import type { Simulation } from '../simulation.ts';
import type { FaultKind } from './fault-kinds.ts';

/** Number of tokens of a stream after which the fault comes. */
export function breakingPoint(work: Work, fault: FaultKind | undefined): number {
  if (fault === undefined) return Infinity;
  return fault === 'stream_error_first' || fault === 'garbage' ? 0 : Math.ceil(work.usage.outputTokens / 2);
}

/** Text with which a stream of so many events ends too early, in good order; undefined where its connection hangs or is reset. */
export function lastWords(simulation: Simulation, work: Work, fault: FaultKind, events: number): string | undefined {
  const api = work.streamApi ?? 'chat';
  switch (fault) {
    case 'body_hang':
    case 'body_reset':
      return undefined;
    case 'stream_error_first':
    case 'stream_error_middle':
      return simulation.dialect.streamError(api, 'overloaded', events);
    case 'stream_rate_limit':
      return simulation.dialect.streamError(api, 'rate_limit', events);
    case 'garbage':
      return 'data: {"id":"garb\n\n';
    default:
      // stream_end_early: looks like a regular end.
      return '';
  }
}
