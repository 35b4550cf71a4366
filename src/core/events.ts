import type { LimitBelief } from './beliefs.ts';
import type {
  CallOutcome,
  CircuitState,
  GiveUpReason,
  RefusedBy,
  RetryLayer,
  RetryReason,
  SharedMode,
  StoreFault,
  StreamOutcome,
  UnguardedVia,
  WaitCause,
} from './event-values.ts';
import type { Dimension, HintSource, Outcome, Usage } from './outcome.ts';
import type { OpenAIApi, Operation, OutputType, ProviderName, RequestAttributes, ResponseInfo } from './provider.ts';
import type { LimitSource } from './snapshot.ts';

/** How urgent a call is; value of `tidegate.priority`. */
export type Priority = 'interactive' | 'normal' | 'batch';

/** Identity of one logical call; the same object in every event of the call. Holds no content. */
export interface CallInfo {
  readonly id: number;
  readonly provider: ProviderName;
  readonly operation: Operation;
  readonly model: string | undefined;
  readonly stream: boolean;
  readonly priority: Priority;
  /** Lane label `provider/group`; safe to record. */
  readonly lane: string;
  readonly serverAddress: string | undefined;
  readonly serverPort: number | undefined;
  /** Requested service tier, in the provider's term. */
  readonly tier?: string | undefined;
  readonly outputType?: OutputType | undefined;
  readonly api?: OpenAIApi | undefined;
  readonly attributes: RequestAttributes;
}

