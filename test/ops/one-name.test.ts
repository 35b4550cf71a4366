import { expect, test, vi } from 'vitest';
import { OtlpReceiver, valuesOf } from '../telemetry/otlp-receiver.ts';
import { withWorkload } from './workload.ts';
import { eventually } from '../helpers/eventually.ts';

/** The name that Prometheus's OTLP receiver and the Collector derive, for the units that we use. */
function translated(name: string, unit: string, kind: 'sum' | 'gauge' | 'histogram'): string {
  const tokens = name.split('.').flatMap((part) => part.split('_'));
  const without = (token: string): string[] => [...tokens.filter((each) => each !== token), token];
  if (unit === 's' && !tokens.includes('seconds')) tokens.push('seconds');
  if (kind === 'sum') return without('total').join('_');
  return (unit === '1' && kind === 'gauge' ? without('ratio') : tokens).join('_');
}

test('the Prometheus exporter and the OTLP translation give the same names', async () => {
  const receiver = await OtlpReceiver.start();
  vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', receiver.url);
  vi.stubEnv('OTEL_METRIC_EXPORT_INTERVAL', '50');
  vi.stubEnv('OTEL_TRACES_EXPORTER', 'none');
  try {
    const text = await withWorkload(
      async ({ url, call }) => {
        await call();
        await call(['server_error'], true);
        await call(['auth']).catch(() => undefined);
        await eventually(() =>
          expect(Object.keys(valuesOf(receiver.latest().get('tidegate.calls'), 'tidegate.outcome'))).toHaveLength(3),
        );
        return (await fetch(url)).text();
      },
      { metrics: 'both' },
    );
    const own = (names: Iterable<string>): string[] => [...names].filter((name) => name.startsWith('tidegate_')).sort();
    const served = own([...text.matchAll(/^# TYPE (\w+) /gm)].map(([, name]) => name!));
    const sent = own(
      [...receiver.latest().values()].map(({ name, unit, sum, gauge }) =>
        translated(name, unit, sum ? 'sum' : gauge ? 'gauge' : 'histogram'),
      ),
    );
    expect(served.length).toBeGreaterThan(25);
    expect(sent).toEqual(served);
  } finally {
    vi.unstubAllEnvs();
    receiver.close();
  }
});
