import { expect, test } from 'vitest';
import { METRICS, type Metric } from '../../ops/metrics.ts';
import { familyName } from '../../ops/naming.ts';
import { withWorkload } from './workload.ts';

/**
 * Present once a call has waited, a tenant's call waits, a layer above retries, an answer is incomplete, or a call asks for a
 * tier; tested in test/telemetry.
 */
const WHERE_SOMETHING_IS = new Set([
  'tidegate.wait.spent_seconds',
  'tidegate.queue.tenant_share_ratio',
  'tidegate.repeated_calls',
  'tidegate.answers.cut',
  'tidegate.tier.answers',
]);

test('a real endpoint serves every metric and label, and zeros for what alerts need', async () => {
  const text = await withWorkload(async ({ url, call, bareCall, inBatch }) => {
    await call();
    await bareCall();
    await call(['server_error'], true);
    await call(['auth']).catch(() => undefined);
    return inBatch(async () => (await fetch(url)).text());
  });
  const labelsOf = (family: string): Set<string>[] =>
    [...text.matchAll(new RegExp(`^${family}(?:_count)?(?:\\{([^}]*)\\})? `, 'gm'))].map(
      (match) => new Set([...(match[1] ?? '').matchAll(/(\w+)="/g)].map((label) => label[1]!)),
    );
  for (const [name, metric] of Object.entries<Metric>(METRICS)) {
    const series = labelsOf(familyName(name, metric));
    if (WHERE_SOMETHING_IS.has(name) && series.length === 0) continue;
    expect([name, series.length]).not.toEqual([name, 0]);
    const expected = metric.attributes.map((each) => each.replaceAll('.', '_')).toSorted();
    for (const labels of series) expect([name, ...[...labels].toSorted()]).toEqual([name, ...expected]);
  }

  // `increase` and `rate` only see a first event after a zero.
  for (const zero of [
    /^tidegate_ratelimit_rejections_total\{[^}]*tidegate_limit_dimension="quota"\} 0$/m,
    /^tidegate_attempts_total\{[^}]*http_response_status_code="403"\} 0$/m,
    /^tidegate_calls_total\{[^}]*tidegate_outcome="retries_exhausted"\} 0$/m,
    /^tidegate_calls_total\{[^}]*tidegate_outcome="bad_request"\} 0$/m,
    /^tidegate_retries_total\{[^}]*tidegate_retry_reason="rate_limit"\} 0$/m,
    /^tidegate_streams_total\{[^}]*tidegate_stream_outcome="interrupted"\} 0$/m,
    /^tidegate_circuit_transitions_total\{[^}]*tidegate_circuit_state="closed"\} 0$/m,
  ]) {
    expect(text).toMatch(zero);
  }
});
