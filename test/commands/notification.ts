/** Alerts as Alertmanager 0.25 posts them. */
export const firing = {
  status: 'firing',
  labels: { alertname: 'TidegateRetrySpike', severity: 'warning', gen_ai_provider_name: 'openai', job: 'shop' },
  annotations: {
    summary: 'Retries have jumped.',
    description: '41 % of the calls of openai were sent again.',
    runbook_url: 'https://runbooks.example/tidegateretryspike',
  },
  startsAt: '2026-11-24T10:00:00Z',
  endsAt: '0001-01-01T00:00:00Z',
  generatorURL: 'http://prometheus.example/graph',
  fingerprint: 'c0ffee',
};

export const resolved = { ...firing, status: 'resolved', endsAt: '2026-11-24T10:01:30Z' };

export function notification(alerts: readonly object[]): object {
  return {
    version: '4',
    groupKey: '{}:{alertname="TidegateRetrySpike"}',
    truncatedAlerts: 0,
    status: 'firing',
    receiver: 'tidegate',
    groupLabels: { alertname: 'TidegateRetrySpike' },
    commonLabels: {},
    commonAnnotations: {},
    externalURL: 'http://alertmanager.example',
    alerts,
  };
}
