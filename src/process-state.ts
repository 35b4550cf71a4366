/**
 * What all copies of tidegate in one process have in common, whichever of them came first: the ES and the CommonJS build,
 * a library's own copy, the copies that a bundler makes. The shape of this record itself never changes.
 */
interface ProcessState {
  /** The copy that works for all others of its protocol, by protocol. */
  readonly engines: Map<number, Versioned>;
  /** Clients that some copy guards, of whatever protocol. */
  readonly guarded: WeakSet<object>;
  /** What telemetry that was started here is doing. */
  telemetry: string | undefined;
  /** To be called when OpenTelemetry has been set up: each copy binds its instruments. */
  readonly bind: Set<() => void>;
}

interface Versioned {
  readonly version: string;
}

/** Ends `telemetry` where metrics go to a collector, whose readers are not known. */
export const SENDS = ' and sending by OTLP';

const KEY = Symbol.for('tidegate');

/** Made at the first use, not at import. */
export function processState(): ProcessState {
  const known = (globalThis as { [KEY]?: ProcessState })[KEY];
  if (known) return known;
  const state: ProcessState = {
    engines: new Map(),
    guarded: new WeakSet(),
    telemetry: undefined,
    bind: new Set(),
  };
  Object.defineProperty(globalThis, KEY, { value: state, configurable: true });
  return state;
}

/**
 * The copy that works for all of this protocol: the first one that was used. Copies that do not fit go on beside one
 * another, and the later one says so.
 */
export function engineOf<T extends Versioned>(protocol: number, make: () => T): T {
  const { engines } = processState();
  let engine = engines.get(protocol) as T | undefined;
  if (!engine) {
    engine = make();
    warnOfOthers(engine.version, engines);
    engines.set(protocol, engine);
  }
  return engine;
}

/** Whether the only reader of metrics is the endpoint that `startTelemetry` serves. */
export function onlyServed(): boolean {
  const { telemetry } = processState();
  return telemetry !== undefined && !telemetry.endsWith(SENDS);
}

/** Notifies all copies that OpenTelemetry has been set up. */
export function bindTelemetry(): void {
  for (const bind of processState().bind) bind();
}

function warnOfOthers(version: string, engines: ReadonlyMap<number, Versioned>): void {
  if (engines.size === 0) return;
  const others = Array.from(engines.values(), (each) => each.version).join(' and ');
  process.emitWarning(
    `Versions ${others} and ${version} of tidegate are loaded in this process and cannot share limits, circuits and ` +
      `metrics. Each paces by itself. Let all packages depend on one version ("npm ls tidegate" lists them).`,
    'TidegateWarning',
  );
}
