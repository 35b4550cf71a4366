/**
 * Guards clients of OpenAI, Anthropic and Groq: they run at the provider's tier limit without failing calls.
 *
 * @module
 */
export { configure, defaultGuard, wrap, type DefaultGuard } from './default-guard.ts';
export { createGuard } from './create-guard.ts';
export type { Guard } from './guard.ts';
export type { ServeConsoleOptions, ServedConsole } from './console/options.ts';
export { withCall } from './with-call.ts';
export { loadPrices } from './cost/load-prices.ts';
export type { ModelPrice, PricedUsage, PriceFunction, Prices, PriceTable, TokenPrice } from './cost/prices.ts';
export { recordHits, type HitRecorder, type RecordHitsOptions } from './hits/record-hits.ts';
export { classifyError } from './providers/errors/classify-error.ts';
export {
  isTidegateError,
  TidegateOptionError,
  TidegateSetupError,
  type ErrorDetails,
  type TidegateError,
  type TidegateErrorCode,
} from './errors.ts';
export type { GuardOptions } from './options.ts';
export type { BodyOptions } from './options/body-options.ts';
export type { BreakerOptions } from './options/breaker-options.ts';
export type { BulkheadOptions } from './options/bulkhead-options.ts';
export type { CallOptions } from './options/call-options.ts';
export type { PacingOptions } from './options/pacing-options.ts';
export type { RetryBudgetOptions, RetryOptions } from './options/retry-options.ts';
export type { TelemetryOptions } from './options/telemetry-options.ts';
export type { Priority } from './core/admission.ts';
export type { Dimension, Failure, HintSource, Outcome, Usage } from './core/outcome.ts';
export type { Operation, ProviderName, ResponseInfo } from './core/provider.ts';
export type {
  CallOutcome,
  CircuitState,
  GiveUpReason,
  RetryReason,
  SharedMode,
  StoreFault,
  StreamOutcome,
  WaitCause,
} from './core/event-values.ts';
export type { CallInfo, GuardEvent } from './core/events.ts';
export type {
  DimensionSnapshot,
  LaneCounts,
  LaneSnapshot,
  LimitSource,
  SharedDimensionSnapshot,
  SharedSnapshot,
} from './core/snapshot.ts';
export type { LimitBelief } from './core/beliefs.ts';
