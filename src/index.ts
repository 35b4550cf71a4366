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
export type {
  BodyOptions,
  BreakerOptions,
  BulkheadOptions,
  CallOptions,
  GuardOptions,
  PacingOptions,
  RetryBudgetOptions,
  RetryOptions,
  TelemetryOptions,
} from './options.ts';
export type { Priority } from './core/admission.ts';
export type { Dimension, Failure, HintSource, Outcome, Usage } from './core/outcome.ts';
export type { Operation, ProviderName, ResponseInfo } from './core/provider.ts';
export type {
  CallInfo,
  CallOutcome,
  CircuitState,
  DimensionSnapshot,
  GiveUpReason,
  GuardEvent,
  LaneCounts,
  LaneSnapshot,
  LimitSource,
  RetryReason,
  SharedDimensionSnapshot,
  SharedMode,
  SharedSnapshot,
  StoreFault,
  StreamOutcome,
  WaitCause,
} from './core/events.ts';
export type { LimitBelief } from './core/beliefs.ts';
