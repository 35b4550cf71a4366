import { registeredApi } from './otel-api.ts';

/** Reports a failure of telemetry itself to the operator. Never throws. */
export type FailureReport = (what: string, error: unknown) => void;

/** Reports each kind of failure once: broken telemetry fails at every call. */
export function createFailureReport(): FailureReport {
  const seen = new Set<string>();
  return (what, error) => {
    if (seen.has(what)) return;
    seen.add(what);
    try {
      registeredApi().diag?.error(`tidegate: ${what} failed; calls go on without it`, error);
    } catch {
      // The application's own logger threw: there is nowhere left to report to.
    }
  };
}
