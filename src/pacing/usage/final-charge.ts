import type { ChargeRule } from '../../core/provider.ts';
import type { Settlement } from '../queue/ticket.ts';
import type { Amounts, Reservation } from './reservation.ts';

/**
 * What the provider counts of a decided attempt. Requests count whatever came of them (OpenAI: "unsuccessful
 * requests contribute to your per-minute limit"); where they do not, the next header says so.
 */
export function finalCharge(reservation: Reservation, result: Settlement, rule: ChargeRule): Amounts {
  const { reserved } = reservation;
  if (result.usage) {
    const { tokens, inputTokens, outputTokens } = rule.charge(result.usage);
    return {
      requests: reserved.requests,
      tokens: tokens ?? reserved.tokens,
      inputTokens: inputTokens ?? reserved.inputTokens,
      outputTokens: outputTokens ?? reserved.outputTokens,
    };
  }
  switch (result.outcome) {
    case 'ok':
    case 'cancelled':
    case 'timeout':
      // It ran, and nobody said what it used.
      return reserved;
    case 'server_error':
    case 'overloaded':
    case 'connection':
      return { ...inputOnly(reservation, rule), requests: reserved.requests };
    case 'throttled':
    case 'too_large':
    case 'quota_exhausted':
    case 'conflict':
    case 'auth':
    case 'bad_request':
      return { requests: reserved.requests, tokens: 0, inputTokens: 0, outputTokens: 0 };
  }
}

/** Accepted, but nothing was generated. */
function inputOnly({ inputTokens, reserved }: Reservation, rule: ChargeRule): Omit<Amounts, 'requests'> {
  const input = rule.reserve({ inputTokens, maxOutputTokens: 0, expectedOutputTokens: 0 });
  return {
    tokens: Math.min(reserved.tokens, input.tokens ?? 0),
    inputTokens: Math.min(reserved.inputTokens, input.inputTokens ?? 0),
    outputTokens: 0,
  };
}