/** All times in milliseconds; `attempt` counts from 1. */
export type GuardEvent =
  | { readonly type: 'call.start'; readonly call: CallInfo }
  | { readonly type: 'queued'; readonly call: CallInfo; readonly depth: number }
  | {
      readonly type: 'admitted';
      readonly call: CallInfo;
      readonly attempt: number;
      /** `bulkhead` if the wait was for a slot, else `pacer`. */
      readonly stage: 'pacer' | 'bulkhead';
      readonly waitedMs: number;
      readonly cause: WaitCause;
    }
  | {
      /** A wait that ended without an attempt: refused, aborted, or out of time. */
      readonly type: 'not_admitted';
      readonly call: CallInfo;
      readonly stage: 'pacer' | 'bulkhead';
      readonly waitedMs: number;
      readonly cause: WaitCause;
    }
  | { readonly type: 'attempt.start'; readonly call: CallInfo; readonly attempt: number }
  | {
      readonly type: 'attempt.end';
      readonly call: CallInfo;
      readonly attempt: number;
      readonly outcome: Outcome;
      readonly retryable: boolean;
      /** Up to the response's headers for streams, to the end of the body otherwise. */
      readonly durationMs: number;
      readonly status: number | undefined;
      readonly code: string | undefined;
      readonly requestId: string | undefined;
    }
  | {
      /**
       * Tokens of an attempt whose answer was discarded in favour of another, as reported by the provider. Not included
       * in the `usage` of its call.
       */
      readonly type: 'attempt.spent';
      readonly call: CallInfo;
      readonly attempt: number;
      readonly usage: Usage;
      readonly response: ResponseInfo;
      /** As for a call. */
      readonly costUsd?: number | null;
    }
  | {
      /** A limit refused the attempt (429 and the like), or the provider was overloaded. */
      readonly type: 'rate_limited';
      readonly call: CallInfo;
      readonly attempt: number;
      readonly dimension: RefusedBy;
      readonly limit: number | undefined;
      readonly remaining: number | undefined;
      readonly resetMs: number | undefined;
      /** Amount that the attempt requested, if the provider states it. */
      readonly requested?: number | undefined;
      readonly advice: string;
    }
  | {
      readonly type: 'retry';
      readonly call: CallInfo;
      /** Number of the attempt that failed. */
      readonly attempt: number;
      readonly reason: RetryReason;
      readonly delayMs: number;
      readonly delaySource: HintSource | 'backoff';
      readonly status: number | undefined;
    }
  | { readonly type: 'give_up'; readonly call: CallInfo; readonly attempt: number; readonly reason: GiveUpReason }
  | {
      /** An answer has an error in addition to its content: it is delivered as it is, and counts as answered. */
      readonly type: 'answer.error';
      readonly call: CallInfo;
      readonly attempt: number;
      readonly outcome: Outcome;
      readonly code: string | undefined;
      readonly advice: string;
    }
  | {
      readonly type: 'stream.first_chunk';
      readonly call: CallInfo;
      readonly sinceStartMs: number;
      /** Model that answers, if the stream has named it by then. */
      readonly responseModel?: string | undefined;
    }
  /** Content of a stream after its first. Only with a listener, or with `telemetry.detailedHistograms`. */
  | {
      readonly type: 'stream.chunk';
      readonly call: CallInfo;
      readonly sinceLastMs: number;
      readonly responseModel?: string | undefined;
    }
  | { readonly type: 'stream.end'; readonly call: CallInfo; readonly outcome: StreamOutcome }
  | {
      readonly type: 'call.end';
      readonly call: CallInfo;
      readonly outcome: CallOutcome;
      readonly durationMs: number;
      readonly attempts: number;
      readonly waitedPacerMs: number;
      readonly waitedBulkheadMs: number;
      readonly retryDelayMs: number;
      /** `error.type` of the final failure; undefined on success and on cancellation. */
      readonly errorType: string | undefined;
      /** Class of the error that the application gets, if any. */
      readonly exception?: string | undefined;
      readonly usage: Usage | undefined;
      readonly response: ResponseInfo;
      /** Its cost in USD; null if the price is unknown. Only with `prices`, and if `usage` is known. */
      readonly costUsd?: number | null;
    }
  | { readonly type: 'pause'; readonly lane: string; readonly forMs: number; readonly dimension: Dimension }
  | {
      readonly type: 'limit';
      readonly lane: string;
      readonly dimension: Dimension;
      readonly limit: number;
      readonly previous: number | undefined;
      readonly source: LimitSource;
    }
  | {
      /** A belief about a limit was adopted or dropped. */
      readonly type: 'belief';
      readonly lane: string;
      readonly dimension: Dimension;
      readonly belief: LimitBelief;
      readonly holds: boolean;
      /** The evidence for it; if it was dropped, this evidence has been contradicted. */
      readonly because: string;
    }
  | { readonly type: 'circuit'; readonly lane: string; readonly provider: ProviderName; readonly state: CircuitState }
  | {
      /**
       * An answered attempt: the pacer's estimate of its tokens, and what the provider counted. Not with pacing off.
       */
      readonly type: 'settled';
      readonly call: CallInfo;
      readonly attempt: number;
      readonly dimension: 'input_tokens' | 'output_tokens';
      readonly estimated: number;
      readonly actual: number;
    }
  | {
      /** A request of this process to a provider that bypassed all guards. Only with `unguardedNotice`. */
      readonly type: 'unguarded';
      readonly provider: ProviderName;
      readonly via: UnguardedVia;
      /** Host of the request, with its port unless it is the default one. */
      readonly host: string;
    }
  | {
      /** A request that had been given up came again within seconds: a layer above retries as well. */
      readonly type: 'repeated';
      readonly call: CallInfo;
      readonly layer: RetryLayer;
      /** Milliseconds since it was given up. */
      readonly sinceMs: number;
    }
  | {
      /** Lines that a hit recorder could not write; 0 when it starts. */
      readonly type: 'hits.lost';
      readonly lines: number;
    }
  | {
      /** A lane now uses shared limits, or its own part of them because the store cannot be used. */
      readonly type: 'shared.mode';
      readonly lane: string;
      readonly mode: SharedMode;
      readonly fault: StoreFault | undefined;
      /** Processes known to share the account. */
      readonly processes: number;
    }
  | {
      /** The store of shared limits answered, or failed to. */
      readonly type: 'shared.exchange';
      readonly lane: string;
      readonly durationMs: number;
      readonly fault: StoreFault | undefined;
    }
  | { readonly type: 'warning'; readonly message: string };

/**
 * Receives every event and may run an attempt inside its own context, so that
 * spans of lower layers nest under the attempt. The telemetry room implements it.
 */
export interface Instrumentation {
  onEvent(event: GuardEvent): void;
  /** Whether events are recorded; false until an SDK is registered. */
  recording(): boolean;
  /** Whether it records the time between the chunks of streams. */
  timesChunks(): boolean;
  /** Runs `fn` with the attempt's span active. Must call `fn` exactly once and return its result. */
  runAttempt<T>(call: CallInfo, attempt: number, fn: () => T): T;
  /** Headers to add to the attempt's request for trace propagation; empty if propagation is off. */
  propagationHeaders(call: CallInfo, attempt: number): Readonly<Record<string, string>>;
  /** Called once when the guard closes. */
  shutdown(): void;
}
