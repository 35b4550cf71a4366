import type { WorkCost } from './apis/work.ts';
import type { ErrorAnswer, ErrorContext } from './dialects/dialect.ts';
import type { FaultKind } from './faults/fault-kinds.ts';
import { isAnswerFault } from './faults/fault-kinds.ts';
import type { Reservation } from './limits/limit-engine-types.ts';
import type { ActualUsage } from './limits/limit-rules.ts';
import type { Simulation } from './simulation.ts';

/** The caller, as texts and headers of the answer name it. */
export interface Caller {
  readonly organization: string;
  readonly requestId: string;
  /** Azure's query parameter. */
  readonly apiVersion?: string | null;
}

/** A request as the limits see it. */
export interface AskedWork {
  readonly model: string;
  readonly cost: WorkCost;
  readonly streamed: boolean;
}

/** A complete answer. An object as the body is sent as JSON, a string as HTML. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** The end of an unserved request: refused by a limit, failed by a fault, disconnected, or left hanging. */
export type Denial =
  | { readonly kind: 'refused' | 'failed'; readonly answer: Answer }
  | { readonly kind: 'reset' | 'hang' };

/** The verdict on a request; an admitted one may be answered. */
export type Decision = Denial | { readonly kind: 'admitted'; readonly admitted: Admitted };

/**
 * One request to a simulated provider, over HTTP or as a function call in virtual time.
 * Nothing here waits; all times are of the simulation's clock.
 */
export class Exchange {
  readonly #simulation: Simulation;
  readonly #caller: Caller;

  constructor(simulation: Simulation, caller: Caller) {
    this.#simulation = simulation;
    this.#caller = caller;
  }

  /** The result of an outage, before the request is read. */
  meetOutage(): Denial | undefined {
    const { faults, options } = this.#simulation;
    const fault = faults.outage(options.clock.now());
    return fault && this.#inflict(fault, '');
  }

  /** Draws the request's fault and asks the limits. */
  decide({ model, cost, streamed }: AskedWork): Decision {
    const { engine, statistics, options, faults } = this.#simulation;
    const account = this.#caller.organization;
    const now = options.clock.now();
    this.#simulation.sync(now);
    statistics.asked(model);
    const fault = faults.pick(model, streamed);
    if (fault && isAnswerFault(fault)) engine.countFailed(account, model, now);
    const denial = fault && this.#inflict(fault, model);
    if (denial) return denial;
    const result = engine.admit({ account, model, ...cost }, now);
    if (!result.admitted) {
      statistics.rejected(model, result.by, result.tooLarge);
      const answer = this.error(this.#simulation.refuse(result, this.errorContext(model)), model);
      return { kind: 'refused', answer };
    }
    statistics.admitted(model);
    // Headers describe the moment of admission, whenever they arrive.
    return { kind: 'admitted', admitted: new Admitted(this.#simulation, result, this.headers(model), fault) };
  }

  /** An error as it is sent; with a model, it may carry the headers of its limits. */
  error(error: ErrorAnswer, model: string): Answer {
    const { faults } = this.#simulation;
    const limits =
      error.limitHeaders && model !== ''
        ? this.#simulation.limitHeaders(this.#caller.organization, model, true)
        : undefined;
    const own = { ...error.headers };
    if (faults.faults.headers === 'negative') {
      // -1 was seen without any hint.
      delete own['retry-after'];
      delete own['retry-after-ms'];
    }
    return { status: error.status, headers: { ...this.headers(), ...limits, ...own }, body: error.body };
  }

  /** Headers of every answer, with a model also its limits. */
  headers(model?: string): Record<string, string> {
    const { dialect, options } = this.#simulation;
    const { organization, requestId } = this.#caller;
    return {
      date: new Date(options.clock.wall()).toUTCString(),
      [dialect.requestIdHeader]: requestId,
      ...dialect.commonHeaders(organization),
      ...(model === undefined ? {} : this.#simulation.limitHeaders(organization, model, false)),
    };
  }

  errorContext(model: string): ErrorContext {
    const { organization, requestId, apiVersion = null } = this.#caller;
    return this.#simulation.errorContext(organization, requestId, model, apiVersion);
  }

  /** The result of a fault; undefined for faults within an answer. */
  #inflict(fault: FaultKind, model: string): Denial | undefined {
    const { statistics, dialect } = this.#simulation;
    if (isAnswerFault(fault)) {
      statistics.fault(fault);
      return { kind: 'failed', answer: this.error(dialect.faults[fault]!(this.errorContext(model)), model) };
    }
    if (fault !== 'connection_reset' && fault !== 'hang') return undefined;
    statistics.fault(fault);
    return { kind: fault === 'hang' ? 'hang' : 'reset' };
  }
}

/** An admitted request. */
export class Admitted {
  readonly headers: Readonly<Record<string, string>>;
  /** Fault within the answer. */
  readonly fault: FaultKind | undefined;
  readonly #simulation: Simulation;
  readonly #reservation: Reservation;

  constructor(
    simulation: Simulation,
    reservation: Reservation,
    headers: Readonly<Record<string, string>>,
    fault: FaultKind | undefined,
  ) {
    this.#simulation = simulation;
    this.#reservation = reservation;
    this.headers = headers;
    this.fault = fault;
  }

  /** Whether output is to be reported with `drain` while it is generated. */
  get drainsOutput(): boolean {
    return this.#simulation.engine.drainsOutput;
  }

  drain(outputTokens: number): void {
    this.#simulation.engine.drain(this.#reservation, outputTokens, this.#now);
  }

  /** Whether the output limit has run out under this answer. */
  get outputExhausted(): boolean {
    return this.drainsOutput && this.#simulation.engine.outputExhausted(this.#reservation, this.#now);
  }

  /** The answer is complete, or the client has gone. */
  end(completed: boolean, usage: ActualUsage): void {
    this.#simulation.engine.settle(this.#reservation, usage, this.#now);
    this.#simulation.statistics.ended(completed, usage);
  }

  get #now(): number {
    return this.#simulation.options.clock.now();
  }
}
