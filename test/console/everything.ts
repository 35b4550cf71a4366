import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { metricsSource } from '../../src/commands/console/metrics-source.ts';
import { AlertWatch } from '../../src/console/alert-watch.ts';
import { processSource } from '../../src/console/process-source.ts';
import { serveSources } from '../../src/console/serve-console.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { LaneSnapshot } from '../../src/core/snapshot.ts';
import { callInfo } from '../telemetry/harness.ts';
import { FakeGuard, laneSnapshot } from './fake-guard.ts';
import type { Staged } from './scenes.ts';

const ALERT = {
  labels: { alertname: 'TidegateLimitReached', severity: 'page', job: 'shop' },
  annotations: { summary: 'openai refuses calls.', runbook_url: 'https://runbook.example/#limit' },
  startsAt: '2026-01-15T12:00:00Z',
};

/** A model name may be any text. */
export const MARKUP = '<img src=x onerror=alert(1)>';

/** A console with every part: two sources, one of which is gone, alerts, batches, a fleet. */
export async function stageEverything(): Promise<Staged> {
  const alertmanager = createServer((_request, response) => void response.end(JSON.stringify([ALERT])));
  await new Promise<void>((resolve) => {
    alertmanager.listen(0, '127.0.0.1', resolve);
  });
  const { port } = alertmanager.address() as AddressInfo;
  const guard = new FakeGuard();
  guard.lanes = [busiest(), ...Array.from({ length: 5 }, (_, index) => other(index))];
  const runs = [() => ({ done: 40, failed: 2, inFlight: 3, total: 100, eta: { toSeconds: 120 } })];
  const alerts = new AlertWatch(`http://127.0.0.1:${port}`, systemClock, false);
  await alerts.look();
  const clock = systemClock;
  const source = processSource(Object.assign(guard, { runs }), clock);
  guard.emit({
    type: 'rate_limited',
    call: callInfo({ lane: 'openai/gpt-4o', model: MARKUP }),
    attempt: 1,
    dimension: 'tokens',
    limit: 100,
    remaining: 10,
    resetMs: 500,
    requested: 40,
    advice: `Slow down. ${MARKUP}`,
  });
  const sources = [source, metricsSource('http://127.0.0.1:5/metrics', clock)];
  const served = await serveSources({ port: 0 }, { sources, clock, alerts, ref: false });
  return {
    url: served.url,
    async close() {
      await served.close();
      await new Promise((resolve) => {
        alertmanager.close(resolve);
        alertmanager.closeAllConnections();
      });
    },
  };
}

function busiest(): LaneSnapshot {
  const [dimension] = laneSnapshot().dimensions;
  return laneSnapshot({
    queued: 50,
    oldestWaitMs: 4_000,
    dimensions: [{ ...dimension!, utilization: 1, beliefs: ['shared'] }],
    shared: {
      mode: 'shared',
      processes: 3,
      active: 2,
      exchangeMs: 500,
      dimensions: [{ dimension: 'tokens', leased: 900, free: 100, mostOvershoot: 10 }],
    },
  });
}

function other(index: number): LaneSnapshot {
  const group = index === 0 ? MARKUP : `model-${String(index).padStart(2, '0')}`;
  const circuit = index % 20 === 3 ? 'open' : 'closed';
  return laneSnapshot({ lane: `groq/${group}`, provider: 'groq', group, circuit, queued: index % 3 });
}
