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
} from './event-words.ts';
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
  /** Service tier that the request asks for, in the provider's word. */
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
      /** `bulkhead` when the wait was for a slot, else `pacer`. */
      readonly stage: 'pacer' | 'bulkhead';
      readonly waitedMs: number;
      readonly cause: WaitCause;
    }
  | {
      /** A wait that ended without its attempt: refused, aborted, or out of time. */
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
      /** To the response head for streams, to the end of the body otherwise. */
      readonly durationMs: number;
      readonly status: number | undefined;
      readonly code: string | undefined;
      readonly requestId: string | undefined;
    }
  | {
      /**
       * An attempt whose answer was given up for another one had used tokens all the same, and the provider told how many. They are
       * in no `usage` of its call.
       */
      readonly type: 'attempt.spent';
      readonly call: CallInfo;
      readonly attempt: number;
      readonly usage: Usage;
      readonly response: ResponseInfo;
      /** As that of a call. */
      readonly costUsd?: number | null;
    }
  | {
      /** A limit refused the attempt (429 and its kin), or the provider was overloaded. */
      readonly type: 'rate_limited';
      readonly call: CallInfo;
      readonly attempt: number;
      readonly dimension: RefusedBy;
      readonly limit: number | undefined;
      readonly remaining: number | undefined;
      readonly resetMs: number | undefined;
      /** What the attempt asked for, where the provider tells. */
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
      /** An answer has an error beside its content: it is handed over as it is, and counts as answered. */
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
      /** Model that answers, where the stream has said so by then. */
      readonly responseModel?: string | undefined;
    }
  /** Content of a stream behind its first. Only with a listener, or where `telemetry.detailedHistograms` is on. */
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
      /** Class of the error that the application gets, where it gets one. */
      readonly exception?: string | undefined;
      readonly usage: Usage | undefined;
      readonly response: ResponseInfo;
      /** What it has cost in USD; null where its price is not known. Only with `prices`, and where `usage` is known. */
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
      /** Something began or ceased to be believed of a limit. */
      readonly type: 'belief';
      readonly lane: string;
      readonly dimension: Dimension;
      readonly belief: LimitBelief;
      readonly holds: boolean;
      /** The evidence for it; where it ceased to hold, that has been contradicted. */
      readonly because: string;
    }
  | { readonly type: 'circuit'; readonly lane: string; readonly provider: ProviderName; readonly state: CircuitState }
  | {
      /** An answered attempt: what the pacer took its tokens for, and what the provider counted. Not when pacing is off. */
      readonly type: 'settled';
      readonly call: CallInfo;
      readonly attempt: number;
      readonly dimension: 'input_tokens' | 'output_tokens';
      readonly estimated: number;
      readonly actual: number;
    }
  | {
      /** A request of this process to a provider that no guard sent. Only where `unguardedNotice` is on. */
      readonly type: 'unguarded';
      readonly provider: ProviderName;
      readonly via: UnguardedVia;
      /** Host of the request, with its port where that is not the usual one. */
      readonly host: string;
    }
  | {
      /** A request that was given up has come again within seconds: a layer above retries as well. */
      readonly type: 'repeated';
      readonly call: CallInfo;
      readonly layer: RetryLayer;
      /** Since it was given up. */
      readonly sinceMs: number;
    }
  | {
      /** Lines that a record of hits could not write; 0 when it begins. */
      readonly type: 'hits.lost';
      readonly lines: number;
    }
  | {
      /** A lane goes by shared limits from now on, or by its share of them since the store is of no use. */
      readonly type: 'shared.mode';
      readonly lane: string;
      readonly mode: SharedMode;
      readonly fault: StoreFault | undefined;
      /** Processes that share the account, as far as it is known. */
      readonly processes: number;
    }
  | {
      /** The store of shared limits has answered, or has not. */
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
  /** Headers to add to the attempt's request for trace propagation; empty when propagation is off. */
  propagationHeaders(call: CallInfo, attempt: number): Readonly<Record<string, string>>;
  /** Called once when the guard closes. */
  shutdown(): void;
}
