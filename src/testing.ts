/**
 * A provider on this machine that limits, refuses and fails like the real one: for tests, demos and benchmarks.
 *
 * @module
 */
export { resetDefaultGuard } from './reset-default-guard.ts';
export { startSimulator } from './simulator/http/start-simulator.ts';
export type { Simulator } from './simulator/http/start-simulator.ts';
export type { SimulatorLatency } from './simulator/latency.ts';
export type { SimulatorClock, SimulatorOptions } from './simulator/options.ts';
export type { SimulatorUpdate } from './simulator/simulation.ts';
export type { ModelStats, SimulatorStats } from './simulator/statistics.ts';
export type {
  HeaderFault,
  SimulatorFaults,
  SimulatorNeighbour,
  SimulatorOutage,
  SimulatorTierChange,
} from './simulator/faults/faults.ts';
export { faultKindsOf } from './simulator/faults/faults.ts';
export type { AnswerFault, FaultKind, StreamFault, TransportFault } from './simulator/faults/fault-kinds.ts';
export type { LimitName, LimitsByModel, RejectedBy, SimulatorLimits } from './simulator/limits/limits.ts';
export type { LimitSources } from './simulator/limits/limit-table.ts';
export type { PresetName } from './simulator/limits/presets.ts';
export type { OutputCounting, RefusedCounting, SimulatorProvider } from './simulator/limits/limit-rules.ts';
export type { SimulatorRamp } from './simulator/limits/ramp.ts';
export type { LimitModelKind } from './simulator/limits/limit-model.ts';
export type { SimulatorHeaderDialect, SimulatorScope } from './simulator/dialects/header-dialect.ts';
export type { RetryHeader } from './simulator/dialects/dialect.ts';
export type { ReplyOption, ReplyRequest } from './simulator/replies/reply.ts';
export { SimulatorError } from './simulator/simulator-error.ts';
export type { SimulatorErrorCode } from './simulator/simulator-error.ts';
