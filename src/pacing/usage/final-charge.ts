import type { ChargeRule } from '../../core/provider.ts';
import type { Settlement } from '../queue/ticket.ts';
import { type Amounts, noAmounts, type Reservation } from './reservation.ts';

/**
 * What the provider counts for a settled attempt. Requests count whatever their outcome (OpenAI: "unsuccessful
 * requests contribute to your per-minute limit"); if they do not, the next headers show it.
 */
export function finalCharge(reservation: Reservation, result: Settlement, rule: ChargeRule): Amounts {
  const { reserved } = reservation;
  if (result.usage) {
    const { requests } = reserved;
    const told = rule.charge(result.usage, reservation.info.model);
    const { tokens = reserved.tokens, inputTokens = reserved.inputTokens, outputTokens = reserved.outputTokens } = told;
    return { requests, tokens, inputTokens, outputTokens };
  }
  switch (result.outcome) {
    case 'ok':
    case 'cancelled':
    case 'timeout':
      // It ran, and its usage is unknown.
      return reserved;
    case 'server_error':
    case 'overloaded':
    case 'connection':
      return inputOnly(reservation, rule);
    case 'throttled':
    case 'too_large':
    case 'quota_exhausted':
    case 'conflict':
    case 'auth':
    case 'bad_request':
      return { ...noAmounts(), requests: reserved.requests };
  }
}

/** Accepted, but nothing was generated. */
function inputOnly({ countedInputTokens, reserved }: Reservation, rule: ChargeRule): Amounts {
  const input = rule.reserve({ inputTokens: countedInputTokens, maxOutputTokens: 0, expectedOutputTokens: 0 });
  return {
    ...reserved,
    tokens: Math.min(reserved.tokens, input.tokens ?? 0),
    inputTokens: Math.min(reserved.inputTokens, input.inputTokens ?? 0),
    outputTokens: 0,
  };
}
