interface ApiAlert {
  readonly fingerprint: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly status: { readonly state: string; readonly inhibitedBy: readonly string[] };
}

/** Records which alert inhibited which other one, as `job: Source > Target`. */
export class SuppressionLog {
  readonly seen: Set<string> = new Set<string>();

  /** Asks Alertmanager once. */
  async look(alertmanager: string): Promise<void> {
    const response = await fetch(`${alertmanager}/api/v2/alerts`);
    const alerts = (await response.json()) as ApiAlert[];
    const byFingerprint = new Map(alerts.map((alert) => [alert.fingerprint, alert]));
    for (const { labels, status } of alerts) {
      for (const source of status.inhibitedBy) {
        const by = byFingerprint.get(source)?.labels;
        if (by) this.seen.add(`${by['job']}: ${by['alertname']} > ${labels['alertname']}`);
      }
    }
  }
}
