/**
 * State shared by all copies of tidegate in a process, whichever loaded first: the ES and CommonJS builds, a library's
 * own copy, copies made by a bundler. The shape of this record never changes.
 */
interface ProcessState {
  /** By protocol, the copy that serves all others. */
  readonly engines: Map<number, Versioned>;
  /** Clients guarded by any copy, of any protocol. */
  readonly guarded: WeakSet<object>;
  /** State of the telemetry started here. */
  telemetry: string | undefined;
  /** Callbacks for when OpenTelemetry is set up: each copy binds its instruments. */
  readonly bind: Set<() => void>;
}

interface Versioned {
  readonly version: string;
}

/** Suffix of `telemetry` if metrics go to a collector, whose readers are unknown. */
export const SENDS = ' and sending by OTLP';

const KEY = Symbol.for('tidegate');

/** Created on first use, not at import. */
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
 * The copy that serves all copies of this protocol: the first one used. Incompatible copies work side by side, and the
 * later one reports it.
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
