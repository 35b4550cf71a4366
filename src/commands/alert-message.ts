/** One alert of an Alertmanager notification. */
export interface Alert {
  readonly status: 'firing' | 'resolved';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Undefined if the notification has none or an invalid one. */
  readonly startsAt: Date | undefined;
  readonly endsAt: Date | undefined;
}

export type ParsedMessage =
  | { readonly ok: true; readonly alerts: readonly Alert[]; readonly truncated: number }
  | { readonly ok: false; readonly problem: string };

/**
 * Reads the JSON that Alertmanager's webhook receiver posts (version 4 of its format). Never throws; unknown fields
 * are ignored, since Alertmanager adds fields from time to time.
 */
export function parseMessage(text: string): ParsedMessage {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return refuse('a JSON body');
  }
  if (!isObject(message)) return refuse('a JSON object');
  const { alerts, truncatedAlerts } = message;
  if (!Array.isArray(alerts)) return refuse('`alerts` to be an array');
  const parsed: Alert[] = [];
  for (const [index, alert] of (alerts as unknown[]).entries()) {
    if (!isObject(alert)) return refuse(`\`alerts[${index}]\` to be an object`);
    const { status, labels, annotations = {} } = alert;
    if (status !== 'firing' && status !== 'resolved') {
      return refuse(`\`alerts[${index}].status\` to be 'firing' or 'resolved'`);
    }
    if (!isStrings(labels)) return refuse(`\`alerts[${index}].labels\` to be an object of strings`);
    if (!isStrings(annotations)) return refuse(`\`alerts[${index}].annotations\` to be an object of strings`);
    parsed.push({ status, labels, annotations, startsAt: dateOf(alert['startsAt']), endsAt: dateOf(alert['endsAt']) });
  }
  const truncated = typeof truncatedAlerts === 'number' && truncatedAlerts > 0 ? truncatedAlerts : 0;
  return { ok: true, alerts: parsed, truncated };
}

function refuse(expected: string): ParsedMessage {
  return { ok: false, problem: `Expected ${expected}.` };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isStrings(value: unknown): value is Record<string, string> {
  return isObject(value) && Object.values(value).every((each) => typeof each === 'string');
}

/** Go writes the zero time, 0001-01-01, for an unknown end. */
function dateOf(value: unknown): Date | undefined {
  const date = typeof value === 'string' ? new Date(value) : undefined;
  return date && date.getTime() > 0 ? date : undefined;
}
